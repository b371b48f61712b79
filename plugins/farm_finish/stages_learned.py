"""Declarations of the learned providers of ``video.enlarge`` and ``video.interpolate``.

Invariant: light; a node offers them only where their models and libraries are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from farm import MediaKind, Port, Resources, Stage, Windowing
from farm_finish.frames.params import InterpolateParams, film_frames, smooth_frames
from farm_finish.learned.params import COMPACT, PLUS, RIFE, LearnedSizeParams

_SEGMENT = Port(MediaKind.VIDEO, description="FFV1 in Matroska, the frames of one window.")
_TORCH = ("torch", "safetensors")
_LIBRARIES = {
    "video.enlarge/realesrgan": ("ncnn",),
    "video.enlarge/realesrgan_x4plus": ("ncnn",),
    "video.interpolate/rife": _TORCH,
}
_ON_A_CARD = {
    "video.enlarge/realesrgan_gpu": 1500,
    "video.enlarge/realesrgan_x4plus_gpu": 3000,
    "video.interpolate/rife_gpu": 3000,
}
"""Graphics memory in MB of the same on a card."""


def stages() -> Iterable[Stage]:
    """Real-ESRGAN in two sizes and RIFE, each on a processor or a card; none uses the seed."""
    compact = Stage(
        capability="video.enlarge",
        provider="realesrgan",
        version=1,
        run="farm_finish.learned.realesrgan:run_compact",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"segment": _SEGMENT},
        params=LearnedSizeParams,
        resources=Resources(cores=1, ram_mb=1500),
        windows=Windowing(length=film_frames, size=12),
        preference={"draft": -10, "standard": 10, "high": 10},
        models=(COMPACT,),
        seeded=False,
        stall_s=1800.0,
        description="Enlarges a film with Real-ESRGAN's compact network, held to its source.",
    )
    plus = Stage(
        capability="video.enlarge",
        provider="realesrgan_x4plus",
        version=1,
        run="farm_finish.learned.realesrgan:run_plus",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"segment": _SEGMENT},
        params=LearnedSizeParams,
        resources=Resources(cores=1, ram_mb=2500),
        windows=Windowing(length=film_frames, size=4),
        preference={"draft": -20, "standard": -10, "high": 20},
        models=(PLUS,),
        seeded=False,
        # A frame of 1080p takes a quarter of an hour on one core.
        stall_s=7200.0,
        description="Enlarges a film with Real-ESRGAN's large network; slow, for the last detail.",
    )
    rife = Stage(
        capability="video.interpolate",
        provider="rife",
        version=1,
        run="farm_finish.learned.interpolate:run",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"segment": _SEGMENT},
        params=InterpolateParams,
        resources=Resources(cores=1, ram_mb=2500),
        windows=Windowing(length=smooth_frames, size=48),
        preference={"draft": -10, "standard": 10, "high": 10},
        models=(RIFE,),
        model_key=lambda params: RIFE,
        seeded=False,
        description="Brings a film to another frame rate with pictures made by flow and RIFE.",
    )
    yield from (compact, plus, rife)
    yield _on_a_card(compact, "farm_finish.learned.realesrgan:run_compact_on_device")
    yield _on_a_card(plus, "farm_finish.learned.realesrgan:run_plus_on_device")
    yield _on_a_card(rife, rife.run)


def _on_a_card(stage: Stage, run: str) -> Stage:
    """The same on a graphics card, in half precision, preferred where there is one."""
    assert isinstance(stage.resources, Resources) and not isinstance(stage.preference, int)
    vram_mb = _ON_A_CARD[f"{stage.id}_gpu"]
    return replace(
        stage,
        provider=f"{stage.provider}_gpu",
        run=run,
        resources=replace(stage.resources, gpus=1, vram_mb=vram_mb),
        preference={quality: points + (points > 0) for quality, points in stage.preference.items()},
        description=f"On a graphics card: {stage.description[0].lower()}{stage.description[1:]}",
    )


def checks() -> Iterable[tuple[str, str]]:
    """Stages whose libraries or card are not on this machine."""
    for stage, libraries in _LIBRARIES.items():
        if complaint := _missing(libraries):
            yield stage, complaint
    for stage in _ON_A_CARD:
        if complaint := _missing(_TORCH):
            yield stage, complaint
        elif not Path("/dev/nvidiactl").exists():
            yield stage, "needs an NVIDIA card; the provider without _gpu needs none"
        elif "+cpu" in _torch_version():
            yield stage, "needs torch with CUDA, and this one is without: pip install torch"


def _missing(libraries: Iterable[str]) -> str:
    missing = [name for name in libraries if find_spec(name) is None]
    return f"needs {' and '.join(missing)}: pip install 'farm[learned]'" if missing else ""


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return ""
