"""How the servers are, for operators: one line each, and a warning when all of them are full.

Invariant: asking never takes longer than a probe may, and a server that is down is told, not raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from farm import Service
from farm_comfyui import configured
from farm_comfyui.bound import Needs

if TYPE_CHECKING:
    from farm_comfyui.pool import Pool, ServerState


def services() -> Iterator[Service]:
    """The configured servers as they are now."""
    pool = configured.pool()
    if not pool.servers:
        return
    yield from (_one(state) for state in pool.probe())
    yield _all(pool)


def _one(state: ServerState) -> Service:
    name = f"comfyui {state.name}"
    if not state.up:
        return Service(name, "fail", f"{state.url}: {state.complaint}", {"up": 0})
    level: Literal["ok", "warn"] = "warn" if state.complaint or state.waiting else "ok"
    told = [f"{state.url}: ComfyUI {state.version or 'of an unknown version'}"]
    told += [state.device] if state.device else []
    told.append(f"{state.running} running and {state.waiting} waiting of {state.capacity}")
    told += [state.complaint] if state.complaint else []
    numbers = {
        "running": state.running,
        "waiting": state.waiting,
        "capacity": state.capacity,
        "vram_free_bytes": state.vram_free_mb << 20,
        "vram_bytes": state.vram_total_mb << 20,
    }
    return Service(name, level, ", ".join(told), numbers)


def _all(pool: Pool) -> Service:
    pressure = pool.pressure(Needs())
    numbers: dict[str, float] = {"running": pressure.running, "waiting": pressure.waiting}
    numbers |= {"capacity": pressure.capacity, "servers": pressure.servers}
    if not pressure.servers:
        return Service("comfyui", "fail", "none of the servers works", numbers)
    if not pressure.saturated:
        told = f"{pressure.running} of {pressure.capacity} prompts are running"
        return Service("comfyui", "ok", told, numbers)
    told = "every server is full"
    if pressure.wait_s is not None:
        told += f": a new run waits about {_spoken(pressure.wait_s)}"
        numbers["wait_seconds"] = pressure.wait_s
    return Service("comfyui", "warn", told, numbers)


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
