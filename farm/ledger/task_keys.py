"""Under which keys the cache knows the tasks of a stage.

Invariant: a key holds everything that the outputs depend on, and nothing else; not the node, not the
job, not a file's place in its list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from farm.domain.cachekey import stage_key, task_key

Files = Mapping[str, Sequence[Mapping[str, Any]]]


def of_each(inputs: Files, each: Sequence[str], index: int) -> Files:
    """The inputs of one task of a stage that runs for each file of some ports."""
    return {
        port: files[index : index + 1] if port in each else files for port, files in inputs.items()
    }


def task_keys(
    stage: Any, inputs: Files, found: Sequence[Any], carried: Mapping[str, list[str]]
) -> dict[int, str]:
    """Cache keys of tasks of a stage by window. carried : hashes by port, of a chain."""

    def of_stage(inputs: Files) -> bytes:
        return stage_key(
            stage_id=stage.stage_id,
            version=stage.version,
            params=stage.params,
            seed=stage.seed,
            model_key=stage.model_key,
            inputs=inputs,
            models=stage.needs.get("models"),
        )

    if stage.each:
        # Its place in the list is no part of what a file becomes.
        own = {t.window: of_stage(of_each(inputs, stage.each, t.start)) for t in found}
        return {
            window: task_key(key, window=0, count=1, start=0, stop=0, carried=carried)
            for window, key in own.items()
        }
    shared, count = of_stage(inputs), stage.total_tasks
    return {
        t.window: task_key(
            shared, window=t.window, count=count, start=t.start, stop=t.stop, carried=carried
        )
        for t in found
    }
