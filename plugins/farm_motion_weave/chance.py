"""Chance that is the same for a film whichever of its windows asks.

Invariant: a value follows from the seed, a name and a moment; nothing is counted on the way.
"""

from __future__ import annotations

import hashlib
from math import floor, pi, sin


def drawn(seed: int, name: str, number: int) -> float:
    """A value from 0 to 1 (not included) for a number of a series."""
    digest = hashlib.blake2b(f"{seed}/{name}/{number}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2.0**56


def wandering(seed: int, name: str, place: float) -> float:
    """A smooth curve from -1 to 1 through a value of chance at each whole place."""
    first = floor(place)
    share = place - first
    one = drawn(seed, name, first) * 2 - 1
    two = drawn(seed, name, first + 1) * 2 - 1
    return one + (two - one) * share * share * (3 - 2 * share)


def bump(share: float) -> float:
    """0 at 0 and 1, 1 in the middle, without a corner; 0 elsewhere."""
    return sin(pi * share) ** 2 if 0.0 < share < 1.0 else 0.0
