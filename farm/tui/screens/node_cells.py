"""How nodes, their engines, blocks and history look in the lists of a screen.

Invariant: pure; what a node did not report is shown as unknown, never as zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from farm.tui.colours import mark_of, tone_of
from farm.tui.gauges import FULL, gauges_of
from farm.tui.marks import bar, clock, duration
from farm.tui.messages import Key
from farm.tui.search import Row
from farm.tui.widgets.table import Cell, Column

if TYPE_CHECKING:
    from farm.ledger.views_nodes import EngineLine, NodeLine
    from farm.ledger.views_nodes_console import NodeEvent

NODES = (
    Column("node", "NODE", 14, keep=10),
    Column("state", "STATE", 13, keep=9),
    Column("seen", "SEEN", 7, keep=8, right=True),
    Column("busy", "BUSY", 5, keep=7, right=True),
    Column("cpu", "CPU", 9, keep=5),
    Column("ram", "RAM", 9, keep=4),
    Column("vram", "VRAM", 9, keep=3),
    Column("disk", "DISK", 9, keep=2),
    Column("off", "BLOCKED", 7, keep=6, right=True),
    Column("why", "WHY", 0, keep=7),
)
ENGINES = (
    Column("slot", "ENGINE", 6, keep=9),
    Column("device", "DEVICE", 7, keep=3),
    Column("does", "DOES", 12, keep=8),
    Column("job", "JOB", 16, keep=6),
    Column("task", "STAGE", 12, keep=7),
    Column("resident", "RESIDENT MODELS", 0, keep=4),
)
BLOCKS = (
    Column("stage", "STAGE", 26, keep=9),
    Column("kind", "", 8, keep=3),
    Column("why", "WHY", 0, keep=8),
)
HISTORY = (
    Column("at", "AT", 8, keep=9),
    Column("what", "WHAT", 13, keep=8),
    Column("why", "WHY", 0, keep=7),
    Column("who", "BY", 12, keep=2),
)


FIELDS = {
    "node": "part of its name",
    "state": "online, draining, paused, quarantined, lost or offline",
    "reason": "words of what is the matter with it",
    "stage": "part of a stage that it offers, is not given or cannot run",
    "device": "cpu, or a part of a card's name",
    "model": "part of the name of a model that one of its engines holds",
    "tag": "part of one of its tags",
}
"""What nodes are found by, and what may stand after it."""


def node_row(node: NodeLine) -> Row:
    """What a node is found by; words are looked for in all but its stages."""
    row = Row.of(
        node=node.name,
        state=node.state,
        reason=trouble_of(node)[0],
        device=" ".join(engine.device for engine in node.engines),
        model=" ".join(model for engine in node.engines for model in engine.resident),
        tag=" ".join(node.tags),
    )
    stages = " ".join({**node.offers, **node.blocked, **node.complaints})
    return Row(row.text, {**row.fields, "stage": stages})


def node_cells(node: NodeLine) -> dict[str, Cell]:
    """A node's row."""
    gauges = gauges_of(node)
    busy = sum(bool(engine.task_id) for engine in node.engines)
    beats = node.state not in ("offline", "lost")
    off = len(node.blocked)
    return {
        "node": ((node.name, "strong"),),
        "state": ((f"{mark_of(node.state)} {node.state}", tone_of(node.state).value),),
        "seen": ((duration(node.silent_s), "" if beats and node.silent_s < 15 else "warn"),),
        "busy": f"{busy}/{len(node.engines)}",
        "cpu": share_cell(gauges.cpu if beats else None),
        "ram": share_cell(gauges.ram if beats else None),
        "vram": share_cell(gauges.vram if beats else None),
        "disk": share_cell(gauges.disk if beats else None),
        "off": ((str(off), "bad" if off else "dim"),),
        "why": trouble_of(node)[0],
    }


def trouble_of(node: NodeLine) -> tuple[str, str]:
    """What is the matter with a node, and the next step; both empty when nothing is."""
    disk = gauges_of(node).disk
    if node.state == "lost":
        return f"no heartbeat for {duration(node.silent_s)}", "start `farm node` there again"
    if node.state == "offline":
        return "it was stopped", "start `farm node` there"
    if node.reason:
        return node.reason, "e puts it back to work"
    if disk is not None and disk > FULL:
        return f"its disk is full ({disk:.0%})", "free some room there, or run `farm gc`"
    if node.blocked:
        return f"it is not given {', '.join(sorted(node.blocked))}", "l lifts it; below is why"
    return "", ""


def engine_cells(node: NodeLine, engine: EngineLine, names: Mapping[str, str]) -> dict[str, Cell]:
    """An engine's row. names : job id to what the job is called."""
    job_id, _, rest = (engine.task_id or "").partition(".")
    restarts: Mapping[str, Any] = node.facts.get("restarts") or {}
    does: Cell
    if engine.slot in restarts:
        does = (("↻ restarting", "warn"),)
    elif engine.task_id:
        does = (("▶ ", "work"), (bar(engine.progress, 5), "work"), (f"{engine.progress:>5.0%}", ""))
    else:
        does = (("· idle", "dim"),)
    note = f"  {engine.note}" if engine.note else ""
    return {
        "slot": ((engine.slot, "strong"),),
        "device": engine.device,
        "does": does,
        "job": names.get(job_id, job_id),
        "task": ((rest, ""), (note, "dim")),
        "resident": ", ".join(engine.resident) or (("none", "dim"),),
    }


_SERVICE = {"ok": ("works", "good"), "warn": ("works, but", "warn"), "fail": ("down", "bad")}


def services_of(node: NodeLine) -> list[dict[str, Any]]:
    """The services that a node uses, as it last saw them."""
    facts: Any = node.facts
    return list((facts.get("gauges") or {}).get("services") or ())


def block_cells(node: NodeLine) -> dict[Key, dict[str, Cell]]:
    """The services that a node uses, what it is not given and what it does not offer."""
    rows: dict[Key, dict[str, Cell]] = {}
    for service in services_of(node):
        state, tone = _SERVICE[service["state"]]
        rows[f"service {service['name']}"] = {
            "stage": ((service["name"], "strong"),),
            "kind": ((state, tone),),
            "why": service["detail"],
        }
    for stage_id, reason in sorted(node.blocked.items()):
        rows[stage_id] = {
            "stage": ((stage_id, "strong"),),
            "kind": (("blocked", "bad"),),
            "why": reason,
        }
    for stage_id, reason in sorted(node.complaints.items()):
        rows.setdefault(
            stage_id,
            {"stage": stage_id, "kind": (("cannot", "warn"),), "why": reason},
        )
    return rows


def event_cells(event: NodeEvent) -> dict[str, Cell]:
    """A row of a node's history."""
    return {
        "at": clock(event.at),
        "what": ((f"{mark_of(event.target)} {event.target}", tone_of(event.target).value),),
        "why": event.reason,
        "who": ((event.actor, "dim"),),
    }


def share_cell(share: float | None) -> Cell:
    """A share of what there is (0 to 1) as a bar and a number."""
    if share is None:
        return (("–", "dim"),)
    tone = "bad" if share > 0.95 else "warn" if share > 0.85 else "work"
    return ((bar(share, 4), tone), (f"{share:>5.0%}", ""))
