"""Declarations of the presenter: a checked portrait, a loop of idle motion, and speech.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator

from farm import InputError, MediaKind, Port, Resources, Stage
from farm.stages import Facts
from farm_avatar.presenter_params import IdleParams, LoopParams, PortraitParams, SpeakParams

PROVIDER = "classical"
LEAST_SIDE = 96
_FACE = Port(MediaKind.DATA, description="JSON lines, schema farm.face/1, of the picture.")
_MESH = Port(MediaKind.DATA, description="JSON lines, schema farm.face/1, one line a frame.")


def stages() -> Iterator[Stage]:
    """The presenter, without any model; face and matte come from stages that have them."""
    yield Stage(
        capability="avatar.portrait",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.portrait:run",
        inputs={"image": Port(MediaKind.IMAGE, description="The person."), "face": _FACE},
        outputs={
            "image": Port(MediaKind.IMAGE, description="Head and shoulders, PNG."),
            "still": Port(MediaKind.VIDEO, description="The same as a film of one frame."),
            "face": Port(MediaKind.DATA, description="farm.face/1 of the crop."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.avatar-portrait/1."),
        },
        params=PortraitParams,
        resources=Resources(cores=1, ram_mb=700),
        seeded=False,
        check=_large_enough,
        description="Checks that a picture shows one face that can speak, and crops it.",
    )
    yield Stage(
        capability="avatar.idle",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.idle:run",
        inputs={
            "image": Port(MediaKind.IMAGE, description="Head and shoulders."),
            "face": _FACE,
            "matte": Port(
                MediaKind.VIDEO, required=False, description="One frame of gray16le: the person."
            ),
        },
        outputs={
            "loop": Port(
                MediaKind.VIDEO, description="FFV1, yuva420p with straight alpha, or yuv420p."
            ),
            "mesh": _MESH,
        },
        params=IdleParams,
        resources=Resources(cores=1, ram_mb=900),
        seeded=False,
        description="A loop without a seam: the head sways, eyes blink and dart, shoulders breathe.",
    )
    yield Stage(
        capability="avatar.loop",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.stretch_loop:run",
        inputs={"video": Port(MediaKind.VIDEO, description="A person who listens, from in front.")},
        outputs={"loop": Port(MediaKind.VIDEO, description="FFV1 in the clip's form.")},
        params=LoopParams,
        resources=Resources(cores=1, ram_mb=1100),
        seeded=False,
        description="Makes a clip end as it begins, such as one of an image-to-video model.",
    )
    yield Stage(
        capability="avatar.speak",
        provider=PROVIDER,
        version=1,
        run="farm_avatar.speak:run",
        inputs={
            "loop": Port(MediaKind.VIDEO, description="Idle motion that ends as it begins."),
            "mesh": _MESH,
            "narration": Port(MediaKind.AUDIO, description="What is said; its length counts."),
            "visemes": Port(MediaKind.DATA, description="JSON, schema farm.visemes/1."),
            "presence": Port(
                MediaKind.DATA,
                required=False,
                description="JSON, schema farm.presence/1: not shown is a film of a few pixels.",
            ),
        },
        outputs={
            "video": Port(MediaKind.VIDEO, description="FFV1 in the loop's form, alpha kept.")
        },
        params=SpeakParams,
        resources=Resources(cores=1, ram_mb=1100),
        seeded=False,
        description="The loop as long as the narration, its mouth moving with what is said.",
    )


def _large_enough(params: PortraitParams, facts: Facts) -> None:
    """Refuse a portrait in which no face could be large enough, before anything is queued."""
    for artifact in facts.get("image", ()):
        width, height = artifact.facts.width, artifact.facts.height
        if width and height and min(width, height) < LEAST_SIDE:
            raise InputError(
                "is too small for a portrait",
                where="portrait",
                expected=f"at least {LEAST_SIDE}x{LEAST_SIDE} pixels",
                got=f"{width}x{height}",
                mend="Send a larger picture.",
                code="avatar.tiny-picture",
            )


def checks() -> Iterator[tuple[str, str]]:
    """Nothing beyond the farm's own packages is needed."""
    return iter(())
