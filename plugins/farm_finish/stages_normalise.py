"""The stage that brings any media to the farm's inter-stage form.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable

from farm import MediaKind, Port, Resources, Stage
from farm_finish.normalise.params import NormaliseParams


def stages() -> Iterable[Stage]:
    """``media.normalise``; it does not use the seed."""
    yield Stage(
        capability="media.normalise",
        provider="farm_finish",
        version=2,
        run="farm_finish.normalise.stage:run",
        inputs={"media": Port(MediaKind.ANY, description="A clip, a picture or a sound.")},
        outputs={
            "video": Port(
                MediaKind.VIDEO,
                required=False,
                description="FFV1 in Matroska: constant rate, square pixels, even size, BT.709.",
            ),
            "audio": Port(
                MediaKind.AUDIO,
                required=False,
                description="FLAC, 48 kHz stereo, exactly as long as the video.",
            ),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.normalise/1."),
        },
        params=NormaliseParams,
        resources=Resources(cores=1, ram_mb=1792),
        seeded=False,
        description="Brings any film, picture or sound to one form, and says what it changed.",
    )
