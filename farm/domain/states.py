"""The transition table: the only place that says which moves exist.

Invariant: no row of the ledger changes state by a move that is not in this table. Documentation,
colours of the console and the parametrised tests are derived from it.

    task:  blocked ─► ready ─► sent ─► running ─► done
              │         │▲      │         ├─► (ready | delayed)  another try
              │     held▼│      ▼         └─► failed | quarantined | cancelled
              └─► delayed       ready (engine or node lost before it began)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from farm.domain.errors import IllegalMove


class JobState(Enum):
    """States of one run of a pipeline."""

    QUEUED = "queued"
    RUNNING = "running"
    PUBLISHING = "publishing"
    FAILING = "failing"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskState(Enum):
    """States of the unit that is dispatched."""

    BLOCKED = "blocked"
    DELAYED = "delayed"
    HELD = "held"
    READY = "ready"
    SENT = "sent"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    CANCELLED = "cancelled"


class AttemptState(Enum):
    """States of one try of a task on a node."""

    SENT = "sent"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"
    CANCELLED = "cancelled"


class NodeState(Enum):
    """States of one machine."""

    ONLINE = "online"
    DRAINING = "draining"
    PAUSED = "paused"
    OFFLINE = "offline"
    LOST = "lost"
    QUARANTINED = "quarantined"


class SubmissionState(Enum):
    """States of a file or folder that arrived."""

    CLAIMING = "claiming"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    REJECTING = "rejecting"
    DUPLICATING = "duplicating"
    DONE = "done"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


State = JobState | TaskState | AttemptState | NodeState | SubmissionState


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed transition and what causes it."""

    source: State
    target: State
    cause: str


_J, _T, _A, _N, _S = JobState, TaskState, AttemptState, NodeState, SubmissionState

MOVES: tuple[Move, ...] = (
    # job
    Move(_J.QUEUED, _J.RUNNING, "its first task was handed out or found in the cache"),
    Move(_J.QUEUED, _J.CANCELLING, "an operator or the submitter cancelled it"),
    Move(_J.QUEUED, _J.FAILING, "a stage could not be planned from its inputs"),
    Move(_J.RUNNING, _J.PUBLISHING, "its last stage finished"),
    Move(_J.RUNNING, _J.FAILING, "a task failed for good"),
    Move(_J.RUNNING, _J.CANCELLING, "an operator or the submitter cancelled it"),
    Move(_J.PUBLISHING, _J.DONE, "the finished folder was renamed into place"),
    Move(_J.PUBLISHING, _J.FAILING, "the outputs could not be published"),
    Move(_J.PUBLISHING, _J.CANCELLING, "an operator or the submitter cancelled it"),
    Move(_J.FAILING, _J.FAILED, "the last of its running tasks has stopped"),
    Move(_J.FAILING, _J.CANCELLING, "an operator or the submitter cancelled it"),
    Move(_J.CANCELLING, _J.CANCELLED, "the last of its running tasks has stopped"),
    Move(_J.FAILED, _J.RUNNING, "an operator retried it"),
    Move(_J.CANCELLED, _J.RUNNING, "an operator retried it"),
    # task
    Move(_T.BLOCKED, _T.READY, "everything it waits for is done"),
    Move(_T.BLOCKED, _T.HELD, "everything it waits for is done, but it is held"),
    Move(_T.BLOCKED, _T.DELAYED, "everything it waits for is done, but its time has not come"),
    Move(_T.BLOCKED, _T.CACHED, "the stage cache has its outputs"),
    Move(_T.BLOCKED, _T.CANCELLED, "its job stopped"),
    Move(_T.DELAYED, _T.READY, "its time has come"),
    Move(_T.DELAYED, _T.HELD, "its job was paused or waits for approval"),
    Move(_T.DELAYED, _T.CANCELLED, "its job stopped"),
    Move(_T.HELD, _T.READY, "it was released or approved"),
    Move(_T.HELD, _T.DELAYED, "it was released or approved, but its time has not come"),
    Move(_T.HELD, _T.CANCELLED, "its job stopped"),
    Move(_T.READY, _T.SENT, "the scheduler handed it to an engine"),
    Move(_T.READY, _T.RUNNING, "an engine that had just finished took it over"),
    Move(_T.READY, _T.HELD, "its job was paused"),
    Move(_T.READY, _T.CANCELLED, "its job stopped"),
    Move(_T.SENT, _T.RUNNING, "the engine claimed it"),
    Move(_T.SENT, _T.READY, "it was recalled, or its node was lost before it began"),
    Move(_T.SENT, _T.CANCELLED, "its job stopped"),
    Move(_T.RUNNING, _T.DONE, "the attempt succeeded"),
    Move(_T.RUNNING, _T.READY, "the attempt was lost or failed and may be tried again"),
    Move(_T.RUNNING, _T.DELAYED, "the attempt failed and may be tried again later"),
    Move(_T.RUNNING, _T.FAILED, "the attempt failed and no try is left"),
    Move(_T.RUNNING, _T.QUARANTINED, "it crashed its engine too often"),
    Move(_T.RUNNING, _T.CANCELLED, "its job stopped"),
    Move(_T.FAILED, _T.BLOCKED, "an operator retried it"),
    Move(_T.QUARANTINED, _T.BLOCKED, "an operator retried it"),
    Move(_T.CANCELLED, _T.BLOCKED, "an operator retried it"),
    # attempt
    Move(_A.SENT, _A.RUNNING, "the engine claimed it"),
    Move(_A.SENT, _A.LOST, "its lease lapsed before it began"),
    Move(_A.SENT, _A.CANCELLED, "its job stopped, or it was recalled"),
    Move(_A.RUNNING, _A.SUCCEEDED, "its outputs are in the store"),
    Move(_A.RUNNING, _A.FAILED, "it ended with an error"),
    Move(_A.RUNNING, _A.LOST, "its lease lapsed"),
    Move(_A.RUNNING, _A.CANCELLED, "its job stopped"),
    # node
    Move(_N.ONLINE, _N.DRAINING, "an operator drains it"),
    Move(_N.ONLINE, _N.PAUSED, "an operator paused it"),
    Move(_N.ONLINE, _N.OFFLINE, "it was stopped in order"),
    Move(_N.ONLINE, _N.LOST, "its heartbeat lapsed"),
    Move(_N.ONLINE, _N.QUARANTINED, "too many different tasks crashed on it"),
    Move(_N.DRAINING, _N.ONLINE, "an operator enabled it"),
    Move(_N.DRAINING, _N.OFFLINE, "it was stopped in order"),
    Move(_N.DRAINING, _N.LOST, "its heartbeat lapsed"),
    Move(_N.PAUSED, _N.ONLINE, "an operator resumed it"),
    Move(_N.PAUSED, _N.OFFLINE, "it was stopped in order"),
    Move(_N.PAUSED, _N.LOST, "its heartbeat lapsed"),
    Move(_N.OFFLINE, _N.ONLINE, "it started"),
    Move(_N.LOST, _N.ONLINE, "it started again"),
    Move(_N.QUARANTINED, _N.ONLINE, "an operator enabled it"),
    Move(_N.QUARANTINED, _N.OFFLINE, "it was stopped in order"),
    Move(_N.QUARANTINED, _N.LOST, "its heartbeat lapsed"),
    # submission
    Move(_S.CLAIMING, _S.CLAIMED, "it was renamed into _claimed"),
    Move(_S.CLAIMED, _S.ACCEPTED, "its manifest, plan and artifacts were written"),
    Move(_S.CLAIMED, _S.REJECTING, "it cannot be accepted"),
    Move(_S.CLAIMED, _S.DUPLICATING, "an earlier submission has the same content"),
    Move(_S.DUPLICATING, _S.DUPLICATE, "it was renamed into _duplicates"),
    Move(_S.ACCEPTED, _S.DONE, "its outputs were published"),
    Move(_S.ACCEPTED, _S.REJECTING, "its job failed or was cancelled"),
    Move(_S.REJECTING, _S.REJECTED, "it was renamed into _rejected"),
    Move(_S.REJECTING, _S.ACCEPTED, "its job was retried before it was returned"),
    Move(_S.REJECTED, _S.ACCEPTED, "its job was retried"),
)

_ALLOWED: frozenset[tuple[State, State]] = frozenset((m.source, m.target) for m in MOVES)

JOB_ENDED = frozenset({_J.DONE, _J.FAILED, _J.CANCELLED})
JOB_STOPPING = frozenset({_J.FAILING, _J.CANCELLING})
TASK_SUCCEEDED = frozenset({_T.DONE, _T.CACHED})
TASK_ENDED = TASK_SUCCEEDED | {_T.FAILED, _T.QUARANTINED, _T.CANCELLED}
TASK_WAITING = (_T.BLOCKED, _T.HELD, _T.DELAYED, _T.READY)
"""In the order in which tasks go on, so that whoever looks for them in it misses none."""
TASK_ACTIVE = frozenset({_T.SENT, _T.RUNNING})
ATTEMPT_ACTIVE = frozenset({_A.SENT, _A.RUNNING})
NODE_BEATING = frozenset({_N.ONLINE, _N.DRAINING, _N.PAUSED, _N.QUARANTINED})


def check_move(source: State, target: State) -> None:
    """Raise :class:`IllegalMove` unless the table has this move."""
    if (source, target) not in _ALLOWED:
        allowed = sorted(t.value for s, t in _ALLOWED if s == source)
        raise IllegalMove(
            f"no move from {source.value} to {target.value}",
            where=type(source).__name__,
            expected=" or ".join(allowed) or "no move at all: the state is final",
            got=target.value,
        )


def sources_of(target: State) -> tuple[State, ...]:
    """Every state from which ``target`` may be reached."""
    return tuple(m.source for m in MOVES if m.target == target)
