"""Declarations of what looks at people: body, face, hands, outline.

Invariant: light; a node offers them only where their models and libraries are.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from farm import MediaKind, Port, Resources, Stage
from farm_vision.people.params import (
    CutoutParams,
    DwPoseParams,
    FaceParams,
    FollowParams,
    MatteParams,
    RenderParams,
    RetargetParams,
    VitPoseParams,
)

_VIDEO = {"video": Port(MediaKind.VIDEO)}
_POSE = Port(MediaKind.DATA, description="JSON lines, schema farm.pose/1.")
_REPORT = Port(MediaKind.DATA, description="JSON, schema farm.people-report/1.")
_CONTROL = Port(MediaKind.VIDEO, description="Skeletons on black, FFV1 in Matroska.")
_RUNTIME = ("ai_edge_litert",)
_LIBRARIES = {
    "pose.estimate/mediapipe": (_RUNTIME, "vision"),
    "face.landmarks/mediapipe": (_RUNTIME, "vision"),
    "hands.landmarks/mediapipe": (_RUNTIME, "vision"),
    "matte.person/mediapipe": (_RUNTIME, "vision"),
    "pose.estimate/dwpose": (("onnxruntime",), "speech"),
    "pose.estimate/vitpose": (("torch", "transformers", "safetensors"), "models"),
}


def stages() -> Iterator[Stage]:
    """Pose, face, hands and matte from small networks, pose from large ones; none uses the seed."""
    common: dict[str, Any] = {"inputs": _VIDEO, "version": 1, "seeded": False}
    yield Stage(
        capability="pose.estimate",
        provider="mediapipe",
        run="farm_vision.people.follow:run_pose",
        outputs={"pose": _POSE, "report": _REPORT},
        params=FollowParams,
        resources=Resources(cores=1, ram_mb=700),
        models=("mediapipe-pose",),
        description="Follows persons: 33 points of each in the picture and in metres.",
        **common,
    )
    yield Stage(
        capability="pose.estimate",
        provider="vitpose",
        run="farm_vision.people.vitpose:run",
        outputs={"pose": _POSE, "report": _REPORT},
        params=VitPoseParams,
        resources=Resources(cores=1, ram_mb=3000),
        preference=-10,
        models=lambda params: (params.detector, params.estimator),
        model_key=lambda params: params.estimator,
        description="Follows persons with RT-DETR and VitPose: COCO's 17 points of each.",
        **common,
    )
    yield Stage(
        capability="pose.estimate",
        provider="dwpose",
        run="farm_vision.people.dwpose:run",
        outputs={"pose": _POSE, "report": _REPORT},
        params=DwPoseParams,
        resources=Resources(cores=1, ram_mb=2000),
        preference=-10,
        models=lambda params: (params.model,),
        model_key=lambda params: params.model,
        description="Follows persons with DWPose: 133 points of each, body, feet, face and hands.",
        **common,
    )
    yield Stage(
        capability="face.landmarks",
        provider="mediapipe",
        run="farm_vision.people.follow:run_face",
        outputs={
            "face": Port(MediaKind.DATA, description="JSON lines, schema farm.face/1."),
            "report": _REPORT,
        },
        params=FaceParams,
        resources=Resources(cores=1, ram_mb=700),
        models=("mediapipe-face",),
        description="Follows faces: 468 points of each, what it expresses, how the head is turned.",
        **common,
    )
    yield Stage(
        capability="hands.landmarks",
        provider="mediapipe",
        run="farm_vision.people.follow:run_hands",
        outputs={
            "hands": Port(MediaKind.DATA, description="JSON lines, schema farm.hands/1."),
            "report": _REPORT,
        },
        params=FollowParams,
        resources=Resources(cores=1, ram_mb=700),
        models=("mediapipe-hands",),
        description="Follows hands: 21 points of each in the picture and in metres.",
        **common,
    )
    yield Stage(
        capability="matte.person",
        provider="mediapipe",
        run="farm_vision.people.matte:run",
        outputs={
            "matte": Port(MediaKind.VIDEO, description="FFV1 in Matroska, gray16le, full range."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.matte/1."),
        },
        params=MatteParams,
        resources=Resources(cores=1, ram_mb=700),
        models=("mediapipe-selfie",),
        description="Tells persons from their background, with edges on those of the picture.",
        **common,
    )
    yield from _without_models()


def _without_models() -> Iterator[Stage]:
    common: dict[str, Any] = {"version": 1, "seeded": False, "provider": "farm_vision"}
    yield Stage(
        capability="pose.render",
        run="farm_vision.people.render:run",
        inputs={
            "pose": _POSE,
            "face": Port(MediaKind.DATA, required=False, description="Of the same film."),
            "hands": Port(MediaKind.DATA, required=False, description="Of the same film."),
        },
        outputs={"control": _CONTROL},
        params=RenderParams,
        resources=Resources(cores=1, ram_mb=384),
        description="Draws skeletons, faces and hands in OpenPose's colours.",
        **common,
    )
    yield Stage(
        capability="pose.retarget",
        run="farm_vision.people.retarget:run",
        inputs={
            "pose": _POSE,
            "character": Port(
                MediaKind.DATA, description="farm.pose/1 of a picture or film of the character."
            ),
        },
        outputs={"pose": _POSE, "report": _REPORT},
        params=RetargetParams,
        resources=Resources(cores=1, ram_mb=384),
        description="Gives a motion to a body of other proportions, bone by bone.",
        **common,
    )
    yield Stage(
        capability="matte.cutout",
        run="farm_vision.people.cutout:run",
        inputs={"video": Port(MediaKind.VIDEO), "matte": Port(MediaKind.VIDEO)},
        outputs={
            "alpha": Port(MediaKind.VIDEO, description="FFV1 in Matroska, straight alpha, bgra.")
        },
        params=CutoutParams,
        resources=Resources(cores=1, ram_mb=512),
        description="Puts a film and its matte together as a film with alpha.",
        **common,
    )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    for stage, (libraries, extra) in _LIBRARIES.items():
        missing = [name for name in libraries if find_spec(name) is None]
        if missing:
            yield stage, f"needs {' and '.join(missing)}: pip install 'farm[{extra}]'"
