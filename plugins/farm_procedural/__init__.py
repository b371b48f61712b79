"""Procedural films: a line of text becomes moving light and sound, without any model.

Invariant: this module declares and nothing more; rendering is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import Command, MediaKind, Port, Resources, Stage, Windowing, hookimpl
from farm_procedural.params import (
    ComposeParams,
    GenerateParams,
    ScriptParams,
    film_frames,
    window_frames,
)
from farm_procedural.stages_learning import learning_stages

PROVIDER = "farm_procedural"


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """Script, picture and sound of a film; then those that look at films and learn from them."""
    yield Stage(
        capability="video.script",
        provider=PROVIDER,
        version=1,
        run="farm_procedural.scripting:run",
        inputs={
            "prompt": Port(MediaKind.TEXT, description="What the film is about."),
            "knowledge": Port(
                MediaKind.DATA, required=False, description="From knowledge.snapshot."
            ),
        },
        outputs={
            "script": Port(
                MediaKind.DATA, description="JSON, schema farm.procedural.script/1: all shots."
            ),
            "instruction": Port(
                MediaKind.DATA,
                description="JSON, schema farm.procedural.instruction/1: what the words decided.",
            ),
        },
        params=ScriptParams,
        resources=Resources(cores=1, ram_mb=320),
        # It takes milliseconds, and what was learned last is no input that a key could name. The
        # stages after it are cached by the script's content.
        cacheable=False,
        description="Reads a prompt and writes the shots, the light and the score of a film.",
    )
    yield Stage(
        capability="video.generate",
        provider=PROVIDER,
        version=2,
        run="farm_procedural.generate:run",
        inputs={"script": Port(MediaKind.DATA, description="From video.script.")},
        outputs={
            "segment": Port(
                MediaKind.VIDEO,
                description="H.264 in MP4, one closed group of pictures, BT.709, no audio.",
            )
        },
        params=GenerateParams,
        # Enough for 1080p with everything on; recorded peaks replace it for larger films.
        resources=Resources(cores=1, ram_mb=900),
        windows=Windowing(length=film_frames, size=window_frames),
        seeded=False,
        description="Paints the frames of a script: landscapes, light, shapes, titles.",
    )
    yield Stage(
        capability="audio.compose",
        provider=PROVIDER,
        version=1,
        run="farm_procedural.sound.stage:run",
        inputs={"script": Port(MediaKind.DATA, description="From video.script.")},
        outputs={
            "audio": Port(MediaKind.AUDIO, description="FLAC, 48 kHz, stereo, as long as the film.")
        },
        params=ComposeParams,
        resources=Resources(cores=1, ram_mb=700),
        seeded=False,
        description="Plays the score of a script: chords, pulse, noise beds, hits on the cuts.",
    )
    yield from learning_stages()


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """A prompt to a finished film; and those that look at films and learn from them."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_commands() -> Iterable[Command]:
    """``farm interpret`` and ``farm knowledge``."""
    yield Command(
        "interpret", "farm_procedural.commands:interpret", "Show what the words of a prompt decide."
    )
    yield Command(
        "knowledge",
        "farm_procedural.commands:knowledge",
        "List, search, export, import or forget what the farm has learned.",
    )
