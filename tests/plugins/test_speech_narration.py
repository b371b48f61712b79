"""A text becomes utterances that do not know their place, and what is said of them one narration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from direct_task import run_stage, stage_of

import farm_speech
from farm import InputError
from farm.media.sound import RATE, sound_parts
from farm_speech.sound import write_flac

TEXT = "# Tides\n\nThe moon pulls. Ask kubectl.\n\nIt turns."


def split(
    folder: Path, text: str | bytes, **params: Any
) -> tuple[list[dict[str, Any]], list[float]]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "text.md"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    made: Any = run_stage(
        stage_of(farm_speech, "speech.sentences"), folder / "made", {"text": path}, params
    )
    utterances = [json.loads(one.read_text("utf-8")) for one in made["utterances"]]
    return utterances, json.loads(made["pauses"].read_text("utf-8"))["pauses_s"]


def test_each_sentence_is_an_utterance_and_the_pauses_are_kept_apart(tmp_path: Path) -> None:
    asked = {"kubectl": "cube control", "Linux": "/lˈɪnəks/"}
    utterances, pauses = split(tmp_path, TEXT, voice="bf_emma", pronunciations=asked)
    assert [one["text"] for one in utterances] == [
        "Tides",
        "The moon pulls.",
        "Ask kubectl.",
        "It turns.",
    ]
    assert [one["pronunciations"] for one in utterances] == [
        {},
        {},
        {"kubectl": "cube control"},
        {},
    ]
    assert {one["voice"] for one in utterances} == {"bf_emma"}
    assert pauses == [1.0, 0.35, 0.8, 0.8]


def test_an_equal_sentence_is_an_equal_file_wherever_it_stands(tmp_path: Path) -> None:
    first, _ = split(tmp_path / "a", "It turns. Then more.")
    second, _ = split(tmp_path / "b", "New. Then more.\n\nIt turns.")
    assert first[0] == second[2]
    assert first[1] == second[1]


@pytest.mark.parametrize("text", ["", " \n\n", "\n---\n", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(text: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        split(tmp_path, text)
    assert refused.value.code == "speech.bad-text"


def joined(folder: Path, sentences: int, pauses: list[float], words: Any = None) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    tone = (0.1 * np.sin(np.arange(RATE // 2) / 20)).astype(np.float32)
    said = {"text": "Hi.", "start_s": 0.1, "end_s": 0.4, "said": "Hi"}
    told = {
        "schema": "farm.words/1",
        "language": "en",
        "words": [said],
        "method": "model",
        "warnings": ["something"],
    }
    speech, documents = [], []
    for number in range(sentences):
        speech.append(folder / f"{number}.flac")
        write_flac(speech[-1], tone)
        documents.append(folder / f"{number}.json")
        documents[-1].write_text(json.dumps(told if words is None else words), encoding="utf-8")
    (folder / "pauses.json").write_text(
        json.dumps({"schema": "farm.pauses/1", "pauses_s": pauses}), encoding="utf-8"
    )
    inputs = {"speech": speech, "words": documents, "pauses": folder / "pauses.json"}
    return run_stage(stage_of(farm_speech, "speech.join"), folder / "made", inputs)


def test_sentences_follow_one_another_after_their_pauses(tmp_path: Path) -> None:
    made = joined(tmp_path, 3, [0.25, 1.5, 9.0])
    parts = list(sound_parts(made["narration"], "x", layout="mono"))
    samples = np.concatenate(parts, axis=1)[0]
    assert len(samples) == round((3 * 0.5 + 0.25 + 1.5) * RATE)
    assert not samples[round(0.51 * RATE) : round(0.74 * RATE)].any()
    told = json.loads(made["words"].read_text("utf-8"))
    assert [word["start_s"] for word in told["words"]] == [0.1, 0.85, 2.85]
    assert told["duration_s"] == pytest.approx(3.25)
    assert told["warnings"] == ["something"]


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as unequal:
        joined(tmp_path / "a", 2, [0.5])
    assert unequal.value.code == "speech.unequal"
    for broken in ({"schema": "farm.cues/1"}, [], {"schema": "farm.words/1", "language": 3}):
        with pytest.raises(InputError) as bad:
            joined(tmp_path / "b", 1, [0.5], broken)
        assert bad.value.code == "speech.bad-document"
