"""The declaration of finishing in one pass.

Invariant: light; what it runs is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from farm import MediaKind, Port, Resources, Stage
from farm_finish.onepass.params import FinishParams

PROVIDER = "farm_finish"

_STEPS = ("media.normalise", "video.enlarge", "video.interpolate", "video.grade", "video.encode")


def stages(single: Iterable[Stage]) -> Iterator[Stage]:
    """``video.finish``. single : the stages of this provider whose work it does in one pass."""
    yield Stage(
        capability="video.finish",
        provider=PROVIDER,
        # A step that gives other frames gives other films, and versions only ever rise.
        version=1
        + sum(
            stage.version
            for stage in single
            if stage.provider == PROVIDER and stage.capability in _STEPS
        ),
        run="farm_finish.onepass.stage:run",
        inputs={
            "video": Port(MediaKind.VIDEO, description="A film of any kind."),
            "audio": Port(
                MediaKind.AUDIO,
                required=False,
                description="Replaces the sound of the video; cut to its length.",
            ),
        },
        outputs={
            "video": Port(MediaKind.VIDEO, description="MP4, BT.709, index in front."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.normalise/1."),
        },
        params=FinishParams,
        resources=Resources(cores=1, ram_mb=1024),
        description="Normalises, enlarges, smooths, grades and encodes a film in one pass.",
    )
