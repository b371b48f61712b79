"""Identifiers: sortable by time, safe in file names, short enough to read aloud.

Invariant: an id is lower-case Crockford base 32 (no i, l, o, u); clock and randomness are passed in.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(now_s: float, random_bits: Callable[[int], int] = secrets.randbits) -> str:
    """Fourteen characters: nine of milliseconds since 1970, five of chance."""
    number = (int(now_s * 1000) << 25) | random_bits(25)
    digits = []
    for _ in range(14):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def task_id(job_id: str, stage: str, window: int) -> str:
    """``<job>.<stage>.<window>``: the same task always has the same id."""
    return f"{job_id}.{stage}.{window}"


def window_seed(seed: int, window: int) -> int:
    """The seed of one window, a 32-bit number that depends on nothing but its arguments."""
    return zlib.crc32(f"{seed}:{window}".encode())
