"""Declarations of the signals: edges, flow, normals, and the joining of their windows.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator

from farm import MediaKind, Port, Resources, Stage, Windowing
from farm_vision.signals.params import (
    WINDOW,
    CollectParams,
    EdgeParams,
    FlowParams,
    NormalParams,
    film_frames,
)

PROVIDER = "farm_vision"
_WINDOWS = Windowing(length=film_frames, size=WINDOW)


def stages() -> Iterator[Stage]:
    """Signals by classical means; none uses the seed."""
    yield Stage(
        capability="signal.edges",
        provider=PROVIDER,
        version=1,
        run="farm_vision.signals.edges:run",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"segment": Port(MediaKind.VIDEO, description="FFV1, white edges on black.")},
        params=EdgeParams,
        resources=Resources(cores=1, ram_mb=512),
        windows=_WINDOWS,
        seeded=False,
        description="Draws the edges of each picture, as Canny's lines or as shades of grey.",
    )
    yield Stage(
        capability="signal.flow",
        provider=PROVIDER,
        version=1,
        run="farm_vision.signals.flow:run",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={
            "segment": Port(MediaKind.VIDEO, description="FFV1, 16 bits: motion to the next."),
            "scale": Port(MediaKind.DATA, description="JSON, schema farm.flow/1."),
        },
        params=FlowParams,
        resources=Resources(cores=1, ram_mb=900),
        windows=_WINDOWS,
        seeded=False,
        description="Measures where each pixel goes until the next picture, and where that is sure.",
    )
    yield Stage(
        capability="signal.normals",
        provider=PROVIDER,
        version=1,
        run="farm_vision.signals.normals:run",
        inputs={
            "depth": Port(MediaKind.VIDEO, description="Grey, 16 bits."),
            "scale": Port(
                MediaKind.DATA, required=False, description="JSON that tells what depth means."
            ),
        },
        outputs={"segment": Port(MediaKind.VIDEO, description="FFV1: right, up, to the camera.")},
        params=NormalParams,
        resources=Resources(cores=1, ram_mb=512),
        windows=_WINDOWS,
        seeded=False,
        description="Tells from depth which way each surface faces.",
    )
    yield Stage(
        capability="signal.join",
        provider=PROVIDER,
        version=1,
        run="farm_vision.signals.collect:run",
        inputs={
            "segments": Port(MediaKind.VIDEO, many=True, description="Windows in order, FFV1."),
            "notes": Port(MediaKind.DATA, many=True, required=False, description="Theirs."),
        },
        outputs={
            "video": Port(MediaKind.VIDEO, description="FFV1 in Matroska, the same to the bit."),
            "scale": Port(MediaKind.DATA, description="JSON, as the notes; else farm.signal/1."),
        },
        params=CollectParams,
        resources=Resources(cores=1, ram_mb=256),
        seeded=False,
        description="Joins the windows of a signal without touching a sample.",
    )
