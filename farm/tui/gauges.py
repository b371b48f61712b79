"""How full a node is, as shares of what it has.

Invariant: what a node did not report is unknown, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm.ledger.views_nodes import NodeLine

FULL = 0.97
"""Share of a disk from which it counts as full."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """Shares in use, 0 to 1; ``None``: not reported."""

    cpu: float | None
    ram: float | None
    vram: float | None
    disk: float | None


def gauges_of(node: NodeLine) -> Gauges:
    """A node's gauges from its facts and its last heartbeat."""
    facts: Any = node.facts
    now: Any = facts.get("gauges") or {}
    gpus = now.get("gpus") or facts.get("gpus") or []
    vram_mb = sum(gpu.get("vram_mb", 0) for gpu in gpus)
    used_mb = sum(gpu.get("vram_used_mb", 0) for gpu in gpus)
    cpu = now.get("cpu_percent")
    free = now.get("disk_free_mb")
    return Gauges(
        cpu=None if cpu is None else cpu / 100,
        ram=_share(now.get("ram_used_mb"), facts.get("ram_mb")),
        vram=_share(used_mb, vram_mb) if gpus else None,
        disk=None if free is None else _share(facts.get("disk_mb", 0) - free, facts.get("disk_mb")),
    )


def _share(used: float | None, total: float | None) -> float | None:
    return None if used is None or not total else max(0.0, min(1.0, used / total))
