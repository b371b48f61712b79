"""A store over its quota: what arrives waits and says so, and nothing is lost."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from little_farm import LittleFarm, read_json, write_film
from sqlalchemy import insert, select, update

from farm.config import Settings
from farm.doctor import _disk
from farm.domain.errors import ErrorClass, StoreFull
from farm.ledger.database import Database
from farm.ledger.schema import artifacts, events, shapes
from farm.ledger.upgrade import upgrade
from farm.ledger.views_reasons import Reasons

QUOTA_MB = 1
SAID = (
    "over quota: the store holds 2 MB, more than quota_mb = 1; run `farm gc`, lower `keep_days` "
    "or raise the quota"
)


@pytest.fixture
def farm(tmp_path: Path) -> LittleFarm:
    """A farm with two jobs, whose inputs together are larger than the quota."""
    farm = LittleFarm(tmp_path, quota_mb=QUOTA_MB)
    for name in ("fox", "owl"):
        (farm.echo / f"{name}.txt").write_text(f"a red {name} " * 60_000)
    farm.settle(farm.intake())
    assert [job.name for job in farm.jobs()] == ["fox", "owl"]
    return farm


def test_over_the_quota_what_arrives_waits_until_the_quota_is_raised(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()
    farm.settle(intake)
    assert len(farm.jobs()) == 2
    assert (farm.echo / "dusk.txt").read_text() == "a red fox"
    status = read_json(farm.echo / "_status" / "dusk.txt.json")
    assert (status["state"], status["waits_for"]) == ("waiting", [SAID])
    assert intake.complaints()["store"] == SAID
    farm.settings = farm.settings.model_copy(update={"quota_mb": 5})
    later = farm.intake()
    farm.settle(later)
    assert [job.name for job in farm.jobs()] == ["fox", "owl", "dusk"]
    assert later.complaints() == {}
    assert not (farm.echo / "_status" / "dusk.txt.json").exists()


def test_over_the_quota_nothing_is_submitted_by_hand_and_the_refusal_says_how_to_mend_it(
    farm: LittleFarm,
) -> None:
    with pytest.raises(StoreFull, match="nothing new is accepted; got over quota") as caught:
        farm.intake().submit({"pipeline": "echo", "prompt": "x"})
    assert SAID in str(caught.value)
    assert caught.value.error_class is ErrorClass.DISK
    assert len(farm.jobs()) == 2


def test_the_doctor_finds_a_store_that_is_over_its_quota(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, quota_mb=QUOTA_MB, low_disk_mb=0)
    settings.spool_dir.mkdir()
    with closing(Database(settings.database_url)) as database:
        upgrade(database)
        row = {"hash": "0" * 64, "kind": "text", "suffix": "", "facts": {}, "missing": False}
        with database.engine.begin() as connection:
            connection.execute(insert(artifacts).values(**row, size_bytes=1_200_000, created_at=0))
    (check,) = _disk(settings)
    assert (check.status, check.mend) == ("fail", SAID)
    (check,) = _disk(settings.model_copy(update={"quota_mb": 2}))
    assert check.status == "ok"


def test_outputs_that_cannot_be_published_say_why_and_are_published_later(
    farm: LittleFarm,
) -> None:
    job = farm.jobs()[0]
    farm.finish_work(job.id, write_film(farm.root / "film.mp4"))
    (farm.echo / "_done").write_text("in the way")
    publisher = farm.publisher()
    for _ in range(3):
        publisher.tick()
        farm.pass_s(60)
    why = Reasons(farm.database).job(job.id)
    assert why.kind == "publishing"
    assert "cannot be published yet" in why.reason and "_done" in why.reason
    with farm.database.read() as connection:
        told = connection.execute(select(events).where(events.c.target == "waits")).all()
    assert len(told) == 1
    (farm.echo / "_done").unlink()
    publisher.tick()
    assert farm.jobs()[0].state.value == "done"
    assert len(list(farm.echo.glob("_done/*/*/note.txt"))) == 1


def test_a_job_that_cannot_begin_says_why_in_its_folder_and_takes_it_back(
    farm: LittleFarm,
) -> None:
    publisher = farm.publisher()
    row = farm.submissions()[0]
    status = farm.echo / "_claimed" / row.id / "status.json"

    def told(reason: str | None) -> object:
        with farm.database.engine.begin() as connection:
            connection.execute(update(shapes).values(reason=reason))
        farm.pass_s(2)
        publisher.tick()
        return read_json(status).get("waits_for")

    assert told(SAID) == [SAID]
    assert read_json(status)["state"] == "queued"
    assert told(None) == []
