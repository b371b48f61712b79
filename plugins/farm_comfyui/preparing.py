"""The stages that prepare: what was submitted becomes files that nodes take as they are.

Invariant: the nodes neither resample nor pad, so every file that leaves here has exactly the size, rate
and length of the bound graph; what was cropped or cut for that is said.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame

from farm import ConfigError, InputFile, Result, Task
from farm.media.film import film
from farm.media.sound import sound_parts
from farm_comfyui import binding, configured, named, validation
from farm_comfyui.asked import Asked, asked_of, sources_of, template_of
from farm_comfyui.bound import BoundGraph, Preparation
from farm_comfyui.matching import KINDS
from farm_comfyui.params import PrepareParams, WorkflowParams
from farm_comfyui.pictures import cropped_share, prepared, write_mp4, write_png
from farm_comfyui.requests import BindRequest
from farm_comfyui.sounds import write_wav
from farm_comfyui.templates import Template

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
    return _written(task, template, request, bound, lambda name: _source(task, name), files)


def run_named(task: Task[WorkflowParams]) -> Result:
    """The same for a workflow that is asked for by its name; also ``sound``, where the film has one."""
    params = task.params
    files = {name: task.inputs[name] for name in (*named.WORDS, *KINDS) if task.inputs.get(name)}
    named.check(params, files)
    template = named.template_of(params)
    request = named.request_of(
        template,
        params,
        files,
        prompt=_text(task, "prompt"),
        negative=_text(task, "negative"),
        seed=task.seed,
    )
    bound = binding.choices(template, request)[0]
    given = named.sources(template, params, files)
    result = _written(
        task, template, request, bound, lambda name: _made_even(task, *given[name]), files
    )
    if bound.after.sound is None:
        return result
    sound = _sound(task, *given[bound.after.sound])
    target = task.output("sound", sound.path.suffix)
    shutil.copyfile(sound.path, target)
    return {**result, "sound": target}


def _written(
    task: Task[Any],
    template: Template,
    request: BindRequest,
    bound: BoundGraph,
    source: Callable[[str], InputFile],
    files: Mapping[str, Sequence[InputFile]],
) -> Result:
    """``request`` and ``assets``. source : the file that an asset is made of."""
    warnings: list[str] = []
    how = {preparation.asset: preparation for preparation in bound.before}
    assets = []
    for number, name in enumerate(bound.assets):
        task.progress(number, len(bound.assets), f"preparing {name}")
        assets.append(_prepared(task, name, source(name), how.get(name), warnings))
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


def _text(task: Task[Any], port: str) -> str:
    found = task.inputs.get(port, ())
    return found[0].path.read_text(encoding="utf-8-sig").strip() if found else ""


def _prepared(
    task: Task[Any],
    name: str,
    source: InputFile,
    how: Preparation | None,
    warnings: list[str],
) -> Path:
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
    raise _ungiven(name, port)


def _made_even(task: Task[WorkflowParams], kind: str, at: int) -> InputFile:
    """The upright, even form of a file by its place; a sound's is 48 kHz."""
    port = f"{kind}_sound" if kind == "audio" else f"{kind}_film"
    found = task.inputs.get(port, ())
    if len(found) != len(task.inputs[kind]):
        raise _ungiven(kind, port)
    return found[at]


def _sound(task: Task[WorkflowParams], kind: str, at: int) -> InputFile:
    """What is heard of a sound or a video, at 48 kHz; silent videos have no file there."""
    if kind == "audio":
        return _made_even(task, kind, at)
    heard = [place for place, file in enumerate(task.inputs[kind]) if file.facts.audio_codec]
    found = task.inputs.get(f"{kind}_sound", ())
    if at not in heard or len(found) != len(heard):
        raise _ungiven(kind, f"{kind}_sound")
    return found[heard.index(at)]


def _ungiven(name: str, port: str) -> ConfigError:
    return ConfigError(
        f'the workflow wants "{name}", which the pipeline does not give',
        where=port,
        mend="Give the stage that file.",
        code="comfy.binding",
    )


def _watched(task: Task[Any], frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    for frame in frames:
        task.checkpoint()
        yield frame


def _told(bound: BoundGraph) -> list[str]:
    """What the binding has to say to the submitter."""
    return [str(text) for text in bound.record.get("warnings", ())]
