"""A voice and its text become phones, visemes and a film of a mouth, by a running farm."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from running_farm import farm, running
from spoken import spoken, written

LINE = "Bob may move a big map."


def test_a_voice_and_its_text_become_a_mouth_that_says_it(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    speech = spoken(LINE)
    given = tmp_path / "given"
    given.mkdir()
    written(given / "voice.wav", speech.samples, speech.rate)
    asked = {
        "farm": 1,
        "pipeline": "speech",
        "inputs": {"audio": "voice.wav", "text": LINE},
        "params": {"fps": "25"},
    }
    (given / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    asked |= {"inputs": {"audio": "voice.wav"}, "params": {"fps": "25", "phones": False}}
    (given / "foreign.json").write_text(json.dumps(asked), encoding="utf-8")
    with running(tmp_path / "farm") as root:
        for name in ("asked.json", "foreign.json"):
            [job] = json.loads(farm(root, "submit", str(given / name), "--json"))
            [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
            assert shown["state"] == "done", shown
        [phones] = root.rglob("phones.json")
        words = [word["word"] for word in json.loads(phones.read_text("utf-8"))["words"]]
        assert words == LINE.split()
        mouths = [json.loads(path.read_text("utf-8")) for path in root.rglob("visemes.json")]
        assert sorted(mouth["method"] for mouth in mouths) == ["phones", "sound"]
        for path in root.rglob("mouth.mp4"):
            with av.open(str(path)) as film:
                assert film.streams.audio
                shown = sum(1 for _ in film.decode(video=0))
            assert shown == len(mouths[0]["frames"]) == len(mouths[1]["frames"])
