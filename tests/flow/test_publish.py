"""Finished folders: what is in them, where they appear, and who is told."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from little_farm import LittleFarm, read_json, write_film
from loopback_web import Web
from sqlalchemy import insert, select

from farm.domain.states import AttemptState, JobState, SubmissionState
from farm.ledger.jobs import Jobs
from farm.ledger.previews import Previews
from farm.ledger.schema import attempts, tasks
from farm.notify.signing import is_genuine
from farm.publish.stamping import stamp


@pytest.fixture
def farm(tmp_path: Path) -> LittleFarm:
    return LittleFarm(tmp_path)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "made.mp4")


def accept(farm: LittleFarm, name: str = "dusk.txt", text: str = "a red fox") -> str:
    (farm.echo / name).write_text(text)
    farm.settle(farm.intake())
    return str(farm.jobs()[-1].id)


def test_a_finished_job_leaves_one_folder_with_outputs_records_and_originals(
    farm: LittleFarm, film: Path
) -> None:
    job_id = accept(farm)
    farm.finish_work(job_id, film)
    publisher = farm.publisher()
    publisher.tick()
    (folder,) = (farm.echo / "_done").glob("*/*")
    assert folder.name == "dusk"
    assert sorted(path.name for path in folder.iterdir()) == [
        "SHA256SUMS",
        "debug_metadata.json",
        "film.mp4",
        "job_manifest.json",
        "note.txt",
        "receipt.json",
        "source",
    ]
    assert (folder / "source" / "dusk.txt").read_text() == "a red fox"
    receipt = read_json(folder / "receipt.json")
    assert (receipt["job"], receipt["state"], receipt["folder"]) == (job_id, "done", str(folder))
    for record in receipt["outputs"]:
        data = (folder / record["file"]).read_bytes()
        assert record["sha256"] == hashlib.sha256(data).hexdigest()
        assert record["size_bytes"] == len(data)
    (job,), (row,) = farm.jobs(), farm.submissions()
    assert (job.state, job.published) == (JobState.DONE, str(folder))
    assert (row.state, row.location) == (SubmissionState.DONE, str(folder))
    debug = read_json(folder / "debug_metadata.json")
    assert [stage["name"] for stage in debug["stages"]] == ["echo"]
    assert any(event["target"] == "queued" for event in debug["events"])
    assert list((farm.echo / "_claimed").iterdir()) == []


def test_outputs_are_copies_that_do_not_share_bytes_with_the_store(
    farm: LittleFarm, film: Path
) -> None:
    job_id = accept(farm)
    farm.finish_work(job_id, film)
    farm.publisher().tick()
    (note,) = (farm.echo / "_done").glob("*/*/note.txt")
    digest = read_json(note.parent / "receipt.json")["outputs"][0]["artifact"]
    assert note.stat().st_nlink == 1
    note.write_text("scribbled over")
    assert farm.store.verify(digest) > 0


def test_the_film_carries_its_provenance_and_nothing_else_changed(
    farm: LittleFarm, film: Path
) -> None:
    import av

    job_id = accept(farm)
    farm.finish_work(job_id, film)
    farm.publisher().tick()
    (published,) = (farm.echo / "_done").glob("*/*/film.mp4")
    (job,) = farm.jobs()
    with av.open(str(published)) as after, av.open(str(film)) as before:
        assert after.metadata["farm:job_content"] == job.content_key
        assert job.pipeline in after.metadata["comment"]
        assert job_id not in str(after.metadata)
        for kind in ("video", "audio"):
            new, old = getattr(after.streams, kind)[0], getattr(before.streams, kind)[0]
            assert new.codec_context.name == old.codec_context.name
    assert decoded(published) == decoded(film)
    data = published.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def decoded(path: Path) -> list[tuple[str, float, str]]:
    """Kind, time and pixel or sample hash of every frame."""
    import av

    with av.open(str(path)) as container:
        return [
            (
                type(frame).__name__,
                float(frame.time or 0),
                hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest(),
            )
            for frame in container.decode(*container.streams.video, *container.streams.audio)
        ]


def test_stamping_twice_gives_the_same_bytes(tmp_path: Path, film: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        stamp(film, tmp_path / name, {"comment": "farm echo@1 seed 4", "farm:seed": "4"})
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_film_that_cannot_be_stamped_is_published_as_it_is(
    farm: LittleFarm, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a film at all" * 20)
    job_id = accept(farm)
    farm.finish_work(job_id, broken)
    farm.publisher().tick()
    (published,) = (farm.echo / "_done").glob("*/*/film.mp4")
    assert published.read_bytes() == broken.read_bytes()
    notes = read_json(published.parent / "debug_metadata.json")["notes"]
    assert "film.mp4 carries no provenance" in notes[0]


def test_the_job_manifest_dropped_back_makes_the_same_job_and_the_same_bytes(
    farm: LittleFarm, film: Path
) -> None:
    first = accept(farm)
    farm.finish_work(first, film)
    farm.publisher().tick()
    (folder,) = (farm.echo / "_done").glob("*/*")
    shutil.copy(folder / "job_manifest.json", farm.echo / "job_manifest.json")
    intake = farm.intake()
    farm.settle(intake)
    before, after = farm.jobs()
    assert after.content_key == before.content_key
    assert after.manifest["inputs"]["prompt"]["text"] == "a red fox"
    farm.finish_work(after.id, film)
    farm.publisher().tick()
    replayed = Path(farm.jobs()[1].published)
    assert (replayed / "film.mp4").read_bytes() == (folder / "film.mp4").read_bytes()
    shutil.copy(folder / "job_manifest.json", farm.inbox / "again.json")
    farm.settle(intake)
    assert len(farm.jobs()) == 3


def test_the_job_manifest_records_what_happened(farm: LittleFarm, film: Path) -> None:
    job_id = accept(farm)
    farm.finish_work(job_id, film)
    farm.publisher().tick()
    (path,) = (farm.echo / "_done").glob("*/*/job_manifest.json")
    manifest = read_json(path)
    record = manifest["record"]
    assert (manifest["farm"], manifest["pipeline"]) == (1, "echo@1")
    assert record["job"] == job_id
    assert record["inputs"]["prompt"][0]["hash"] == manifest["inputs"]["prompt"]["sha256"]
    assert set(record) >= {"plugins", "pipeline_hash", "seeds", "timings", "nodes", "attempts"}


def test_jobs_without_a_folder_are_published_under_outputs_and_the_queue_is_told(
    farm: LittleFarm, film: Path
) -> None:
    intake = farm.intake()
    (farm.inbox / "dusk.yaml").write_text(
        "farm: 1\npipeline: echo\nprompt: a red fox\nname: dusk/dawn\n"
    )
    farm.settle(intake)
    cli = intake.submit({"pipeline": "echo", "prompt": "a blue fox", "output": "films/blue"})
    for job in farm.jobs():
        farm.finish_work(job.id, film)
    farm.publisher().tick()
    queued, submitted = (Path(job.published) for job in farm.jobs())
    outputs = farm.root / "spool" / "outputs"
    assert queued.relative_to(outputs).parts[1:] == ("dusk_dawn",)
    assert submitted == outputs / "films" / "blue"
    assert read_json(submitted / "receipt.json")["job"] == cli.job_id
    accepted = farm.inbox.parent / "accepted"
    receipt = read_json(accepted / "dusk.yaml.receipt.json")
    assert (receipt["state"], receipt["outputs"]) == ("done", str(queued))
    assert (accepted / "dusk.yaml").exists()
    assert [path.name for path in outputs.rglob(".*")] == []
    assert list((farm.inbox / "_claimed").iterdir()) == []


def test_a_failed_manifest_of_the_queue_is_answered_in_rejected(farm: LittleFarm) -> None:
    intake = farm.intake()
    (farm.inbox / "dusk.yaml").write_text("farm: 1\npipeline: echo\nprompt: a red fox\n")
    farm.settle(intake)
    (job,) = farm.jobs()
    Jobs(farm.database).cancel(job.id, actor="ann")
    farm.publisher().tick()
    queue = farm.inbox.parent
    error = read_json(queue / "rejected" / "dusk.yaml.error.json")
    assert (error["job"], error["state"]) == (job.id, "cancelled")
    assert (queue / "rejected" / "dusk.yaml").exists()
    assert read_json(queue / "accepted" / "dusk.yaml.receipt.json")["state"] == "cancelled"


def test_progress_is_told_in_the_claimed_folder_while_the_job_runs(farm: LittleFarm) -> None:
    job_id = accept(farm)
    farm.start(job_id)
    publisher = farm.publisher()
    publisher.tick()
    (row,) = farm.submissions()
    status = read_json(farm.echo / "_claimed" / row.id / "status.json")
    assert (status["job"], status["state"], status["stage"]) == (job_id, "running", "echo")
    assert status["percent"] == 0.0


def test_the_newest_preview_lies_in_the_claimed_folder_while_the_job_runs(
    farm: LittleFarm, film: Path
) -> None:
    job_id = accept(farm)
    farm.start(job_id)
    with farm.database.engine.begin() as connection:
        [task] = connection.execute(select(tasks.c.id).where(tasks.c.job_id == job_id)).scalars()
        running = {"state": AttemptState.RUNNING, "node": "n1", "slot": "cpu0", "incarnation": "i"}
        running |= {"task_id": task, "number": 1, "job_id": job_id, "fence": 1, "lease": 0}
        connection.execute(insert(attempts).values(**running, progress=0.5, sent_at=0.0))
    previews = Previews(farm.database)
    claimed = farm.echo / "_claimed" / farm.submissions()[0].id
    for picture, name in ((b"\x89PNG\r\n\x1a\n1", "png"), (b"\xff\xd8\xff2", "jpg")):
        previews.put({(task, 1): picture})
        # A publisher that starts anew finds what there is.
        farm.publisher().tick()
        shown = [path for path in claimed.iterdir() if path.stem == "preview"]
        assert [(path.name, path.read_bytes()) for path in shown] == [(f"preview.{name}", picture)]
    farm.finish_work(job_id, film)
    farm.publisher().tick()
    assert not claimed.exists()
    published = Path(farm.jobs()[0].published)
    assert list(published.rglob("preview.*")) == []


def test_a_retried_job_takes_its_originals_back_out_of_rejected(
    farm: LittleFarm, film: Path
) -> None:
    job_id = accept(farm)
    Jobs(farm.database).cancel(job_id, actor="ann")
    publisher = farm.publisher()
    publisher.tick()
    assert (farm.echo / "_rejected" / "dusk.txt" / "dusk.txt").exists()
    Jobs(farm.database).retry(job_id, actor="ann")
    farm.finish_work(job_id, film)
    publisher.tick()
    folder = Path(farm.jobs()[0].published)
    assert [p.name for p in (folder / "source").iterdir()] == ["dusk.txt"]
    assert list((farm.echo / "_rejected").iterdir()) == []
    assert farm.submissions()[0].state is SubmissionState.DONE


def test_a_retried_job_is_published_without_originals_that_were_taken_away(
    farm: LittleFarm, film: Path
) -> None:
    job_id = accept(farm)
    Jobs(farm.database).cancel(job_id, actor="ann")
    publisher = farm.publisher()
    publisher.tick()
    shutil.rmtree(farm.echo / "_rejected" / "dusk.txt")
    Jobs(farm.database).retry(job_id, actor="ann")
    farm.finish_work(job_id, film)
    publisher.tick()
    folder = Path(farm.jobs()[0].published)
    assert (folder / "film.mp4").exists()
    assert not (folder / "source").exists()


def test_a_job_that_fails_again_stays_returned_with_the_newer_reason(farm: LittleFarm) -> None:
    job_id = accept(farm)
    publisher = farm.publisher()
    for reason in ("the first", "the second"):
        Jobs(farm.database).cancel(job_id, actor="ann", reason=reason)
        publisher.tick()
        error = (farm.echo / "_rejected" / "dusk.txt" / "error.txt").read_text()
        assert reason in error
        if reason == "the first":
            Jobs(farm.database).retry(job_id, actor="ann")
    assert [p.name for p in (farm.echo / "_rejected").iterdir()] == ["dusk.txt"]


def test_an_output_that_the_store_lost_fails_the_job_with_a_reason(
    farm: LittleFarm, film: Path
) -> None:
    job_id = accept(farm)
    farm.finish_work(job_id, film)
    farm.store.delete(farm.store.put(film)[0])
    publisher = farm.publisher()
    publisher.tick()
    publisher.tick()
    (job,) = farm.jobs()
    assert job.state is JobState.FAILED
    assert "no longer has this artifact" in job.error["what"]
    assert (farm.echo / "_rejected" / "dusk.txt" / "dusk.txt").exists()


def test_a_job_that_cannot_be_published_now_does_not_hold_up_the_others(
    farm: LittleFarm, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = accept(farm)
    second = accept(farm, "dawn.txt", "a blue fox")
    for job_id in (first, second):
        farm.finish_work(job_id, film)
    fetch = farm.store.fetch
    stumbled = False

    def stumble_once(hash: str, suffix: str = "") -> Path:
        nonlocal stumbled
        if not stumbled:
            stumbled = True
            raise OSError(28, "No space left on device")
        return fetch(hash, suffix)

    monkeypatch.setattr(farm.store, "fetch", stumble_once)
    publisher = farm.publisher()
    publisher.tick()
    assert [job.state for job in farm.jobs()] == [JobState.PUBLISHING, JobState.DONE]
    assert first in publisher.complaints()
    farm.pass_s(5)
    publisher.tick()
    assert [job.state for job in farm.jobs()] == [JobState.DONE, JobState.DONE]
    assert len(list((farm.echo / "_done").glob("*/*"))) == 2


def test_plugins_are_told_once_of_each_end_and_a_failing_one_harms_nothing(
    farm: LittleFarm, film: Path
) -> None:
    import little

    job_id = accept(farm)
    farm.finish_work(job_id, film)
    publisher = farm.publisher()
    for _ in range(3):
        publisher.tick()
        publisher.telling.wait()
    assert [job["job"] for job in little.ended] == [job_id]
    assert little.ended[0]["outputs"][0]["file"] == "note.txt"
    assert farm.jobs()[0].ended_hook


def notified(farm: LittleFarm, web: Web, film: Path) -> None:
    intake = farm.intake()
    intake.submit(
        {"pipeline": "echo", "prompt": "a red fox", "notify": {"url": f"{web.url}/ended"}}
    )
    farm.finish_work(farm.jobs()[0].id, film)
    publisher = farm.publisher(tls=web.tls)
    publisher.tick()
    publisher.telling.wait()


def test_the_submitters_address_gets_the_receipt_also_when_it_fails_at_first(
    tmp_path: Path, film: Path
) -> None:
    farm = LittleFarm(tmp_path / "farm", notify_hosts=["localhost"])
    web = Web(tmp_path)
    web.failures = 1
    notified(farm, web, film)
    assert [post["job"] for post in web.posts] == [farm.jobs()[0].id] * 2
    assert web.posts[1]["state"] == "done"
    assert farm.jobs()[0].ended_hook


def test_what_the_submitters_address_gets_is_signed_with_the_farms_secret(
    tmp_path: Path, film: Path
) -> None:
    secret = "seventeen letters"
    farm = LittleFarm(tmp_path / "farm", notify_hosts=["localhost"], notify_secret=secret)
    web = Web(tmp_path)
    web.failures = 1
    notified(farm, web, film)
    now_s = farm.clock()
    assert len(web.received) == 2
    for headers, body in web.received:
        assert is_genuine(secret, headers, body, now_s)  # type: ignore[arg-type]
        assert not is_genuine("another secret of some length", headers, body, now_s)  # type: ignore[arg-type]
        assert not is_genuine(secret, headers, body + b" ", now_s)  # type: ignore[arg-type]
        assert not is_genuine(secret, headers, body, now_s + 3600)  # type: ignore[arg-type]
    assert {h["X-Farm-Delivery"] for h, _ in web.received} == {f"done/{farm.jobs()[0].id}"}


def test_without_a_secret_the_submitters_address_gets_no_signature(
    tmp_path: Path, film: Path
) -> None:
    farm = LittleFarm(tmp_path / "farm", notify_hosts=["localhost"])
    web = Web(tmp_path)
    notified(farm, web, film)
    assert [headers["X-Farm-Signature"] for headers, _ in web.received] == [None]


def test_an_address_that_is_allowed_no_more_is_not_told(tmp_path: Path, film: Path) -> None:
    farm = LittleFarm(tmp_path / "farm", notify_hosts=["localhost"])
    web = Web(tmp_path)
    intake = farm.intake()
    intake.submit(
        {"pipeline": "echo", "prompt": "a red fox", "notify": {"url": f"{web.url}/ended"}}
    )
    farm.settings = farm.settings.model_copy(update={"notify_hosts": []})
    farm.finish_work(farm.jobs()[0].id, film)
    publisher = farm.publisher(tls=web.tls)
    publisher.tick()
    publisher.telling.wait()
    assert web.posts == []
    assert farm.jobs()[0].ended_hook
