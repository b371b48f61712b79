"""What stages, pipelines and plugins can be found by in their lists.

Invariant: pure; the same filter means the same in all three lists, so one that was typed for the
stages also finds the pipelines that use them and the plugins that bring them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from farm.tui.search import Row

if TYPE_CHECKING:
    from farm.tui.catalogue import Catalogue, PipelineEntry, PluginEntry, StageEntry

FIELDS = {
    "stage": "part of what a stage does, such as pose or pose.extract",
    "provider": "part of the name of what does it",
    "plugin": "part of the name of the plugin that brings it",
    "pipeline": "part of a pipeline's name",
    "state": "offered, missing, refused, outdated, blocked or foreign",
    "reason": "words of why a machine does not run it",
}
"""Every field and what may stand after it."""

Rows = dict[str, Row]


def offered_rows(stage_ids: Iterable[str]) -> Rows:
    """Stages of which only the nodes told so far."""
    return {stage_id: _named(stage_id, state="offered") for stage_id in stage_ids}


def catalogue_rows(found: Catalogue) -> dict[str, Rows]:
    """Every row by its list: ``stages``, ``pipelines``, ``plugins``."""
    brought = {ref: name for name, plugin in found.plugins.items() for ref in plugin.pipelines}
    stages = {stage_id: _stage(stage_id, entry) for stage_id, entry in found.stages.items()}
    stages |= {
        stage_id: _named(
            stage_id, state="foreign", reason="no plugin on this machine declares it " + " ".join(n)
        )
        for stage_id, n in found.foreign.items()
    }
    return {
        "stages": stages,
        "pipelines": {
            ref: _pipeline(ref, entry, brought.get(ref, ""))
            for ref, entry in found.pipelines.items()
        },
        "plugins": {name: _plugin(entry, stages) for name, entry in found.plugins.items()},
    }


def _named(stage_id: str, *, unsaid: str = "", **fields: str) -> Row:
    capability, _, provider = stage_id.partition("/")
    return Row.of(unsaid, stage=capability, provider=provider, **fields)


def _stage(stage_id: str, entry: StageEntry) -> Row:
    states = ["offered" if entry.offered else "missing"]
    reasons = [] if entry.offered else ["no node offers it"]
    for state, told in (("refused", entry.refused), ("blocked", entry.blocked)):
        states += [state] * bool(told)
        reasons += [f"{machine}: {why}" for machine, why in told.items()]
    states += ["outdated"] * bool(entry.other)
    reasons += [f"{node} has version {version}" for node, version in entry.other.items()]
    row = _named(
        stage_id, plugin=entry.plugin, state=" ".join(states), reason="\n".join(reasons),
        unsaid=stage_id,
    )  # fmt: skip
    # Not among the words: most stages are used by the pipelines with the longest names.
    return Row(row.text, {**row.fields, "pipeline": " ".join(entry.pipelines)})


def _pipeline(ref: str, entry: PipelineEntry, plugin: str) -> Row:
    reasons = [entry.complaint] if entry.complaint else []
    reasons += [f"no node offers {capability}" for capability in entry.unserved]
    return Row.of(
        entry.pipeline.title,
        pipeline=ref,
        stage=" ".join(sorted({spec.capability for spec in entry.pipeline.stages.values()})),
        plugin=plugin,
        state="refused" if entry.complaint else "missing" if entry.unserved else "offered",
        reason="\n".join(reasons),
    )


def _plugin(entry: PluginEntry, stages: Rows) -> Row:
    own = [stages[stage_id].fields for stage_id in entry.stages]
    joined = {
        name: " ".join(dict.fromkeys(fields[name] for fields in own))
        for name in ("stage", "provider", "state", "reason")
    }
    return Row.of(plugin=entry.name, pipeline=" ".join(entry.pipelines), **joined)
