"""A draft becomes a master: approved or dropped again, told in both receipts, once, through crashes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from little_farm import LittleFarm, every_crash, read_json, write_film

from farm.domain.errors import AssetError, InputError
from farm.domain.states import JobState


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture
def fresh(tmp_path: Path, film: Path) -> Iterator[Callable[[], LittleFarm]]:
    """Makes farms, each with one finished draft that arrived in a drop folder."""
    made: list[LittleFarm] = []

    def make() -> LittleFarm:
        farm = LittleFarm(tmp_path / str(len(made)))
        made.append(farm)
        folder = farm.echo / "dusk"
        folder.mkdir()
        (folder / "prompt.txt").write_text("a red fox")
        (folder / "job.yaml").write_text("quality: draft\nseed: 7\n")
        farm.settle(farm.intake())
        farm.finish_work(farm.jobs()[0].id, film)
        farm.publisher().tick()
        return farm

    yield make
    for farm in made:
        farm.database.close()


def receipt(job: Any) -> Any:
    return read_json(Path(job.published) / "receipt.json")


def test_an_approved_draft_is_made_again_in_high_quality_and_both_receipts_say_so(
    fresh: Callable[[], LittleFarm], film: Path
) -> None:
    farm = fresh()
    draft = farm.jobs()[0]
    approved = farm.intake().approve(draft.id, actor="ann")
    _, master = farm.jobs()
    assert (approved.master.job, approved.fresh) == (master.id, True)
    assert (master.quality, master.seed, master.inputs) == ("high", 7, draft.inputs)
    assert (draft.manifest["params"], master.manifest["params"]) == ({"size": 1}, {"size": 9})
    assert receipt(draft)["master"] is None
    farm.finish_work(master.id, film)
    farm.publisher().tick()
    draft, master = farm.jobs()
    named = {"job": master.id, "number": 2, "quality": "high", "folder": master.published}
    assert receipt(draft)["master"] == named
    back = {"job": draft.id, "number": 1, "quality": "draft", "folder": draft.published}
    assert receipt(master)["draft"] == back
    assert Path(master.published) != Path(draft.published)


def test_approving_is_killed_anywhere_and_there_is_one_master(
    fresh: Callable[[], LittleFarm], film: Path
) -> None:
    farm = fresh()

    def act() -> None:
        farm.intake().approve(farm.jobs()[0].id, actor="ann")
        farm.finish_work(farm.jobs()[1].id, film)
        farm.publisher().tick()

    crashes = 0
    for _ in every_crash(act):
        crashes += 1
        farm.intake().approve(farm.jobs()[0].id, actor="ann")
        if farm.jobs()[1].state is JobState.QUEUED:
            farm.finish_work(farm.jobs()[1].id, film)
        farm.publisher().tick()
        draft, master = farm.jobs()
        assert master.state is JobState.DONE
        assert receipt(draft)["master"]["job"] == master.id
        assert receipt(master)["draft"]["job"] == draft.id
        farm = fresh()
    assert crashes >= 5


def test_the_job_manifest_of_a_draft_dropped_with_a_higher_quality_is_its_master(
    fresh: Callable[[], LittleFarm],
) -> None:
    farm = fresh()
    draft = farm.jobs()[0]
    manifest = read_json(Path(draft.published) / "job_manifest.json")
    (farm.inbox / "high.json").write_text(json.dumps({**manifest, "quality": "high"}))
    intake = farm.intake()
    farm.settle(intake)
    _, master = farm.jobs()
    assert (master.draft_id, master.manifest["params"]) == (draft.id, {"size": 9})
    assert intake.approve(draft.id, actor="ann").master.job == master.id
    (farm.inbox / "twice.json").write_text(json.dumps({**manifest, "quality": "high"}))
    farm.settle(intake)
    assert len(farm.jobs()) == 2
    edited = {**manifest, "quality": "high", "params": {"size": 5}}
    (farm.inbox / "edited.json").write_text(json.dumps(edited))
    farm.settle(intake)
    assert (farm.jobs()[2].manifest["params"], farm.jobs()[2].draft_id) == ({"size": 5}, None)


def test_a_draft_whose_folder_was_taken_away_still_gets_its_master(
    fresh: Callable[[], LittleFarm], film: Path
) -> None:
    farm = fresh()
    shutil.rmtree(farm.jobs()[0].published)
    farm.intake().approve(farm.jobs()[0].id, actor="ann")
    farm.finish_work(farm.jobs()[1].id, film)
    farm.publisher().tick()
    assert farm.jobs()[1].state is JobState.DONE
    assert not Path(farm.jobs()[0].published).exists()


def test_a_draft_whose_inputs_are_gone_is_refused_and_so_is_what_is_no_draft(
    fresh: Callable[[], LittleFarm], film: Path
) -> None:
    farm = fresh()
    intake = farm.intake()
    master = intake.approve(farm.jobs()[0].id, actor="ann").master
    with pytest.raises(InputError, match="farm ls --drafts"):
        intake.approve(master.job, actor="ann")
    # A short text is in the manifest itself; a long one is in the store only.
    tale = intake.submit({"pipeline": "echo", "prompt": "a fox " * 1000, "quality": "draft"})
    farm.finish_work(tale.job_id, film)
    farm.publisher().tick()
    farm.store.delete(farm.jobs()[2].inputs["prompt"][0]["hash"])
    with pytest.raises(AssetError):
        intake.approve(tale.job_id, actor="ann")
    assert len(farm.jobs()) == 3
