"""Story memory: what is kept of a shot, and which pictures the next one is held to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from direct_task import MemoryDocuments, run_stage
from PIL import Image, ImageFilter
from shot_clips import clip, still, view
from stored_models import StoredModels, stored

import farm_story
from farm import CommandContext, InputError, Stage
from farm_story import commands
from farm_story.bank import Bank
from farm_story.choosing import diverse
from farm_story.looks import classical, measures
from farm_story.words import likeness

STAGES = {stage.id: stage for stage in farm_story.farm_stages()}


def remember(
    folder: Path, video: Path, documents: MemoryDocuments, *, by: str = "classical", **more: Any
) -> Any:
    """Remember a clip; the document, with the files under ``pictures``."""
    prompt, faces = more.pop("prompt", ""), more.pop("faces", None)
    inputs = {"video": video} | ({"faces": faces} if faces else {})
    if prompt:
        inputs["prompt"] = folder / "prompt.txt"
        inputs["prompt"].write_text(prompt)
    made = run_stage(
        STAGES[f"story.remember/{by}"], folder / f"r-{more.get('shot')}", inputs, more,
        documents=documents, models=StoredModels(),
    )  # fmt: skip
    return {**json.loads(made["memory"].read_text()), "pictures": made["keyframes"]}


def recall(folder: Path, documents: MemoryDocuments, *, by: str = "classical", **more: Any) -> Any:
    """Recall; the document, with the files under ``pictures``."""
    prompt, image = more.pop("prompt", ""), more.pop("image", None)
    inputs = {"image": image} if image else {}
    if prompt:
        inputs["prompt"] = folder / "next.txt"
        inputs["prompt"].write_text(prompt)
    made = run_stage(
        STAGES[f"story.recall/{by}"], folder / "recall", inputs, more,
        documents=documents, models=StoredModels(),
    )  # fmt: skip
    return {
        **json.loads(made["weights"].read_text()),
        "pictures": made.get("references", []), "best": made.get("best"),
    }  # fmt: skip


def shots_of(recalled: Any) -> list[str]:
    return [reference["shot"] for reference in recalled["references"]]


def shows(path: Path) -> str:
    """Which of the real pictures a file shows a part of, by its colours and edges."""
    look = classical.look(np.asarray(Image.open(path).convert("RGB")))
    names = ("astronaut", "coffee", "chelsea", "rocket")
    return max(names, key=lambda name: max(
        float(look @ classical.look(view(name, at))) for at in (0.0, 0.5, 1.0)
    ))  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    names = ("astronaut", "coffee", "chelsea", "rocket")
    return {name: clip(folder / f"{name}.mkv", name) for name in names}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> MemoryDocuments:
    """A story of two branches: an astronaut, then either coffee and a rocket, or a cat."""
    folder, documents = tmp_path_factory.mktemp("told"), MemoryDocuments()
    for shot, name, parent, prompt in (
        ("one", "astronaut", "", "an astronaut smiles before the flag"),
        ("two-a", "coffee", "one", "a cup of coffee on a wooden table"),
        ("two-b", "chelsea", "one", "a ginger cat looks up"),
        ("three-a", "rocket", "two-a", "a rocket on its launch pad at night"),
    ):
        remember(folder, clips[name], documents, shot=shot, parent=parent, prompt=prompt)
    return documents


# --- measures ------------------------------------------------------------------------------------


def test_sharpness_falls_with_blur_and_does_not_ask_for_the_size() -> None:
    picture = still("chelsea")
    values = []
    for radius in (0, 1, 2, 4):
        blurred = picture.filter(ImageFilter.GaussianBlur(radius)) if radius else picture
        values.append(measures.sharpness(np.asarray(blurred)))
    assert values == sorted(values, reverse=True)
    assert values[0] > 20 * values[-1]
    wide = measures.small(np.asarray(picture.resize((1920, 1277), Image.Resampling.LANCZOS)))
    assert wide.shape == (319, 480, 3)


def test_the_laplacians_variance_is_what_the_formula_says() -> None:
    generator = np.random.default_rng(3)
    pixels = generator.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    luma = pixels @ np.array([0.2126, 0.7152, 0.0722])
    kernel = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    values = [
        sum(luma[y + dy, x + dx] for dy, dx in kernel) - 4 * luma[y, x]
        for y in range(1, 19) for x in range(1, 29)
    ]  # fmt: skip
    assert measures.sharpness(pixels) == pytest.approx(np.var(values))


@pytest.mark.parametrize(("shade", "least", "most"), [(0, 0, 0.01), (255, 0, 0.01), (118, 0.99, 1)])
def test_black_and_burnt_out_pictures_are_badly_exposed(
    shade: int, least: float, most: float
) -> None:
    flat = np.full((36, 64, 3), shade, np.uint8)
    assert least <= measures.exposure(flat) <= most


def test_a_look_knows_its_picture_in_other_light_cut_and_size() -> None:
    names = ("astronaut", "coffee", "chelsea", "rocket")
    looks = {name: classical.look(view(name, 0.2)) for name in names}
    for name in names:
        changed = Image.fromarray(view(name, 0.35, light=0.9)).resize((320, 240))
        look = classical.look(np.asarray(changed))
        assert np.linalg.norm(look) == pytest.approx(1)
        assert max(looks, key=lambda other: float(looks[other] @ look)) == name


def test_diverse_choices_are_good_and_not_the_same_twice() -> None:
    looks = np.array([[1, 0], [0.999, 0.045], [0, 1.0]])
    assert diverse([0.9, 0.89, 0.5], looks, 2) == [0, 2]
    assert diverse([0.9, 0.89, 0.5], looks, 2, variety=0.0) == [0, 1]
    assert diverse([0.9, 0.89, 0.5], looks, 9) == [0, 2, 1]
    assert diverse([0.5, 0.5], looks[:2], 1) == [0]
    assert diverse([0.9, 0.1, 0.1], looks, 2, taken=[1]) == [1, 2]


def test_prompts_are_alike_by_the_words_that_tell_them_apart() -> None:
    others = ["a red fox in the snow", "a red car in the city", ""]
    alike = likeness("the fox jumps into the snow", others)
    assert alike[0] > 0.5 > alike[1] >= 0
    assert alike[2] == 0
    assert likeness("", others) == [0, 0, 0]
    assert likeness("a red fox in the snow", others)[0] == pytest.approx(1)


# --- remembering ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["classical", "learned"])
def test_sharp_and_lit_pictures_are_kept(tmp_path: Path, by: str) -> None:
    if by == "learned":
        stored("efficientnet-lite0")
    blurred, black = set(range(12)) - {2, 9, 11}, {11}
    video = clip(tmp_path / "v.mkv", "coffee", blurred=blurred, black=black)
    memory = remember(tmp_path, video, MemoryDocuments(), by=by, keep=4)
    assert sorted(kept["frame"] for kept in memory["kept"]) == [2, 9]
    for kept, path in zip(memory["kept"], memory["pictures"], strict=True):
        assert kept["time_s"] == pytest.approx(kept["frame"] / 12, abs=1e-3)
        original = view("coffee", kept["frame"] / 11)
        assert np.abs(np.asarray(Image.open(path)).astype(int) - original).max() <= 2


def test_kept_pictures_differ_from_one_another(tmp_path: Path) -> None:
    """A shot that lingers on one thing and then shows another is remembered for both."""
    documents, names = MemoryDocuments(), []
    for name, frames in (("astronaut", 9), ("chelsea", 3)):
        names.append(clip(tmp_path / f"{name}.mkv", name, frames=frames))
    both = joined(tmp_path / "both.mkv", names)
    memory = remember(tmp_path, both, documents, shot="both", keep=2)
    assert {shows(path) for path in memory["pictures"]} == {"astronaut", "chelsea"}


def test_a_face_in_view_decides_among_equals(tmp_path: Path) -> None:
    video = clip(tmp_path / "v.mkv", "astronaut")
    faces = tmp_path / "faces.jsonl"
    header = {"schema": "farm.face/1", "width": 192, "height": 144, "fps": "12"}
    lines = [header]
    for frame in range(12):
        seen = {"box": [50, 20, 90, 20 + (70 if frame == 7 else 10)], "score": 0.99}
        turn = {"expression": {"turn": 0.0 if frame == 7 else 80.0}}
        lines.append({"frame": frame, "faces": [seen | turn]})
    faces.write_text("".join(json.dumps(line) + "\n" for line in lines))
    memory = remember(tmp_path, video, MemoryDocuments(), faces=faces, keep=1)
    assert (memory["kept"][0]["frame"], memory["kept"][0]["face"]) == (7, 0.99)
    faces.write_text('{"schema": "farm.pose/1"}\n')
    with pytest.raises(InputError, match=r"expected JSON lines, schema farm\.face/1"):
        remember(tmp_path, video, MemoryDocuments(), faces=faces)


def test_remembering_is_the_same_every_time_and_without_a_name_goes_by_content(
    tmp_path: Path, clips: dict[str, Path]
) -> None:
    first, second = (
        remember(tmp_path / str(at), clips["coffee"], MemoryDocuments()) for at in (1, 2)
    )
    assert first["film"][:12] == first["name"]
    without = {name: value for name, value in first.items() if name != "pictures"}
    assert without == {name: value for name, value in second.items() if name != "pictures"}
    assert first["parent"] == ""


def test_a_shot_remembered_again_leaves_nothing_of_the_first_time(
    tmp_path: Path, clips: dict[str, Path]
) -> None:
    documents = MemoryDocuments()
    remember(tmp_path, clips["coffee"], documents, shot="one", keep=4)
    remember(tmp_path, clips["chelsea"], documents, shot="one", keep=2)
    bank = Bank(documents, "story")
    assert len(bank.shot("one").kept) == 2
    with pytest.raises(InputError, match="Remember that shot once more"):
        bank.picture("one", 2)


class Held(MemoryDocuments):
    """What one task sees and writes, until its result is accepted."""

    def __init__(self, ledger: MemoryDocuments) -> None:
        super().__init__()
        self._held = dict(ledger._held)
        self._before = dict(ledger._held)

    def accept(self, ledger: MemoryDocuments) -> None:
        for name, document in self._held.items():
            if self._before.get(name) != document:
                ledger.put(*name, document)


def test_shots_that_are_remembered_at_once_lose_nothing(
    tmp_path: Path, clips: dict[str, Path]
) -> None:
    ledger = MemoryDocuments()
    tasks = []
    for name in ("astronaut", "coffee", "chelsea"):
        tasks.append(Held(ledger))
        remember(tmp_path, clips[name], tasks[-1], shot=name)
    for task in reversed(tasks):
        task.accept(ledger)
    bank = Bank(ledger, "story")
    assert [shot.name for shot in bank.shots()] == ["astronaut", "chelsea", "coffee"]
    for shot in bank.shots():
        (tmp_path / "kept.jpg").write_bytes(bank.picture(shot.name, 0))
        assert shows(tmp_path / "kept.jpg") == shot.name


# --- recalling -----------------------------------------------------------------------------------


def test_references_come_from_the_branch_that_is_gone_on_from(
    tmp_path: Path, told: MemoryDocuments
) -> None:
    a = recall(tmp_path, told, parent="three-a", keep=6)
    assert a["branch"] == ["three-a", "two-a", "one"]
    assert {shows(path) for path in a["pictures"]} == {"rocket", "coffee", "astronaut"}
    b = recall(tmp_path, told, parent="two-b", keep=6)
    assert set(shots_of(b)) == {"two-b", "one"}
    assert {shows(path) for path in b["pictures"]} == {"chelsea", "astronaut"}
    assert set(shots_of(recall(tmp_path, told, parent="three-a", reach=1))) == {"three-a"}


def test_a_new_branch_from_any_shot_remembers_only_its_own_past(
    tmp_path: Path, told: MemoryDocuments, clips: dict[str, Path]
) -> None:
    documents = MemoryDocuments()
    documents._held.update(told._held)
    remember(tmp_path, clips["chelsea"], documents, shot="three-c", parent="two-a")
    assert set(shots_of(recall(tmp_path, documents, parent="three-c", keep=9))) == {
        "three-c", "two-a", "one",
    }  # fmt: skip


@pytest.mark.parametrize("by", ["classical", "learned"])
def test_the_picture_that_is_asked_for_decides(
    tmp_path: Path, told: MemoryDocuments, by: str
) -> None:
    """Also where another way of looking wrote the memory: its pictures are looked at anew."""
    if by == "learned":
        stored("efficientnet-lite0")
    for name in ("coffee", "astronaut", "rocket"):
        wanted = tmp_path / f"{name}.png"
        Image.fromarray(view(name, 0.6, light=0.85)).save(wanted)
        found = recall(
            tmp_path, told, by=by, parent="three-a", keep=1, consistency=1.0, image=wanted
        )
        assert shows(found["best"]) == name


def test_consistency_holds_on_to_the_look_and_its_absence_follows_the_words(
    tmp_path: Path, told: MemoryDocuments
) -> None:
    prompt = "more coffee in the cup"
    held = recall(tmp_path, told, parent="three-a", keep=1, consistency=1.0, prompt=prompt)
    free = recall(tmp_path, told, parent="three-a", keep=1, consistency=0.0, prompt=prompt)
    assert (shots_of(held), shots_of(free)) == (["three-a"], ["two-a"])
    assert held["references"][0]["weight"] == 1.0
    assert free["references"][0]["weight"] == 0.0


def test_weights_fall_and_the_first_shot_keeps_a_voice(
    tmp_path: Path, told: MemoryDocuments
) -> None:
    found = recall(tmp_path, told, parent="three-a", keep=3, consistency=0.8)
    weights = [reference["weight"] for reference in found["references"]]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 0.8
    assert "one" in shots_of(found)
    again = recall(tmp_path / "again", told, parent="three-a", keep=3, consistency=0.8)
    pairs = zip(found["pictures"], again["pictures"], strict=True)
    assert all(one.read_bytes() == two.read_bytes() for one, two in pairs)


def test_a_story_that_begins_recalls_nothing_and_a_wrong_name_is_told(
    tmp_path: Path, told: MemoryDocuments, clips: dict[str, Path]
) -> None:
    nothing = recall(tmp_path, told)
    assert (nothing["references"], nothing["best"]) == ([], None)
    with pytest.raises(InputError, match=r'no shot "two"\. Did you mean two-b or two-a'):
        recall(tmp_path, told, parent="two")
    with pytest.raises(InputError, match='no shot "ten"'):
        remember(tmp_path, clips["coffee"], told, shot="eleven", parent="ten")
    assert Bank(told, "story")._find("eleven") is None


def test_a_circle_of_shots_is_told(tmp_path: Path, clips: dict[str, Path]) -> None:
    documents = MemoryDocuments()
    remember(tmp_path, clips["coffee"], documents, shot="one")
    remember(tmp_path, clips["coffee"], documents, shot="two", parent="one")
    with pytest.raises(InputError, match="in a circle"):
        remember(tmp_path, clips["coffee"], documents, shot="one", parent="two")


# --- the command ---------------------------------------------------------------------------------


class Context:
    """A command's context over documents in memory."""

    def __init__(self, documents: MemoryDocuments, *arguments: str) -> None:
        self.documents, self.arguments = documents, arguments
        self.lines: list[str] = []

    def echo(self, text: str) -> None:
        self.lines.append(text)


def ran(documents: MemoryDocuments, *arguments: str) -> Sequence[str]:
    context: CommandContext = Context(documents, *arguments)
    assert commands.story(context) == 0
    return context.lines  # type: ignore[attr-defined]


def test_the_command_shows_the_tree_and_forgets_leaves_only(
    tmp_path: Path, told: MemoryDocuments
) -> None:
    documents = MemoryDocuments()
    documents._held.update(told._held)
    assert ran(documents, "ls") == ["story: 4 shots"]
    shown = ran(documents, "show", "story")
    assert [line.split("  ")[0] or line.strip().split("  ")[0] for line in shown] == [
        "one", "two-a", "three-a", "two-b",
    ]  # fmt: skip
    assert shown[2].startswith("    three-a")
    with pytest.raises(InputError, match="go on from it"):
        ran(documents, "forget", "story", "two-a")
    ran(documents, "forget", "story", "three-a")
    assert Bank(documents, "story")._find("three-a") is None
    with pytest.raises(InputError, match="farm story ls"):
        ran(documents, "show", "nothing")


def joined(path: Path, parts: list[Path]) -> Path:
    """Clips one after another."""
    from fractions import Fraction

    from farm.media.film import film, write_lossless

    def pictures() -> Any:
        for part in parts:
            with film(part, "part") as opened:
                yield from opened.pictures()

    write_lossless(path, pictures(), Fraction(12))
    return path


def test_every_stage_is_declared_with_both_providers() -> None:
    assert sorted(STAGES) == [
        "story.recall/classical", "story.recall/learned",
        "story.remember/classical", "story.remember/learned",
    ]  # fmt: skip
    assert all(isinstance(stage, Stage) and not stage.cacheable for stage in STAGES.values())
