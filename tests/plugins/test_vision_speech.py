"""Phones and mouths of speech whose moments are known, and of what is no speech."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import flat
from spoken import Speech, spoken, written

import farm_vision
from farm import InputError, Stage
from farm.media.film import film, write_lossless
from farm_vision.hearing.listening import RATE
from farm_vision.speech import coarticulation
from farm_vision.speech.aligning import Aligner
from farm_vision.speech.letters import sounded
from farm_vision.speech.mouth import drawn
from farm_vision.speech.records import MouthFrame, Phone, PhoneName, VisemeName, read_phones
from farm_vision.speech.shapes import PHONES, VISEMES
from farm_vision.speech.spelling import said
from farm_vision.speech.stretches import LONGEST_S, Spoken, pieces, stretches

FIRM = {"p": "P", "b": "B", "m": "M", "f": "F", "v": "V", "s": "S", "k": "K"}
"""eSpeak's names of phones that every speaker says where they are written."""
SHUT_S = 0.05
LINES = (
    "Bob put a big map upon the table, maybe Papa may move it.",
    "Five very brave foxes ran past the famous village market.",
    "A small boat sails over the dark sea and comes home before the storm.",
)


def provider(capability: str, name: str) -> Stage:
    return next(
        stage
        for stage in farm_vision.farm_stages()
        if (stage.capability, stage.provider) == (capability, name)
    )


def given(folder: Path, speech: Speech, *, lead_s: float = 0.0, text: str = "") -> dict[str, Path]:
    """The speech as a file, silent for a while before it, and its text."""
    folder.mkdir(parents=True, exist_ok=True)
    sound = np.concatenate([np.zeros(round(lead_s * speech.rate)), speech.samples])
    inputs = {"audio": written(folder / "voice.wav", sound, speech.rate)}
    if text:
        inputs["text"] = folder / "text.txt"
        inputs["text"].write_text(text, encoding="utf-8")
    return inputs


def phones_of(folder: Path, inputs: dict[str, Path], **params: Any) -> dict[str, Any]:
    made = run_stage(stage_of(farm_vision, "speech.phones"), folder / "out", inputs, params)
    read_phones(made["phones"], "phones")
    found: dict[str, Any] = json.loads(made["phones"].read_text("utf-8"))
    return found


def firm(phones: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
    return [(p["phone"], p["start_s"]) for p in phones if p["phone"] in FIRM.values()]


def true_firm(speech: Speech) -> list[tuple[str, float]]:
    """eSpeak tells of a stop without voice when it is let go, which is that long after it shut."""
    return [
        (FIRM[name], at - SHUT_S * (name in "pk")) for name, at in speech.phones if name in FIRM
    ]


@pytest.mark.parametrize("line", LINES)
def test_words_and_phones_are_found_when_they_are_said(line: str, tmp_path: Path) -> None:
    speech = spoken(line)
    lead_s = 0.5
    found = phones_of(tmp_path, given(tmp_path, speech, lead_s=lead_s, text=line))
    assert [word["word"] for word in found["words"]] == line.split()
    true, told = true_firm(speech), firm(found["phones"])
    assert [name for name, _ in told] == [name for name, _ in true]
    late = np.array([one[1] - lead_s - two[1] for one, two in zip(told, true, strict=True)])
    assert np.median(np.abs(late)) < 0.015
    assert np.quantile(np.abs(late), 0.9) < 0.05
    begins = np.array([word["start_s"] for word in found["words"]]) - lead_s
    assert len(speech.starts_s) == len(begins)
    assert np.median(np.abs(begins - speech.starts_s)) < 0.02
    assert (found["method"], found["language"], found["shared"]) == ("aligned", "en", [])


def test_words_with_times_are_enough_and_numbers_and_new_words_are_said(tmp_path: Path) -> None:
    line = "In March the blorptastic robot made 12 films."
    speech = spoken(line)
    inputs = given(tmp_path, speech)
    stops = [*speech.starts_s[1:], len(speech.samples) / speech.rate]
    # Heard a little too early or late, as by somebody who guesses.
    heard = [
        {"text": text, "start_s": max(0.0, start + off), "end_s": stop + off, "confidence": 1.0}
        for text, start, stop, off in zip(
            line.split(), speech.starts_s, stops, [0.05, -0.04] * 4, strict=True
        )
    ]
    inputs["words"] = tmp_path / "words.json"
    document = {"schema": "farm.words/1", "language": "en", "words": heard, "segments": []}
    inputs["words"].write_text(json.dumps(document), encoding="utf-8")
    found = phones_of(tmp_path, inputs)
    assert [word["word"] for word in found["words"]] == line.split()
    assert found["guessed"] == ["blorptastic"]
    begins = np.array([word["start_s"] for word in found["words"]])
    assert np.abs(begins - speech.starts_s).max() < 0.08
    name = "".join(p["phone"] for p in found["phones"])
    assert "TWEHLV" in name
    assert "BLAORPTAESTIHK" in name


def test_words_that_are_not_found_share_their_time_and_the_document_says_so(tmp_path: Path) -> None:
    inputs = given(tmp_path, spoken(LINES[0]))
    heard = [
        {"text": "Completely", "start_s": 0.5, "end_s": 1.5},
        {"text": "—", "start_s": 1.4, "end_s": 1.6},
        {"text": "otherwise", "start_s": 1.4, "end_s": 1.9},
        {"text": "thoughtlessness", "start_s": 2.0, "end_s": 2.1},
    ]
    inputs["words"] = tmp_path / "words.json"
    document = {"schema": "farm.words/1", "language": "en-GB", "words": heard}
    inputs["words"].write_text(json.dumps(document), encoding="utf-8")
    found = phones_of(tmp_path, inputs)
    assert [word["word"] for word in found["words"]] == [
        "Completely",
        "otherwise",
        "thoughtlessness",
    ]
    assert len(found["shared"]) == 1
    assert found["language"] == "en-GB"
    first = [p for p in found["phones"] if p["end_s"] <= 1.401]
    assert (first[0]["start_s"], first[-1]["end_s"]) == (0.5, 1.4)
    lengths = [p["end_s"] - p["start_s"] for p in first]
    assert max(lengths) - min(lengths) < 0.01


def test_phones_of_unknown_speech_are_recognised_as_they_sound(tmp_path: Path) -> None:
    speech = spoken(LINES[2])
    found = phones_of(tmp_path, given(tmp_path, speech), language="de")
    assert (found["method"], found["words"], found["language"]) == ("recognised", [], "de")
    true = true_firm(speech)
    hits = sum(
        any(name == said and abs(at - start) < 0.06 for said, start in firm(found["phones"]))
        for name, at in true
    )
    assert hits >= 0.5 * len(true)


def test_the_same_speech_gives_the_same_phones_after_another(tmp_path: Path) -> None:
    aligner = Aligner()
    sound = np.random.default_rng(1).normal(0, 0.05, RATE).astype(np.float32)
    words = ["nobody", "zzyzx"]
    aligner.learn(words)
    first = aligner.phones(sound, words)
    aligner.phones(sound[::-1].copy(), ["other"])
    assert aligner.phones(sound, words) == first


def test_a_text_that_is_not_said_and_a_foreign_one_are_refused(tmp_path: Path) -> None:
    speech = spoken("Good morning.")
    wrong = given(tmp_path / "a", speech, text=" ".join(LINES * 3))
    with pytest.raises(InputError, match="is not what is said"):
        phones_of(tmp_path / "a", wrong)
    with pytest.raises(InputError, match="language"):
        phones_of(tmp_path / "b", given(tmp_path / "b", speech, text="Guten Morgen"), language="de")
    with pytest.raises(InputError, match="has no words"):
        phones_of(tmp_path / "c", given(tmp_path / "c", speech, text="… !"))
    silent = Speech(np.zeros(16000), 16000, (), ())
    with pytest.raises(InputError, match="is not what is said"):
        phones_of(tmp_path / "d", given(tmp_path / "d", silent, text="Hello"))
    assert phones_of(tmp_path / "e", given(tmp_path / "e", silent))["phones"] == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Don’t, café", "don't cafe"),
        ("21st 3rd 30th", "twenty first third thirtieth"),
        ("1,234.5 & 007", "one thousand two hundred thirty four point five and zero zero seven"),
        ("2026 1905 2005", "twenty twenty six nineteen oh five two thousand five"),
        ("50% — 日本", "fifty percent"),
    ],
)
def test_numbers_and_signs_are_written_out_as_they_are_said(text: str, plain: str) -> None:
    assert " ".join(word.plain for word in said(text.split())) == plain


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("phantomware", "F AE N T AH M W AO R"),
        ("thrashing", "TH R AE SH IH NG"),
        ("tlp", "T IY EH L P IY"),
        ("quixlet", "K W IH K S L EH T"),
    ],
)
def test_words_of_no_dictionary_are_said_by_their_letters(word: str, phones: str) -> None:
    assert " ".join(sounded(word)) == phones


def test_any_word_of_letters_can_be_said() -> None:
    chance = np.random.default_rng(4)
    names = set(get_args(PhoneName))
    for length in range(1, 13):
        for _ in range(20):
            word = "".join(chance.choice(list("abcdefghijklmnopqrstuvwxyz"), length))
            phones = sounded(word)
            assert phones
            assert names.issuperset(phones), word


def test_long_speech_is_cut_at_pauses_and_every_word_is_in_one_stretch() -> None:
    chance = np.random.default_rng(2)
    words, at = [], 0.0
    for number in range(300):
        at += 0.6 if number % 9 == 8 else 0.0
        words.append(Spoken("word", number, at, at := at + float(chance.uniform(0.1, 0.6))))
    made = list(stretches(words, at))
    assert [word.number for part in made for word in part.words] == list(range(300))
    assert max(part.end_s - part.start_s for part in made) < LONGEST_S + 2
    assert all(one.end_s <= two.start_s + 1e-9 for one, two in pairwise(made))
    sound = chance.normal(0, 0.1, 40 * RATE).astype(np.float32)
    sound[14 * RATE : 14 * RATE + RATE // 4] = 0
    cut = list(pieces(sound))
    assert np.array_equal(np.concatenate([part for _, part in cut]), sound)
    assert 14.05 < cut[1][0] / RATE < 14.2


def mouth_of(
    folder: Path, inputs: dict[str, Path], name: str = "farm_vision", **params: Any
) -> Any:
    made = run_stage(provider("speech.visemes", name), folder / "mouth", inputs, params)
    return json.loads(made["visemes"].read_text("utf-8"))


def series(document: dict[str, Any], part: str) -> np.ndarray:
    return np.array([frame[part] for frame in document["frames"]])


@pytest.mark.parametrize("fps", ["12", "24", "30000/1001", "60"])
def test_lips_meet_on_p_b_and_m_and_rest_in_silence(fps: str, tmp_path: Path) -> None:
    line = LINES[0]
    speech = spoken(line)
    inputs = given(tmp_path, speech, lead_s=1.0, text=line)
    phones = run_stage(stage_of(farm_vision, "speech.phones"), tmp_path / "p", inputs)["phones"]
    mouth = mouth_of(tmp_path, {"audio": inputs["audio"], "phones": phones}, fps=fps)
    rate, opening = mouth["fps"], series(mouth, "open")
    assert (mouth["schema"], mouth["method"], mouth["language"]) == (
        "farm.visemes/1",
        "phones",
        "en",
    )
    assert len(mouth["frames"]) == np.ceil((1 + len(speech.samples) / speech.rate) * rate - 1e-6)
    closed = [p for p in mouth["visemes"] if p["viseme"] == "PP"]
    assert len(closed) == sum(name in ("p", "b", "m") for name, _ in speech.phones)
    for part in closed:
        number = int((part["start_s"] + part["end_s"]) / 2 * rate)
        assert opening[number] < 0.1
        assert mouth["frames"][number]["viseme"] == "PP"
    assert opening[: int(0.85 * rate)].max() == 0
    assert opening.max() > 0.5
    assert set(series(mouth, "viseme")) <= set(get_args(VisemeName))


def test_a_mouth_moves_without_a_jump_and_rounds_before_a_round_vowel() -> None:
    names: list[tuple[PhoneName, float]] = [("S", 0.12), ("T", 0.06), ("UW", 0.2), ("M", 0.08)]
    names += [("AA", 0.2), ("F", 0.1), ("IY", 0.15)]
    phones, at = [], 0.4
    for name, length in names:
        phones.append(Phone(name, at, at + length))
        at += length
    made = coarticulation.made_of(phones, at + 0.4)
    shown = coarticulation.frames(made, round((at + 0.4) * 200), 200.0)
    table = np.array([[frame.open, frame.wide, frame.round] for frame in shown])
    assert np.abs(np.diff(table, axis=0)).max() < 0.12
    start_t, start_u = (round(phones[n].start_s * 200) for n in (1, 2))
    assert table[start_u, 2] > 0.45
    assert table[start_t, 2] > 0.15
    means = {p.phone: table[round((p.start_s + p.end_s) * 100)] for p in phones}
    assert means["AA"][0] > 0.7
    assert means["M"][0] < 0.02
    assert means["F"][0] < 0.15
    assert means["IY"][1] > 0.55
    assert means["UW"][2] > 0.7
    assert means["IY"][2] < 0.15
    assert (table[:40, 0].max(), table[-40:, 0].max()) == (0, 0)


def test_every_phone_has_a_shape_and_every_viseme_is_made_by_one() -> None:
    assert set(PHONES) == set(get_args(PhoneName))
    assert set(VISEMES) == set(get_args(VisemeName))
    assert {shape.viseme for shapes in PHONES.values() for shape in shapes} == set(VISEMES) - {
        "sil"
    }
    assert all(sum(s.share for s in shapes) == pytest.approx(1) for shapes in PHONES.values())


def test_soft_vowels_are_made_with_a_smaller_mouth(tmp_path: Path) -> None:
    phones = [Phone("AA", 0.5, 0.9), Phone("AA", 1.5, 1.9)]
    made = coarticulation.made_of(phones, 2.4, lambda start, _: -20.0 if start < 1 else -32.0)
    opening = [frame.open for frame in coarticulation.frames(made, 48, 20.0)]
    assert opening[13] > opening[33] + 0.2
    assert opening[33] > 0.3


def test_sound_alone_moves_a_mouth_in_any_language(tmp_path: Path) -> None:
    line = "Mama kauft am Montag viele Bananen und Papa malt ein Bild."
    speech = spoken(line, "de")
    inputs = given(tmp_path, speech, lead_s=1.0)
    mouth = mouth_of(tmp_path, inputs, fps="25")
    assert (mouth["method"], mouth["language"]) == ("sound", "")
    opening = series(mouth, "open")
    assert opening[:22].max() < 0.05
    vowels = [(at, name) for name, at in speech.phones if name.strip("',")[:1] == "a"]
    on_vowels = [opening[round((1 + at + 0.06) * 25)] for at, _ in vowels]
    on_lips = [opening[int((1 + at + 0.03) * 25)] for name, at in speech.phones if name in "mbp"]
    assert np.mean(on_vowels) > np.mean(on_lips) + 0.25
    assert mouth == mouth_of(tmp_path / "b", inputs, "formants", fps="25")


def test_a_mouth_by_sound_opens_much_as_one_by_phones(tmp_path: Path) -> None:
    text = " ".join(LINES)
    speech = spoken(text)
    inputs = given(tmp_path, speech, text=text)
    phones = run_stage(stage_of(farm_vision, "speech.phones"), tmp_path / "p", inputs)["phones"]
    known = series(mouth_of(tmp_path / "a", {"audio": inputs["audio"], "phones": phones}), "open")
    heard = series(mouth_of(tmp_path / "b", {"audio": inputs["audio"]}), "open")
    assert np.corrcoef(known, heard)[0, 1] > 0.7


def test_vowels_are_told_apart_by_their_formants(tmp_path: Path) -> None:
    shown: dict[str, np.ndarray] = {}
    # Two formants each, as in a textbook, of a voice of 120 Hz.
    for name, formants in {"a": (730, 1090), "i": (270, 2290), "u": (300, 870)}.items():
        time = np.arange(RATE) / RATE
        sound = np.zeros(RATE)
        for part in range(1, 60):
            hertz = 120 * part
            gain = sum(1 / (1 + ((hertz - f) / 60) ** 2) for f in (*formants, 3000))
            sound += gain / part**0.5 * np.sin(2 * np.pi * hertz * time)
        folder = tmp_path / name
        speech = Speech(0.3 * sound / np.abs(sound).max(), RATE, (), ())
        mouth = mouth_of(folder, given(folder, speech, lead_s=0.5))
        middle = mouth["frames"][20:30]
        shown[name] = np.median([[f["open"], f["wide"], f["round"]] for f in middle], axis=0)
    assert shown["a"][0] > max(shown["i"][0], shown["u"][0]) + 0.3
    assert shown["i"][1] > max(shown["a"][1], shown["u"][1]) + 0.3
    assert shown["u"][2] > max(shown["a"][2], shown["i"][2]) + 0.3


def test_the_frames_of_a_film_count_and_nothing_to_speak_is_refused(tmp_path: Path) -> None:
    speech = spoken("Good morning.")
    inputs = given(tmp_path, speech)
    write_lossless(tmp_path / "film.mkv", [flat(90)] * 31, Fraction(25))
    inputs["video"] = tmp_path / "film.mkv"
    mouth = mouth_of(tmp_path, inputs)
    assert (mouth["fps"], len(mouth["frames"])) == (25.0, 31)
    with pytest.raises(InputError, match="nothing to speak"):
        mouth_of(tmp_path, {})


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "is not JSON"),
        ('{"schema": "farm.words/1"}', "another kind"),
        ('{"schema": "farm.phones/1", "words": [], "phones": [{"phone": "QQ"}]}', "phones.0"),
        (
            '{"schema": "farm.phones/1", "words": [], "phones": ['
            '{"phone": "AA", "start_s": 1, "end_s": 2}, {"phone": "B", "start_s": 1.5, "end_s": 3}]}',
            "not in the order",
        ),
        ('{"schema": "farm.phones/1", "words": [], "phones": [], "length_s": NaN}', "length_s"),
    ],
)
def test_a_damaged_file_of_phones_is_refused(document: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "phones.json"
    path.write_text(document, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        mouth_of(tmp_path, {"phones": path})


def test_a_drawn_mouth_is_as_far_open_as_it_is_told(tmp_path: Path) -> None:
    def dark(opening: float) -> int:
        green, blue, red = drawn(MouthFrame(0, opening, 0.2, 0.0, "aa"), 128).planes
        return int((red.astype(int) + green + blue < 200).sum())

    seen = [dark(opening) for opening in (0.0, 0.2, 0.5, 0.9)]
    assert seen[0] < 100
    assert seen == sorted(seen)
    speech = spoken("Good morning.")
    inputs = given(tmp_path, speech)
    made = run_stage(stage_of(farm_vision, "speech.visemes"), tmp_path / "m", inputs)
    shown = run_stage(stage_of(farm_vision, "mouth.render"), tmp_path / "v", made, {"side": 64})
    with film(shown["video"], "mouth") as opened:
        count = sum(1 for _ in opened.pictures())
    assert count == len(json.loads(made["visemes"].read_text("utf-8"))["frames"])
