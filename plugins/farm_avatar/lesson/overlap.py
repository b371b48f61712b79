"""Sound played faster or slower at its own pitch, by overlap-add (WSOLA, Verhelst and Roelands 1993).

Invariant: every piece is taken within 6 ms of the moment that its speed asks for, so sound stays with
its pictures; whole numbers are compared, so every processor chooses the same pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.media.sound import RATE

Samples = NDArray[np.float32]
"""Samples (n, 2), full scale is 1."""
HOP, REACH = RATE // 80, RATE * 6 // 1000
_THIN = 4
"""Every fourth sample is compared."""
_RISE = (0.5 - 0.5 * np.cos(np.pi * (np.arange(HOP) + 0.5) / HOP)).astype(np.float32)[:, None]


def played(source: Samples, first: int, speed: float, count: int) -> Iterator[Samples]:
    """``count`` samples of ``source`` from sample ``first`` on, ``speed`` times as fast; in parts."""
    if speed == 1:
        for at in range(0, count, RATE):
            yield _part(source, first + at, min(RATE, count - at))
        return
    tail = _part(source, first, HOP)
    for turn, at in enumerate(range(0, count, HOP)):
        begin = first + round(turn * HOP * speed)
        if turn:
            begin = _closest(source, begin, tail)
        piece = tail * (1 - _RISE) + _part(source, begin, HOP) * _RISE
        tail = _part(source, begin + HOP, HOP)
        yield piece[: count - at]


def _closest(source: Samples, begin: int, tail: Samples) -> int:
    """Where, near ``begin``, the source goes on most like ``tail``."""
    around = _whole(_part(source, begin - REACH, HOP + 2 * REACH))
    wanted = _whole(tail)
    alike = np.correlate(around, wanted, "valid").astype(np.float64)
    power = np.concatenate([[0], np.cumsum(around * around)])
    there = power[len(wanted) :] - power[: -len(wanted)]
    score = alike / np.sqrt(np.maximum(there, 1).astype(np.float64))
    if float(score.max()) <= 0:
        return begin
    return begin - REACH + _THIN * int(score.argmax())


def _whole(sound: Samples) -> NDArray[np.int64]:
    mixed = np.clip(sound[::_THIN].astype(np.float64).sum(axis=1), -4, 4)
    return np.asarray(np.round(mixed * 4096), np.int64)


def _part(source: NDArray[Any], first: int, count: int) -> Samples:
    """Samples from ``first`` on; silence outside."""
    out = np.zeros((count, 2), np.float32)
    begin, end = max(0, first), min(len(source), first + count)
    if begin < end:
        out[begin - first : end - first] = source[begin:end]
    return out
