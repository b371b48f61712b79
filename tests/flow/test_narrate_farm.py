"""A text is read aloud by a running farm, and a changed sentence alone is said again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import pytest
from running_farm import farm, running

from farm_speech.espeak import calling

TEXT = "# Tides\n\nThe moon pulls at the sea. It takes 6 hours, e.g. from noon.\n\nThen it turns."


@pytest.mark.skipif(not calling.available(), reason=calling.MEND)
def test_a_text_is_read_aloud_and_only_a_changed_sentence_is_said_again(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    asked = {"farm": 1, "pipeline": "narrate", "providers": {"speech.say": "espeak"}}
    for name, text in (("first", TEXT), ("second", TEXT.replace("6 hours", "12 hours"))):
        (given / f"{name}.json").write_text(json.dumps({**asked, "inputs": {"text": text}}))
    with running(tmp_path / "farm") as root:
        first, second = (_done(root, given / f"{name}.json") for name in ("first", "second"))
        assert _said(first) == {"done": 4}
        assert _said(second) == {"cached": 3, "done": 1}
        [words, _] = sorted(root.rglob("words.json"))
        told = json.loads(words.read_text("utf-8"))
        assert " ".join(word["text"] for word in told["words"]) == " ".join(
            TEXT.removeprefix("# ").split()
        )
        with av.open(str(words.with_name("speech.flac"))) as file:
            assert file.streams.audio[0].rate == 48_000
            assert file.duration / 1e6 == pytest.approx(told["duration_s"], abs=0.01)
        assert "6 hours" in words.with_name("speech.srt").read_text("utf-8")


def _done(root: Path, asked: Path) -> dict[str, Any]:
    [job] = json.loads(farm(root, "submit", str(asked), "--json"))
    [watched] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    assert watched["state"] == "done", watched
    shown: dict[str, Any] = json.loads(farm(root, "show", str(job["number"]), "--json"))
    return shown


def _said(shown: dict[str, Any]) -> dict[str, int]:
    """How many sentences were said, and how many taken from the cache."""
    [say] = [stage for stage in shown["stages"] if stage["name"] == "say"]
    counts: dict[str, int] = say["counts"]
    return counts
