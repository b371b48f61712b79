"""Parameters of ``video.finish``: those of normalising and of encoding, and the steps between.

Invariant: light; a step means what the stage of its name means, parameter by parameter.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from farm_finish.frames.params import EnlargeParams, InterpolateParams
from farm_finish.grade.params import GradeParams
from farm_finish.normalise.params import NormaliseParams
from farm_finish.params import EncodeParams


class EnlargeStep(EnlargeParams):
    """``video.enlarge`` in the provider that is always there."""

    do: Literal["enlarge"] = "enlarge"


class InterpolateStep(InterpolateParams):
    """``video.interpolate`` in the provider that is always there."""

    do: Literal["interpolate"] = "interpolate"


class GradeStep(GradeParams):
    """``video.grade`` without a table."""

    do: Literal["grade"] = "grade"


Step = Annotated[EnlargeStep | InterpolateStep | GradeStep, Field(discriminator="do")]


class FinishParams(NormaliseParams, EncodeParams):
    """How a film is put right, what is done to it, and how it is encoded."""

    steps: list[Step] = Field(
        default_factory=list,
        max_length=8,
        description="What is done between normalising and encoding, in order: enlarge, "
        "interpolate, grade, each with the parameters of its stage.",
    )

    @model_validator(mode="after")
    def _one_pass_is_enough(self) -> FinishParams:
        if self.passes != 1:
            raise ValueError("two passes need a file between: use media.normalise, video.encode")
        if self.alpha == "keep":
            raise ValueError("an encoded film has no alpha: leave alpha at flatten")
        if self.hdr == "keep":
            raise ValueError("normalising maps HDR to SDR: keep it with video.encode alone")
        return self

    @property
    def normalising(self) -> NormaliseParams:
        """Those of ``media.normalise``."""
        return NormaliseParams(**{key: getattr(self, key) for key in NormaliseParams.model_fields})

    @property
    def encoding(self) -> EncodeParams:
        """Those of ``video.encode``."""
        return EncodeParams(**{key: getattr(self, key) for key in EncodeParams.model_fields})
