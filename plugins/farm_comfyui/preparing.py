"""The stage ``comfy.prepare``: what was submitted becomes files that nodes take as they are.

Invariant: the nodes neither resample nor pad, so every file that leaves here has exactly the size, rate
and length of the bound graph; what was cropped or cut for that is said.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from farm import ConfigError, InputFile, Result, Task
from farm.media.film import film
from farm.media.sound import sound_parts
from farm_comfyui import binding, configured, validation
from farm_comfyui.asked import Asked, asked_of, sources_of, template_of
from farm_comfyui.bound import BoundGraph, Preparation
from farm_comfyui.params import PrepareParams
from farm_comfyui.pictures import cropped_share, prepared, write_mp4, write_png
from farm_comfyui.sounds import write_wav

SUBMITTED = (
    "prompt", "negative", "character", "motion", "audio", "first", "last", "control", "mask",
    "reference", "pose",
)  # fmt: skip
_PORTS = {"image": "character"}
_NOTICED = 0.15
"""Share of a picture that may be cropped away without a word."""


def run(task: Task[PrepareParams]) -> Result:
    """Write ``request`` and, in the order of the graph, ``assets``."""
    params = task.params
    files = {name: task.inputs[name] for name in SUBMITTED if task.inputs.get(name)}
    validation.check(params, files)
    request = asked_of(
        params,
        files,
        prompt=_text(task, "prompt"),
        negative=_text(task, "negative"),
        seed=task.seed,
    )
    template = configured.templates().get(template_of(params), params.workflow_version)
    bound = binding.choices(template, request)[0]
    warnings: list[str] = []
    how = {preparation.asset: preparation for preparation in bound.before}
    assets = []
    for number, name in enumerate(bound.assets):
        task.progress(number, len(bound.assets), f"preparing {name}")
        assets.append(_prepared(task, name, how.get(name), warnings))
    asked = Asked(
        template=template.name,
        version=template.version,
        version_id=template.version_id,
        request=request,
        sources=sources_of(files),
        warnings=[*warnings, *_told(bound)],
    )
    target = task.output("request", ".json")
    asked.write(target)
    task.progress(1, 1)
    return {"request": target, "assets": assets}


def _text(task: Task[PrepareParams], port: str) -> str:
    found = task.inputs.get(port, ())
    return found[0].path.read_text(encoding="utf-8-sig").strip() if found else ""


def _prepared(
    task: Task[PrepareParams], name: str, how: Preparation | None, warnings: list[str]
) -> Path:
    source = _source(task, name)
    if how is None:
        target = task.output("assets", source.path.suffix)
        shutil.copyfile(source.path, target)
        return target
    target = task.output("assets", how.suffix)
    if how.kind == "audio":
        rate, channels = how.sample_rate or 48_000, how.channels or 2
        seconds = how.duration_s or source.facts.duration_s or 0.0
        parts = sound_parts(source.path, name)
        write_wav(target, parts, rate=rate, channels=channels, samples=round(seconds * rate))
        return target
    with film(source.path, name) as reel:
        pictures = prepared(_watched(task, reel.frames()), reel.fps, how)
        if how.kind == "image":
            write_png(target, next(pictures))
        else:
            write_mp4(target, pictures, Fraction(how.fps or reel.fps))
    if how.fit == "cover" and how.width and how.height:
        wide, high = source.facts.width or 1, source.facts.height or 1
        share = cropped_share(wide, high, how.width, how.height)
        if share > _NOTICED:
            warnings.append(f"{share:.0%} of {name} was cropped away to fit the film")
    return target


def _source(task: Task[PrepareParams], name: str) -> InputFile:
    """The upright, even film or sound of an asset; else the submitted file itself."""
    port = _PORTS.get(name, name)
    for candidate in (f"{port}_film", f"{port}_sound", port):
        if task.inputs.get(candidate):
            return task.inputs[candidate][0]
    raise ConfigError(
        f'the workflow wants "{name}", which the pipeline does not give',
        where=port,
        mend="Give the stage that file.",
        code="comfy.binding",
    )


def _watched(task: Task[PrepareParams], frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    for frame in frames:
        task.checkpoint()
        yield frame


def _told(bound: BoundGraph) -> list[str]:
    """What the binding has to say to the submitter."""
    return [str(text) for text in bound.record.get("warnings", ())]
