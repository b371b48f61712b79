"""Moving a job forward: opening stages whose inputs are complete, closing finished ones.

Invariant: a task becomes ready exactly once per try, in the same transaction that finished the last
thing it waited for; so there is no moment at which a crash could leave it behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from farm.domain.ids import task_id
from farm.domain.states import JOB_STOPPING, TASK_SUCCEEDED, JobState, TaskState
from farm.ledger.database import Database
from farm.ledger.failures import settle_job
from farm.ledger.moves import Moves
from farm.ledger.schema import artifact_uses, artifacts, cache, jobs, stages, tasks
from farm.ledger.task_keys import Files, task_keys

_CHUNK = 500

# Built once: building a statement costs more than running it, and these run for every task.
_here = (stages.c.job_id == bindparam("job"), stages.c.name == bindparam("stage"))
_told = (
    stages.c.open_tasks,
    stages.c.dependents,
    stages.c.chained,
    select(jobs.c.state).where(jobs.c.id == stages.c.job_id).scalar_subquery().label("job_state"),
)
_COUNT = update(stages).where(*_here).values(open_tasks=stages.c.open_tasks - 1).returning(*_told)
_COUNT_WHOLE = (
    update(stages)
    .where(*_here)
    .values(open_tasks=stages.c.open_tasks - 1, outputs=bindparam("outputs_"))
    .returning(*_told)
)
_SET_OUTPUTS = update(stages).where(*_here).values(outputs=bindparam("outputs_"))
_SET_INPUTS = update(stages).where(*_here).values(inputs=bindparam("inputs_"))
_job_facts = (jobs.c.state, jobs.c.inputs, jobs.c.paused, jobs.c.start_after)
_CLOSE_STAGE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"))
    .values(open_stages=jobs.c.open_stages - 1)
    .returning(jobs.c.open_stages, *_job_facts)
)
# Locked, as by closing a stage: nobody pauses or stops the job before what follows is written.
_JOB = select(*_job_facts).where(jobs.c.id == bindparam("job")).with_for_update()
_STAGE = select(stages).where(*_here)
_WAKE = (
    update(stages)
    .where(
        stages.c.job_id == bindparam("job"), stages.c.name.in_(bindparam("names", expanding=True))
    )
    .values(waits_for=stages.c.waits_for - 1)
    .returning(stages)
)
_in_stage = (tasks.c.job_id == bindparam("job"), tasks.c.stage == bindparam("stage"))
_BLOCKED = (
    select(tasks.c.window, tasks.c.start, tasks.c.stop)
    .where(*_in_stage, tasks.c.state == TaskState.BLOCKED)
    .order_by(tasks.c.window)
)
_OUTPUTS = select(tasks.c.outputs).where(*_in_stage).order_by(tasks.c.window)
_WINDOW = select(tasks.c.window, tasks.c.start, tasks.c.stop, tasks.c.state, tasks.c.outputs).where(
    *_in_stage, tasks.c.window == bindparam("window_")
)
_CACHED = select(cache.c.key, cache.c.task_id, cache.c.outputs).where(
    cache.c.key.in_(bindparam("keys", expanding=True))
)
# Locks what it finds, so that a collection cannot give it up before this transaction uses it.
_KEPT = (
    select(artifacts.c.hash)
    .where(
        artifacts.c.hash.in_(bindparam("hashes", expanding=True)), artifacts.c.missing.is_(False)
    )
    .with_for_update(read=True)
)


class Advance:
    """One transaction's worth of progress on jobs."""

    def __init__(self, database: Database, moves: Moves) -> None:
        self.database = database
        self.moves = moves
        self.connection = moves.connection
        self._finished: list[tuple[str, str, int, Files | None]] = []
        self._draining = False

    def task_done(
        self, job_id: str, stage: str, window: int, outputs: Files, *, whole: bool
    ) -> None:
        """Account for a task that is done or cached, and for all that follows from it.

        whole : the stage runs as this one task.
        """
        # A list instead of recursion: a thousand cached windows in a chain follow one another.
        self._finished.append((job_id, stage, window, outputs if whole else None))
        if self._draining:
            return
        self._draining = True
        while self._finished:
            self._count(*self._finished.pop(0))
        self._draining = False

    def open_stage(self, job_id: str, stage: str) -> None:
        """Let the tasks of a stage go whose inputs are complete; a no-op until they exist."""
        row = self.connection.execute(_STAGE, {"job": job_id, "stage": stage}).one()
        job = self.connection.execute(_JOB, {"job": job_id}).one()
        self._open(row, job, {})

    def use(self, job_id: str, outputs: Files, role: str = "between") -> None:
        """Record that a job needs these artifacts, so that no collection removes them."""
        rows = [{"job_id": job_id, "hash": h, "role": role} for h in sorted(_hashes(outputs))]
        if rows:
            self.connection.execute(
                self.database.insert(artifact_uses).on_conflict_do_nothing(), rows
            )

    def _count(self, job_id: str, stage: str, window: int, whole: Files | None) -> None:
        here = {"job": job_id, "stage": stage}
        if whole is not None:
            row = self.connection.execute(_COUNT_WHOLE, {**here, "outputs_": whole}).one()
            self._stage_done(job_id, stage, row.dependents, whole)
        else:
            row = self.connection.execute(_COUNT, here).one()
            self._window_done(job_id, stage, window, row)
        if row.job_state in JOB_STOPPING:
            # It was asked to stop, and was done first.
            settle_job(self.moves, job_id)

    def _window_done(self, job_id: str, stage: str, window: int, row: Any) -> None:
        here = {"job": job_id, "stage": stage}
        if row.open_tasks == 0:
            outputs = self._gather(job_id, stage)
            self.connection.execute(_SET_OUTPUTS, {**here, "outputs_": outputs})
            self._stage_done(job_id, stage, row.dependents, outputs)
        elif row.chained:
            found = self.connection.execute(_STAGE, here).one()
            job = self.connection.execute(_JOB, {"job": job_id}).one()
            self._open_window(found, job, window + 1)

    def _gather(self, job_id: str, stage: str) -> Files:
        outputs: dict[str, list[Mapping[str, Any]]] = {}
        rows = self.connection.execute(_OUTPUTS, {"job": job_id, "stage": stage}).scalars()
        for produced in rows:
            for port, files in (produced or {}).items():
                outputs.setdefault(port, []).extend(files)
        return outputs

    def _stage_done(
        self, job_id: str, stage: str, dependents: Sequence[str], outputs: Files
    ) -> None:
        job = self.connection.execute(_CLOSE_STAGE, {"job": job_id}).one()
        if job.open_stages == 0:
            self._start_job(job_id, job, "nothing was left to run")
            self.moves.move(
                jobs,
                {"id": job_id},
                JobState.RUNNING,
                JobState.PUBLISHING,
                "its last stage finished",
                entity_id=job_id,
                job_id=job_id,
            )
            return
        if not dependents:
            return
        woken = self.connection.execute(_WAKE, {"job": job_id, "names": dependents}).all()
        for row in sorted(woken, key=lambda found: found.ordinal):
            if row.waits_for == 0:
                self._open(row, job, {stage: outputs})

    def _open(self, row: Any, job: Any, known: Mapping[str, Files]) -> None:
        here = {"job": row.job_id, "stage": row.name}
        inputs = row.inputs
        if inputs is None:
            inputs = self._resolve(row.job_id, row.bindings, job.inputs, known)
            self.connection.execute(_SET_INPUTS, {**here, "inputs_": inputs})
        if not row.expanded or job.state not in (JobState.QUEUED, JobState.RUNNING):
            return
        if row.total_tasks == 0:
            self.connection.execute(_SET_OUTPUTS, {**here, "outputs_": {}})
            self._stage_done(row.job_id, row.name, row.dependents, {})
        elif row.chained:
            done = self.connection.execute(
                select(tasks.c.window)
                .where(
                    tasks.c.job_id == row.job_id,
                    tasks.c.stage == row.name,
                    tasks.c.state.not_in(list(TASK_SUCCEEDED)),
                )
                .order_by(tasks.c.window)
                .limit(1)
            ).scalar_one()
            self._open_window(row, job, done, inputs)
        else:
            found = self.connection.execute(_BLOCKED, here).all()
            self._release(row, job, inputs, found, {})

    def _open_window(self, stage: Any, job: Any, window: int, inputs: Files | None = None) -> None:
        """Open one window of a chain with what the one before it carries on."""
        here = {"job": stage.job_id, "stage": stage.name}
        row = self.connection.execute(_WINDOW, {**here, "window_": window}).one()
        if row.state is not TaskState.BLOCKED:
            return
        carried: dict[str, list[str]] = {}
        if window > 0:
            before = self.connection.execute(_WINDOW, {**here, "window_": window - 1}).one()
            carried = {
                port: [file["hash"] for file in before.outputs.get(port, [])]
                for port in stage.carry
            }
        self._release(stage, job, stage.inputs if inputs is None else inputs, [row], carried)

    def _release(
        self,
        stage: Any,
        job: Any,
        inputs: Files,
        found: Sequence[Any],
        carried: Mapping[str, list[str]],
    ) -> None:
        """Move blocked tasks to cached, held, delayed or ready."""
        if not found:
            return
        keys: dict[int, str] = {}
        hits: dict[str, Any] = {}
        if stage.cacheable:
            keys = task_keys(stage, inputs, found, carried)
            hits = self._cached(list(keys.values()))
        now_s = self.moves.now_s
        is_early = job.start_after is not None and job.start_after > now_s
        values: dict[str, Any] = {"not_before": job.start_after} if is_early else {}
        target, reason = TaskState.READY, "its inputs are complete"
        if stage.approval and not stage.approved_by:
            target, reason = TaskState.HELD, "waits for approval"
        elif job.paused:
            target, reason = TaskState.HELD, "the job is paused"
        elif is_early:
            target, reason = TaskState.DELAYED, "waits for its start time"
        if target is not TaskState.READY:
            values["wait_reason"] = reason
        waiting = [t.window for t in found if keys.get(t.window) not in hits]
        self._let_go(stage, waiting, keys, target, reason, {"ready_at": now_s, **values})
        for task in found:
            hit = hits.get(keys.get(task.window, ""))
            if hit is not None:
                self._take_from_cache(stage, job, task.window, keys[task.window], hit)

    def _take_from_cache(self, stage: Any, job: Any, window: int, key: str, hit: Any) -> None:
        task = task_id(stage.job_id, stage.name, window)
        self.moves.must_move(
            tasks,
            {"id": task},
            TaskState.BLOCKED,
            TaskState.CACHED,
            f"same work as {hit.task_id}",
            entity_id=task,
            job_id=stage.job_id,
            outputs=hit.outputs,
            cache_key=key,
            ended_at=self.moves.now_s,
        )
        self.use(stage.job_id, hit.outputs)
        self._start_job(stage.job_id, job, "its first task was found in the cache")
        self.task_done(stage.job_id, stage.name, window, hit.outputs, whole=not stage.windowed)

    def _let_go(
        self,
        stage: Any,
        windows: Sequence[int],
        keys: Mapping[int, str],
        target: TaskState,
        reason: str,
        values: Mapping[str, Any],
    ) -> None:
        if len(windows) == 1:
            task = task_id(stage.job_id, stage.name, windows[0])
            self.moves.must_move(
                tasks,
                {"id": task},
                TaskState.BLOCKED,
                target,
                reason,
                entity_id=task,
                job_id=stage.job_id,
                cache_key=keys.get(windows[0]),
                **values,
            )
        elif windows:
            # One prepared statement run for many rows; the guard stands in each of them.
            statement = (
                update(tasks)
                .where(tasks.c.id == bindparam("task"), tasks.c.state == TaskState.BLOCKED)
                .values(state=target, cache_key=bindparam("cache"), **values)
            )
            ids = {window: task_id(stage.job_id, stage.name, window) for window in windows}
            self.connection.execute(
                statement, [{"task": ids[w], "cache": keys.get(w)} for w in windows]
            )
            for task in ids.values():
                self.moves.note(
                    "task", task, target, reason, source=TaskState.BLOCKED, job_id=stage.job_id
                )

    def _cached(self, keys: list[str]) -> dict[str, Any]:
        """Cache rows by key whose artifacts are all still in the store."""
        found: dict[str, Any] = {}
        for at in range(0, len(keys), _CHUNK):
            rows = self.connection.execute(_CACHED, {"keys": keys[at : at + _CHUNK]})
            found.update({row.key: row for row in rows})
        if not found:
            return {}
        hashes = sorted({h for row in found.values() for h in _hashes(row.outputs)})
        kept: set[str] = set()
        for at in range(0, len(hashes), _CHUNK):
            rows = self.connection.execute(_KEPT, {"hashes": hashes[at : at + _CHUNK]})
            kept.update(rows.scalars())
        return {key: row for key, row in found.items() if _hashes(row.outputs) <= kept}

    def _start_job(self, job_id: str, job: Any, reason: str) -> None:
        if job.state is JobState.QUEUED:
            self.moves.move(
                jobs,
                {"id": job_id},
                JobState.QUEUED,
                JobState.RUNNING,
                reason,
                entity_id=job_id,
                job_id=job_id,
                started_at=self.moves.now_s,
            )

    def _resolve(
        self,
        job_id: str,
        bindings: Mapping[str, Any],
        job_inputs: Files,
        known: Mapping[str, Files],
    ) -> Files:
        """The files at each input port, from the job's inputs and other stages' outputs."""
        wanted = {b["name"] for sources in bindings.values() for b in sources if b["port"]}
        produced = dict(known)
        missing = sorted(wanted - produced.keys())
        if missing:
            rows = self.connection.execute(
                select(stages.c.name, stages.c.outputs).where(
                    stages.c.job_id == job_id, stages.c.name.in_(missing)
                )
            )
            produced.update({row.name: row.outputs or {} for row in rows})
        resolved: dict[str, list[Mapping[str, Any]]] = {}
        for port, sources in bindings.items():
            files = resolved.setdefault(port, [])
            for source in sources:
                if source["source"] == "input":
                    files.extend(job_inputs.get(source["name"], []))
                else:
                    files.extend(produced[source["name"]].get(source["port"], []))
        return resolved


def _hashes(outputs: Files) -> set[str]:
    return {file["hash"] for files in outputs.values() for file in files}
