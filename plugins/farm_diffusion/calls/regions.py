"""``image.regions``: what is where in a picture, by boxes of one's own or a known framing.

Invariant: every box lies in the picture and has a description; what the model cannot hold is
refused instead of left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from farm import InputError, ParameterError
from farm_diffusion.calls.layouts import LAYOUTS, Layout

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

SCHEMA = "farm.regions/1"
MOST = 30
"""Boxes that GLIGEN holds."""

_Share = Annotated[float, Field(ge=0, le=1)]
_Words = Annotated[str, Field(min_length=1, max_length=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Region(_Strict):
    """One thing. box : left, top, right, bottom from 0 to 1."""

    prompt: _Words
    box: tuple[_Share, _Share, _Share, _Share]


class Regions(_Strict):
    """The document of the port: boxes, or a layout with its subjects, or both."""

    schema_: Literal["farm.regions/1"] = Field(alias="schema")
    layout: str = ""
    subjects: tuple[_Words, ...] = ()
    regions: tuple[Region, ...] = Field((), max_length=MOST)


def call(shot: Shot) -> Mapping[str, Any]:
    """A picture with each thing in its box."""
    values = shot.settings.values
    prompt, placed = wanted(
        shot.arguments["prompt"],
        shot.given.get("regions"),
        "" if values["layout"] == "none" else values["layout"],
        [part.strip() for part in values["subjects"].split(";") if part.strip()],
    )
    made = shot.generate(
        prompt=prompt,
        gligen_phrases=[region.prompt for region in placed],
        gligen_boxes=[list(region.box) for region in placed],
    )
    used = {"schema": SCHEMA, "regions": [region.model_dump(mode="json") for region in placed]}
    return {"images": made.images, "regions": {**used, "prompt": prompt}}


def wanted(
    prompt: str, document: Any | None, layout: str, subjects: list[str]
) -> tuple[str, list[Region]]:
    """The prompt with a framing's words, and every region.

    Raises
    ------
    InputError : the document is not of the schema, or a box has no area.
    ParameterError : nothing says what is where, or a layout and its subjects do not match.
    """
    regions: list[Region] = []
    if document is not None:
        read = _read(document)
        regions += read.regions
        # A document that frames the picture itself stands above the parameters.
        layout, subjects = (read.layout, list(read.subjects)) if read.layout else (layout, subjects)
    if layout:
        framing = _known(layout)
        prompt = f"{prompt}, {framing.words}"
        regions = [*_placed(layout, framing, subjects), *regions]
    if not regions:
        raise ParameterError(
            "nothing says what is where",
            where="regions",
            expected=f"a document of schema {SCHEMA} with boxes, or a layout with subjects",
            mend=f"Known layouts: {', '.join(LAYOUTS)}.",
            code="diffusion.no-regions",
        )
    return prompt, regions


def _read(document: Any) -> Regions:
    try:
        read = Regions.model_validate(document)
        for number, region in enumerate(read.regions):
            left, top, right, bottom = region.box
            if left >= right or top >= bottom:
                raise InputError(
                    "the box has no area",
                    where=f"regions.{number}.box",
                    expected="left, top, right, bottom from 0 to 1",
                    got=str(list(region.box)),
                    code="diffusion.regions",
                )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(
            first["msg"],
            where=f"regions: {'.'.join(map(str, first['loc']))}",
            expected=f'{{"schema": "{SCHEMA}", "regions": [{{"prompt": …, "box": [0, 0, 1, 1]}}]}}',
            got=repr(first["input"])[:120],
            code="diffusion.regions",
        ) from error
    return read


def _known(layout: str) -> Layout:
    if layout not in LAYOUTS:
        raise ParameterError(
            f'no layout is called "{layout}"',
            where="layout",
            expected=" or ".join(LAYOUTS),
            code="diffusion.layout",
        )
    return LAYOUTS[layout]


def _placed(name: str, framing: Layout, subjects: list[str]) -> list[Region]:
    if len(subjects) != len(framing.places):
        raise ParameterError(
            f"{name} places another number of subjects",
            where="subjects",
            expected=f"{len(framing.places)}, with ; between them",
            got=str(len(subjects)),
            code="diffusion.subjects",
        )
    pairs = zip(subjects, framing.places, strict=True)
    return [
        Region(prompt=", ".join(filter(None, (subject, place.words))), box=place.box)
        for subject, place in pairs
    ]
