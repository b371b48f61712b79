"""Parameters of motion assets, and the parts that one may have.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import MediaKind, StageParams

PARTS = {
    "pose": (MediaKind.DATA, "Points of persons, JSON lines, schema farm.pose/1."),
    "face": (MediaKind.DATA, "Points of faces, JSON lines, schema farm.face/1."),
    "hands": (MediaKind.DATA, "Points of hands, JSON lines, schema farm.hands/1."),
    "features": (MediaKind.DATA, "What is heard, JSON lines, schema farm.audio-features/1."),
    "phones": (MediaKind.DATA, "What is said when, JSON, schema farm.phones/1."),
    "visemes": (MediaKind.DATA, "What the mouth does, JSON, schema farm.visemes/1."),
    "control": (MediaKind.VIDEO, "Skeletons drawn as generation wants them."),
    "matte": (MediaKind.VIDEO, "Grey: white where the subject is."),
    "depth": (MediaKind.VIDEO, "Grey, 16 bits."),
    "depth_scale": (MediaKind.DATA, "What depth means, JSON, schema farm.depth/1."),
    "edges": (MediaKind.VIDEO, "White edges on black."),
    "flow": (MediaKind.VIDEO, "Motion as numbers."),
    "flow_scale": (MediaKind.DATA, "What flow means, JSON, schema farm.flow/1."),
    "normals": (MediaKind.VIDEO, "Which way surfaces face."),
    "audio": (MediaKind.AUDIO, "The sound that was moved to."),
    "bvh": (MediaKind.ANY, "Motion of joints, BVH."),
    "glb": (MediaKind.ANY, "Motion of joints, binary glTF."),
}
"""What an asset may hold, by the name of its port."""


class PackParams(StageParams):
    """What is told about the motion."""

    name: str = Field("motion", min_length=1, max_length=80, description="What it is called.")
    notes: str = Field("", max_length=2000, description="Where it is from, and who may use it.")
    tags: str = Field("", max_length=200, description="Words to find it by, with commas between.")


class UnpackParams(StageParams):
    """Nothing to choose."""


class ExportParams(StageParams):
    """Which person, and what is made of the motion."""

    person: int = Field(
        0, ge=0, le=100_000, description="Number of the person; 0 for the one seen the longest."
    )
    feet: Literal["lock", "free"] = Field(
        "lock", description="Hold standing feet where they are and walk over the ground, or stay."
    )
    loop: bool = Field(False, description="Keep the stretch that repeats best, made seamless.")
    least_s: float = Field(
        0.5,
        ge=0.1,
        le=60,
        description="Shortest loop.",
        json_schema_extra={"unit": "s"},
    )
