"""The publisher is stopped between any two of its steps: exactly one finished folder each time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from little_farm import LittleFarm, every_crash, read_json, write_film

from farm.domain.states import JobState, SubmissionState
from farm.ledger.jobs import Jobs


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], LittleFarm]:
    made: list[LittleFarm] = []

    def make() -> LittleFarm:
        made.append(LittleFarm(tmp_path / str(len(made))))
        return made[-1]

    return make


def crashes_of(
    fresh: Callable[[], LittleFarm],
    prepare: Callable[[LittleFarm], None],
    check: Callable[[LittleFarm], None],
) -> int:
    """Publish with a crash at each step in turn; recover, check; returns how many crashes."""
    farm = prepared = fresh()
    prepare(prepared)

    def act() -> None:
        nonlocal farm
        farm = prepared
        publisher = farm.publisher()
        publisher.tick()
        publisher.tick()

    crashes = 0
    for _ in every_crash(act):
        crashes += 1
        prepared = fresh()
        prepare(prepared)
        farm.intake()
        again = farm.publisher()
        again.tick()
        again.tick()
        check(farm)
        farm.database.close()
    check(farm)
    return crashes


def test_a_drop_folders_job_is_published_exactly_once(
    fresh: Callable[[], LittleFarm], film: Path
) -> None:
    def prepare(farm: LittleFarm) -> None:
        (farm.echo / "dusk.txt").write_text("a red fox")
        farm.settle(farm.intake())
        farm.finish_work(farm.jobs()[0].id, film)

    def check(farm: LittleFarm) -> None:
        (job,) = farm.jobs()
        (folder,) = (farm.echo / "_done").glob("*/*")
        assert (job.state, job.published) == (JobState.DONE, str(folder))
        assert len(list(folder.iterdir())) == 7
        (original,) = farm.originals(farm.echo, "dusk.txt")
        assert original == folder / "source" / "dusk.txt"
        assert list((farm.echo / "_claimed").iterdir()) == []
        assert farm.submissions()[0].state is SubmissionState.DONE

    assert crashes_of(fresh, prepare, check) >= 7


def test_a_queued_job_is_published_exactly_once(
    fresh: Callable[[], LittleFarm], film: Path
) -> None:
    def prepare(farm: LittleFarm) -> None:
        intake = farm.intake()
        (farm.inbox / "dusk.yaml").write_text("farm: 1\npipeline: echo\nprompt: a red fox\n")
        farm.settle(intake)
        farm.finish_work(farm.jobs()[0].id, film)

    def check(farm: LittleFarm) -> None:
        (job,) = farm.jobs()
        (receipt,) = (farm.root / "spool" / "outputs").rglob("receipt.json")
        assert str(receipt.parent) == job.published
        assert job.state is JobState.DONE
        answer = read_json(farm.inbox.parent / "accepted" / "dusk.yaml.receipt.json")
        assert (answer["state"], answer["outputs"]) == ("done", job.published)
        (original,) = farm.originals(farm.inbox.parent, "dusk.yaml")
        assert original == farm.inbox.parent / "accepted" / "dusk.yaml"
        assert list((farm.root / "spool" / "outputs").glob("*/.*")) == []

    assert crashes_of(fresh, prepare, check) >= 7


def test_a_retried_job_is_published_exactly_once_with_its_originals(
    fresh: Callable[[], LittleFarm], film: Path
) -> None:
    def prepare(farm: LittleFarm) -> None:
        (farm.echo / "dusk.txt").write_text("a red fox")
        farm.settle(farm.intake())
        (job,) = farm.jobs()
        Jobs(farm.database).cancel(job.id, actor="ann")
        farm.publisher().tick()
        Jobs(farm.database).retry(job.id, actor="ann")
        farm.finish_work(job.id, film)

    def check(farm: LittleFarm) -> None:
        (folder,) = (farm.echo / "_done").glob("*/*")
        (original,) = farm.originals(farm.echo, "dusk.txt")
        assert original == folder / "source" / "dusk.txt"
        assert [path.name for path in (folder / "source").iterdir()] == ["dusk.txt"]
        assert list((farm.echo / "_rejected").iterdir()) == []

    assert crashes_of(fresh, prepare, check) >= 7


def test_a_cancelled_jobs_originals_come_back_exactly_once(
    fresh: Callable[[], LittleFarm],
) -> None:
    def prepare(farm: LittleFarm) -> None:
        (farm.echo / "dusk.txt").write_text("a red fox")
        farm.settle(farm.intake())
        Jobs(farm.database).cancel(farm.jobs()[0].id, actor="ann")

    def check(farm: LittleFarm) -> None:
        (original,) = farm.originals(farm.echo, "dusk.txt")
        assert original == farm.echo / "_rejected" / "dusk.txt" / "dusk.txt"
        assert "cancelled by ann" in (original.parent / "error.txt").read_text()
        assert farm.submissions()[0].state is SubmissionState.REJECTED
        assert list((farm.echo / "_claimed").iterdir()) == []

    assert crashes_of(fresh, prepare, check) >= 7


@pytest.mark.parametrize("moment", ["before the copy", "before the rename", "after the rename"])
@pytest.mark.parametrize("door", ["folder", "queue"])
def test_a_job_cancelled_while_it_is_published_is_cancelled_and_not_published(
    fresh: Callable[[], LittleFarm],
    film: Path,
    moment: str,
    door: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Moves: publishing -> cancelling -> cancelled, and the folder is taken back."""
    farm = fresh()
    intake = farm.intake()
    if door == "folder":
        (farm.echo / "dusk.txt").write_text("a red fox")
    else:
        (farm.inbox / "dusk.txt.yaml").write_text("farm: 1\npipeline: echo\nprompt: a red fox\n")
    farm.settle(intake)
    (job,) = farm.jobs()
    farm.finish_work(job.id, film)

    def cancel() -> None:
        Jobs(farm.database).cancel(job.id, actor="ann")

    fetch, rename = farm.store.fetch, os.rename

    def fetch_then(*args: Any) -> Path:
        cancel()
        return fetch(*args)

    def rename_then(source: Any, target: Any, **more: Any) -> None:
        if moment == "before the rename" and Path(target).name.startswith("dusk"):
            cancel()
        rename(source, target, **more)
        if moment == "after the rename" and Path(target).name.startswith("dusk"):
            cancel()

    if moment == "before the copy":
        monkeypatch.setattr(farm.store, "fetch", fetch_then)
    else:
        monkeypatch.setattr(os, "rename", rename_then)
    publisher = farm.publisher()
    publisher.tick()
    publisher.tick()
    assert farm.jobs()[0].state is JobState.CANCELLED
    assert farm.submissions()[0].state is SubmissionState.REJECTED
    assert list(farm.root.rglob("receipt.json")) == []
    if door == "folder":
        assert (farm.echo / "_rejected" / "dusk.txt" / "dusk.txt").exists()
    else:
        assert (farm.inbox.parent / "rejected" / "dusk.txt.yaml").exists()
