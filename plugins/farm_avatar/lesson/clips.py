"""Which clips of a scene are heard: ``farm.clips/1``.

Invariant: it is apart from what is drawn, so a sound that is turned down draws no picture again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from farm import InputError
from farm_avatar.lesson.script_files import as_json
from farm_avatar.lesson.speaking import read_json

CLIPS = "farm.clips/1"
Gain = Annotated[float, Field(ge=-60, le=24)]


class Heard(BaseModel):
    """The sound of one visual (from 0) of a scene. name : what its author calls the file.

    sound : ``under`` the narration, or ``full``, as loud as it. asked : its author wrote so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    visual: int = Field(ge=0, le=1000)
    sound: Literal["under", "full"]
    name: str = Field("", max_length=300)
    gain_db: Gain = 0.0
    asked: bool = False


def clips_json(heard: list[Heard]) -> bytes:
    """The document of a scene."""
    return as_json({"schema": CLIPS, "heard": [each.model_dump() for each in heard]})


def read_clips(path: Path) -> list[Heard]:
    """What is heard of a scene. Raises InputError."""
    record = read_json(path, CLIPS, "clips")
    try:
        return TypeAdapter(list[Heard]).validate_python(record.get("heard"))
    except ValidationError as error:
        raise InputError(
            "does not say which clips are heard",
            where="clips",
            expected=f"schema {CLIPS}",
            got=" ".join(str(error).split())[:200],
            mend="Take the file as lesson.read wrote it.",
            code="lesson.bad-document",
        ) from error
