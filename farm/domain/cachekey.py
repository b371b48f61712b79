"""The key of the stage cache.

Invariant: two tasks have the same key only if they must have the same outputs: everything that may
change a byte of them is hashed (stage and version, provider, parameters, seed, model, the content
of every input, the window), and nothing else is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, as UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def stage_key(
    *,
    stage_id: str,
    version: int,
    params: Mapping[str, Any],
    seed: int,
    model_key: str | None,
    inputs: Mapping[str, Sequence[Mapping[str, Any]]],
    models: Mapping[str, str] | None = None,
) -> bytes:
    """Digest of what all windows of a stage share.

    inputs : artifact records by port. models : name to manifest digest of each model it needs.
    """
    hashes = {port: [file["hash"] for file in files] for port, files in inputs.items()}
    parts: list[Any] = [stage_id, version, params, seed, model_key, hashes]
    if models:
        parts.append(dict(models))
    return hashlib.sha256(canonical(parts)).digest()


def task_key(
    stage: bytes,
    *,
    window: int,
    count: int,
    start: int,
    stop: int,
    carried: Mapping[str, Sequence[str]],
) -> str:
    """The cache key of one task: its stage's digest, its window and what it was handed on.

    count : of windows; a stage can see it, so it may change what the stage makes.
    """
    tail = canonical([window, count, start, stop, {k: list(v) for k, v in carried.items()}])
    return hashlib.sha256(stage + tail).hexdigest()
