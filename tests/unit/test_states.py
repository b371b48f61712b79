"""The transition table, row by row."""

from __future__ import annotations

from enum import Enum
from itertools import product

import pytest

from farm.domain.errors import IllegalMove
from farm.domain.states import (
    JOB_ENDED,
    MOVES,
    TASK_ENDED,
    AttemptState,
    JobState,
    Move,
    NodeState,
    SubmissionState,
    TaskState,
    check_move,
    sources_of,
)

KINDS: list[type[Enum]] = [JobState, TaskState, AttemptState, NodeState, SubmissionState]


@pytest.mark.parametrize("move", MOVES, ids=lambda m: f"{m.source}-{m.target}")
def test_every_move_of_the_table_is_allowed_and_says_why(move: Move) -> None:
    check_move(move.source, move.target)
    assert move.source in sources_of(move.target)
    assert len(move.cause) > 5


@pytest.mark.parametrize("kind", KINDS)
def test_every_other_move_is_refused_by_name(kind: type[Enum]) -> None:
    allowed = {(m.source, m.target) for m in MOVES}
    refused = [pair for pair in product(kind, kind) if pair not in allowed]
    assert refused
    for source, target in refused:
        with pytest.raises(IllegalMove, match=f"no move from {source.value} to {target.value}"):
            check_move(source, target)  # type: ignore[arg-type]


def test_states_of_different_things_are_never_equal_though_they_share_a_name() -> None:
    assert TaskState.SENT != AttemptState.SENT
    with pytest.raises(IllegalMove):
        check_move(AttemptState.SENT, TaskState.RUNNING)


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_can_be_reached_or_is_a_beginning(kind: type[Enum]) -> None:
    beginnings = {
        JobState.QUEUED,
        TaskState.BLOCKED,
        AttemptState.SENT,
        AttemptState.RUNNING,
        NodeState.ONLINE,
        SubmissionState.CLAIMING,
    }
    reached = {m.target for m in MOVES} | beginnings
    assert set(kind) <= reached


def test_an_ended_job_moves_only_when_somebody_retries_it() -> None:
    assert {m.target for m in MOVES if m.source in JOB_ENDED} == {JobState.RUNNING}
    assert {m.target for m in MOVES if m.source in TASK_ENDED} == {TaskState.BLOCKED}
