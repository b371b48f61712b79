"""Intake is stopped between any two of its steps and started again: one job, no file lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from little_farm import LittleFarm, every_crash, read_json, write_film, write_png

from farm.domain.states import SubmissionState

ENDED = {SubmissionState.ACCEPTED, SubmissionState.REJECTED, SubmissionState.DUPLICATE}


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], LittleFarm]:
    """A new farm for each crash."""
    made: list[LittleFarm] = []

    def make() -> LittleFarm:
        made.append(LittleFarm(tmp_path / str(len(made))))
        return made[-1]

    return make


def after_every_crash(
    fresh: Callable[[], LittleFarm],
    drop: Callable[[LittleFarm], None],
    check: Callable[[LittleFarm], None],
    *,
    at_least: int,
) -> None:
    farm = prepared = fresh()
    drop(prepared)
    intake = prepared.intake()

    def act() -> None:
        nonlocal farm
        farm = prepared
        farm.settle(intake)

    crashes = 0
    for _ in every_crash(act):
        crashes += 1
        prepared = fresh()
        drop(prepared)
        intake = prepared.intake()
        again = farm.intake()
        farm.settle(again)
        farm.settle(again)
        check(farm)
        farm.database.close()
    farm.settle(intake)
    check(farm)
    assert crashes >= at_least


def test_a_prompt_is_taken_exactly_once(fresh: Callable[[], LittleFarm]) -> None:
    def drop(farm: LittleFarm) -> None:
        (farm.echo / "dusk.txt").write_text("a red fox")

    def check(farm: LittleFarm) -> None:
        (job,) = farm.jobs()
        (row,) = farm.submissions()
        assert (row.state, row.job_id) == (SubmissionState.ACCEPTED, job.id)
        (original,) = farm.originals(farm.echo, "dusk.txt")
        assert original.read_text() == "a red fox"
        assert original == Path(row.location)
        assert [folder.name for folder in (farm.echo / "_claimed").iterdir()] == [row.id]

    after_every_crash(fresh, drop, check, at_least=7)


def test_a_set_is_taken_exactly_once(fresh: Callable[[], LittleFarm]) -> None:
    def drop(farm: LittleFarm) -> None:
        folder = farm.portrait / "hero"
        folder.mkdir()
        write_png(folder / "character.png")
        write_film(folder / "motion.mp4")

    def check(farm: LittleFarm) -> None:
        (row,) = farm.submissions()
        assert len(farm.jobs()) == 1
        assert row.state is SubmissionState.ACCEPTED
        assert len(farm.originals(farm.portrait, "character.png")) == 1
        assert len(farm.originals(farm.portrait, "motion.mp4")) == 1

    after_every_crash(fresh, drop, check, at_least=7)


def test_what_cannot_be_accepted_is_given_back_exactly_once(
    fresh: Callable[[], LittleFarm],
) -> None:
    def drop(farm: LittleFarm) -> None:
        (farm.echo / "dusk.yaml").write_text("farm: 1\nprompt: a fox\nparams: {size: 99}\n")

    def check(farm: LittleFarm) -> None:
        assert farm.jobs() == []
        (row,) = farm.submissions()
        assert row.state is SubmissionState.REJECTED
        (original,) = farm.originals(farm.echo, "dusk.yaml")
        assert original == farm.echo / "_rejected" / "dusk.yaml" / "dusk.yaml"
        assert "99" in (original.parent / "error.txt").read_text()
        assert list((farm.echo / "_claimed").iterdir()) == []

    after_every_crash(fresh, drop, check, at_least=7)


def test_a_set_that_is_refused_is_given_back_exactly_once(
    fresh: Callable[[], LittleFarm],
) -> None:
    def drop(farm: LittleFarm) -> None:
        folder = farm.portrait / "hero"
        folder.mkdir()
        (folder / "hero").write_text("a file called like its folder")
        (folder / "error.txt").write_text("the submitter's own")

    def check(farm: LittleFarm) -> None:
        assert farm.jobs() == []
        (folder,) = (farm.portrait / "_rejected").iterdir()
        assert (folder / "hero").read_text() == "a file called like its folder"
        assert (folder / "error.txt").read_text() == "the submitter's own"
        assert read_json(folder / "error.json")["error"]["code"] == "set.unknown-file"
        assert farm.submissions()[0].location == str(folder)

    after_every_crash(fresh, drop, check, at_least=7)


def test_a_duplicate_is_put_aside_exactly_once(fresh: Callable[[], LittleFarm]) -> None:
    def drop(farm: LittleFarm) -> None:
        (farm.echo / "first.txt").write_text("a red fox")
        farm.settle(farm.intake())
        farm.pass_s(1)
        (farm.echo / "second.txt").write_text("a red fox")

    def check(farm: LittleFarm) -> None:
        assert len(farm.jobs()) == 1
        assert [row.state for row in farm.submissions()] == [
            SubmissionState.ACCEPTED,
            SubmissionState.DUPLICATE,
        ]
        (original,) = farm.originals(farm.echo, "second.txt")
        assert original.parent == farm.echo / "_duplicates" / "second"
        assert (original.parent / "duplicate-of.txt").exists()

    after_every_crash(fresh, drop, check, at_least=7)


def test_a_manifest_of_the_queue_is_answered_exactly_once(
    fresh: Callable[[], LittleFarm],
) -> None:
    def drop(farm: LittleFarm) -> None:
        farm.intake()
        (farm.inbox / "dusk.yaml").write_text("farm: 1\npipeline: echo\nprompt: a red fox\n")

    def check(farm: LittleFarm) -> None:
        (job,) = farm.jobs()
        receipts = list((farm.inbox.parent / "accepted").iterdir())
        assert [path.name for path in receipts] == ["dusk.yaml.receipt.json"]
        assert read_json(receipts[0])["job"] == job.id
        assert len(farm.originals(farm.inbox, "dusk.yaml")) == 1

    after_every_crash(fresh, drop, check, at_least=7)


def test_a_refused_manifest_of_the_queue_is_answered_exactly_once(
    fresh: Callable[[], LittleFarm],
) -> None:
    def drop(farm: LittleFarm) -> None:
        farm.intake()
        (farm.inbox / "dusk.json").write_text('{"farm": 1, "pipeline": "ecko", "prompt": "x"}')

    def check(farm: LittleFarm) -> None:
        rejected = farm.inbox.parent / "rejected"
        assert {path.name for path in rejected.iterdir()} == {"dusk.json", "dusk.json.error.json"}
        error = read_json(rejected / "dusk.json.error.json")["error"]
        assert error["code"] == "pipeline.unknown"
        assert 'Did you mean "echo"' in error["mend"]
        assert list((farm.inbox.parent / "accepted").iterdir()) == []

    after_every_crash(fresh, drop, check, at_least=7)


def test_a_name_that_cannot_be_written_down_is_given_back_exactly_once(
    fresh: Callable[[], LittleFarm],
) -> None:
    def drop(farm: LittleFarm) -> None:
        (farm.echo / os.fsdecode(b"caf\xe9.txt")).write_text("a red fox")

    def check(farm: LittleFarm) -> None:
        (folder,) = (farm.echo / "_rejected").iterdir()
        assert len(list(folder.iterdir())) == 3

    after_every_crash(fresh, drop, check, at_least=4)


def test_a_file_that_changes_while_it_is_claimed_is_not_lost(
    fresh: Callable[[], LittleFarm], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moves: claiming is forgotten when the entry goes back."""

    def drop(farm: LittleFarm) -> None:
        (farm.echo / "dusk.txt").write_text("a red")

    def check(farm: LittleFarm) -> None:
        (job,) = farm.jobs()
        text = job.manifest["inputs"]["prompt"]["text"]
        assert text in ("a red", "a red fox")
        (original,) = farm.originals(farm.echo, "dusk.txt")
        assert original.read_text() == text

    rename = os.rename

    def write_on(source: Any, target: Any, **more: Any) -> None:
        path = Path(source)
        if path.name == "dusk.txt" and path.read_text() == "a red":
            path.write_text("a red fox")
        rename(source, target, **more)

    monkeypatch.setattr(os, "rename", write_on)
    after_every_crash(fresh, drop, check, at_least=7)
