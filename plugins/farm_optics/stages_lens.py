"""Declarations of the stages of focus: depth of field, sweeps, all in focus, focus that follows.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from farm import Command, MediaKind, Port, Resources, Stage, Windowing
from farm_optics.params import (
    DEFOCUS_WINDOW,
    AcousticsParams,
    ClickParams,
    DefocusParams,
    FuseParams,
    StackParams,
    clip_frames,
)

PROVIDER = "farm_optics"
_VRAM_MB = 3500
"""Graphics memory of the blur of one picture of up to 4K, with what torch itself takes."""
_DEPTH = Port(
    MediaKind.ANY,
    description="Grey, 8 to 16 bits, of the same frames; or a single one, if nothing moves.",
)
_SCALE = Port(
    MediaKind.DATA, required=False, description="JSON, schema farm.depth/1: how depth is meant."
)
_MASK = Port(
    MediaKind.IMAGE, required=False, description="Opening of the lens, white where light passes."
)
_TRACK = Port(
    MediaKind.DATA, required=False, description="JSON, schema farm.focus/1: focus over time."
)


def stages() -> Iterable[Stage]:
    """The stages; none uses the seed."""
    clip = Stage(
        capability="video.defocus",
        provider=PROVIDER,
        version=1,
        run="farm_optics.focus.defocus:run",
        inputs={
            "video": Port(MediaKind.VIDEO),
            "depth": _DEPTH,
            "scale": _SCALE,
            "track": _TRACK,
            "mask": _MASK,
        },
        outputs={
            "segment": Port(MediaKind.VIDEO, description="FFV1 in Matroska, one window's frames.")
        },
        params=DefocusParams,
        resources=Resources(cores=1, ram_mb=1200),
        windows=Windowing(length=clip_frames, size=DEFOCUS_WINDOW),
        seeded=False,
        description="Gives a clip the depth of field of a real lens, with focus pulls.",
    )
    still = Stage(
        capability="image.defocus",
        provider=PROVIDER,
        version=1,
        run="farm_optics.focus.defocus:run_still",
        inputs={
            "image": Port(MediaKind.IMAGE),
            "depth": _DEPTH,
            "scale": _SCALE,
            "track": _TRACK,
            "mask": _MASK,
        },
        outputs={"image": Port(MediaKind.IMAGE, description="PNG.")},
        params=DefocusParams,
        resources=Resources(cores=1, ram_mb=1200),
        seeded=False,
        description="Gives a picture the depth of field of a real lens.",
    )
    yield from (clip, still)
    yield _on_a_card(clip, "farm_optics.focus.on_card:run")
    yield _on_a_card(still, "farm_optics.focus.on_card:run_still")
    yield Stage(
        capability="video.focal_stack",
        provider=PROVIDER,
        version=1,
        run="farm_optics.focus.defocus:run_stack",
        inputs={
            "image": Port(MediaKind.IMAGE),
            "depth": _DEPTH,
            "scale": _SCALE,
            "mask": _MASK,
        },
        outputs={
            "video": Port(MediaKind.VIDEO, description="FFV1 in Matroska, from near to far."),
            "track": Port(MediaKind.DATA, description="JSON, schema farm.focus/1."),
        },
        params=StackParams,
        resources=Resources(cores=1, ram_mb=1200),
        seeded=False,
        description="Sweeps the focus through a picture, from near to far.",
    )
    yield Stage(
        capability="image.all_in_focus",
        provider=PROVIDER,
        version=1,
        run="farm_optics.focus.fuse:run",
        inputs={"video": Port(MediaKind.VIDEO, description="One scene, focused differently.")},
        outputs={"image": Port(MediaKind.IMAGE, description="PNG, sharp everywhere.")},
        params=FuseParams,
        resources=Resources(cores=1, ram_mb=900),
        seeded=False,
        description="Merges a focal stack to one picture that is sharp everywhere.",
    )
    yield Stage(
        capability="focus.track",
        provider=PROVIDER,
        version=1,
        run="farm_optics.focus.click:run",
        inputs={"video": Port(MediaKind.VIDEO), "depth": _DEPTH, "scale": _SCALE},
        outputs={"track": Port(MediaKind.DATA, description="JSON, schema farm.focus/1.")},
        params=ClickParams,
        resources=Resources(cores=1, ram_mb=600),
        seeded=False,
        description="Follows what was clicked through a clip and keeps the focus on it.",
    )
    yield Stage(
        capability="audio.acoustics",
        provider=PROVIDER,
        version=2,
        run="farm_optics.hearing:run",
        inputs={},
        outputs={"settings": Port(MediaKind.DATA, description="JSON, schema farm.acoustics/1.")},
        params=AcousticsParams,
        resources=Resources(cores=1, ram_mb=256),
        seeded=False,
        description="Tells how a shot should sound from its size, its lens and its place.",
    )


def _on_a_card(stage: Stage, run: str) -> Stage:
    """The same on a graphics card, preferred where there is one."""
    return replace(
        stage,
        provider=f"{PROVIDER}_gpu",
        run=run,
        resources=Resources(cores=1, ram_mb=2500, gpus=1, vram_mb=_VRAM_MB),
        preference=1,
        description=f"On a graphics card: {stage.description[0].lower()}{stage.description[1:]}",
    )


def checks() -> Iterable[tuple[str, str]]:
    """Stages whose library or card is not on this machine."""
    complaint = ""
    if find_spec("torch") is None:
        complaint = "needs torch: pip install 'farm[learned]'"
    elif not Path("/dev/nvidiactl").exists():
        complaint = "needs an NVIDIA card; the provider without _gpu needs none"
    elif "+cpu" in _torch_version():
        complaint = "needs torch with CUDA, and this one is without: pip install torch"
    if complaint:
        for capability in ("video.defocus", "image.defocus"):
            yield f"{capability}/{PROVIDER}_gpu", complaint


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""


def commands() -> Iterable[Command]:
    """The command ``farm optics``."""
    yield Command(
        "optics",
        "farm_optics.commands:optics",
        "what a lens does: depth of field, blur, angle of view, shot sizes",
    )
