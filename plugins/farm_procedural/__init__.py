"""Procedural films: a line of text becomes moving light, without any model.

Invariant: this module declares and nothing more; rendering is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import farm
from farm import MediaKind, Port, Resources, Stage, Windowing, hookimpl
from farm_procedural.params import GenerateParams, film_frames, window_frames

PROVIDER = "farm_procedural"


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The one stage of this plugin."""
    yield Stage(
        capability="video.generate",
        provider=PROVIDER,
        version=1,
        run="farm_procedural.generate:run",
        inputs={"prompt": Port(MediaKind.TEXT, description="What the film is about.")},
        outputs={
            "segment": Port(
                MediaKind.VIDEO,
                description="H.264 in MP4, one closed group of pictures, BT.709, no audio.",
            )
        },
        params=GenerateParams,
        resources=_resources,
        windows=Windowing(length=film_frames, size=window_frames),
        description="Paints animated landscapes and abstract light from the words of a prompt.",
    )


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """The pipeline that turns a prompt into a finished film."""
    return [Path(__file__).parent / "pipelines" / "procedural.yaml"]


def _resources(params: GenerateParams) -> farm.Resources:
    megapixels = params.width * params.height / 1e6
    return Resources(cores=1, ram_mb=round(350 + 170 * megapixels))
