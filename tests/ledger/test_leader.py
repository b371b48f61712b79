"""One active daemon at a time, and a standby that takes over; never by comparing clocks."""

from __future__ import annotations

import pytest
from frozen import FrozenClock

from farm.domain.errors import NotLeader
from farm.ledger.database import Database
from farm.ledger.leader import Leadership


def contender(database: Database, monotonic: FrozenClock, name: str) -> Leadership:
    return Leadership(database, holder=name, lease_s=5.0, monotonic=monotonic)


def test_a_standby_waits_while_the_active_daemon_beats(database: Database) -> None:
    time = FrozenClock(0.0)
    active, standby = contender(database, time, "a"), contender(database, time, "b")
    assert active.try_acquire()
    for _ in range(10):
        assert not standby.try_acquire()
        time.pass_s(2)
        active.renew()
    assert standby.present_holder() == "a"


def test_a_standby_takes_over_after_a_lease_of_silence_and_fences_the_old_one(
    database: Database,
) -> None:
    time = FrozenClock(0.0)
    active, standby = contender(database, time, "a"), contender(database, time, "b")
    active.try_acquire()
    assert not standby.try_acquire()
    time.pass_s(5.1)
    assert standby.try_acquire()
    with pytest.raises(NotLeader, match="got b"):
        active.renew()

    def write(connection: object) -> None:
        active.check(connection)  # type: ignore[arg-type]

    with pytest.raises(NotLeader):
        database.write(write)


def test_a_jump_of_the_wall_clock_changes_nothing(database: Database, clock: FrozenClock) -> None:
    time = FrozenClock(0.0)
    active, standby = contender(database, time, "a"), contender(database, time, "b")
    active.try_acquire()
    standby.try_acquire()
    clock.pass_s(1e6)
    assert not standby.try_acquire()
    clock.pass_s(-2e6)
    assert not standby.try_acquire()


def test_stepping_down_in_order_lets_the_next_one_in_at_once(database: Database) -> None:
    time = FrozenClock(0.0)
    active, standby = contender(database, time, "a"), contender(database, time, "b")
    active.try_acquire()
    standby.try_acquire()
    active.release()
    assert standby.try_acquire()
    assert standby.epoch == 2
