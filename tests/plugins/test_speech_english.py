"""English words sound as a dictionary has them, and by their place among others."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from stored_models import stored

from farm_speech.english import endings, stress
from farm_speech.english.letters import Letters
from farm_speech.english.lexicon import Lexicon
from farm_speech.english.phrases import English
from farm_speech.text.readers import Context
from farm_speech.text.reading import read


@cache
def english(british: bool = False) -> English:
    folder = stored("english-words")
    return English(Lexicon(folder, british), Letters(folder / "letters.npz"))


def sounds(text: str, british: bool = False, **asked: str) -> list[str]:
    """The phones of each word."""
    reading = read(text, Context(british, english(british).knows), asked)
    return [
        " ".join(part.phones for part in word) for word in english(british).phrases(reading.words)
    ]


def how(text: str) -> set[str]:
    return {part.how for word in english().phrases(read(text).words) for part in word}


@pytest.mark.parametrize(
    ("text", "word", "phones"),
    [
        ("the farm", 0, "ðə"),
        ("the end", 0, "ði"),
        ("to go", 0, "tə"),
        ("to eat", 0, "tʊ"),
        ("where to", 1, "tu"),
        ("He read it.", 1, "ɹˈɛd"),
        ("They will read it.", 2, "ɹˈid"),
        ("I have read it.", 2, "ɹˈɛd"),
        ("We live here.", 1, "lˈɪv"),
        ("Live music", 0, "lˈIv"),
        ("the live show", 1, "lˈIv"),
        ("close the door", 0, "klˈOz"),
        ("a close look", 1, "klˈOs"),
        ("to record it", 1, "ɹəkˈɔɹd"),
        ("the record plays", 1, "ɹˈɛkəɹd"),
        ("the use of it", 1, "jˈus"),
        ("We use it.", 1, "jˈuz"),
        ("He used to go.", 1, "jˈust"),
        ("It is used to render.", 2, "jˈuzd"),
        ("strong wind", 1, "wˈɪnd"),
        ("the content of it", 1, "kˈɑntɛnt"),
    ],
)
def test_a_word_of_two_sounds_is_said_by_its_place(text: str, word: int, phones: str) -> None:
    assert sounds(text)[word] == phones


def test_letters_acronyms_and_words_of_the_trade_are_said_as_people_say_them() -> None:
    assert sounds("GPU") == ["ʤˌipˌijˈu"]
    assert sounds("GPUs") == ["ʤˌipˌijˈuz"]
    assert sounds("NASA JSON") == ["nˈæsə", "ʤˈAsən"]
    assert sounds("PyTorch") == ["pˈI tˈɔɹʧ"]
    assert sounds("Valkey") == ["vˈælki"]


def test_the_project_s_phones_are_taken_as_they_are() -> None:
    assert sounds("ask Nguyen", nguyen="/wˈɪn/") == ["ˈæsk", "wˈɪn"]


def test_a_british_voice_says_it_the_british_way() -> None:
    assert sounds("tomato car", british=True) == ["təmˈɑːtQ", "kˈɑː"]
    assert sounds("tomato car") == ["təmˈATO", "kˈɑɹ"]


def test_what_no_dictionary_has_is_said_by_its_parts_or_its_letters() -> None:
    assert how("filename") <= {"dictionary", "letters"}
    assert sounds("softmax") == ["sˈɔftmˌæks"]
    assert how("blorptastic") == {"letters"}
    assert how("Привет") == {"none"}
    assert sounds("café")[0]


def test_endings_are_said_as_the_dictionary_says_them() -> None:
    entries: dict[str, Any] = json.loads((stored("english-words") / "us_gold.json").read_bytes())
    plain = {word: said for word, said in entries.items() if isinstance(said, str)}
    adders = {"s": endings.s_added, "ed": endings.ed_added, "ing": endings.ing_added}
    right = whole = 0
    for word, said in plain.items():
        for stem, ending in endings.stems(word):
            if stem in plain and stem.islower():
                whole += 1
                right += adders[ending](plain[stem], british=False) == said
                break
    assert whole > 3000
    assert right / whole > 0.85


def test_letters_are_read_nearly_as_the_dictionary_reads_them() -> None:
    entries: dict[str, Any] = json.loads((stored("english-words") / "us_gold.json").read_bytes())
    words = [w for w, said in entries.items() if isinstance(said, str) and w.isalpha()]
    words = [word for word in words if word.islower() and word.isascii()][::400]
    letters = Letters(stored("english-words") / "letters.npz")
    wrong = sum(_distance(_bare(letters.phones(word)), _bare(entries[word])) for word in words)
    assert len(words) > 100
    assert wrong / sum(len(_bare(entries[word])) for word in words) < 0.25


def test_a_stress_stands_before_its_vowel() -> None:
    assert stress.stressed("fɑɹm") == "fˈɑɹm"
    assert stress.stressed("ˌɑɹm") == "ˈɑɹm"
    assert stress.weakened("fˈɑɹmˌɪŋ") == "fˌɑɹmɪŋ"
    assert stress.heard("st") == "st"
    assert stress.spelled(["ˈA", "bˈi"]) == "ˌAbˈi"
    assert stress.spelled([]) == ""


def test_a_dictionary_that_is_not_there_is_an_error_of_its_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="us_gold"):
        Lexicon(tmp_path, british=False)


def _bare(phones: str) -> str:
    return stress.unstressed(phones).replace("ɾ", "t").replace("ᵻ", "ɪ").replace("ᵊ", "ə")


def _distance(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for at, one in enumerate(first, 1):
        before, row[0] = row[0], at
        for to, other in enumerate(second, 1):
            cheapest = min(row[to] + 1, row[to - 1] + 1, before + (one != other))
            before, row[to] = row[to], cheapest
    return row[-1]
