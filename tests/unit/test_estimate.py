"""Progress and time left, worked out by hand."""

from __future__ import annotations

import pytest

from farm.estimate import Work, expected_s, progress, remaining_s


@pytest.mark.parametrize(
    ("work", "share"),
    [
        (Work(total=0), 0.0),
        (Work(total=4), 0.0),
        (Work(total=4, done=1), 0.25),
        (Work(total=4, done=1, running=1.0), 0.5),
        (Work(total=4, done=4), 1.0),
        (Work(total=4, done=4, running=0.5), 1.0),
    ],
)
def test_progress_counts_done_tasks_and_the_shares_of_running_ones(
    work: Work, share: float
) -> None:
    assert progress(work) == pytest.approx(share)


def test_time_left_follows_from_the_time_taken_so_far() -> None:
    assert remaining_s(Work(total=4, done=1), elapsed_s=10.0) == pytest.approx(30.0)
    assert remaining_s(Work(total=2, done=1, running=0.5), elapsed_s=30.0) == pytest.approx(10.0)


def test_tasks_from_the_cache_do_not_make_the_rest_look_quick() -> None:
    work = Work(total=10, done=9, cached=8)
    assert remaining_s(work, elapsed_s=20.0) == pytest.approx(20.0)


def test_a_job_without_work_of_its_own_is_estimated_from_records() -> None:
    assert remaining_s(Work(total=3), elapsed_s=None, recorded_s=12.0) == 12.0
    assert remaining_s(Work(total=3, done=1, cached=1), elapsed_s=0.1, recorded_s=12.0) == 12.0


def test_nothing_known_gives_no_estimate_and_nothing_left_gives_zero() -> None:
    assert remaining_s(Work(total=3), elapsed_s=None) is None
    assert remaining_s(Work(total=3, done=3), elapsed_s=5.0) == 0.0


def test_windows_share_the_engines_and_stages_follow_one_another() -> None:
    assert expected_s([(5, 10.0), (1, 2.0)], engines=2) == pytest.approx(32.0)
    assert expected_s([(5, 10.0)], engines=0) == pytest.approx(50.0)


def test_stages_without_a_record_count_as_nothing() -> None:
    assert expected_s([(1, 4.0), (3, None)], engines=1) == pytest.approx(4.0)
    assert expected_s([(3, None)], engines=1) is None
    assert expected_s([(0, 4.0)], engines=1) is None
