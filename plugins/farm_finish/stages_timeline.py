"""Declarations of the stages that bake a timeline.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable

from farm import MediaKind, Port, Resources, Stage, Windowing
from farm_finish.timeline.params import (
    RENDER_WINDOW,
    AssembleParams,
    PlanParams,
    RenderParams,
    SoundParams,
    pictures_to_render,
)

PROVIDER = "farm_finish"
_PLAN = Port(MediaKind.DATA, description="JSON, schema farm.bake/1.")
_MEDIA = Port(
    MediaKind.ANY,
    many=True,
    required=False,
    description="Films, sounds and pictures, in the order of the plan.",
)


def stages() -> Iterable[Stage]:
    """Plan a bake, render what must be, mix its sound, put it together; none uses the seed."""
    yield Stage(
        capability="timeline.plan",
        provider=PROVIDER,
        version=1,
        run="farm_finish.timeline.planning:run",
        inputs={
            "timeline": Port(
                MediaKind.ANY, description="OpenTimelineIO, EDL, FCP XML, or the plain form."
            ),
            "media": _MEDIA,
        },
        outputs={"plan": _PLAN},
        params=PlanParams,
        resources=Resources(cores=1, ram_mb=768),
        seeded=False,
        description="Checks a timeline against its media, and decides what is copied.",
    )
    yield Stage(
        capability="timeline.render",
        provider=PROVIDER,
        version=1,
        run="farm_finish.timeline.render:run",
        inputs={"plan": _PLAN, "media": _MEDIA},
        outputs={"segment": Port(MediaKind.VIDEO, description="Encoded pictures of one window.")},
        params=RenderParams,
        resources=Resources(cores=1, ram_mb=1280),
        windows=Windowing(length=pictures_to_render, size=RENDER_WINDOW),
        seeded=False,
        description="Makes the pictures of a timeline that cannot be copied.",
    )
    yield Stage(
        capability="timeline.sound",
        provider=PROVIDER,
        version=1,
        run="farm_finish.timeline.sound:run",
        inputs={"plan": _PLAN, "media": _MEDIA},
        outputs={
            "audio": Port(
                MediaKind.AUDIO,
                required=False,
                description="Float WAV, 48 kHz stereo, exactly as long as the pictures.",
            )
        },
        params=SoundParams,
        resources=Resources(cores=1, ram_mb=640),
        seeded=False,
        description="Mixes the sound of a whole timeline at once.",
    )
    yield Stage(
        capability="timeline.join",
        provider=PROVIDER,
        version=1,
        run="farm_finish.timeline.assemble:run",
        inputs={
            "plan": _PLAN,
            "media": _MEDIA,
            "segments": Port(
                MediaKind.VIDEO, many=True, description="Windows of timeline.render, in order."
            ),
            "audio": Port(
                MediaKind.AUDIO, required=False, description="Cut to the length of the film."
            ),
        },
        outputs={"video": Port(MediaKind.VIDEO, description="MP4, BT.709, index in front.")},
        params=AssembleParams,
        resources=Resources(cores=1, ram_mb=512),
        seeded=False,
        description="Joins rendered windows and copied stretches of media into one film.",
    )
