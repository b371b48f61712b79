"""Collecting what nobody needs, and knowing when there is no room."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from farm.artifacts.local import LocalStore
from farm.artifacts.retention import GRACE_S, collect, room
from farm.config import Settings

DAY = 86_400.0
NOW = 1_000 * DAY
MB = 1_000_000


def chosen(stored: list[tuple[str, int, float]], needed: set[str], **how: float) -> list[str]:
    plan = collect(
        stored,
        needed,
        keep_days=how.get("keep_days", 14),
        quota_mb=int(how.get("quota_mb", 0)),
        now_s=NOW,
    )
    return [f"{removal.hash} {removal.reason}" for removal in plan.removals]


def test_old_artifacts_that_nobody_needs_go_oldest_first() -> None:
    stored = [
        ("young", 1, NOW - 13 * DAY),
        ("old", 1, NOW - 15 * DAY),
        ("needed", 1, NOW - 99 * DAY),
        ("oldest", 1, NOW - 20 * DAY),
    ]
    assert chosen(stored, {"needed"}) == ["oldest age", "old age"]


def test_over_quota_the_oldest_go_until_the_store_fits() -> None:
    stored = [(f"d{day}", 10 * MB, NOW - day * DAY) for day in (1, 2, 3, 4)]
    assert chosen(stored, {"d3"}, quota_mb=25) == ["d4 quota", "d2 quota"]
    assert chosen(stored, set(), quota_mb=40) == []
    assert chosen(stored, {"d1", "d2", "d3", "d4"}, quota_mb=1) == []


def test_what_goes_by_age_counts_for_the_quota() -> None:
    stored = [("a", 10 * MB, NOW - 30 * DAY), ("b", 10 * MB, NOW - DAY)]
    assert chosen(stored, set(), quota_mb=15) == ["a age"]


def test_nothing_within_the_grace_period_goes_even_with_no_keeping_and_no_room() -> None:
    stored = [
        ("fresh", 10 * MB, NOW - GRACE_S),
        ("stale", 10 * MB, NOW - GRACE_S - 1),
        ("from a clock that was set back", 10 * MB, NOW + DAY),
    ]
    assert chosen(stored, set(), keep_days=0, quota_mb=1) == ["stale age"]


entries = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 50 * MB), st.floats(NOW - 40 * DAY, NOW + DAY)),
    max_size=30,
    unique_by=lambda entry: entry[0],
)


@given(entries, st.sets(st.integers(0, 30)), st.floats(0, 30), st.integers(0, 200))
def test_no_choice_ever_harms(
    drawn: list[tuple[int, int, float]], needed: set[int], keep_days: float, quota_mb: int
) -> None:
    stored = [(str(number), size, put_s) for number, size, put_s in drawn]
    kept = {str(number) for number in needed}
    plan = collect(stored, kept, keep_days=keep_days, quota_mb=quota_mb, now_s=NOW)
    ages = {hash: put_s for hash, _, put_s in stored}
    gone = [removal.hash for removal in plan.removals]
    assert not kept & set(gone)
    assert all(ages[hash] < NOW - GRACE_S for hash in gone)
    assert [ages[hash] for hash in gone] == sorted(ages[hash] for hash in gone)
    left = plan.total_bytes - plan.freed_bytes
    removable = [h for h, _, put_s in stored if h not in kept and put_s < NOW - GRACE_S]
    assert not quota_mb or left <= quota_mb * MB or set(removable) == set(gone)
    assert all(ages[h] >= NOW - keep_days * DAY for h in set(removable) - set(gone))


def test_a_collection_on_a_real_store_spares_what_was_put_again_after_the_decision(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path)
    hashes = [store.put_bytes(data)[0] for data in (b"forgotten", b"put again")]
    for hash in hashes:
        os.utime(store.fetch(hash), (1000, 1000))
    plan = collect(store.hashes(), set(), keep_days=1, quota_mb=0, now_s=NOW)
    store.put_bytes(b"put again")
    deleted = [r.hash for r in plan.removals if store.delete(r.hash, not_after_s=r.not_after_s)]
    assert deleted == hashes[:1]


@dataclass(frozen=True)
class Disk(LocalStore):
    """A store on a disk with so much room."""

    free: int | None

    def free_bytes(self) -> int | None:
        return self.free


@pytest.mark.parametrize(
    ("free", "used", "reason"),
    [
        (2048 * MB, 0, None),
        (2047 * MB, 0, "low disk: 2047 MB free, less than low_disk_mb = 2048"),
        (None, 0, None),
        (9999 * MB, 100 * MB, None),
        (9999 * MB, 101 * MB, "over quota: the store holds 101 MB, more than quota_mb = 100"),
    ],
)
def test_the_farm_says_why_it_takes_nothing_new(
    free: int | None, used: int, reason: str | None
) -> None:
    found = room(Disk(free), Settings(low_disk_mb=2048, quota_mb=100), used_bytes=used)
    assert (found is None) if reason is None else (found is not None and found.startswith(reason))
