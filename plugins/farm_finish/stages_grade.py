"""The declaration of grading.

Invariant: light; what it runs is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator

from farm import MediaKind, Port, Resources, Stage, Windowing
from farm_finish.frames.params import film_frames
from farm_finish.grade.params import GRADE_WINDOW, GradeParams


def stages() -> Iterator[Stage]:
    """``video.grade``; its grain uses the seed."""
    yield Stage(
        capability="video.grade",
        provider="farm_finish",
        version=1,
        run="farm_finish.grade.stage:run",
        inputs={
            "video": Port(MediaKind.VIDEO),
            "lut": Port(
                MediaKind.TEXT, required=False, description="A look-up table, 1-D or 3-D (.cube)."
            ),
        },
        outputs={
            "segment": Port(
                MediaKind.VIDEO, description="FFV1 in Matroska, the frames of one window."
            )
        },
        params=GradeParams,
        resources=Resources(cores=1, ram_mb=900),
        windows=Windowing(length=film_frames, size=GRADE_WINDOW),
        description="Grades a film: white, lift, gamma, gain, contrast, saturation, LUT, grain.",
    )
