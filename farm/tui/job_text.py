"""What the job screen says in words: its head, facts, files, events, error and windows.

Invariant: pure text from plain data; an error is shown with what, where, expected, got and the mend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from textual.content import Content

from farm.domain.wording import MB
from farm.tui.colours import mark_of, style_of
from farm.tui.marks import bar, clock, duration, moment, size

if TYPE_CHECKING:
    from farm.ledger.views import AttemptLine, EventLine
    from farm.ledger.views_job import JobWhole, TaskWhole

Part = str | tuple[str, str]


def head_of(whole: JobWhole, now_s: float) -> Content:
    """Two lines: what it is and how far; and the one reason for its state."""
    line = whole.detail.line
    state = "paused" if line.paused and not line.ended else line.state
    left = f" · {duration(line.eta_s)} left" if line.eta_s is not None and not line.ended else ""
    took = ""
    if line.started_at is not None:
        took = f" · ran {duration((line.ended_at or now_s) - line.started_at)}"
    parts: list[Part] = [
        (f"#{line.number} {line.name}  ", "b $accent"),
        (f"{mark_of(state)} {state} ", style_of(state)),
        (bar(line.progress, 12), style_of(state)),
        f" {line.progress:.0%}{left}{took} · {line.pipeline} · priority {line.priority}"
        f" · by {line.submitter}\n",
        ("why  ", "$text-muted"),
        (whole.why.reason, style_of(state) if state in ("failed", "paused") else ""),
    ]
    return Content.assemble(*parts)


def facts_of(whole: JobWhole) -> Content:
    """Facts and ids to correlate; what the stages warn of; and the stages."""
    detail, line = whole.detail, whole.detail.line
    cached = sum(stage.counts.get("cached", 0) for stage in detail.stages)
    facts: dict[str, Any] = {
        "id": line.id,
        "quality": line.quality,
        "draft": _kin(detail.draft),
        "master": ", ".join(_kin(master) for master in detail.masters),
        "seed": detail.seed,
        "tags": ", ".join(line.tags),
        "tasks": f"{line.total}, {cached} of them from the cache" if cached else line.total,
        "failures": detail.failures or "",
        "created": moment(line.created_at),
        "started": moment(line.started_at),
        "ended": moment(line.ended_at),
        "deadline": moment(line.deadline),
        "start after": moment(detail.start_after),
        "results": line.published if line.state == "done" else "",
        "arrived as": detail.submission and detail.submission["location"],
        "submission": detail.submission and detail.submission["id"],
        "content key": detail.content_key,
        "plugins": ", ".join(f"{name} {version}" for name, version in detail.plugins.items()),
    }
    parts: list[Part] = ["\n"]
    for name, value in facts.items():
        if value not in (None, ""):
            parts += [(f"{name:<13}", "$text-muted"), f"{value}\n"]
    for told in detail.external:
        words = "  ".join(f"{name} {value}" for name, value in told.items() if name != "stage")
        parts += [(f"{told['stage']:<13}", "$text-muted"), f"{words}\n"]
    parts += [(f"\n! {text}", "$state-warn") for text in detail.warnings]
    parts += ["\n"] if detail.warnings else []
    for stage in detail.stages:
        counts = "  ".join(f"{mark_of(s)} {n} {s}" for s, n in sorted(stage.counts.items()))
        gate = ""
        if stage.approval:
            gate = (
                f"  approved by {stage.approved_by}"
                if stage.approved_by
                else "  ‖ needs approval (A)"
            )
        parts += [
            (f"\n{stage.name:<13}", "b"),
            (f"{stage.stage_id}@{stage.version}  ", "$text-muted"),
            counts or "not cut yet",
            (gate, "$state-warn"),
        ]
    return Content.assemble(*parts)


def _kin(kin: Mapping[str, Any] | None) -> str:
    return f"#{kin['number']} in {kin['quality']} quality, {kin['state']}" if kin else ""


def params_of(whole: JobWhole) -> Content:
    """Inputs and each stage's parameters and seed."""
    parts: list[Part] = [("inputs\n", "b $accent"), _yaml(whole.detail.inputs)]
    for stage in whole.detail.stages:
        parts += [
            (f"\n{stage.name}", "b $accent"),
            (f"  {stage.stage_id}@{stage.version}  seed {stage.seed}\n", "$text-muted"),
            _yaml(stage.params) if stage.params else "  no parameters\n",
        ]
    return Content.assemble(*parts)


def events_of(events: Sequence[EventLine]) -> Content:
    """Every transition with its reason and who caused it, the newest first."""
    parts: list[Part] = []
    for event in reversed(events):
        name = event.entity_id.partition(".")[2] or event.entity
        move = f"{event.source} → {event.target}" if event.source else event.target
        parts += [
            (f"{clock(event.at)}  ", "$text-muted"),
            (f"{event.entity:<8}{name:<20}", ""),
            (f"{mark_of(event.target)} {move:<22}", style_of(event.target)),
            event.reason,
            (f"  ({event.actor})\n", "$text-muted"),
        ]
    return Content.assemble(*parts) if parts else Content("Nothing has happened yet.")


def error_of(whole: JobWhole) -> Content:
    """The exact error with the mend, and the failed attempts behind it."""
    parts: list[Part] = []
    if whole.detail.error:
        parts += [("The job\n", "b $state-bad"), *_error(whole.detail.error)]
    failed = [a for a in whole.detail.attempts if a.error]
    for attempt in reversed(failed):
        name = f"{attempt.task_id.partition('.')[2]}#{attempt.number}"
        parts += [
            (f"\n{mark_of(attempt.state)} {name}", f"b {style_of(attempt.state)}"),
            f" on {attempt.node}/{attempt.slot}, {attempt.error_class or attempt.state}",
            (f"  {attempt.counts_as}\n" if attempt.counts_as else "\n", "$text-muted"),
            f"  {attempt.error}\n",
        ]
    return Content.assemble(*parts) if parts else Content("Nothing has gone wrong.")


def files_of(artifacts: Sequence[Mapping[str, Any]]) -> Content:
    """Inputs, outputs and what is between, with media facts."""
    parts: list[Part] = []
    order = {"input": 0, "output": 1}
    role = None
    told: set[str] = set()
    for found in sorted(artifacts, key=lambda a: order.get(str(a["role"]), 2)):
        if found["hash"] in told:
            continue
        told.add(found["hash"])
        if found["role"] != role:
            role = found["role"]
            parts.append((f"\n{role}\n", "b $accent"))
        facts = {**found["facts"], **found["facts"].get("extra", {})}
        facts.pop("extra", None)
        shown = ", ".join(f"{k} {_fact(v)}" for k, v in facts.items())
        missing = ("  collected", "$state-warn") if found["missing"] else ("", "")
        parts += [
            (f"  {found['hash'][:12]}  ", "$text-muted"),
            f"{found['kind']:<7}{size(found['size_bytes']):>10}  {shown}",
            missing, "\n",
        ]  # fmt: skip
    return Content.assemble(*parts) if parts else Content("It has no files yet.")


def about_task(task: TaskWhole, now_s: float) -> Content:
    """A window: its frames, its one reason, its tries."""
    cell = task.cell
    frames = f"frames {cell.start}–{cell.stop - 1}" if cell.stop > cell.start else "whole stage"
    parts: list[Part] = [
        (f"{cell.stage}.{cell.window}  ", "b $accent"),
        (f"{mark_of(cell.state)} {cell.state}", style_of(cell.state)),
        f"  {frames}  ", (f"{cell.task_id}\n", "$text-muted"),
        f"{task.why.reason}\n",
    ]  # fmt: skip
    for attempt in task.attempts[-4:]:
        parts += _try(attempt, now_s)
    return Content.assemble(*parts)


def _try(attempt: AttemptLine, now_s: float) -> list[Part]:
    took_s = None
    if attempt.started_at is not None:
        took_s = (attempt.ended_at or now_s) - attempt.started_at
    memory = [
        f"{name} {size(value * MB)}"
        for name, value in (("RAM", attempt.ram_mb), ("VRAM", attempt.vram_mb))
        if value
    ]
    text = attempt.error or attempt.note or ""
    return [
        (
            f"{mark_of(attempt.state)} #{attempt.number} {attempt.state:<10}",
            style_of(attempt.state),
        ),
        f"{attempt.node}/{attempt.slot}  {attempt.progress:.0%}  {duration(took_s)}  "
        f"{'  '.join(filter(None, [*memory, attempt.counts_as, attempt.known_as]))}  ",
        (f"{text}\n", "$state-bad" if attempt.error else "$text-muted"),
    ]


def _error(error: Mapping[str, Any]) -> list[Part]:
    parts: list[Part] = []
    for name in ("what", "where", "expected", "got", "class", "code"):
        if error.get(name):
            parts += [(f"  {name:<9}", "$text-muted"), f"{error[name]}\n"]
    mend = error.get("mend")
    if mend:
        parts += [("  mend     ", "b $state-good"), (f"{mend}\n", "$state-good")]
    elif not error.get("what"):
        parts.append(f"  {error.get('message', '')}\n")
    return parts


def _yaml(value: Any) -> str:
    text = yaml.safe_dump(_plain(value), sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _fact(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
