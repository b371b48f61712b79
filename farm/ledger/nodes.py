"""Nodes: registering, heartbeats, and an operator's orders to them.

Invariant: a node has one living incarnation; everything handed to an earlier one is fenced in the
same transaction in which the new one appears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, select, update

from farm.domain.errors import ErrorClass, InputError, UnknownName, nearest
from farm.domain.states import ATTEMPT_ACTIVE, NODE_BEATING, AttemptState, NodeState, TaskState
from farm.ledger.database import Database
from farm.ledger.failures import end_attempt, recall
from farm.ledger.moves import Moves
from farm.ledger.records import Beat, StopOrder
from farm.ledger.schema import attempts, blocks, nodes, settings, tasks


class Nodes:
    """Reads and writes about nodes."""

    def __init__(self, database: Database, *, max_failures: int = 200) -> None:
        self.database = database
        self.max_failures = max_failures

    def register(
        self,
        name: str,
        incarnation: str,
        *,
        offers: Mapping[str, int],
        complaints: Mapping[str, str],
        engines: Sequence[Mapping[str, Any]],
        facts: Mapping[str, Any],
        tags: Sequence[str],
    ) -> NodeState:
        """Bring a node (back) online; returns its state, which keeps an operator's pause."""

        def act(connection: Connection) -> NodeState:
            moves = Moves(connection, now_s=self.database.clock(), actor=f"node {name}")
            before = connection.execute(select(nodes).where(nodes.c.name == name)).first()
            values: dict[str, Any] = {
                "incarnation": incarnation,
                "offers": dict(offers),
                "complaints": dict(complaints),
                "engines": [dict(engine) for engine in engines],
                "facts": dict(facts),
                "tags": list(tags),
                "beat_at": moves.now_s,
                "started_at": moves.now_s,
            }
            state = NodeState.ONLINE
            if before is None:
                connection.execute(
                    self.database.insert(nodes).values(name=name, state=state, beat=0, **values)
                )
                moves.note("node", name, state, "it joined the farm")
            else:
                if before.state in (NodeState.OFFLINE, NodeState.LOST):
                    moves.must_move(
                        nodes, {"name": name}, before.state, state, "it started",
                        entity_id=name,
                    )  # fmt: skip
                else:
                    state = before.state
                connection.execute(
                    update(nodes)
                    .where(nodes.c.name == name)
                    .values(beat=nodes.c.beat + 1, **values)
                )
            self.lose_attempts(moves, name, "its node started anew", keep=incarnation)
            moves.flush()
            return state

        return self.database.write(act)

    def beat(
        self,
        name: str,
        incarnation: str,
        holding: Sequence[tuple[str, int]],
        *,
        engines: Sequence[Mapping[str, Any]],
        gauges: Mapping[str, Any],
    ) -> Beat:
        """Renew the node's lease and those of the attempts it holds; learn what must stop."""

        def act(connection: Connection) -> Beat:
            row = connection.execute(
                update(nodes)
                .where(
                    nodes.c.name == name,
                    nodes.c.incarnation == incarnation,
                    nodes.c.state.in_(list(NODE_BEATING)),
                )
                .values(
                    beat=nodes.c.beat + 1,
                    beat_at=self.database.clock(),
                    engines=[dict(engine) for engine in engines],
                )
                .returning(nodes.c.state, nodes.c.facts)
            ).first()
            if row is None:
                return Beat(alive=False)
            restarts = _still_to_restart(row.facts, engines)
            connection.execute(
                update(nodes)
                .where(nodes.c.name == name)
                .values(facts={**row.facts, "gauges": dict(gauges), "restarts": restarts})
            )
            mine = {f"{task}#{number}" for task, number in holding}
            stop: list[StopOrder] = []
            active = connection.execute(
                select(
                    attempts.c.task_id,
                    attempts.c.number,
                    attempts.c.state,
                    attempts.c.stop_reason,
                ).where(
                    attempts.c.state.in_(list(ATTEMPT_ACTIVE)),
                    attempts.c.node == name,
                    attempts.c.incarnation == incarnation,
                )
            ).all()
            known = set()
            for found in active:
                key = f"{found.task_id}#{found.number}"
                known.add(key)
                if found.state is AttemptState.SENT or key in mine:
                    connection.execute(
                        update(attempts)
                        .where(
                            attempts.c.task_id == found.task_id,
                            attempts.c.number == found.number,
                        )
                        .values(lease=attempts.c.lease + 1)
                    )
                if found.stop_reason and key in mine:
                    stop.append(StopOrder(found.task_id, found.number, found.stop_reason))
            # What it still runs although the ledger ended it: fenced work nobody will accept.
            for task_id, number in holding:
                if f"{task_id}#{number}" not in known:
                    stop.append(StopOrder(task_id, number, "it was taken from this node"))
            return Beat(
                alive=True, state=row.state.value, stop=tuple(stop), restart=tuple(restarts)
            )

        return self.database.write(act)

    def leave(self, name: str, incarnation: str) -> None:
        """An orderly stop: nothing of it is waited for."""

        def act(connection: Connection) -> None:
            moves = Moves(connection, now_s=self.database.clock(), actor=f"node {name}")
            where = {"name": name, "incarnation": incarnation}
            for source in (
                NodeState.ONLINE,
                NodeState.DRAINING,
                NodeState.PAUSED,
                NodeState.QUARANTINED,
            ):
                if moves.move(
                    nodes, where, source, NodeState.OFFLINE, "it was stopped", entity_id=name
                ):
                    # In order, so it is not counted against the tasks.
                    self.lose_attempts(
                        moves, name, "its node was stopped", error_class=ErrorClass.CANCELLED
                    )
            moves.flush()

        self.database.write(act)

    def lost(self, name: str, incarnation: str, reason: str) -> bool:
        """Declare a silent node lost and its attempts with it; false when it was not this one."""

        def act(connection: Connection) -> bool:
            moves = Moves(connection, now_s=self.database.clock(), actor="scheduler")
            where = {"name": name, "incarnation": incarnation}
            for source in NODE_BEATING:
                if moves.move(nodes, where, source, NodeState.LOST, reason, entity_id=name):
                    break
            else:
                return False
            self.lose_attempts(moves, name, reason)
            moves.flush()
            return True

        return self.database.write(act)

    def lose_attempts(
        self,
        moves: Moves,
        name: str,
        reason: str,
        *,
        keep: str | None = None,
        error_class: ErrorClass = ErrorClass.LOST,
    ) -> None:
        """End every active attempt of a node as lost, but for those of incarnation ``keep``."""
        found = moves.connection.execute(
            select(attempts.c.task_id, attempts.c.number, attempts.c.fence).where(
                attempts.c.state.in_(list(ATTEMPT_ACTIVE)),
                attempts.c.node == name,
                attempts.c.incarnation != (keep or ""),
            )
        ).all()
        for row in found:
            self._lose(moves, row.task_id, row.number, row.fence, reason, error_class)

    def lose_attempt(self, task_id: str, number: int, fence: int, reason: str) -> None:
        """End one attempt whose lease lapsed although its node is alive."""

        def act(connection: Connection) -> None:
            moves = Moves(connection, now_s=self.database.clock(), actor="scheduler")
            self._lose(moves, task_id, number, fence, reason)
            moves.flush()

        self.database.write(act)

    def order(self, name: str, target: NodeState, *, actor: str, reason: str = "") -> None:
        """Drain, pause, quarantine or enable a node.

        Raises
        ------
        UnknownName : no such node. InputError : the node's state does not allow it.
        """

        def act(connection: Connection) -> None:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            state = connection.execute(
                select(nodes.c.state).where(nodes.c.name == name)
            ).scalar_one_or_none()
            if state is None:
                known = connection.execute(select(nodes.c.name)).scalars()
                raise UnknownName("no node is called that", where=name, mend=nearest(name, known))
            if state is target:
                return
            if state not in NODE_BEATING or (
                target is not NodeState.ONLINE and state is not NodeState.ONLINE
            ):
                raise InputError(
                    f"a node that is {state.value} cannot become {target.value}",
                    where=name,
                    mend="`farm nodes` shows every node; enable it first.",
                )
            moves.must_move(
                nodes,
                {"name": name},
                state,
                target,
                reason or f"by {actor}",
                entity_id=name,
            )
            connection.execute(
                update(nodes)
                .where(nodes.c.name == name)
                .values(reason=None if target is NodeState.ONLINE else reason or f"by {actor}")
            )
            if target is not NodeState.ONLINE:
                mine = select(attempts.c.task_id).where(
                    attempts.c.node == name, attempts.c.state == AttemptState.SENT
                )
                recall(moves, tasks.c.id.in_(mine), TaskState.READY, f"its node is {target.value}")
            moves.flush()

        self.database.write(act)

    def restart_engine(self, name: str, slot: str, *, actor: str) -> None:
        """Have a node end an engine and start it again; what runs there goes back to the queue.

        The order stands until the node reports another process in that slot, so an answer that is
        lost on its way is given again.

        Raises
        ------
        UnknownName : no such node or engine. InputError : the node is not there to obey.
        """

        def act(connection: Connection) -> None:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            # Written first, so that a heartbeat between the look and the write waits.
            row = connection.execute(
                update(nodes)
                .where(nodes.c.name == name)
                .values(beat=nodes.c.beat)
                .returning(nodes.c.state, nodes.c.facts, nodes.c.engines)
            ).first()
            if row is None:
                known = connection.execute(select(nodes.c.name)).scalars()
                raise UnknownName("no node is called that", where=name, mend=nearest(name, known))
            pids = {engine["slot"]: engine.get("pid") for engine in row.engines}
            if slot not in pids:
                raise UnknownName(
                    "the node has no such engine", where=f"{name} {slot}", mend=nearest(slot, pids)
                )
            if row.state not in NODE_BEATING:
                raise InputError(
                    f"a node that is {row.state.value} cannot restart an engine",
                    where=name,
                    mend="Start `farm node` on that machine; its engines start with it.",
                )
            restarts = {**row.facts.get("restarts", {}), slot: pids[slot]}
            connection.execute(
                update(nodes)
                .where(nodes.c.name == name)
                .values(facts={**row.facts, "restarts": restarts})
            )
            moves.note("node", name, "restart", f"engine {slot} is restarted by {actor}")
            moves.flush()

        self.database.write(act)

    def unblock(self, name: str, stage_id: str | None = None, *, actor: str = "operator") -> int:
        """Lift a node's block-list, or one entry of it; returns how many entries."""

        def act(connection: Connection) -> int:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            where = blocks.c.node == name
            if stage_id is not None:
                where = and_(where, blocks.c.stage_id == stage_id)
            lifted = connection.execute(delete(blocks).where(where).returning(blocks.c.stage_id))
            stages = sorted(lifted.scalars())
            if stages:
                moves.note(
                    "node", name, "unblocked", f"{', '.join(stages)} is lifted by {actor}"[:500]
                )
            moves.flush()
            return len(stages)

        return self.database.write(act)

    def pause_farm(self, reason: str, *, actor: str) -> None:
        """Hand out nothing more anywhere; what runs finishes."""

        def act(connection: Connection) -> None:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            connection.execute(
                self.database.insert(settings).on_conflict_do_nothing(),
                {"name": "paused", "value": reason or f"paused by {actor}"},
            )
            moves.note("farm", "farm", "paused", reason or f"by {actor}")
            recall(moves, tasks.c.id.is_not(None), TaskState.READY, "the farm was paused")
            moves.flush()

        self.database.write(act)

    def resume_farm(self, *, actor: str) -> None:
        """Hand out tasks again."""

        def act(connection: Connection) -> None:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            connection.execute(delete(settings).where(settings.c.name == "paused"))
            moves.note("farm", "farm", "resumed", f"by {actor}")
            moves.flush()

        self.database.write(act)

    def _lose(
        self,
        moves: Moves,
        task_id: str,
        number: int,
        fence: int,
        reason: str,
        error_class: ErrorClass = ErrorClass.LOST,
    ) -> None:
        end_attempt(
            self.database,
            moves,
            task_id,
            number,
            fence,
            error_class,
            {
                "code": "attempt.lost",
                "class": error_class.value,
                "what": f"the attempt was lost: {reason}",
                "message": f"The attempt was lost: {reason}.",
            },
            max_failures=self.max_failures,
        )


def _still_to_restart(
    facts: Mapping[str, Any], engines: Sequence[Mapping[str, Any]]
) -> dict[str, int | None]:
    """Ordered restarts by slot, without those whose process is another one by now."""
    pids = {engine["slot"]: engine.get("pid") for engine in engines}
    return {
        slot: pid
        for slot, pid in facts.get("restarts", {}).items()
        if slot in pids and pids[slot] == pid
    }
