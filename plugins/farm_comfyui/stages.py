"""The stages: prepare a request, run it, finish its film; and which node can offer which.

Invariant: there is a run stage for the workflow of every mode, so that a node offers exactly those that
one of the servers has the nodes and the models for; one more runs whatever is asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from farm import MediaKind, Port, Resources, Stage
from farm_comfyui.params import FinishParams, PrepareParams, RunParams, WorkflowParams

PROVIDER = "farm_comfyui"
LIMIT = "comfyui"
"""The farm's limit that a run holds: one unit is one prompt on a server."""
_RUN_S = 32 * 3600.0
"""Longer than the pool itself waits and watches: its reasons are better than a time-out."""

_FILM = "an upright, even film of it (media.normalise)"
_SUBMITTED = {
    "prompt": Port(MediaKind.TEXT, required=False, description="What is to be seen."),
    "negative": Port(MediaKind.TEXT, required=False, description="What is not to be seen."),
    "character": Port(MediaKind.IMAGE, required=False, description="The ground truth."),
    "motion": Port(MediaKind.VIDEO, required=False, description="A video of a person who moves."),
    "audio": Port(MediaKind.AUDIO, required=False, description="Speech or a song."),
    "first": Port(MediaKind.IMAGE, required=False, description="The exact first frame."),
    "last": Port(MediaKind.IMAGE, required=False, description="The exact last frame."),
    "control": Port(MediaKind.VIDEO, required=False, description="Poses, depth, edges or a path."),
    "mask": Port(MediaKind.VIDEO, required=False, description="White where mix replaces."),
    "reference": Port(
        MediaKind.IMAGE, many=True, required=False, description="More of the character."
    ),
    "pose": Port(MediaKind.IMAGE, many=True, required=False, description="Pose sheets."),
}
_READY = {
    **{
        f"{name}_film": Port(MediaKind.VIDEO, required=False, description=f"{name}: {_FILM}.")
        for name in ("character", "motion", "first", "last", "control", "mask")
    },
    "audio_sound": Port(
        MediaKind.AUDIO, required=False, description="audio: the same at 48 kHz (media.normalise)."
    ),
}


_SOUND = "the same at 48 kHz (media.normalise)"
_FILES = {
    "prompt": _SUBMITTED["prompt"],
    "negative": _SUBMITTED["negative"],
    **{
        name: Port(media, many=True, required=False, description=f"{told}.")
        for name, media, told in (
            ("image", MediaKind.IMAGE, "Pictures, as submitted"),
            ("image_film", MediaKind.VIDEO, f"image, each: {_FILM}"),
            ("video", MediaKind.VIDEO, "Videos, as submitted"),
            ("video_film", MediaKind.VIDEO, f"video, each: {_FILM}"),
            ("video_sound", MediaKind.AUDIO, f"video, each that has a sound: {_SOUND}"),
            ("audio", MediaKind.AUDIO, "Sounds, as submitted"),
            ("audio_sound", MediaKind.AUDIO, f"audio, each: {_SOUND}"),
        )
    },
}
_PREPARED = {
    "request": Port(MediaKind.DATA, description="What is asked: farm.comfyui-request/1."),
    "assets": Port(MediaKind.ANY, many=True, description="Files for the server, in order."),
}
_RECORD = Port(MediaKind.DATA, description="Record of the run: farm.comfyui-run/1.")
_WAITING = Resources(cores=0, ram_mb=300, disk_mb=2000, limits={LIMIT: 1})


@dataclass(frozen=True, slots=True)
class Runner:
    """A run stage of one workflow. shows : whether it also gives what it preprocessed."""

    capability: str
    template: str
    description: str
    shows: bool = False


RUNNERS = (
    Runner("video.animate_move", "animate-move", "A character moves as in a video.", shows=True),
    Runner(
        "video.animate_mix", "animate-mix", "A character replaces a video's subject.", shows=True
    ),
    Runner("video.audio_performance", "audio-performance", "A character speaks or sings."),
    Runner("video.start_end_frame", "start-end-frame", "A film from a first to a last frame."),
    Runner(
        "video.pose_control", "pose-control", "A film that follows a control video.", shows=True
    ),
    Runner("comfy.plumbing", "plumbing", "Tries a server without any model."),
)
NAMED = "comfy.workflow"
"""What runs a workflow that is asked for by its name."""


def stages() -> Iterator[Stage]:
    """All of them."""
    yield Stage(
        capability="comfy.prepare",
        provider=PROVIDER,
        version=1,
        run="farm_comfyui.preparing:run",
        inputs={**_SUBMITTED, **_READY},
        outputs=_PREPARED,
        params=PrepareParams,
        resources=Resources(cores=1, ram_mb=900, disk_mb=2000),
        resolve=resolve,
        check=check,
        # An operator's own workflow may be edited and keep its version.
        cacheable=False,
        description="Checks a request and makes files of the size, rate and length it needs.",
    )
    yield Stage(
        capability="comfy.prepare_workflow",
        provider=PROVIDER,
        version=1,
        run="farm_comfyui.preparing:run_named",
        inputs=_FILES,
        outputs={
            **_PREPARED,
            "sound": Port(
                MediaKind.AUDIO, required=False, description="What lies under the film, at 48 kHz."
            ),
        },
        params=WorkflowParams,
        resources=Resources(cores=1, ram_mb=900, disk_mb=2000),
        resolve=resolve_named,
        check=check_named,
        cacheable=False,
        description="The same for a workflow that is asked for by its name.",
    )
    for runner in RUNNERS:
        yield _run_stage(runner)
    yield Stage(
        capability=NAMED,
        provider=PROVIDER,
        version=2,
        run="farm_comfyui.running:run_named",
        inputs=_PREPARED,
        outputs={
            "video": Port(MediaKind.VIDEO, required=False, description="As the server made it."),
            "sound": Port(MediaKind.AUDIO, required=False, description="The first that it saved."),
            "saved": Port(MediaKind.ARCHIVE, description="ZIP of every file it saved, by role."),
            "run": _RECORD,
        },
        params=RunParams,
        # What it saved lies there twice: as it came, and packed.
        resources=replace(_WAITING, disk_mb=4000),
        timeout_s=_RUN_S,
        stall_s=300.0,
        seeded=False,
        description="Any workflow, by its name. (A ComfyUI server does the work.)",
    )
    yield Stage(
        capability="comfy.finish",
        provider=PROVIDER,
        version=1,
        run="farm_comfyui.finishing:run",
        inputs={
            "request": Port(MediaKind.DATA, description="What was asked."),
            "video": Port(MediaKind.VIDEO, description="What the server made."),
            "run": Port(MediaKind.DATA, description="Record of the run."),
            "pose": Port(MediaKind.VIDEO, required=False, description="What the workflow saw."),
            "control": Port(
                MediaKind.VIDEO, required=False, description="Shown where there is no pose."
            ),
            "sound": Port(MediaKind.AUDIO, required=False, description="What lies under the film."),
        },
        outputs={
            "video": Port(MediaKind.VIDEO, description="FFV1, as many frames as were asked for."),
            "first_frame": Port(MediaKind.IMAGE, description="Its first frame."),
            "audio": Port(MediaKind.AUDIO, required=False, description="As long as the film."),
            "pose_preview": Port(
                MediaKind.VIDEO,
                required=False,
                description="H.264 of the poses that were followed.",
            ),
            "record": Port(MediaKind.DATA, description="The run, and what was done afterwards."),
        },
        params=FinishParams,
        resources=Resources(cores=1, ram_mb=900, disk_mb=4000),
        seeded=False,
        description="Trims and retimes what a server made into the film that was asked for.",
    )


def resolve(params: Any) -> dict[str, Any]:
    """The version of the workflow that runs, so that a job says which, and again runs that one."""
    # Late, here and below: every command of the farm loads this module.
    from farm_comfyui import configured
    from farm_comfyui.asked import template_of

    template = configured.templates().get(template_of(params), params.workflow_version)
    return {"workflow_version": template.version}


def resolve_named(params: Any) -> dict[str, Any]:
    """The same for a workflow by its name."""
    from farm_comfyui import named

    return {"workflow_version": named.template_of(params).version}


def check(params: Any, files: Mapping[str, Any]) -> None:
    """Refuse before anything is queued; see ``validation`` for what raises."""
    from farm_comfyui import binding, configured, validation
    from farm_comfyui.asked import asked_of, template_of

    validation.check(params, files)
    template = configured.templates().get(template_of(params), params.workflow_version)
    request = asked_of(params, files, prompt="a prompt", negative="", seed=0)
    binding.choices(template, request)


def check_named(params: Any, files: Mapping[str, Any]) -> None:
    """The same for a workflow by its name; see ``named`` for what raises."""
    from farm_comfyui import named

    named.check(params, files)


def checks() -> Iterator[tuple[str, str]]:
    """Run stages that no configured server can do now, with what the servers lack."""
    from farm_comfyui import offering

    for runner in RUNNERS:
        if told := offering.complaint(runner.template):
            yield f"{runner.capability}/{PROVIDER}", told
    if told := offering.nothing_runs():
        yield f"{NAMED}/{PROVIDER}", told


def _run_stage(runner: Runner) -> Stage:
    shown = {"pose": Port(MediaKind.VIDEO, required=False, description="What it saw of the video.")}
    return Stage(
        capability=runner.capability,
        provider=PROVIDER,
        version=1,
        run="farm_comfyui.running:run",
        inputs=_PREPARED,
        outputs={
            "video": Port(MediaKind.VIDEO, description="As the server made it."),
            **(shown if runner.shows else {}),
            "run": _RECORD,
        },
        params=RunParams,
        resources=_WAITING,
        timeout_s=_RUN_S,
        stall_s=300.0,
        seeded=False,
        description=f"{runner.description} (A ComfyUI server does the work.)",
    )
