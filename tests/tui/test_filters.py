"""The filter language of the jobs table."""

from __future__ import annotations

import pytest

from farm.domain.errors import InputError
from farm.domain.states import JOB_ENDED, JobState
from farm.ledger.views_console import JobFilter
from farm.tui.filters import parse

NOW = 1_000_000.0


def of(text: str) -> JobFilter:
    return parse(text, me="ada", now_s=NOW)


def test_an_empty_filter_chooses_everything() -> None:
    assert of("  ") == JobFilter()


def test_fields_and_words_are_told_apart() -> None:
    found = of("state:failed pipeline:animate by:me age<2h 'violet dunes' dusk")
    assert found.states == {JobState.FAILED}
    assert found.pipelines == ("animate",)
    assert found.submitters == ("ada",)
    assert found.created_after == NOW - 7200
    assert found.words == ("violet dunes", "dusk")


def test_active_and_ended_stand_for_several_states() -> None:
    assert of("state:ended").states == JOB_ENDED
    assert of("state:active").states == set(JobState) - JOB_ENDED
    assert of("state:failed,cancelled").states == {JobState.FAILED, JobState.CANCELLED}


def test_paused_is_asked_like_a_state() -> None:
    assert of("state:paused") == JobFilter(paused=True)


def test_finished_drafts_without_a_master_are_asked_like_a_state() -> None:
    assert of("state:unapproved") == JobFilter(unapproved=True)


@pytest.mark.parametrize(
    ("text", "after", "before"),
    [
        ("age<30s", NOW - 30, None),
        ("age<=5m", NOW - 300, None),
        ("age>1d", None, NOW - 86_400),
        ("age>1h age<1.5w", NOW - 907_200, NOW - 3600),
    ],
)
def test_ages_become_times(text: str, after: float | None, before: float | None) -> None:
    assert (of(text).created_after, of(text).created_before) == (after, before)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [("priority:50", 50, 50), ("priority>50", 51, None), ("priority<=20", None, 20)],
)
def test_priorities_are_compared(text: str, least: int | None, most: int | None) -> None:
    assert (of(text).least_priority, of(text).most_priority) == (least, most)


def test_jobs_are_named_by_number() -> None:
    assert of("job:3,#4 #5").numbers == (3, 4, 5)


def test_an_open_quotation_mark_is_no_mistake_while_it_is_typed() -> None:
    assert of("by:bob 'vio").words == ("vio",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stat:failed", 'Did you mean "state"?'),
        ("state:faild", 'Did you mean "failed"?'),
        ("state:", "nothing stands after it"),
        ("state>failed", "Write state:failed."),
        ("age:2h", "Write age<2h"),
        ("age<2 hours", "Write age<2h"),
        ("priority:high", "expected 0 to 100"),
        ("job:abc", "not a job's number"),
    ],
)
def test_a_wrong_filter_is_refused_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        of(text)
    assert says in refused.value.sentence()
