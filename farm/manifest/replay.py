"""``job_manifest.json``: what a finished job leaves behind, which is itself a manifest.

Invariant: dropping it back asks for the same thing again; the ``record`` block tells what happened
and is never read as a request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# A record of a job with thousands of windows must not make the manifest too large to be read back.
MAX_ATTEMPTS = 500


def job_manifest(
    manifest: Mapping[str, Any],
    *,
    inputs: Mapping[str, Any],
    pipeline_hash: str,
    plugins: Mapping[str, str],
    seeds: Mapping[str, int],
    timings: Mapping[str, Any],
    nodes: Sequence[str],
    attempts: Sequence[Mapping[str, Any]],
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of ``job_manifest.json``, ready for ``json.dump``.

    manifest : ``Plan.manifest``. inputs : artifact records by job input. seeds : by stage name.
    timings : by stage name, in seconds. attempts : the first 500 are kept, the rest counted.
    more : further facts for the record. All of it plain JSON data.
    """
    record: dict[str, Any] = {
        **(more or {}),
        "inputs": {name: list(files) for name, files in inputs.items()},
        "pipeline_hash": pipeline_hash,
        "plugins": dict(plugins),
        "seeds": dict(seeds),
        "timings": dict(timings),
        "nodes": list(nodes),
        "attempts": [dict(attempt) for attempt in attempts[:MAX_ATTEMPTS]],
    }
    if len(attempts) > MAX_ATTEMPTS:
        record["attempts_left_out"] = len(attempts) - MAX_ATTEMPTS
    return {**manifest, "record": record}
