"""Things dropped into folders: taken when they have settled, or given back with a reason."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from farmhand import Farmhand
from little_farm import LittleFarm, read_json, write_film, write_png
from sqlalchemy import delete, update

from farm.domain.errors import StoreError
from farm.domain.states import JobState, SubmissionState
from farm.ledger.schema import artifact_uses, jobs, stages, submissions, tasks


@pytest.fixture
def farm(tmp_path: Path) -> LittleFarm:
    return LittleFarm(tmp_path)


def test_a_dropped_prompt_becomes_one_job_and_moves_into_claimed(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox\n")
    intake = farm.intake()
    intake.tick()
    assert read_json(farm.echo / "_status" / "dusk.txt.json")["state"] == "settling"
    assert farm.jobs() == []
    farm.pass_s(2.1)
    intake.tick()
    (job,) = farm.jobs()
    assert (job.state, job.pipeline, job.name) == (JobState.QUEUED, "echo@1", "dusk")
    assert job.manifest["inputs"]["prompt"]["text"] == "a red fox\n"
    (row,) = farm.submissions()
    assert row.state is SubmissionState.ACCEPTED
    assert Path(row.location).read_text() == "a red fox\n"
    assert read_json(farm.echo / "_claimed" / row.id / "status.json")["job"] == job.id
    assert not (farm.echo / "dusk.txt").exists()
    assert list((farm.echo / "_status").iterdir()) == []
    farm.pass_s(10)
    intake.tick()
    assert len(farm.jobs()) == 1


def test_what_comes_before_the_first_node_waits_for_what_it_offers(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox\n")
    intake = farm.intake(first_node_s=60.0)
    farm.settle(intake)
    status = read_json(farm.echo / "_status" / "dusk.txt.json")
    assert status["state"] == "waiting"
    assert status["waits_for"] == ["the farm's first node is not up yet; `farm nodes` lists them"]
    assert farm.jobs() == []
    Farmhand(farm.database)  # Its node comes up.
    intake.tick()
    assert [job.name for job in farm.jobs()] == ["dusk"]


def test_a_farm_that_stays_without_a_node_takes_what_comes_after_a_while(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox\n")
    intake = farm.intake(first_node_s=60.0)
    farm.settle(intake)
    assert farm.jobs() == []
    farm.pass_s(60.0)
    intake.tick()
    assert [job.name for job in farm.jobs()] == ["dusk"]


def test_a_file_that_still_grows_is_not_taken_however_its_times_look(farm: LittleFarm) -> None:
    path = farm.echo / "dusk.txt"
    path.write_text("a")
    intake = farm.intake()
    for text in ("a red", "a red fox"):
        intake.tick()
        farm.pass_s(1.9)
        path.write_text(text)
        os.utime(path, (0, len(text)))
        intake.tick()
    assert farm.jobs() == []
    farm.pass_s(2.1)
    intake.tick()
    (job,) = farm.jobs()
    assert job.manifest["inputs"]["prompt"]["text"] == "a red fox"


def test_clock_jumps_change_nothing_about_settling(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()
    intake.tick()
    farm.clock.now_s += 86_400
    intake.tick()
    assert farm.jobs() == []
    farm.clock.now_s -= 2 * 86_400
    farm.monotonic.now_s += 2.1
    intake.tick()
    assert len(farm.jobs()) == 1


@pytest.mark.parametrize(
    "name", [".hidden", "_private", "x.part", "x.tmp", "x.crdownload", "x.txt~", ".x.swp"]
)
def test_names_that_are_not_submissions_are_left_alone(farm: LittleFarm, name: str) -> None:
    (farm.echo / name).write_text("a red fox")
    intake = farm.intake()
    farm.settle(intake)
    assert (farm.echo / name).exists()
    assert farm.jobs() == []
    assert not (farm.echo / "_status").exists() or not any((farm.echo / "_status").iterdir())


def test_an_empty_file_is_never_ready_and_says_so(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").touch()
    intake = farm.intake()
    farm.settle(intake)
    farm.pass_s(1e6)
    intake.tick()
    assert farm.submissions() == []
    status = read_json(farm.echo / "_status" / "dusk.txt.json")
    assert (status["state"], status["waits_for"]) == ("waiting", ["the file is empty"])


def test_links_and_fifos_are_left_where_they_are_with_a_reason(farm: LittleFarm) -> None:
    secret = farm.root / "secret.txt"
    secret.write_text("not yours")
    (farm.echo / "link.txt").symlink_to(secret)
    os.mkfifo(farm.echo / "pipe.txt")
    intake = farm.intake()
    farm.settle(intake)
    assert farm.submissions() == []
    for name, what in (("link.txt", "a link"), ("pipe.txt", "a FIFO")):
        status = read_json(farm.echo / "_status" / f"{name}.json")
        assert status["state"] == "refused"
        assert what in status["waits_for"][0]
    (farm.echo / "pipe.txt").unlink()
    intake.tick()
    assert not (farm.echo / "_status" / "pipe.txt.json").exists()


def test_a_set_waits_for_its_missing_role_and_says_which(farm: LittleFarm) -> None:
    folder = farm.portrait / "hero"
    folder.mkdir()
    write_png(folder / "character.png")
    intake = farm.intake()
    farm.settle(intake)
    status = read_json(farm.portrait / "_status" / "hero.json")
    assert status["waits_for"] == ["the input motion (video)"]
    write_film(folder / "motion.mp4")
    write_png(folder / "reference-2.png", 20)
    write_png(folder / "reference-1.png", 10)
    (folder / "prompt.txt").write_text("walks slowly")
    farm.settle(intake)
    (job,) = farm.jobs()
    assert set(job.inputs) == {"character", "motion", "prompt", "reference"}
    hashes = [record["hash"] for record in job.inputs["reference"]]
    expected = [
        farm.store.put(write_png(farm.root / f"{shade}.png", shade))[0] for shade in (10, 20)
    ]
    assert hashes == expected
    assert job.inputs["motion"][0]["facts"]["frames"] == 12


def test_files_that_are_not_named_after_a_role_are_matched_by_kind(farm: LittleFarm) -> None:
    folder = farm.portrait / "hero"
    folder.mkdir()
    write_png(folder / "IMG_0001.png")
    write_film(folder / "dance.mp4")
    farm.settle(farm.intake())
    (job,) = farm.jobs()
    assert set(job.inputs) == {"character", "motion"}


def test_an_ambiguous_set_is_refused_with_the_roles_of_the_pipeline(farm: LittleFarm) -> None:
    folder = farm.portrait / "hero"
    folder.mkdir()
    write_png(folder / "a.png")
    write_png(folder / "b.png", 3)
    write_film(folder / "motion.mp4")
    farm.settle(farm.intake())
    rejected = farm.portrait / "_rejected" / "hero"
    error = (rejected / "error.txt").read_text()
    assert "a.png and b.png" in error
    assert "character (image), motion (video)" in error
    assert read_json(rejected / "error.json")["error"]["code"] == "set.ambiguous"
    assert {p.name for p in rejected.iterdir()} >= {"a.png", "b.png", "motion.mp4"}
    assert list((farm.portrait / "_claimed").iterdir()) == []


def test_a_rejected_folder_that_is_mended_and_dragged_back_is_taken(farm: LittleFarm) -> None:
    folder = farm.portrait / "hero"
    folder.mkdir()
    write_png(folder / "a.png")
    (folder / "strange.xyz").write_text("what am I")
    write_film(folder / "motion.mp4")
    intake = farm.intake()
    farm.settle(intake)
    rejected = farm.portrait / "_rejected" / "hero"
    (rejected / "strange.xyz").unlink()
    rejected.rename(farm.portrait / "hero")
    farm.settle(intake)
    (job,) = farm.jobs()
    assert set(job.inputs) == {"character", "motion"}


def test_a_job_manifest_in_a_set_waits_for_the_files_it_lists(farm: LittleFarm) -> None:
    folder = farm.portrait / "hero"
    folder.mkdir()
    film = write_film(farm.root / "film.mp4").read_bytes()
    (folder / "job.yaml").write_text(
        "inputs: {character: {path: art/face.png}, motion: {path: dance.mp4}}\n"
        "priority: 80\n"
        f"files: [{{path: dance.mp4, size_bytes: {len(film)}}}, {{path: art/face.png}}]\n"
    )
    (folder / "art").mkdir()
    (folder / "dance.mp4").write_bytes(film[:100])
    intake = farm.intake()
    farm.settle(intake)
    waits_for = read_json(farm.portrait / "_status" / "hero.json")["waits_for"]
    assert waits_for == [
        f"the file dance.mp4 whole (100 of {len(film)} bytes)",
        "the file art/face.png",
    ]
    (folder / "dance.mp4").write_bytes(film)
    write_png(folder / "art" / "face.png")
    farm.settle(intake)
    (job,) = farm.jobs()
    assert job.priority == 80
    assert set(job.inputs) == {"character", "motion"}


def test_a_set_that_never_completes_is_given_back_in_the_end(farm: LittleFarm) -> None:
    folder = farm.portrait / "hero"
    folder.mkdir()
    write_png(folder / "character.png")
    intake = farm.intake()
    farm.settle(intake)
    farm.pass_s(farm.settings.incomplete_s + 1)
    intake.tick()
    rejected = farm.portrait / "_rejected" / "hero"
    assert "the input motion (video)" in (rejected / "error.txt").read_text()
    assert (rejected / "character.png").exists()


def test_a_manifest_file_in_a_drop_folder_gets_the_folders_pipeline(farm: LittleFarm) -> None:
    (farm.echo / "a.json").write_text('{"farm": 1, "prompt": "one", "params": {"size": 4}}')
    (farm.echo / "b.toml").write_text('farm = 1\nprompt = "two"\n')
    (farm.echo / "c.yaml").write_text("farm: 1\nprompt: three\n")
    farm.settle(farm.intake())
    assert [job.manifest["inputs"]["prompt"]["text"] for job in farm.jobs()] == [
        "one",
        "two",
        "three",
    ]
    assert farm.jobs()[0].manifest["params"]["size"] == 4


def test_the_same_thing_twice_is_put_aside_with_a_pointer(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()
    farm.settle(intake)
    (farm.echo / "dawn.txt").write_text("a red fox")
    farm.settle(intake)
    (job,) = farm.jobs()
    aside = farm.echo / "_duplicates" / "dawn"
    assert (aside / "dawn.txt").read_text() == "a red fox"
    assert f"job #{job.number} ({job.id})" in (aside / "duplicate-of.txt").read_text()
    assert [row.state.value for row in farm.submissions()] == ["accepted", "duplicate"]
    (farm.echo / "again.yaml").write_text("farm: 1\nprompt: a red fox\nrerun: true\n")
    farm.settle(intake)
    assert len(farm.jobs()) == 2


def test_the_same_name_twice_gets_a_number_and_loses_nothing(farm: LittleFarm) -> None:
    intake = farm.intake()
    for text in ("size: x", "size: y"):
        (farm.echo / "dusk.yaml").write_text(f"farm: 1\nprompt: a fox\nparams: {{{text}}}\n")
        farm.settle(intake)
    rejected = farm.echo / "_rejected"
    assert sorted(path.name for path in rejected.iterdir()) == ["dusk (2).yaml", "dusk.yaml"]
    assert "size: y" in (rejected / "dusk (2).yaml" / "dusk.yaml").read_text()


def test_a_refused_file_keeps_its_name_and_is_the_same_when_it_is_dragged_back(
    farm: LittleFarm,
) -> None:
    intake = farm.intake()
    (farm.echo / "blank.txt").write_text(" \n")
    (farm.echo / "blank.png").write_bytes(b"no picture")
    farm.settle(intake)
    rejected = farm.echo / "_rejected"
    assert sorted(path.name for path in rejected.iterdir()) == ["blank.png", "blank.txt"]
    (rejected / "blank.txt" / "blank.txt").write_text("a red fox")
    (rejected / "blank.txt").rename(farm.echo / "blank.txt")
    farm.settle(intake)
    assert [job.name for job in farm.jobs()] == ["blank"]


@pytest.mark.parametrize("raw", [b"caf\xe9.txt", b"two\nlines.txt", b"tab\t.txt"])
def test_a_name_that_cannot_be_written_down_is_given_back(farm: LittleFarm, raw: bytes) -> None:
    path = farm.echo / os.fsdecode(raw)
    path.write_text("a red fox")
    farm.settle(farm.intake())
    assert not os.path.lexists(path)
    (folder,) = (farm.echo / "_rejected").iterdir()
    assert "name" in (folder / "error.txt").read_text()
    assert [p.read_text() for p in folder.iterdir() if "error" not in p.name] == ["a red fox"]
    assert farm.submissions() == []


def test_composed_and_decomposed_names_are_the_same_file(farm: LittleFarm) -> None:
    folder = farm.portrait / "hero"
    folder.mkdir()
    write_png(folder / "caf\u0065\u0301.png")
    write_film(folder / "motion.mp4")
    (folder / "job.yaml").write_text("inputs: {character: {path: caf\u00e9.png}}\n")
    farm.settle(farm.intake())
    (job,) = farm.jobs()
    assert set(job.inputs) == {"character", "motion"}
    assert (Path(farm.submissions()[0].location) / "caf\u0065\u0301.png").exists()


def test_a_mislabelled_or_cut_off_clip_is_refused_with_what_it_is(farm: LittleFarm) -> None:
    film = write_film(farm.root / "film.mp4").read_bytes()
    intake = farm.intake()
    for name, data in (("fake", b"this is text, not a film"), ("cut", film[: len(film) // 2])):
        folder = farm.portrait / name
        folder.mkdir()
        write_png(folder / "character.png")
        (folder / "motion.mp4").write_bytes(data)
    farm.settle(intake)
    assert farm.jobs() == []
    for name in ("fake", "cut"):
        error = read_json(farm.portrait / "_rejected" / name / "error.json")["error"]
        assert error["class"] == "input"
        assert "motion.mp4" in error["where"]


def test_a_link_inside_a_set_is_refused_and_never_read(farm: LittleFarm) -> None:
    secret = farm.root / "secret.txt"
    secret.write_text("not yours")
    folder = farm.portrait / "hero"
    folder.mkdir()
    write_png(folder / "character.png")
    write_film(folder / "motion.mp4")
    (folder / "prompt.txt").symlink_to(secret)
    farm.settle(farm.intake())
    error = read_json(farm.portrait / "_rejected" / "hero" / "error.json")["error"]
    assert error["code"] == "asset.link"
    assert (farm.portrait / "_rejected" / "hero" / "prompt.txt").is_symlink()


def test_a_full_disk_stops_claiming_and_says_so(tmp_path: Path) -> None:
    farm = LittleFarm(tmp_path, low_disk_mb=10**9)
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()
    farm.settle(intake)
    assert farm.submissions() == []
    assert "low disk" in read_json(farm.echo / "_status" / "dusk.txt.json")["waits_for"][0]
    assert "low disk" in intake.complaints()["store"]


def test_a_folder_that_vanishes_is_a_complaint_until_it_is_back(farm: LittleFarm) -> None:
    intake = farm.intake()
    farm.echo.rename(farm.root / "away")
    intake.tick()
    assert "echo" in intake.complaints()
    (farm.root / "away").rename(farm.echo)
    (farm.echo / "dusk.txt").write_text("a red fox")
    farm.settle(intake)
    assert "echo" not in intake.complaints()
    assert len(farm.jobs()) == 1


def test_a_folder_that_cannot_be_written_to_is_a_complaint_and_nothing_is_taken(
    farm: LittleFarm,
) -> None:
    (farm.echo / "_claimed").write_text("in the way")
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()
    farm.settle(intake)
    assert "echo" in intake.complaints()
    assert (farm.echo / "dusk.txt").read_text() == "a red fox"
    assert farm.submissions() == []
    (farm.echo / "_claimed").unlink()
    intake.tick()
    assert len(farm.jobs()) == 1


def test_what_was_claimed_while_it_changed_goes_back_where_it_was(
    farm: LittleFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = farm.echo / "dusk.txt"
    path.write_text("a red")

    rename = os.rename

    def write_on(source: Any, target: Any, **more: Any) -> None:
        if Path(source) == path and path.read_text() == "a red":
            path.write_text("a red fox")
        rename(source, target, **more)

    monkeypatch.setattr(os, "rename", write_on)
    intake = farm.intake()
    farm.settle(intake)
    assert path.read_text() == "a red fox"
    assert (farm.submissions(), farm.jobs()) == ([], [])
    farm.settle(intake)
    assert len(farm.jobs()) == 1


def test_a_new_folder_in_the_dropbox_that_names_a_pipeline_is_a_door(tmp_path: Path) -> None:
    farm = LittleFarm(tmp_path, drop_folders={})
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()
    assert {door.origin for door in intake.doors()} == {"queue", "echo", "portrait"}
    farm.settle(intake)
    assert len(farm.jobs()) == 1


def test_a_failed_job_gives_the_originals_back_with_the_reason(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake, publisher = farm.intake(), farm.publisher()
    farm.settle(intake)
    (job,) = farm.jobs()
    error = {"code": "x", "class": "bug", "what": "it broke", "mend": "Tell the operator."}
    with farm.database.engine.begin() as connection:
        connection.execute(
            update(jobs).values(
                state=JobState.FAILED, error={**error, "traceback": "secret/line.py"}
            )
        )
    publisher.tick()
    rejected = farm.echo / "_rejected" / "dusk.txt"
    assert "it broke" in (rejected / "error.txt").read_text()
    assert read_json(rejected / "error.json")["job"] == job.id
    assert "traceback" not in (rejected / "error.json").read_text()
    assert (rejected / "dusk.txt").read_text() == "a red fox"
    debug = farm.settings.spool_dir / "logs" / job.id / "debug_metadata.json"
    assert read_json(debug)["error"]["traceback"] == "secret/line.py"
    assert not (farm.echo / "_claimed" / farm.submissions()[0].id).exists()


def test_a_listed_hash_is_waited_for_until_the_content_is_right(farm: LittleFarm) -> None:
    folder = farm.echo / "night"
    folder.mkdir()
    digest = hashlib.sha256(b"a red fox").hexdigest()
    (folder / "job.json").write_text(
        '{"inputs": {"prompt": {"path": "words.txt"}},'
        f' "files": [{{"path": "words.txt", "sha256": "{digest}"}}]}}'
    )
    (folder / "words.txt").write_text("a red cat")
    intake = farm.intake()
    farm.settle(intake)
    (waits_for,) = read_json(farm.echo / "_status" / "night.json")["waits_for"]
    assert "words.txt with the right content" in waits_for
    (folder / "words.txt").write_text("a red fox")
    farm.settle(intake)
    assert len(farm.jobs()) == 1


def test_two_daemons_at_one_folder_make_one_job_of_each_thing(farm: LittleFarm) -> None:
    for number in range(20):
        (farm.echo / f"{number}.txt").write_text(f"fox {number}")
    first, second = farm.intake(), farm.intake()
    first.tick()
    second.tick()
    farm.pass_s(2.1)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda intake: intake.tick(), (first, second)))
    farm.settle(first)
    texts = [job.manifest["inputs"]["prompt"]["text"] for job in farm.jobs()]
    assert sorted(texts) == sorted(f"fox {number}" for number in range(20))


def test_what_a_lost_ledger_forgot_comes_back_as_a_new_arrival(farm: LittleFarm) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox")
    farm.settle(farm.intake())
    with farm.database.engine.begin() as connection:
        for table in (tasks, stages, artifact_uses, jobs, submissions):
            connection.execute(delete(table))
    farm.intake()
    assert (farm.echo / "dusk.txt").read_text() == "a red fox"


def test_a_store_that_does_not_answer_delays_and_refuses_nothing(
    farm: LittleFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    (farm.echo / "dusk.txt").write_text("a red fox")
    intake = farm.intake()

    def away(*_: Any) -> None:
        raise StoreError("the service does not answer", code="store.unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(farm.store, "put_chunks", away)
        farm.settle(intake)
        for _ in range(50):
            intake.tick()
        assert farm.submissions()[0].state is SubmissionState.CLAIMED
        assert "does not answer" in intake.complaints()["claims"]
    intake.tick()
    assert len(farm.jobs()) == 1
    intake.tick()
    assert intake.complaints() == {}


def test_a_fault_in_planning_gives_back_one_thing_and_takes_the_others(
    farm: LittleFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    (farm.echo / "bad.txt").write_text("break")
    (farm.echo / "good.txt").write_text("a red fox")
    intake = farm.intake()
    plan = intake.acceptance.plan

    def faulty(request: Any, **more: Any) -> Any:
        if request.title == "bad":
            raise ZeroDivisionError
        return plan(request, **more)

    monkeypatch.setattr(intake.acceptance, "plan", faulty)
    farm.settle(intake)
    for _ in range(30):
        intake.tick()
    assert [job.name for job in farm.jobs()] == ["good"]
    error = read_json(farm.echo / "_rejected" / "bad.txt" / "error.json")["error"]
    assert error["code"] == "farm.fault"
    assert "tell the operator" in error["mend"]


def test_many_arrivals_are_taken_in_one_look(farm: LittleFarm) -> None:
    for number in range(100):
        (farm.echo / f"{number}.txt").write_text(f"fox {number}")
    farm.settle(farm.intake())
    assert len(farm.jobs()) == 100
