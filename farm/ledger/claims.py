"""What a node writes: claiming an attempt, finishing it, failing it.

Invariant: an attempt has one owner. Claim and finish are guarded by state and fence, so a duplicate,
stale or late message changes nothing, and a result is accepted once or refused with LostClaim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from farm.domain.errors import ErrorClass
from farm.domain.states import AttemptState, TaskState
from farm.ledger.advance import Advance
from farm.ledger.database import Database
from farm.ledger.documents import put_document
from farm.ledger.failures import end_attempt
from farm.ledger.handover import assignment, take_next
from farm.ledger.look_ahead import loads_statement, note_holding
from farm.ledger.moves import Moves
from farm.ledger.records import NAMELESS, Assignment, DocumentPut, Files, Holding, Names, Peaks
from farm.ledger.schema import (
    artifacts,
    attempts,
    cache,
    peaks as peak_rows,
    tasks,
)

_PEAKS_AFTER_S = 0.5
_SLOT = select(attempts.c.slot).where(
    attempts.c.task_id == bindparam("task"), attempts.c.number == bindparam("number_")
)


class Claims:
    """Claims of one node; ``node`` and ``incarnation`` name the start of it that writes.

    offers : ``<stage id>@<version>`` of every stage its engines can run.
    """

    def __init__(
        self, database: Database, *, node: str, incarnation: str, offers: Set[str] = frozenset()
    ) -> None:
        self.database = database
        self.node = node
        self.offers = offers
        self.incarnation = incarnation
        self._loads = loads_statement(database)
        remember = database.insert(cache)
        self._remember = remember.on_conflict_do_update(
            index_elements=["key"],
            set_={name: remember.excluded[name] for name in ("task_id", "outputs", "created_at")},
        )

    def claim(self, task_id: str, number: int, fence: int) -> Assignment | None:
        """Take over a sent attempt for the engine it names; ``None`` when it is not to be had."""

        def act(connection: Connection) -> Assignment | None:
            moves = self._moves(connection)
            key = {"task": task_id, "number_": number}
            slot = connection.execute(_SLOT, key).scalar_one_or_none()
            if slot is None:
                return None
            taken = self._take(moves, task_id, number, fence, slot)
            moves.flush()
            return taken

        return self.database.write(act)

    def finish(
        self,
        done: Assignment,
        outputs: Files,
        peaks: Peaks,
        puts: Sequence[DocumentPut] = (),
        *,
        names: Names = NAMELESS,
        go_on: bool = True,
        holding: Holding | None = None,
    ) -> Assignment | None:
        """Accept a result whose files are in the store; returns the engine's next task, if any.

        names : what the attempt called itself. ``go_on`` false leaves the engine idle, to be
        stopped or replaced. holding : what the engine holds by now.

        Raises
        ------
        LostClaim : the attempt was fenced; the result is refused.
        """

        def act(connection: Connection) -> Assignment | None:
            moves = self._moves(connection)
            now_s = moves.now_s
            if holding is not None:
                # Before any attempt: a heartbeat takes its locks in this order, too.
                self._note(connection, done, holding, now_s)
            moves.must_move(
                attempts,
                {"task_id": done.task_id, "number": done.number, "fence": done.fence},
                AttemptState.RUNNING,
                AttemptState.SUCCEEDED,
                "its outputs are in the store",
                entity_id=f"{done.task_id}#{done.number}",
                job_id=done.job_id,
                ended_at=now_s,
                progress=1.0,
                ram_mb=peaks.ram_mb,
                vram_mb=peaks.vram_mb,
                cpu_s=peaks.cpu_s,
                counts_as=names.counts_as,
                known_as=names.known_as,
            )
            self._keep_outputs(connection, done, outputs, now_s)
            advance = Advance(self.database, moves)
            moves.must_move(
                tasks,
                {"id": done.task_id},
                TaskState.RUNNING,
                TaskState.DONE,
                "the attempt succeeded",
                entity_id=done.task_id,
                job_id=done.job_id,
                outputs=outputs,
                ended_at=now_s,
                error=None,
            )
            if outputs:
                advance.use(done.job_id, outputs)
            if done.cache_key is not None:
                connection.execute(
                    self._remember,
                    {
                        "key": done.cache_key,
                        "task_id": done.task_id,
                        "outputs": outputs,
                        "created_at": now_s,
                    },
                )
            if peaks.wall_s >= _PEAKS_AFTER_S:
                connection.execute(
                    insert(peak_rows).values(
                        stage_id=done.stage_id,
                        version=done.version,
                        size=done.size,
                        ram_mb=peaks.ram_mb,
                        vram_mb=peaks.vram_mb,
                        wall_s=peaks.wall_s,
                    )
                )
            for put in puts:
                put_document(self.database, connection, put, now_s)
            index = 0 if done.window is None else done.window["index"]
            advance.task_done(done.job_id, done.stage, index, outputs, whole=done.whole)
            following = None
            if go_on:
                following = take_next(
                    moves,
                    done,
                    node=self.node,
                    incarnation=self.incarnation,
                    offers=self.offers,
                    warm=frozenset() if holding is None else holding.warm,
                )
            moves.flush()
            return following

        return self.database.write(act)

    def fail(
        self,
        failed: Assignment,
        error_class: ErrorClass,
        error: Mapping[str, Any],
        peaks: Peaks,
        *,
        names: Names = NAMELESS,
        max_failures: int,
    ) -> None:
        """Write down a failed attempt; the failure policy decides what becomes of the task.

        Raises
        ------
        LostClaim : the attempt was fenced already.
        """

        def act(connection: Connection) -> None:
            moves = self._moves(connection)
            end_attempt(
                self.database,
                moves,
                failed.task_id,
                failed.number,
                failed.fence,
                error_class,
                error,
                max_failures=max_failures,
                ram_mb=peaks.ram_mb,
                vram_mb=peaks.vram_mb,
                cpu_s=peaks.cpu_s,
                counts_as=names.counts_as,
                known_as=names.known_as,
            )
            moves.flush()

        self.database.write(act)

    def note_progress(
        self,
        done: Mapping[tuple[str, int], tuple[float, str]],
        names: Mapping[tuple[str, int], Names] = MappingProxyType({}),
    ) -> None:
        """Store the newest progress (0 to 1, note) of running attempts, and their names so far."""
        said: dict[tuple[str, int], dict[str, Any]] = {
            key: {"progress": share, "note": note[:300]} for key, (share, note) in done.items()
        }
        for key, named in names.items():
            said[key] = {**said.get(key, {}), **asdict(named)}

        def act(connection: Connection) -> None:
            for (task_id, number), values in said.items():
                connection.execute(
                    update(attempts)
                    .where(
                        attempts.c.task_id == task_id,
                        attempts.c.number == number,
                        attempts.c.state == AttemptState.RUNNING,
                    )
                    .values(**values)
                )

        if said:
            self.database.write(act)

    def _note(
        self, connection: Connection, done: Assignment, holding: Holding, now_s: float
    ) -> None:
        note_holding(connection, holding, node=self.node, incarnation=self.incarnation)
        if holding.load_s > 0 and done.model_key is not None:
            connection.execute(
                self._loads,
                {
                    "key": done.model_key,
                    "seconds": holding.load_s,
                    "mb": holding.size_mb,
                    "now_s": now_s,
                },
            )

    def _moves(self, connection: Connection) -> Moves:
        return Moves(connection, now_s=self.database.clock(), actor=f"node {self.node}")

    def _take(
        self, moves: Moves, task_id: str, number: int, fence: int, slot: str
    ) -> Assignment | None:
        moved = moves.move(
            attempts,
            {
                "task_id": task_id,
                "number": number,
                "fence": fence,
                "incarnation": self.incarnation,
            },
            AttemptState.SENT,
            AttemptState.RUNNING,
            f"engine {slot} claimed it",
            entity_id=f"{task_id}#{number}",
            job_id=task_id.split(".", 1)[0],
            started_at=moves.now_s,
            bump=("lease",),
        )
        if not moved:
            return None
        moves.must_move(
            tasks,
            {"id": task_id, "fence": fence},
            TaskState.SENT,
            TaskState.RUNNING,
            f"engine {slot} of {self.node} claimed it",
            entity_id=task_id,
            job_id=task_id.split(".", 1)[0],
        )
        return assignment(moves, task_id, number, fence, slot)

    def _keep_outputs(
        self, connection: Connection, done: Assignment, outputs: Files, now_s: float
    ) -> None:
        rows = [
            {
                "hash": file["hash"],
                "kind": file["kind"],
                "size_bytes": file["size_bytes"],
                "suffix": file["suffix"],
                "facts": file["facts"],
                "missing": False,
                "created_at": now_s,
            }
            for files in outputs.values()
            for file in files
        ]
        if rows:
            statement = self.database.insert(artifacts)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["hash"], set_={"missing": False, "created_at": now_s}
                ),
                rows,
            )
