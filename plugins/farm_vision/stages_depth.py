"""Declarations of the providers of ``depth.estimate``.

Invariant: light; a node offers the learned one only where its libraries and its model are.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage
from farm_vision.depth.params import ClassicalDepthParams, LearnedDepthParams, models_of

_INPUTS = {
    "video": Port(MediaKind.VIDEO, description="The clip, or the left eye of a pair."),
    "right": Port(
        MediaKind.VIDEO, required=False, description="The right eye of a level stereo pair."
    ),
}
_OUTPUTS = {
    "depth": Port(MediaKind.VIDEO, description="FFV1, 16-bit grey, even in 1/distance."),
    "scale": Port(MediaKind.DATA, description="JSON, schema farm.depth/1: how samples are read."),
}


def stages() -> Iterator[Stage]:
    """Depth of a clip: the provider that is always there, and networks."""
    yield Stage(
        capability="depth.estimate",
        provider="classical",
        version=1,
        run="farm_vision.depth.classical:run",
        inputs=_INPUTS
        | {
            "matte": Port(
                MediaKind.VIDEO, required=False, description="Grey: white where the person is."
            )
        },
        outputs=_OUTPUTS,
        params=ClassicalDepthParams,
        # A shot has one scale, so a clip is one task; its maps wait on disk.
        resources=Resources(cores=1, ram_mb=1200, disk_mb=4096),
        seeded=False,
        description="Estimates depth from a pair, from the camera's motion, or from a picture.",
    )
    yield Stage(
        capability="depth.estimate",
        provider="transformers",
        version=1,
        run="farm_vision.depth.learned:run",
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        params=LearnedDepthParams,
        resources=Resources(cores=1, ram_mb=6000, disk_mb=4096),
        models=models_of,
        model_key=lambda params: params.model or None,
        # Asked for by name: which network there is, the operator knows.
        preference=-100,
        stall_s=3600.0,
        description="Estimates depth with a network of transformers or diffusers from the store.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    missing = [name for name in ("torch", "transformers", "safetensors") if find_spec(name) is None]
    if missing:
        yield (
            "depth.estimate/transformers",
            f"needs {', '.join(missing)}: pip install 'farm[models]'",
        )
