"""Declarations of the stages that work on the pictures of a film: windows, size, rate.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable

from farm import MediaKind, Port, Resources, Stage, Windowing
from farm_finish.frames.params import (
    ENLARGE_WINDOW,
    INTERPOLATE_WINDOW,
    BlendParams,
    EnlargeParams,
    InterpolateParams,
    SplitParams,
    film_frames,
    smooth_frames,
)

PROVIDER = "farm_finish"
_SEGMENT = Port(MediaKind.VIDEO, description="FFV1 in Matroska, the frames of one window.")


def stages() -> Iterable[Stage]:
    """Split and blend windows, enlarge pictures, make pictures between; none uses the seed."""
    yield Stage(
        capability="video.split",
        provider=PROVIDER,
        version=2,
        run="farm_finish.frames.split:run",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"segment": _SEGMENT},
        params=SplitParams,
        resources=Resources(cores=1, ram_mb=384),
        windows=Windowing(
            length=film_frames,
            size=lambda params: params.size,
            overlap=lambda params: params.overlap,
        ),
        seeded=False,
        description="Cuts a film into overlapping windows without loss.",
    )
    yield Stage(
        capability="video.blend",
        provider=PROVIDER,
        version=2,
        run="farm_finish.frames.blend:run",
        inputs={
            "segments": Port(
                MediaKind.VIDEO, many=True, description="Windows in order, equal in size and rate."
            ),
            "audio": Port(
                MediaKind.AUDIO, required=False, description="Sound of the delivered film."
            ),
        },
        outputs={
            "video": Port(MediaKind.VIDEO, description="FFV1 in Matroska, or MP4 when delivered."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.blend/1."),
        },
        params=BlendParams,
        # One reads and blends, the other encodes.
        resources=Resources(cores=2, ram_mb=900),
        seeded=False,
        description="Joins overlapping windows without a seam and corrects their drift in colour.",
    )
    yield Stage(
        capability="video.enlarge",
        provider=PROVIDER,
        version=2,
        run="farm_finish.frames.enlarge:run",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"segment": _SEGMENT},
        params=EnlargeParams,
        resources=Resources(cores=1, ram_mb=900),
        windows=Windowing(length=film_frames, size=ENLARGE_WINDOW),
        seeded=False,
        description="Enlarges a film with Lanczos's filter in linear light and careful sharpening.",
    )
    yield Stage(
        capability="video.interpolate",
        provider=PROVIDER,
        version=2,
        run="farm_finish.frames.interpolate:run",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"segment": _SEGMENT},
        params=InterpolateParams,
        resources=Resources(cores=1, ram_mb=900),
        windows=Windowing(length=smooth_frames, size=INTERPOLATE_WINDOW),
        seeded=False,
        description="Brings a film to another frame rate with pictures made by optical flow.",
    )
