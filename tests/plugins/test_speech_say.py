"""Voices say what is written, at the moments they tell, and refuse what they cannot say."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from stored_models import StoredModels, stored

import farm_finish
import farm_speech
import farm_vision
from farm import ConfigError, InputError, MissingExtra, Stage, TransientError
from farm.media.sound import RATE, sound_parts
from farm_speech import settings
from farm_speech.casting import cast
from farm_speech.espeak import calling
from farm_speech.kokoro.chunks import MOST, chunks
from farm_speech.kokoro.graph import with_output
from farm_speech.kokoro.voices import DEFAULT, NAMES, first_for, language_of
from farm_speech.params import SayParams
from farm_speech.sound import CEILING, loudness
from farm_speech.text.reading import read
from farm_speech.utterance import Utterance

SCRIPT = (
    "Dr. Smith paid $3.50 on March 3, 2026, and it took 2 hours. We used to live near the lake."
)


@dataclass(frozen=True)
class Said:
    speech: Path
    text: str
    words: dict[str, Any]

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate(list(sound_parts(self.speech, "x", layout="mono")), axis=1)[0]


def provider(name: str) -> Stage:
    return next(s for s in farm_speech.farm_stages() if s.id == f"speech.say/{name}")


def say(
    folder: Path, by: str = "kokoro", params: dict[str, Any] | None = None, **fields: Any
) -> Said:
    folder.mkdir(parents=True, exist_ok=True)
    asked = folder / "utterance.json"
    asked.write_text(json.dumps({"schema": "farm.utterance/1", **fields}), encoding="utf-8")
    inputs = {"utterance": asked}
    made = run_stage(provider(by), folder / "made", inputs, params or {}, models=models())
    words = json.loads(made["words"].read_text("utf-8"))
    return Said(made["speech"], made["text"].read_text("utf-8").strip(), words)


@cache
def models() -> StoredModels:
    """Loaded once for all tests of this file."""
    return StoredModels()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    return say(tmp_path_factory.mktemp("kokoro"), text=SCRIPT)


def test_the_words_are_the_script_s_and_what_is_said_of_them(said: Said) -> None:
    assert " ".join(word["text"] for word in said.words["words"]) == SCRIPT
    assert said.text == read(SCRIPT).plain
    assert said.text == " ".join(word["said"] for word in said.words["words"])
    assert (said.words["voice"], said.words["language"]) == ("af_heart", "en-us")
    assert said.words["method"] == "model"
    assert said.words["warnings"] == []


def test_the_speech_is_trimmed_at_its_loudness_and_below_the_ceiling(said: Said) -> None:
    samples = said.samples
    assert loudness(samples) == pytest.approx(-16, abs=0.3)
    assert float(np.abs(samples).max()) <= CEILING + 1e-4
    assert said.words["duration_s"] == pytest.approx(len(samples) / RATE, abs=0.001)
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    assert loud[0] / RATE < 0.1
    assert (len(samples) - loud[-1]) / RATE < 0.2


def test_a_listener_understands_every_word(said: Said, tmp_path: Path) -> None:
    heard = run_stage(
        stage_of(farm_finish, "speech.transcribe"),
        tmp_path,
        {"media": said.speech},
        {"language": "en"},
        models=StoredModels(),
    )
    words = json.loads(heard["words"].read_text("utf-8"))["words"]
    written = "".join(" " * word.get("space", True) + word["text"] for word in words)
    understood = read(written).plain
    assert _bare(understood) == _bare(said.text)


def test_words_are_said_when_an_aligner_finds_them(said: Said, tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    text = tmp_path / "text.txt"
    text.write_text(said.text, encoding="utf-8")
    aligned = run_stage(
        stage_of(farm_vision, "speech.phones"),
        tmp_path / "made",
        {"audio": said.speech, "text": text},
    )
    found = json.loads(aligned["phones"].read_text("utf-8"))
    assert found["shared"] == []
    starts, ends = [], []
    at = 0
    for word in said.words["words"]:
        count = len(word["said"].split())
        starts.append(abs(found["words"][at]["start_s"] - word["start_s"]))
        ends.append(abs(found["words"][at + count - 1]["end_s"] - word["end_s"]))
        at += count
    assert at == len(found["words"])
    assert np.median(starts) < 0.04
    assert max(starts) < 0.15
    assert np.median(ends) < 0.04
    assert max(ends) < 0.15


def test_words_do_not_overlap_and_are_heard_while_they_last(said: Said) -> None:
    before = 0.0
    samples = said.samples
    for word in said.words["words"]:
        assert before <= word["start_s"] < word["end_s"]
        before = word["end_s"]
        part = samples[round(word["start_s"] * RATE) : round(word["end_s"] * RATE)]
        assert float(np.sqrt((part**2).mean())) > 0.01, word
    assert before <= said.words["duration_s"]


def test_what_is_not_said_and_what_is_guessed_is_named(tmp_path: Path) -> None:
    made = say(tmp_path, text="Привет, blorptastic!", voice="bm_george", speed=2.0)
    first, second = made.words["warnings"]
    assert "Привет" in first + second
    assert "blorptastic" in first + second
    assert "(speech.unpronounceable)" in first + second
    assert made.words["voice"] == "bm_george"


REFUSED = {
    "speech.empty-text": {"text": " \n"},
    "speech.unpronounceable": {"text": "Привет мир"},
    "speech.wrong-language": {"text": "Hallo", "language": "de", "voice": "af_heart"},
    "speech.no-voice": {"text": "Hallo", "language": "de"},
    "speech.unknown-voice": {"text": "Hello", "voice": "zz_top"},
    "speech.bad-utterance": {"text": "Hello", "speed": 9},
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_said_is_refused_by_name(code: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        say(tmp_path, **REFUSED[code])
    assert refused.value.code == code
    assert refused.value.mend


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "farm.words/1", "text": "a"}'])
def test_another_document_is_no_utterance(content: str, tmp_path: Path) -> None:
    path = tmp_path / "utterance.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"farm\.utterance/1"):
        run_stage(provider("kokoro"), tmp_path / "made", {"utterance": path}, models=models())


def test_a_long_text_is_given_to_the_network_in_parts_it_can_take() -> None:
    words = ["hˈɛlO"] * 400
    marks = ["." if n % 30 == 29 else "," if n % 10 == 9 else "" for n in range(400)]
    parts = list(chunks(words, marks))
    assert all(len(part.phones) <= MOST + 1 for part in parts)
    assert sum(len(part.places) for part in parts) == 400
    assert all(part.phones[first:last] == "hˈɛlO" for part in parts for first, last in part.places)
    assert parts[-1].pause_s == 0
    assert len(list(chunks(["hˈɛlO"], ["."]))) == 1


def test_a_graph_is_given_one_more_output_and_nothing_else_changes() -> None:
    graph = b"\x0a\x03abc"
    model = b"\x08\x09" + b"\x3a" + bytes([len(graph)]) + graph + b"\x42\x02\x10\x14"
    more = with_output(model, "lasting")
    assert more.startswith(b"\x08\x09\x3a")
    assert more.endswith(b"\x42\x02\x10\x14")
    assert graph in more
    assert b"lasting" in more
    for broken in (b"", b"\x08\x09", b"\x0b"):
        with pytest.raises(ValueError, match="no graph"):
            with_output(broken, "lasting")


def test_every_voice_has_a_language_and_its_file() -> None:
    folder = stored("kokoro-voices")
    assert {f"{name}.bin" for name in NAMES} == {path.name for path in folder.glob("*.bin")}
    assert {language_of(name) for name in NAMES} >= {"en-us", "en-gb", "es", "fr", "it", "hi"}
    assert first_for("EN-gb") == "bf_emma"
    assert first_for("en-au") == "af_heart"
    assert first_for("xx") is None


@pytest.mark.parametrize(
    ("asked", "params", "name"),
    [
        ({}, {}, "af_heart"),
        ({"language": "en"}, {}, "af_heart"),
        ({"language": "en-gb"}, {}, "bf_emma"),
        ({"language": "en-AU"}, {}, "af_heart"),
        ({}, {"language": "fr"}, "ff_siwis"),
        ({}, {"voice": "am_adam"}, "am_adam"),
        ({"voice": "bm_lewis"}, {"voice": "am_adam"}, "bm_lewis"),
    ],
)
def test_whoever_speaks_the_language_best_speaks(
    asked: dict[str, str], params: dict[str, str], name: str
) -> None:
    utterance = Utterance.model_validate({"schema": "farm.utterance/1", "text": "a", **asked})
    given = SayParams(**params)
    voices = {one: language_of(one) for one in NAMES}
    default = first_for(utterance.language or given.language) or DEFAULT
    role = cast(utterance, given, voices, default, "kokoro")
    assert (role.voice, role.language) == (name, language_of(name))
    codes = {code: code for code in ("en-us", "de", "en-gb")}
    if asked.get("language") == "en-gb":
        assert cast(utterance, given, codes, "en-us", "espeak").voice == "en-gb"


needs_espeak = pytest.mark.skipif(not calling.available(), reason=calling.MEND)


@needs_espeak
def test_espeak_speaks_in_a_process_of_its_own_and_tells_the_moments(tmp_path: Path) -> None:
    made = say(tmp_path, "espeak", text="The price is $3.50, and 2 km are far.")
    assert made.text == "The price is three dollars and fifty cents and two kilometers are far"
    assert made.words["method"] == "model"
    assert loudness(made.samples) == pytest.approx(-16, abs=0.3)
    starts = [word["start_s"] for word in made.words["words"]]
    assert starts == sorted(starts)
    assert made.words["words"][-1]["end_s"] <= made.words["duration_s"]


@needs_espeak
def test_espeak_reads_german_numbers_itself_and_warns_of_phones(tmp_path: Path) -> None:
    made = say(
        tmp_path,
        "espeak",
        text="Am 21. November kamen 35 Leute.",
        language="de",
        pronunciations={"Leute": "/lˈɔYtə/"},
    )
    assert (made.words["voice"], made.words["language"]) == ("de", "de")
    assert [word["text"] for word in made.words["words"]][:3] == ["Am", "21.", "November"]
    assert "(speech.phones-unused)" in made.words["warnings"][0]


@needs_espeak
def test_kokoro_has_the_phones_of_other_languages_from_espeak(tmp_path: Path) -> None:
    made = say(tmp_path, text="Tenemos 35 alumnos.", language="es", speed=1.5)
    assert made.words["voice"] == "ef_dora"
    assert [word["text"] for word in made.words["words"]] == ["Tenemos", "35", "alumnos."]
    number = made.words["words"][1]
    assert number["end_s"] - number["start_s"] > 0.3


def piper_that(tmp_path: Path, does: str) -> None:
    """Configure a program that takes Piper's options."""
    program = tmp_path / "piper.py"
    program.write_text(
        "import sys, wave, math, array\n"
        "text = sys.stdin.read()\n"
        "options = dict(zip(sys.argv[1::2], sys.argv[2::2]))\n" + does,
        encoding="utf-8",
    )
    settings.configure({"piper": [sys.executable, str(program)]})


@pytest.fixture
def unconfigured() -> Any:
    yield
    settings.configure({})


def test_piper_is_a_program_that_gets_the_words_and_how_slow(
    tmp_path: Path, unconfigured: None
) -> None:
    stored("piper-en-us-joe")
    tone = (
        "assert text == 'three percent, more.', text\n"
        "assert options['--length-scale'] == '0.8000', options\n"
        "assert options['--config'] == options['--model'] + '.json'\n"
        "with wave.open(options['--output-file'], 'wb') as f:\n"
        "    f.setnchannels(1); f.setsampwidth(2); f.setframerate(22050)\n"
        "    f.writeframes(array.array('h', (int(9000 * math.sin(n / 9)) for n in range(22050))))\n"
    )
    piper_that(tmp_path, tone)
    made = say(tmp_path, "piper", text="3%, more.", speed=1.25)
    assert made.words["method"] == "shared"
    assert made.words["duration_s"] == pytest.approx(1.0, abs=0.1)
    piper_that(tmp_path, "sys.exit('no such voice')\n")
    with pytest.raises(TransientError, match="no such voice"):
        say(tmp_path / "again", "piper", text="Hello")


def test_settings_that_are_not_known_stop_the_process(unconfigured: None) -> None:
    with pytest.raises(ConfigError, match=r"plugins\.farm_speech"):
        settings.configure({"pipper": ["x"]})


def test_a_model_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    from farm_speech.kokoro.network import Network

    with pytest.raises(MissingExtra, match=r"farm\[speech\]"):
        Network(tmp_path / "none.onnx", 1)


def _bare(text: str) -> list[str]:
    return "".join(sign for sign in text.lower() if sign.isalpha() or sign == " ").split()
