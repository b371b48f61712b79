"""Parameters and stages of extraction and learning.

Invariant: this module declares and nothing more; what measures and learns is imported by engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from farm import MediaKind, Port, Resources, Stage, StageParams, Windowing

PROVIDER = "farm_procedural"


class AnalyseParams(StageParams):
    """What an analysis looks at."""

    sound: bool = Field(
        True, description="Measure the loudness of the film's sound, if it has any."
    )


class LoopParams(StageParams):
    """How long the loop goes on, and how small its films are."""

    rounds: int = Field(
        10, ge=1, le=1000, description="Films to make.", json_schema_extra={"unit": "rounds"}
    )
    budget_s: float = Field(
        0.0,
        ge=0,
        le=86_400,
        description="Work after which no further round begins; 0 for no limit.",
        json_schema_extra={"unit": "s"},
    )
    duration_s: float = Field(
        3.0, ge=0.5, le=30, description="Length of each film.", json_schema_extra={"unit": "s"}
    )
    fps: int = Field(
        12, ge=4, le=30, description="Frames per second.", json_schema_extra={"unit": "1/s"}
    )
    width: int = Field(
        160,
        ge=64,
        le=640,
        multiple_of=2,
        description="Width of the films.",
        json_schema_extra={"unit": "px"},
    )
    height: int = Field(
        90,
        ge=36,
        le=360,
        multiple_of=2,
        description="Height of the films.",
        json_schema_extra={"unit": "px"},
    )
    control_every: int = Field(
        4,
        ge=0,
        le=1000,
        description="Every so many rounds the film is also made without what was learned, to "
        "measure what that changes; 0 for never.",
        json_schema_extra={"unit": "rounds"},
    )


def loop_rounds(params: LoopParams, facts: Mapping[str, Any]) -> int:
    """One window is one round."""
    return params.rounds


def learning_stages() -> Iterator[Stage]:
    """The stages of extraction, growth, learning and the loop."""
    analysis = Port(MediaKind.DATA, description="JSON, schema farm.procedural.analysis/1.")
    known = Port(MediaKind.DATA, description="JSON, schema farm.procedural.knowledge/1.")
    yield Stage(
        capability="video.analyse",
        provider=PROVIDER,
        version=2,
        run="farm_procedural.analyse.video:run",
        inputs={"video": Port(MediaKind.VIDEO, description="Any film.")},
        outputs={"analysis": analysis},
        params=AnalyseParams,
        resources=Resources(cores=2, ram_mb=700),
        seeded=False,
        description="Measures light, colour, forms, motion, rhythm and sound of a film.",
    )
    yield Stage(
        capability="knowledge.record",
        provider=PROVIDER,
        version=1,
        run="farm_procedural.learn.stages:run_record",
        inputs={
            "analysis": analysis,
            "instruction": Port(
                MediaKind.DATA, required=False, description="What the prompt asked for."
            ),
            "script": Port(MediaKind.DATA, required=False, description="How the film was made."),
        },
        outputs={"record": Port(MediaKind.DATA, description="JSON, schema farm.procedural.run/1.")},
        resources=Resources(cores=1, ram_mb=350),
        # It writes down what happened: a cached answer would teach nothing.
        cacheable=False,
        seeded=False,
        description="Rates a film, learns what is new in it, and logs it.",
    )
    yield Stage(
        capability="knowledge.snapshot",
        provider=PROVIDER,
        version=1,
        run="farm_procedural.learn.stages:run_snapshot",
        inputs={},
        outputs={"knowledge": known},
        resources=Resources(cores=1, ram_mb=350),
        cacheable=False,
        seeded=False,
        description="Freezes what is known now, for the creation of a film.",
    )
    state = "JSON, schema farm.procedural.loop/1: the rounds so far."
    yield Stage(
        capability="knowledge.loop",
        provider=PROVIDER,
        version=1,
        run="farm_procedural.learn.stages:run_loop",
        inputs={"state": Port(MediaKind.DATA, required=False, description=state)},
        outputs={"state": Port(MediaKind.DATA, description=state)},
        params=LoopParams,
        resources=Resources(cores=1, ram_mb=600),
        windows=Windowing(length=loop_rounds, size=1, mode="chained", carry=("state",)),
        cacheable=False,
        description="Makes small films of its own prompts, looks at them and learns, round by round.",
    )
    yield Stage(
        capability="knowledge.report",
        provider=PROVIDER,
        version=1,
        run="farm_procedural.learn.stages:run_report",
        inputs={
            "states": Port(
                MediaKind.DATA,
                many=True,
                required=False,
                description="States of a loop in order; without them all that is known.",
            )
        },
        outputs={
            "page": Port(MediaKind.TEXT, description="The report in Markdown."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.procedural.report/1."),
            "knowledge": known,
        },
        resources=Resources(cores=1, ram_mb=350),
        cacheable=False,
        seeded=False,
        description="Tells what was learned and what it changed.",
    )
