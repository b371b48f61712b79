"""Declarations of what takes films apart: layers, refined mattes, one object followed.

Invariant: light; a node offers a stage only where its libraries and its model are.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from farm import MediaKind, Port, Resources, Stage
from farm_vision.layers.params import (
    RefineParams,
    Sam2Params,
    SplitParams,
    TrackParams,
    ViTMatteParams,
    named_model,
)

_MATTE = Port(MediaKind.VIDEO, description="FFV1 in Matroska, gray16le, 65535 is the subject.")
_LAYER = Port(MediaKind.VIDEO, description="FFV1 in Matroska, straight alpha, bgra.")
_NETWORKS = ("torch", "transformers", "safetensors")
_LIBRARIES = {
    "matte.refine/vitmatte": (_NETWORKS, "models"),
    "object.track/classical": (("cv2",), "vision"),
    "object.track/sam2": (_NETWORKS, "models"),
}


def stages() -> Iterator[Stage]:
    """Split, refine, track; none uses the seed."""
    yield Stage(
        capability="layers.split",
        provider="classical",
        version=1,
        run="farm_vision.layers.split:run",
        inputs={
            "video": Port(MediaKind.VIDEO),
            "matte": _MATTE,
            "front_matte": Port(
                MediaKind.VIDEO, required=False, description="Of what stands before the subject."
            ),
        },
        outputs={
            "background": Port(MediaKind.VIDEO, description="FFV1 in Matroska, without subject."),
            "subject": _LAYER,
            "foreground": Port(
                MediaKind.VIDEO,
                required=False,
                description="As subject, when front_matte is given.",
            ),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.layers/1."),
        },
        params=SplitParams,
        # A shot has one background, so a clip is one task; what is seen later waits on disk.
        resources=Resources(cores=1, ram_mb=1600, disk_mb=4096),
        seeded=False,
        description="Takes a film apart: background without subject, subject and foreground.",
    )
    yield from _refining()
    yield from _tracking()


def _refining() -> Iterator[Stage]:
    common: dict[str, Any] = {
        "capability": "matte.refine",
        "version": 1,
        "inputs": {"video": Port(MediaKind.VIDEO), "matte": _MATTE},
        "outputs": {
            "matte": _MATTE,
            "report": Port(MediaKind.DATA, description="JSON, schema farm.matte/1."),
        },
        "seeded": False,
    }
    yield Stage(
        provider="classical",
        run="farm_vision.layers.refine:run",
        params=RefineParams,
        resources=Resources(cores=1, ram_mb=900),
        description="Brings the outline of a matte to hair and soft edges, by colour.",
        **common,
    )
    yield Stage(
        provider="vitmatte",
        run="farm_vision.layers.vitmatte:run",
        params=ViTMatteParams,
        resources=Resources(cores=1, ram_mb=6000),
        models=named_model,
        model_key=lambda params: params.model,
        preference={"draft": -10, "standard": -10, "high": 10},
        stall_s=3600.0,
        description="Brings the outline of a matte to hair and soft edges, with ViTMatte.",
        **common,
    )


def _tracking() -> Iterator[Stage]:
    common: dict[str, Any] = {
        "capability": "object.track",
        "version": 1,
        "inputs": {"video": Port(MediaKind.VIDEO)},
        "outputs": {
            "matte": _MATTE,
            "report": Port(MediaKind.DATA, description="JSON, schema farm.track/1."),
        },
        "seeded": False,
    }
    yield Stage(
        provider="classical",
        run="farm_vision.layers.classical:run",
        params=TrackParams,
        resources=Resources(cores=1, ram_mb=900, disk_mb=1024),
        description="Follows what was clicked through a film, by motion and colour.",
        **common,
    )
    yield Stage(
        provider="sam2",
        run="farm_vision.layers.sam2:run",
        params=Sam2Params,
        resources=Resources(cores=1, ram_mb=4000, disk_mb=1024),
        models=named_model,
        model_key=lambda params: params.model,
        preference=10,
        stall_s=1800.0,
        description="Follows what was clicked through a film, with SAM 2.",
        **common,
    )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    for stage, (libraries, extra) in _LIBRARIES.items():
        missing = [name for name in libraries if find_spec(name) is None]
        if missing:
            yield stage, f"needs {' and '.join(missing)}: pip install 'farm[{extra}]'"
