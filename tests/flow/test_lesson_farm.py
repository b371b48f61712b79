"""Lessons on a running farm: a small one at every run, a real one with a presenter as a soak."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from lesson_material import clapper, picture
from running_farm import farm, running
from stored_models import StoredModels, stored

import farm_finish

LISTEN = stage_of(farm_finish, "speech.transcribe")
SAMPLE = Path(__file__).parents[2] / "dropbox" / "lesson" / "_samples" / "binary-search"
SMALL = """---
progress: true
---
# Two things

## One

![one](one.png)

The first thing is short. And so it ends.

## Two

![two](two.png)

The second thing is short.
"""
REAL = """---
title: Searching by halves
lower_third: {name: Eileen, role: a guide}
---
# Searching by halves

## The plain way

![cards](assets/one-by-one.png)

You are looking for a name in a drawer full of cards.
The plain way is to look at one card after another.

## Look in the middle

![halves](assets/halving.png)

There is a better way. Open the drawer in the middle, and forget one half of the cards.
Then do the same again.
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with running(tmp_path / "farm") as up:
        yield up


def lesson(folder: Path, text: str) -> Path:
    """A folder with a small lesson."""
    folder.mkdir(exist_ok=True)
    picture(folder / "one.png", "navy")
    picture(folder / "two.png", "darkred")
    (folder / "lesson.md").write_text(text, encoding="utf-8")
    return folder


def made(root: Path, *arguments: str, timeout_s: float = 120) -> dict[str, Any]:
    """Submit, wait and look at the job."""
    lines = json.loads(farm(root, "submit", *arguments, "--wait", "--json", timeout_s=timeout_s))
    assert [line["state"] for line in lines] == ["done"], lines
    shown: dict[str, Any] = json.loads(farm(root, "show", str(lines[0]["number"]), "--json"))
    return shown


def dropped(root: Path, folder: Path) -> dict[str, Any]:
    """Put a copy of a folder into the drop folder, wait and look at the job."""
    door = root / "dropbox" / "lesson"
    door.mkdir(exist_ok=True)
    shutil.copytree(folder, door / ".new")
    (door / ".new").rename(door / folder.name)
    limit_s = time.monotonic() + 120
    while not (found := list(door.glob("_*/**/receipt.json")) + list(door.glob("_*/*/error.txt"))):
        assert time.monotonic() < limit_s, "nothing came of it in time"
        time.sleep(0.1)
    assert found[0].name == "receipt.json", found[0].read_text("utf-8")
    receipt: dict[str, Any] = json.loads(found[0].read_text("utf-8"))
    assert receipt["state"] == "done"
    return receipt


def standing(job: dict[str, Any]) -> dict[str, Counter[str]]:
    """How many tasks of each stage are done and how many were taken from the cache."""
    return {stage["name"]: Counter(stage["counts"]) for stage in job["stages"]}


def test_a_small_lesson_comes_out_of_the_drop_folder_and_a_changed_sentence_renders_one_scene(
    root: Path, tmp_path: Path
) -> None:
    pytest.importorskip("espeakng_loader")
    request = {
        "farm": 1, "pipeline": "lesson", "providers": {"speech.say": "espeak"},
        "params": {"short_side": 144, "phones": False},
    }  # fmt: skip
    folder = lesson(tmp_path / "small", SMALL)
    (folder / "job.yaml").write_text(json.dumps(request), encoding="utf-8")
    first = dropped(root, folder)
    film = Path(first["folder"])
    names = {path.name for path in film.iterdir()}
    assert {"video.mp4", "captions.srt", "captions.vtt", "transcript.md", "thumbnail.jpg"} <= names
    chapters = json.loads((film / "chapters.json").read_text("utf-8"))["chapters"]
    assert [each["title"] for each in chapters] == ["One", "Two"]
    with av.open(str(film / "video.mp4")) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (256, 144)
        assert [each["metadata"]["title"] for each in video.chapters()] == ["One", "Two"]
        assert len(video.streams.audio) == len(video.streams.subtitles) == 1
        pictures = sum(1 for packet in video.demux(video.streams.video[0]) if packet.size)
    assert pictures == round(chapters[-1]["end_s"] * 25)
    assert "The first thing is short." in (film / "captions.srt").read_text("utf-8")

    # The project is kept, with its scenes and files.
    [project] = json.loads(farm(root, "project", "ls", "--json"))
    assert (project["project"], project["scenes"]) == ("two-things", 2)
    shown = json.loads(farm(root, "project", "show", "two-things", "--json"))
    assert [scene["id"] for scene in shown["scenes"]] == ["one", "two"]
    assert {asset["name"] for asset in shown["assets"]} == {"one.png", "two.png"}
    assert shown["video"] and shown["rendered"]
    plain = farm(root, "project", "scene", "two-things", "two")
    assert "The second thing is short." in plain
    assert farm(root, "project", "show", "two-thing", code=1) == ""

    # One sentence is another: only what depends on it is made again.
    lesson(tmp_path / "small", SMALL.replace("And so it ends.", "And here it ends."))
    second = standing(made(root, str(folder), "-p", "lesson"))
    assert second["say"] == {"cached": 2, "done": 1}
    assert second["compose"] == second["listen"] == {"cached": 1, "done": 1}

    # One scene alone, in another shape, from what the store has.
    asked = ("--scene", "two", "--set", "short_side=144", "--set", "aspect=9:16",
             "--set", "phones=false", "--provider", "speech.say=espeak")  # fmt: skip
    lines = json.loads(farm(root, "project", "render", "two-things", *asked, "--wait", "--json"))
    alone = json.loads(farm(root, "show", str(lines[0]["number"]), "--json"))
    assert standing(alone)["say"] == {"cached": 1}
    with av.open(str(Path(alone["published"]) / "video.mp4")) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (144, 256)
    assert len(json.loads(farm(root, "project", "show", "two-things", "--json"))["scenes"]) == 2


WITH_A_CLIP = """# Claps

## One

![claps](clip.mp4)

```farm
seconds: 4
```

Listen to this.

## Two

![claps](clip.mp4)

That was all.

```farm
sound: off
```
"""


def test_a_clip_is_heard_in_the_film_and_another_level_of_it_draws_no_picture(
    root: Path, tmp_path: Path
) -> None:
    pytest.importorskip("espeakng_loader")
    folder = tmp_path / "claps"
    folder.mkdir()
    clapper(folder / "clip.mp4", 4.0, ((2.5, 3.5),))
    request = {
        "farm": 1, "pipeline": "lesson", "providers": {"speech.say": "espeak"},
        "params": {"short_side": 144, "phones": False, "track": False},
    }  # fmt: skip
    (folder / "job.yaml").write_text(json.dumps(request), encoding="utf-8")

    def sent(text: str) -> dict[str, Any]:
        (folder / "lesson.md").write_text(text, encoding="utf-8")
        return made(root, str(folder), "-p", "lesson")

    first = sent(WITH_A_CLIP)
    assert standing(first)["listen"] == {"done": 2}
    with av.open(str(Path(first["published"]) / "video.mp4")) as film:
        sound = np.concatenate([f.to_ndarray().mean(axis=0) for f in film.decode(audio=0)])
    moments = np.arange(len(sound)) / 48_000
    hum = np.abs(np.convolve(sound * np.exp(2000j * np.pi * moments), np.ones(480) / 480, "same"))
    on = np.flatnonzero(hum > 0.5 * hum[round(2.6 * 48_000) : round(3.4 * 48_000)].mean())
    on = on[(on > 2 * 48_000) & (on < 4 * 48_000)]  # Somebody speaks before, and after.
    assert on[0] / 48_000 == pytest.approx(2.5, abs=0.02)
    assert on[-1] / 48_000 == pytest.approx(3.5, abs=0.02)

    # Another level draws nothing again.
    softer = standing(sent(WITH_A_CLIP.replace("seconds: 4", "seconds: 4\nsound_db: -6")))
    assert softer["listen"] == {"cached": 1, "done": 1}
    for name in ("say", "compose", "join"):
        assert set(softer[name]) == {"cached"}


@pytest.mark.soak
def test_a_real_lesson_is_understood_word_for_word_and_a_changed_sentence_costs_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [stored(name) for name in ("kokoro-82m-int8", "whisper-base", "mediapipe-face")]
    monkeypatch.setenv("FARM_MODELS_DIR", str(models[0].parents[1]))
    folder = tmp_path / "given"
    shutil.copytree(SAMPLE, folder)
    (folder / "lesson.md").write_text(REAL, encoding="utf-8")
    request = {"farm": 1, "pipeline": "lesson", "providers": {"speech.say": "kokoro"}}
    (folder / "job.yaml").write_text(json.dumps(request), encoding="utf-8")
    with running(tmp_path / "farm") as root:
        first = made(root, str(folder), "-p", "lesson", "--quality", "draft", timeout_s=1500)
        film = Path(first["published"]) / "video.mp4"
        words = run_stage(LISTEN, tmp_path / "heard", {"media": film}, models=StoredModels())
        told = json.loads(words["words"].read_text("utf-8"))["words"]
        heard = " ".join(word["text"] for word in told)
        assert word_errors(said(REAL), heard) < 0.10, heard
        seconds = first["ended_at"] - first["started_at"]

        changed = REAL.replace("Then do the same again.", "Then you do the same once more.")
        (folder / "lesson.md").write_text(changed, encoding="utf-8")
        again = made(root, str(folder), "-p", "lesson", "--quality", "draft", timeout_s=1500)
        counts = standing(again)
        assert counts["say"] == {"cached": 4, "done": 1}
        for name in ("speak", "compose"):
            assert counts[name] == {"cached": 1, "done": 1}
        for name in ("look", "seen", "portrait", "find", "cut", "idle"):
            assert counts[name] == {"cached": 1}
        print(f"whole {seconds:.0f} s, a changed sentence "
              f"{again['ended_at'] - again['started_at']:.0f} s")  # fmt: skip


def said(lesson: str) -> str:
    """The narration of a lesson."""
    lines = lesson.rpartition("---\n")[2].splitlines()
    return " ".join(line for line in lines if not line.startswith(("#", "!")))


def word_errors(script: str, heard: str) -> float:
    """Word error rate: words to change, add or leave out, over those of the script."""
    one, two = (re.findall(r"[a-z']+", text.lower()) for text in (script, heard))
    row = np.arange(len(two) + 1)
    for number, word in enumerate(one, 1):
        before, row = row, np.empty_like(row)
        row[0] = number
        for at, other in enumerate(two, 1):
            row[at] = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (word != other))
    return float(row[-1]) / max(1, len(one))
