"""``farm voices``: who can speak, and a file to hear them by."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from farm import InputError, ResourceError
from farm_speech.commands import voices
from farm_speech.espeak import calling
from farm_speech.kokoro.voices import NAMES
from farm_speech.trial import TrialModels, this_farm


class Heard:
    """A command's context that keeps what is printed."""

    documents = None

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.lines: list[str] = []

    def echo(self, text: str) -> None:
        self.lines.append(text)


def test_every_voice_is_listed_with_its_language_and_licence() -> None:
    asked = Heard("ls", "--json")
    assert voices(asked) == 0
    listed = json.loads("".join(asked.lines))
    assert [one["name"] for one in listed if one["provider"] == "kokoro"] == list(NAMES)
    assert {one["provider"] for one in listed} == {"kokoro", "piper", "espeak", "clone"}
    assert all(one["language"] and one["licence"] for one in listed)
    asked = Heard("--language", "en", "--provider", "kokoro")
    assert voices(asked) == 0
    assert len(asked.lines) == 28
    assert any("af_heart" in line and "the default" in line for line in asked.lines)


@pytest.mark.skipif(not calling.available(), reason=calling.MEND)
@pytest.mark.parametrize("name", ["said.wav", "said.flac"])
def test_a_sentence_is_said_into_a_file(name: str, tmp_path: Path) -> None:
    target = tmp_path / name
    asked = Heard("say", "Hello \ue000 there.", "--provider", "espeak", "-o", str(target))
    assert voices(asked) == 0
    assert "speech.unpronounceable" in asked.lines[0]
    if target.suffix == ".wav":
        with wave.open(str(target)) as file:
            assert (file.getframerate(), file.getnchannels()) == (48_000, 1)
            assert file.getnframes() > 24_000
    else:
        assert target.read_bytes().startswith(b"fLaC")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.flac or \.wav"):
        voices(Heard("say", "Hello", "-o", str(tmp_path / "said.mp3")))


def test_a_model_that_was_not_fetched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["farm", "--root", str(tmp_path), "voices"])
    command = this_farm()
    assert command[-2:] == ["--root", str(tmp_path)]
    with pytest.raises(ResourceError, match="farm models fetch kokoro-82m-int8"):
        TrialModels(command).files("kokoro-82m-int8")
