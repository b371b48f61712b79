"""Which events are told, that they are told once, and that a broken channel is tried again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from farmhand import Farmhand, plan, stage

from farm.config import NOTICES, CommandChannel, Settings
from farm.domain.errors import ErrorClass
from farm.domain.states import NodeState
from farm.domain.wording import MB
from farm.ledger.database import Database
from farm.ledger.event_feed import EventFeed
from farm.ledger.outbox import Entry, Outbox
from farm.ledger.publishing import Publishing
from farm.notify import Notifier
from farm.notify.delivery import TRIES, Delivery, pause_s
from farm.notify.notices import notices
from farm.plugins import load_plugins

Body = Mapping[str, Any]


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def told(database: Database) -> list[Entry]:
    return notices(EventFeed(database, 0).next(), Outbox(database), "farm")


def test_a_job_is_told_when_it_is_accepted_and_when_it_is_done(
    hand: Farmhand, database: Database
) -> None:
    hand.jobs.accept(plan(stage("draw"), name="dusk"), job_id="job1")
    hand.finish(hand.take())
    assert Publishing(database).finish("job1", {})
    accepted, done = told(database)
    assert (accepted.kind, done.kind) == ("accepted", "done")
    assert accepted.body["title"] == "job #1 dusk was accepted"
    assert done.body["job"]["pipeline"] == "test@1"
    assert done.body["correlation"] == "job1"


def test_a_failed_job_is_told_with_its_reason_and_how_to_mend_it(
    hand: Farmhand, database: Database
) -> None:
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    hand.fail(hand.take(), ErrorClass.INPUT)
    [failed] = [entry for entry in told(database) if entry.kind == "failed"]
    assert failed.body["reason"] == "it failed (input)."
    assert failed.body["mend"] == "farm why 1; farm retry 1"


def test_an_approval_is_asked_for_once_for_a_stage_of_many_windows(
    hand: Farmhand, database: Database
) -> None:
    hand.jobs.accept(plan(stage("draw", windows=5, approval=True)), job_id="job1")
    asked = [entry for entry in told(database) if entry.kind == "approval"]
    assert len(asked) == 5
    assert {entry.key for entry in asked} == {"approval/job1/draw"}
    assert Outbox(database).record({"ops": asked}, 1) == 1
    assert asked[0].body["mend"] == "farm approve 1 draw"


def test_a_node_that_falls_silent_or_is_blocked_is_trouble(
    hand: Farmhand, database: Database
) -> None:
    hand.nodes.lost("n1", "i1", "its heartbeat lapsed")
    [trouble] = told(database)
    assert trouble.kind == "trouble"
    assert trouble.body["title"] == "node n1 is lost"
    assert trouble.body["reason"] == "its heartbeat lapsed"


def test_a_node_that_an_operator_drains_is_no_trouble(hand: Farmhand, database: Database) -> None:
    hand.nodes.order("n1", NodeState.DRAINING, actor="me")
    assert told(database) == []


def test_every_kind_that_is_told_can_be_chosen_in_the_settings() -> None:
    from farm.config import Notice

    assert set(NOTICES) == set(Notice.__args__)  # type: ignore[attr-defined]


def test_reading_the_same_events_again_records_nothing_twice(
    hand: Farmhand, database: Database
) -> None:
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    outbox = Outbox(database)
    entries = told(database)
    assert outbox.record({"a": entries, "b": entries}, 5) == 2
    assert outbox.record({"a": entries, "b": entries}, 5) == 0
    assert outbox.position() == 5
    assert outbox.pending() == {"a": 1, "b": 1}


def one_entry(key: str = "done/job1/1") -> Entry:
    return Entry(key, "done", "job1", {"id": key, "title": "it is done", "correlation": "s1"})


def test_a_channel_that_fails_is_tried_later_and_later_until_it_takes_it(
    database: Database, clock: Any
) -> None:
    outbox = Outbox(database)
    outbox.record({"ops": [one_entry()]}, 1)
    tries: list[float] = []

    def tell(body: Body) -> None:
        tries.append(clock.now_s)
        if len(tries) < 4:
            raise OSError("nobody is there")

    delivery = Delivery("ops", tell, outbox)
    start_s = clock.now_s
    for _ in range(200):
        delivery.tick()
        clock.pass_s(1)
    assert [at - start_s for at in tries] == [0, 5, 20, 65]
    [row] = outbox.newest()
    assert row.delivered_at == tries[-1]
    assert row.error is None
    assert row.tries == 4


def test_after_the_last_try_it_is_given_up_and_says_why(database: Database, clock: Any) -> None:
    outbox = Outbox(database)
    outbox.record({"ops": [one_entry()]}, 1)
    outcomes: list[str] = []

    def tell(body: Body) -> None:
        raise OSError("nobody is there")

    delivery = Delivery("ops", tell, outbox, lambda _, outcome: outcomes.append(outcome))
    for _ in range(TRIES + 3):
        delivery.tick()
        clock.pass_s(3600)
    [row] = outbox.newest()
    assert (row.tries, row.due_at, row.delivered_at) == (TRIES, None, None)
    assert row.error == "nobody is there"
    assert outcomes == ["failed"] * (TRIES - 1) + ["given-up"]


def test_the_pauses_between_tries_grow_to_an_hour() -> None:
    pauses = [pause_s(n) for n in range(TRIES)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (5, 3600)


def test_one_notice_that_is_refused_does_not_stop_those_after_it(
    database: Database, clock: Any
) -> None:
    outbox = Outbox(database)
    outbox.record({"ops": [one_entry("bad"), one_entry("good")]}, 1)
    arrived: list[str] = []

    def tell(body: Body) -> None:
        if body["id"] == "bad":
            raise OSError("no")
        arrived.append(body["id"])

    delivery = Delivery("ops", tell, outbox)
    delivery.tick()
    delivery.tick()
    assert arrived == ["good"]


PLUGIN = """
from farm import hookimpl

heard = []

@hookimpl
def farm_notify(event):
    heard.append(event)
    if len(heard) == 1:
        raise RuntimeError("the chat is away")
"""


def test_a_plugin_is_told_by_farm_notify_again_after_an_error(
    tmp_path: Path, hand: Farmhand, database: Database, clock: Any
) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "chatty.py").write_text(PLUGIN)
    registry = load_plugins(folder)
    settings = Settings(root=tmp_path, low_disk_mb=0)
    settings.spool_dir.mkdir()
    notifier = Notifier(settings, registry, database, clock=clock)
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    assert notifier.tick() == 1
    [delivery] = notifier.deliveries
    delivery.tick()
    clock.pass_s(5)
    delivery.tick()
    [plugin] = [p for n, p in registry.pm.list_name_plugin() if n and "chatty" in n]
    assert [event["kind"] for event in plugin.heard] == ["accepted", "accepted"]
    assert plugin.heard[0]["id"] == plugin.heard[1]["id"]
    assert notifier.outbox.pending() == {}


def quiet_registry(tmp_path: Path) -> Any:
    return load_plugins(tmp_path / "none")


def test_a_channel_is_told_only_what_it_wants(
    tmp_path: Path, hand: Farmhand, database: Database, clock: Any
) -> None:
    channel = CommandChannel(kind="command", argv=["true"], on=["failed"])
    settings = Settings(root=tmp_path, notify={"ops": channel}, low_disk_mb=0)
    settings.spool_dir.mkdir()
    notifier = Notifier(settings, quiet_registry(tmp_path), database, clock=clock)
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    assert notifier.tick() == 0
    hand.fail(hand.take(), ErrorClass.INPUT)
    assert notifier.tick() == 1


def test_a_farm_without_channels_moves_on_and_writes_no_notices(
    tmp_path: Path, hand: Farmhand, database: Database, clock: Any
) -> None:
    settings = Settings(root=tmp_path, low_disk_mb=0)
    settings.spool_dir.mkdir()
    notifier = Notifier(settings, quiet_registry(tmp_path), database, clock=clock)
    for number in range(600):
        hand.nodes.order("n1", NodeState.ONLINE if number % 2 else NodeState.DRAINING, actor="me")
    assert notifier.tick() == 0
    assert notifier.outbox.position() > 500
    assert notifier.outbox.newest() == []


def test_what_was_meant_for_a_channel_that_is_gone_is_given_up(
    tmp_path: Path, database: Database, clock: Any
) -> None:
    outbox = Outbox(database)
    outbox.record({"old": [one_entry()]}, 1)
    settings = Settings(root=tmp_path, low_disk_mb=0)
    Notifier(settings, quiet_registry(tmp_path), database, clock=clock)
    [row] = outbox.newest()
    assert (row.due_at, row.error) == (None, "the channel is configured no more")


def test_a_disk_that_runs_full_is_told_once_and_so_is_its_recovery(
    tmp_path: Path, database: Database, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = CommandChannel(kind="command", argv=["true"], on=["trouble"])
    settings = Settings(root=tmp_path, notify={"ops": channel}, low_disk_mb=1000)
    settings.spool_dir.mkdir()
    free_mb = 900

    class Usage:
        @property
        def free(self) -> int:
            return free_mb * MB

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage())
    notifier = Notifier(settings, quiet_registry(tmp_path), database, clock=clock)
    assert notifier.tick() == 1
    assert notifier.tick() == 0
    # A daemon that starts meanwhile does not tell it again.
    again = Notifier(settings, quiet_registry(tmp_path), database, clock=clock)
    assert again.tick() == 0
    free_mb = 5000
    assert again.tick() == 1
    titles = [row.title for row in reversed(again.outbox.newest())]
    assert titles == ["disk: trouble", "disk: all is well again"]


def test_old_notices_are_forgotten_once_they_are_settled(database: Database, clock: Any) -> None:
    outbox = Outbox(database)
    outbox.record({"ops": [one_entry("a"), one_entry("b")]}, 1)
    [first, _] = outbox.due("ops")
    outbox.delivered(first.id)
    clock.pass_s(10)
    assert outbox.prune(clock.now_s) == 1
    assert outbox.pending() == {"ops": 1}


def test_an_event_whose_transaction_commits_late_is_still_told(
    database: Database, hand: Farmhand
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    from sqlalchemy import insert

    from farm.ledger.schema import events

    row = {
        "at": time.time(),
        "entity": "farm",
        "target": "trouble",
        "reason": "it is full",
        "actor": "test",
    }
    feed = EventFeed(database)
    with database.engine.connect() as slow:
        with slow.begin():
            slow.execute(insert(events).values(entity_id="slow", **row))
            with database.engine.begin() as fast:
                fast.execute(insert(events).values(entity_id="fast", **row))
            assert [event.entity_id for event in feed.next()] == ["fast"]
            before = feed.position
    assert [event.entity_id for event in feed.next()] == ["slow"]
    assert feed.position == before + 2
    assert feed.next() == []


def test_after_an_upgrade_only_what_is_new_is_told(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import insert

    from farm.ledger import upgrade as upgrading
    from farm.ledger.schema import events

    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    config = Config()
    config.set_main_option("script_location", str(upgrading._MIGRATIONS))
    event = {"at": 1.0, "target": "lost", "reason": "silent", "actor": "scheduler"}
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(insert(events).values(entity="node", entity_id="old", **event))
    assert upgrading.upgrade(database)
    position = Outbox(database).position()
    with database.engine.begin() as connection:
        connection.execute(insert(events).values(entity="node", entity_id="new", **event))
    told = notices(EventFeed(database, position).next(), Outbox(database), "farm")
    assert [entry.body["subject"]["id"] for entry in told] == ["new"]
    database.close()
