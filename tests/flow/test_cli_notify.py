"""``farm notify`` on a real ledger: what the channels were told, and trying it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from farm.cli.outcomes import REFUSED, UNKNOWN
from farm.cli.start import run
from farm.ledger.database import Database
from farm.ledger.outbox import Entry, Outbox
from farm.ledger.upgrade import upgrade
from farm.notify.delivery import TRIES, Delivery

Farm = Callable[..., tuple[int, str, str]]


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outbox]:
    """The outbox of a farm with a channel "ops", in the folder that the command works on."""
    monkeypatch.setenv("FARM_ROOT", str(tmp_path))
    (tmp_path / "farm.toml").write_text('[notify.ops]\nkind = "command"\nargv = ["true"]\n')
    database = Database(f"sqlite:///{tmp_path / 'spool' / 'ledger.sqlite3'}")
    upgrade(database)
    yield Outbox(database)
    database.close()


@pytest.fixture
def farm(capsys: pytest.CaptureFixture[str]) -> Farm:
    """Run one command line; returns exit code, standard output and standard error."""

    def act(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        return code, *capsys.readouterr()

    return act


def note(outbox: Outbox, number: int, channel: str = "ops") -> int:
    """One thing to tell; returns its id."""
    key = f"done/job{number}/{number}"
    body = {"id": key, "title": f"job #{number} is done", "correlation": f"s{number}"}
    outbox.record({channel: [Entry(key, "done", f"job{number}", body)]}, number)
    return outbox.newest(1)[0].id


def nobody_there(_body: Any) -> None:
    raise OSError("nobody is there")


def give_up(outbox: Outbox) -> None:
    """Let every try of the channel fail, without the pauses."""
    delivery = Delivery("ops", nobody_there, outbox)
    for _ in range(TRIES):
        delivery.tick()
        waiting = [entry.id for entry in outbox.newest() if entry.due_at is not None]
        if waiting:
            outbox.retry(waiting, channels={"ops"})


def test_deliveries_are_listed_with_state_tries_last_error_and_next_try(
    outbox: Outbox, farm: Farm
) -> None:
    note(outbox, 1)
    Delivery("ops", lambda _: None, outbox).tick()
    note(outbox, 2)
    Delivery("ops", nobody_there, outbox).tick()
    note(outbox, 3)
    third, second, first = json.loads(farm("notify", "ls", "--json")[1])
    assert (first["state"], first["tries"], first["error"]) == ("delivered", 1, None)
    assert (second["state"], second["tries"]) == ("retrying", 1)
    assert second["error"] == "nobody is there"
    assert second["due_at"] == pytest.approx(outbox.database.clock() + 5, abs=3)
    assert (third["state"], third["tries"]) == ("waiting", 0)
    text = farm("notify", "ls", "--open")[1]
    assert "job #2 is done" in text
    assert "retrying" in text
    assert "nobody is there" in text
    assert "job #1" not in text
    assert json.loads(farm("notify", "ls", "--channel", "other", "--json")[1]) == []


def test_what_was_given_up_is_tried_again_with_all_its_tries(outbox: Outbox, farm: Farm) -> None:
    id = note(outbox, 1)
    give_up(outbox)
    assert [entry.state for entry in outbox.newest()] == ["given-up"]
    assert json.loads(farm("notify", "retry", "--json")[1]) == {"again": [id]}
    told: list[Any] = []
    [entry] = outbox.newest()
    assert (entry.state, entry.tries) == ("waiting", 0)
    Delivery("ops", told.append, outbox).tick()
    assert [body["title"] for body in told] == ["job #1 is done"]
    assert farm("notify", "retry")[1] == "No notification was given up.\n"


def test_one_that_waits_is_tried_at_once_and_keeps_its_count(outbox: Outbox, farm: Farm) -> None:
    id = note(outbox, 1)
    Delivery("ops", nobody_there, outbox).tick()
    assert outbox.due("ops") == []
    assert farm("notify", "retry", str(id))[1] == "1 notification is tried again.\n"
    assert [(due.id, due.tries) for due in outbox.due("ops")] == [(id, 1)]


def test_a_retry_that_can_bring_nothing_is_refused(outbox: Outbox, farm: Farm) -> None:
    delivered, gone = note(outbox, 1), note(outbox, 2, channel="old")
    Delivery("ops", lambda _: None, outbox).tick()
    assert farm("notify", "retry", "99")[0] == UNKNOWN
    code, _, err = farm("notify", "retry", str(delivered))
    assert (code, "it was delivered" in err) == (REFUSED, True)
    outbox.drop_channels(["ops"])
    code, _, err = farm("notify", "retry", str(gone))
    assert (code, "[notify.old]" in err) == (REFUSED, True)
    assert json.loads(farm("notify", "retry", "--json")[1]) == {"again": []}
