"""A workflow that is asked for by its name: the request, and what is refused before it is queued.

Invariant: which files, words and shapes are taken follows from the map of that very workflow; what it
does not name is refused instead of ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from farm import AssetError, ConfigError, InputError, MediaFacts
from farm_comfyui import binding, configured, validation
from farm_comfyui.fitting import upright
from farm_comfyui.maps import WorkflowMap
from farm_comfyui.matching import KINDS, Source, matched
from farm_comfyui.params import WorkflowParams
from farm_comfyui.profiles import profile_of
from farm_comfyui.requests import BindRequest
from farm_comfyui.templates import Template
from farm_comfyui.validation import Files

WORDS = ("prompt", "negative")
_SHAPES = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0}
_RESULTS = {"film": "video", "pictures": "picture", "sound": "sound"}
"""What is wanted, and the output that gives it."""
_PIPELINES = {
    "video": "comfyui-workflow",
    "picture": "comfyui-pictures",
    "sound": "comfyui-sound",
}
"""The pipeline that wants an output, the most complete first."""


def check(params: WorkflowParams, files: Files) -> None:
    """Refuse what the workflow cannot honour; no file is opened and no server is asked.

    Raises
    ------
    InputError : an unknown or unconfirmed workflow, words, files or parameters that it cannot use.
    """
    template = template_of(params)
    said = template.map
    for words in WORDS:
        if files.get(words) and words not in said.inputs:
            raise InputError(
                f"this workflow has no place for a {words}",
                where=words,
                mend=f"Leave {words} out; or name its place under [inputs] of the map.",
                code="comfy.wrong-mode",
            )
    if said.prompt_required and not files.get("prompt"):
        raise AssetError(
            "the prompt is missing",
            where="prompt",
            expected="a sentence that says what is to be seen or heard",
            mend="Add prompt.txt.",
            code="comfy.missing-asset",
        )
    if params.subject and "points" not in said.inputs:
        raise InputError(
            "this workflow does not look for a subject",
            where="params.subject",
            mend="Leave subject out, or use a workflow with points, such as animate-mix-sam.",
            code="comfy.wrong-mode",
        )
    given = sources(template, params, files)
    for asset, (kind, at) in given.items():
        # An operator's own workflow may well be made for small or odd pictures.
        ours = template.mode != "workflow" and template.mode != "plumbing"
        validation.file(asset, kind, files[kind][at].facts, sized=ours)
    request = request_of(template, params, files, prompt="a prompt", negative="", seed=0)
    binding.choices(template, request)


def template_of(params: WorkflowParams) -> Template:
    """The workflow of that name. Raises UnknownName with the nearest, and InputError."""
    try:
        template = configured.templates().get(params.workflow, params.workflow_version)
    except ConfigError as error:
        raise InputError(
            "nobody has confirmed this workflow yet",
            where="params.workflow",
            got=params.workflow,
            mend="Who runs the farm looks at its map.toml and sets confirm = false.",
            code=error.code,
        ) from error
    role = _RESULTS[params.makes]
    if role not in template.map.outputs:
        raise InputError(
            f"this workflow saves no {role}",
            where="params.workflow",
            expected=f"one whose map names an output {role}",
            got=params.workflow,
            mend=f"Use the pipeline {' or '.join(pipelines(template.map))}, which takes what it saves.",
            code="comfy.wrong-mode",
        )
    return template


def pipelines(said: WorkflowMap) -> list[str]:
    """Those that publish what a workflow saves, the most complete first."""
    return [pipeline for role, pipeline in _PIPELINES.items() if role in said.outputs]


def sources(template: Template, params: WorkflowParams, files: Files) -> dict[str, Source]:
    """The file of each asset that was given."""
    counts = {kind: len(files.get(kind, ())) for kind in KINDS}
    return matched(template.map.assets, counts, params.names)


def request_of(
    template: Template,
    params: WorkflowParams,
    files: Files,
    *,
    prompt: str,
    negative: str,
    seed: int,
) -> BindRequest:
    """What is asked of the workflow, in its own terms."""
    given = sources(template, params, files)
    assets = {asset: files[kind][at].facts for asset, (kind, at) in given.items()}
    request = BindRequest(
        prompt=prompt,
        negative=negative,
        assets=assets,
        duration_s=params.duration_s or None,
        fps=None if params.fps == "auto" else Fraction(params.fps),
        aspect=_aspect(template, params, assets),
        quality=params.profile,
        seed=seed,
        precision="" if params.precision == "auto" else params.precision,
    )
    if not params.subject:
        return request
    return replace(request, subject=tuple(params.subject))


def _aspect(template: Template, params: WorkflowParams, assets: Mapping[str, MediaFacts]) -> str:
    """The asked shape; else the workflow's own that is nearest to what leads."""
    made = profile_of(template.map, params.profile).sizes
    if params.aspect != "auto":
        return params.aspect
    seen = [name for name in assets if template.map.assets[name].kind != "audio"]
    leading = template.map.length.asset
    name = leading if leading in seen else next(iter(seen), "")
    wide, high = upright(assets[name]) if name else (0, 0)
    shapes = [shape for shape in made if shape in _SHAPES] or ["16:9"]
    if not wide or not high:
        return shapes[0]
    ratio = wide / high
    return min(shapes, key=lambda one: max(_SHAPES[one] / ratio, ratio / _SHAPES[one]))
