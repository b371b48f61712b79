"""The declaration of the quality report.

Invariant: light; what it runs is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator

from farm import MediaKind, Port, Resources, Stage
from farm_finish.quality.params import QualityParams


def stages() -> Iterator[Stage]:
    """``media.quality``; it does not use the seed."""
    yield Stage(
        capability="media.quality",
        provider="farm_finish",
        version=1,
        run="farm_finish.quality.stage:run",
        inputs={
            "media": Port(MediaKind.ANY, description="A film, with or without sound, or a sound."),
            "reference": Port(
                MediaKind.VIDEO, required=False, description="What it should look like."
            ),
        },
        outputs={
            "report": Port(MediaKind.DATA, description="JSON, schema farm.quality/1."),
            "page": Port(MediaKind.TEXT, description="HTML with graphs, one file by itself."),
        },
        params=QualityParams,
        resources=Resources(cores=1, ram_mb=1200),
        seeded=False,
        description="Checks a film for faults, and measures it against a reference.",
    )
