"""Where chance starts.

Invariant: a seed depends on nothing but what is named here, so that changing one parameter changes
no seed, and a draft shows the same film as its master.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence

from farm.domain.cachekey import canonical


def derived_seed(pipeline: str, inputs: Mapping[str, Sequence[str]]) -> int:
    """The seed (32 bits) of a job whose manifest names none.

    pipeline : its name without the version. inputs : content hashes by job input.
    """
    content = {name: list(hashes) for name, hashes in inputs.items()}
    return int.from_bytes(hashlib.sha256(canonical([pipeline, content])).digest()[:4], "big")


def stage_seed(seed: int, stage: str) -> int:
    """The seed (32 bits) of one stage of a job, by the stage's name."""
    return zlib.crc32(f"{seed}:{stage}".encode())
