"""Declarations of motion assets: packed, unpacked, and as files of joints.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator

from farm import MediaKind, Port, Resources, Stage
from farm_vision.motion.params import PARTS, ExportParams, PackParams, UnpackParams

PROVIDER = "farm_vision"
_PARTS = {
    part: Port(kind, required=False, description=description)
    for part, (kind, description) in PARTS.items()
}


def stages() -> Iterator[Stage]:
    """Motion assets; none uses the seed."""
    yield Stage(
        capability="motion.pack",
        provider=PROVIDER,
        version=1,
        run="farm_vision.motion.asset:run_pack",
        inputs=_PARTS,
        outputs={
            "motion": Port(
                MediaKind.ARCHIVE, description="ZIP (.farmmotion), schema farm.motion/1."
            )
        },
        params=PackParams,
        resources=Resources(cores=1, ram_mb=256),
        seeded=False,
        description="Puts the signals of a motion into one file that can be used again.",
    )
    yield Stage(
        capability="motion.unpack",
        provider=PROVIDER,
        version=1,
        run="farm_vision.motion.asset:run_unpack",
        inputs={"motion": Port(MediaKind.ARCHIVE, description="A .farmmotion file.")},
        outputs={
            "index": Port(MediaKind.DATA, description="JSON, schema farm.motion/1."),
            **_PARTS,
        },
        params=UnpackParams,
        resources=Resources(cores=1, ram_mb=256),
        seeded=False,
        description="Takes the signals out of a motion asset, each checked.",
    )
    yield Stage(
        capability="motion.export",
        provider=PROVIDER,
        version=1,
        run="farm_vision.motion.export:run",
        inputs={"pose": Port(MediaKind.DATA, description="JSON lines, schema farm.pose/1.")},
        outputs={
            "bvh": Port(MediaKind.ANY, description="BVH, centimetres."),
            "glb": Port(MediaKind.ANY, description="Binary glTF 2.0, metres."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.motion-export/1."),
        },
        params=ExportParams,
        resources=Resources(cores=1, ram_mb=768),
        seeded=False,
        description="Writes a person's motion in space as BVH and glTF, walking and looping.",
    )
