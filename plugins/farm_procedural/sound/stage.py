"""The stage ``audio.compose``: a script in, its sound out as FLAC.

Invariant: the same script gives the same bytes; memory does not grow with the film.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm_procedural.script import SCHEMA, Script
from farm_procedural.sound.compose import check, length, pieces
from farm_procedural.sound.tables import BLOCK, RATE, Floats, generator

_FRAME = 4608


def run(task: Task[Any]) -> Result:
    """Compose the sound of the ``script`` to ``audio``: FLAC, 48 kHz, 16 bit, stereo.

    Raises
    ------
    InputError : the script is not one, or names sounds that there are not.
    """
    script = read_script(task.input("script").path)
    check(script)
    path = task.output("audio", ".flac")
    total = 2 * length(script)
    with (task.scratch / "mix.f32").open("w+b") as spool:
        parts = pieces(script, spool, lambda done, note: task.progress(done, total, note))
        with av.open(str(path), "w", format="flac") as out:
            stream = out.add_stream(
                "flac", rate=RATE, layout="stereo", options={"compression_level": "3"}
            )
            stream.codec_context.format = "s16"
            stream.codec_context.thread_count = 1
            # The encoder's name and version would change the bytes with every release.
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
            out.flags |= av.container.Flags.bitexact.value
            at = 0
            rest = np.zeros((0, 2), np.int16)
            for part in parts:
                rest = np.concatenate([rest, sixteen_bit(part, silent=script.score.silent)])
                whole = len(rest) // _FRAME * _FRAME
                for first in range(0, whole, _FRAME):
                    out.mux(stream.encode(_frame(rest[first : first + _FRAME], at)))
                    at += _FRAME
                rest = rest[whole:]
            if len(rest):
                out.mux(stream.encode(_frame(rest, at)))
            out.mux(stream.encode(None))
    Path(spool.name).unlink()
    return {"audio": path}


def read_script(path: Path) -> Script:
    """A script from its JSON file."""
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA:
            raise ValueError(record["schema"])
        return Script.from_record(record)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "is not a script",
            where=path.name,
            expected=f"JSON of the schema {SCHEMA}",
            got=f"{type(error).__name__}: {error}",
            mend="Make it with the stage video.script.",
            code="procedural.not-a-script",
        ) from error


def sixteen_bit(sound: Floats, *, silent: bool = False) -> NDArray[np.int16]:
    """Samples (2, n) as integers (n, 2), with triangular dither of one step unless silent."""
    scaled = sound.T * np.float32(32767)
    if not silent:
        # The same noise for every block: at -96 dB nobody hears that it returns.
        scaled = scaled + _dither()[: len(scaled)]
    return np.clip(np.round(scaled), -32768, 32767).astype(np.int16)


def _frame(samples: NDArray[np.int16], at: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(
        np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="stereo"
    )
    frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
    return frame


_DITHER: list[Floats] = []


def _dither() -> Floats:
    if not _DITHER:
        source = generator("dither")
        first = source.random((BLOCK, 2), np.float32)
        _DITHER.append(first - source.random((BLOCK, 2), np.float32))
    return _DITHER[0]
