"""Several servers as one: who can do a piece of work, who gets it, and what happens when one fails.

Invariant: a run goes only to a server that answers and has every node and model it needs; what an
earlier attempt left on any server is taken up before anything new is sent; a server lost in the middle
moves the run to another, and what may still run on the lost one is stopped when it comes back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from farm_comfyui.bound import Asset, BoundGraph, Needs
from farm_comfyui.failures import Lacking, Saturated, ServerLost
from farm_comfyui.health import Health, ServerState, models_of
from farm_comfyui.moving import Journey, RunResult
from farm_comfyui.runs import Listener
from farm_comfyui.servers import Server, Settings, read_settings

__all__ = ["Pool", "Pressure", "ServerState"]

_WAKE_S = 0.25
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pressure:
    """How busy the servers that can do a thing are. wait_s : a guess of the wait until a new run
    starts, ``None`` when nothing is known of how long runs take."""

    servers: int
    capacity: int
    running: int
    waiting: int
    saturated: bool
    wait_s: float | None


class Pool:
    """The configured servers. Safe for many threads; makes no connection before it is asked."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._health = {
            server.name: Health(server, settings.patience) for server in settings.servers
        }
        self._changed = threading.Condition()
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._lines: dict[tuple[str, frozenset[str]], deque[object]] = {}

    @classmethod
    def from_settings(cls, section: Mapping[str, Any]) -> Pool:
        """From the table ``[plugins.farm_comfyui]``. Raises ConfigError."""
        return cls(read_settings(section))

    @property
    def servers(self) -> tuple[Server, ...]:
        """As configured."""
        return self.settings.servers

    def close(self) -> None:
        """Close every connection."""
        for health in self._health.values():
            health.close()
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    # --- what there is ----------------------------------------------------------------------------

    def probe(self, fresh: bool = False) -> tuple[ServerState, ...]:
        """Every server's state, asked in parallel. Never raises."""
        return tuple(self.each(lambda health: health.state(fresh)))

    def lacking(
        self, needs: Needs, checkpoint: Callable[[], None] | None = None
    ) -> dict[str, tuple[str, ...]]:
        """By server what it lacks for a workflow; nothing when it can do it."""
        found = self.each(lambda health: health.lacking(needs), checkpoint)
        return dict(zip(self._health, found, strict=True))

    def offered(self, needs: Needs) -> bool:
        """Whether a server can do it."""
        return any(not lacks for lacks in self.lacking(needs).values())

    def pressure(self, needs: Needs | None = None) -> Pressure:
        """How long a new run would wait."""
        lacks = {} if needs is None else self.lacking(needs)
        able = [state for state in self.probe() if state.up and not lacks.get(state.name)]
        capacity = sum(state.capacity for state in able)
        running = sum(state.running for state in able)
        waiting = sum(state.waiting for state in able)
        saturated = not any(state.free for state in able)
        wait_s = 0.0 if able and not saturated else None
        if able and saturated:
            usual = [self._health[state.name].usual_s() for state in able]
            known = [seconds for seconds in usual if seconds is not None]
            if known:
                # One after another on each server; a slot is free when the one that runs is done.
                wait_s = sum(known) / len(known) * (running + waiting) / (len(able) + 1)
        return Pressure(len(able), capacity, running, waiting, saturated, wait_s)

    def each(
        self, ask: Callable[[Health], T], checkpoint: Callable[[], None] | None = None
    ) -> list[T]:
        """The answers of all servers, in order, asked in parallel. One that hangs takes its time:
        meanwhile ``checkpoint`` is called."""
        every = list(self._health.values())
        if len(every) < 2 and checkpoint is None:
            return [ask(health) for health in every]
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(16, thread_name_prefix="comfyui")
        asked = [self._executor.submit(ask, health) for health in every]
        while checkpoint is not None and wait(asked, _WAKE_S).not_done:
            checkpoint()
        return [answer.result() for answer in asked]

    # --- runs -------------------------------------------------------------------------------------

    def run(
        self,
        bound: BoundGraph,
        assets: Mapping[str, Asset],
        into: Path,
        *,
        attempt: str,
        progress: Callable[[float, str], None] | None = None,
        checkpoint: Callable[[], None] | None = None,
        preview: Callable[[bytes], None] | None = None,
        log: Callable[[int, str], None] | None = None,
        known_as: Callable[[str], None] | None = None,
        tags: frozenset[str] = frozenset(),
    ) -> RunResult:
        """Run a bound graph and fetch its files into the folder ``into``. Blocks.

        attempt : a stable name of this piece of work; a later call with the same name, graph and
        files takes up what an earlier one left on a server. checkpoint : called at least twice a
        second; when it raises, the run is stopped on its server. known_as : told the id of each
        prompt that is to do the work. Raises ComfyFailure.
        """
        listener = Listener(
            progress=progress or _nothing,
            checkpoint=checkpoint or _nothing,
            preview=preview or _nothing,
            log=log or _nothing,
            known_as=known_as or _nothing,
        )
        return Journey(self, bound, assets, into, attempt, listener, tags).travel()

    def choose(
        self,
        bound: BoundGraph,
        tags: frozenset[str],
        avoid: Sequence[str],
        listener: Listener,
    ) -> Health:
        """A server with room: the least loaded, a warm one of equals. Waits for one.

        avoid : servers to take only when no other is up. Raises Lacking, ServerLost or Saturated.
        """
        line, ticket = self._stand(bound, tags)
        begun = answered = time.monotonic()
        patience = self.settings.patience
        try:
            while True:
                listener.checkpoint()
                with self._changed:
                    if line[0] is not ticket:
                        self._changed.wait(_WAKE_S)
                        continue
                lacks = self.lacking(bound.needs, listener.checkpoint)
                able = [
                    health
                    for name, health in self._health.items()
                    if not lacks[name] and tags <= health.server.tags and health.usable()
                ]
                best = self._best(able, avoid, models_of(bound.graph))
                if best is not None:
                    return best
                now = time.monotonic()
                if able:
                    answered = now
                elif now - answered > patience.lost_s or self._hopeless(lacks, tags):
                    raise self._nobody(lacks, tags)
                if now - begun > patience.wait_s:
                    raise Saturated(
                        "every video server is busy",
                        where="farm_comfyui",
                        expected=f"room within {patience.wait_s:g} s",
                        cause={"servers": [one.server.name for one in able]},
                    )
                waits = "a free server" if able else "a server that answers"
                listener.progress(0.0, f"waits for {waits}")
                with self._changed:
                    self._changed.wait(_WAKE_S)
        finally:
            with self._changed:
                line.remove(ticket)
                if not line:
                    self._lines.pop((bound.version_id, tags), None)
                self._changed.notify_all()

    def _stand(self, bound: BoundGraph, tags: frozenset[str]) -> tuple[deque[object], object]:
        """Stand in line behind those who want the same: one of them asks the servers, not all."""
        ticket = object()
        with self._changed:
            line = self._lines.setdefault((bound.version_id, tags), deque())
            line.append(ticket)
        return line, ticket

    def _best(
        self, able: Sequence[Health], avoid: Sequence[str], models: frozenset[str]
    ) -> Health | None:
        preferred = [one for one in able if one.server.name not in avoid] or able
        with self._changed:
            room = [one for one in preferred if one.load() < one.server.capacity]
            if not room:
                return None
            best = min(room, key=lambda one: (one.load(), not one.warm(models), one.given_at))
            best.give(models)
            return best

    def released(self, health: Health) -> None:
        """A run ended: there may be room."""
        health.stale()
        with self._changed:
            self._changed.notify_all()

    def _hopeless(self, lacks: Mapping[str, tuple[str, ...]], tags: frozenset[str]) -> bool:
        """Whether every server that it might go to answers and lacks something."""
        mine = [one for one in self._health.values() if tags <= one.server.tags]
        return all(lacks[one.server.name] and not one.ailing and one.look() for one in mine)

    def _nobody(
        self, lacks: Mapping[str, tuple[str, ...]], tags: frozenset[str]
    ) -> Lacking | ServerLost:
        cause = {"servers": {name: list(what) for name, what in lacks.items()}}
        got = "; ".join(f"{name}: {', '.join(what[:3])}" for name, what in lacks.items() if what)
        if not self._health or self._hopeless(lacks, tags):
            return Lacking(
                "no video server can do this workflow at the moment",
                where="farm_comfyui",
                got=got[:600] or "no server is configured",
                mend="farm comfy check tells what to install where.",
                cause=cause,
            )
        return ServerLost(
            "no video server can be used at the moment",
            where="farm_comfyui",
            got=got[:600],
            mend="farm doctor shows the servers.",
            cause=cause,
        )


def _nothing(*_: Any) -> None:
    """Where nobody listens."""
