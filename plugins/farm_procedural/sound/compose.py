"""The sound of a film: mixed, measured, mastered.

Invariant: exactly as many samples as the film's frames last, at 48 kHz, in stereo; the same for the
same script, whoever asks and in whatever pieces it is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from farm import InputError
from farm_procedural.script import Script
from farm_procedural.sound.arrangement import INSTRUMENTS
from farm_procedural.sound.beds import KINDS
from farm_procedural.sound.grid import sample_of
from farm_procedural.sound.master import Survey
from farm_procedural.sound.mix import blocks
from farm_procedural.sound.tables import BLOCK, Floats

Tick = Callable[[int, str], None]
_IN_MEMORY = 1 << 27


def samples(script: Script) -> Floats:
    """The whole sound, float32 (n, 2), within -1 to 1, n = round(frames / fps * 48000).

    Raises
    ------
    InputError : the score names an instrument or a bed that there is not, or the film is empty.
    """
    result = np.empty((length(script), 2), np.float32)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        at = 0
        for block in pieces(script, spool, lambda done, note: None):
            result[at : at + block.shape[1]] = block.T
            at += block.shape[1]
    return result


def length(script: Script) -> int:
    """Samples of a film."""
    return sample_of(script.frames, script.fps)


def pieces(script: Script, spool: BinaryIO, tick: Tick) -> Iterator[Floats]:
    """The sound as pieces (2, n) of at most :data:`BLOCK` samples, in order.

    spool : an empty file, open for reading and writing, that holds the mix until its loudness is
        known (23 MB a minute). tick : called with the samples done of twice the film's, and a note;
        may raise to stop.
    """
    check(script)
    total = length(script)
    if script.score.silent:
        for first in range(0, total, BLOCK):
            yield np.zeros((2, min(BLOCK, total - first)), np.float32)
            tick(2 * min(first + BLOCK, total), "silence")
        return
    survey = Survey()
    done = 0
    for block in blocks(script):
        survey.feed(block)
        spool.write(np.ascontiguousarray(block, "<f4").tobytes())
        done += block.shape[1]
        tick(done, "mixing")
    master = survey.master()
    spool.seek(0)
    for first in range(0, total, BLOCK):
        count = min(BLOCK, total - first)
        mixed = np.frombuffer(spool.read(8 * count), "<f4").reshape(2, count)
        yield master.apply(mixed, first)
        tick(total + first + count, "mastering")


def check(script: Script) -> None:
    """Refuse what cannot be played, before anything is."""
    if not script.shots or script.frames < 1 or script.fps < 1:
        raise InputError(
            "has no picture to play to",
            where="script",
            expected="at least one frame",
            got=f"{script.frames} frames at {script.fps} per second",
            mend="Make the script again.",
            code="procedural.empty-script",
        )
    for field, given, known in (
        ("instruments", script.score.instruments, INSTRUMENTS),
        ("bed", script.score.bed, KINDS),
    ):
        for name in given:
            if name not in known:
                raise InputError(
                    f"names {name!r}, which there is not",
                    where=f"script: score.{field}",
                    expected=f"some of {', '.join(known)}",
                    got=name,
                    mend="Take one of these names.",
                    code="procedural.unknown-sound",
                )
