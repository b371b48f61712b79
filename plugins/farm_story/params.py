"""Parameters of remembering and recalling.

Invariant: a name of a project or a shot is a safe part of a document's key, and reads the same in a
manifest, on the command line and in the memory.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from farm import StageParams

NAME = r"^[a-z0-9][a-z0-9._-]{0,39}$"
MAYBE = r"^([a-z0-9][a-z0-9._-]{0,39})?$"

Project = Annotated[
    str, Field(pattern=NAME, description="The story: shots of one project remember each other.")
]


class RememberParams(StageParams):
    """What is remembered of a shot, and where it stands in the story."""

    project: Project = "story"
    shot: str = Field(
        "", pattern=MAYBE, description="The shot's name; empty: made of the film's content."
    )
    parent: str = Field(
        "", pattern=MAYBE, description="The shot it goes on from; empty: a story begins here."
    )
    keep: int = Field(
        3, ge=1, le=12, description="Pictures to keep.", json_schema_extra={"unit": "pictures"}
    )
    look_at: int = Field(
        48,
        ge=2,
        le=400,
        description="Pictures to choose from, even in time.",
        json_schema_extra={"unit": "pictures"},
    )


class RecallParams(StageParams):
    """From where, and how strongly, the next shot is held to what was."""

    project: Project = "story"
    parent: str = Field(
        "", pattern=MAYBE, description="The shot to go on from; empty: nothing is recalled."
    )
    keep: int = Field(
        3, ge=1, le=12, description="References to give.", json_schema_extra={"unit": "pictures"}
    )
    consistency: float = Field(
        0.7,
        ge=0,
        le=1,
        description="1 holds on to the look of the shot before; 0 goes where the prompt's words "
        "point. References weigh this much at most.",
    )
    reach: int = Field(
        0,
        ge=0,
        le=1000,
        description="Shots to look back along the branch; 0: to where it begins.",
        json_schema_extra={"unit": "shots"},
    )
