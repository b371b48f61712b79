"""A script is read as a person reads it aloud, and cut into sentences as a person cuts it."""

from __future__ import annotations

import random

import pytest

from farm_speech.text import numerals
from farm_speech.text.languages import looks_like
from farm_speech.text.plain import read_plainly
from farm_speech.text.readers import Context
from farm_speech.text.reading import read
from farm_speech.text.sentences import MOST, sentences, split

READ = {
    "3.5% of 1,234 users": "three point five percent of one thousand two hundred thirty four users",
    "$3.50, $1, $1.2 million": "three dollars and fifty cents one dollar one point two million dollars",
    "€20 and £5.01, or 9 USD": "twenty euros and five pounds and one penny or nine U S dollars",
    "5 km at 20°C and 25 fps": (
        "five kilometers at twenty degrees Celsius and twenty five frames per second"
    ),
    "1 km, 24GB, 10–20 kg": "one kilometer twenty four gigabytes ten to twenty kilograms",
    "50 m2 of 60 m²": "fifty square meters of sixty square meters",
    "On 2026-11-21 at 14:05": "On November twenty first twenty twenty six at fourteen oh five",
    "March 3, 2026. 21 Nov 2026": (
        "March third twenty twenty six November twenty first twenty twenty six"
    ),
    "at 3:30 p.m., 5pm or 8 AM": "at three thirty P M five P M or eight A M",
    "2026-13-45": "twenty twenty six thirteen to forty five",
    "In 1945, 2006 and 1900": "In nineteen forty five two thousand six and nineteen hundred",
    "the 1990s and the '80s": "the nineteen nineties and the eighties",
    "1st, 22nd, 103rd": "first twenty second one hundred third",
    "1/2, 3/4 and 2 1/3": "one half three quarters and two and one third",
    "16:9, 1920x1080": "sixteen to nine one thousand nine hundred twenty by one thousand eighty",
    "1e-3, 10^6, x^2": "one times ten to the minus three ten to the six X squared",
    "-5 and 3-5": "minus five and three to five",
    "007, 0xFF, 3.11.2, v2.0": (
        "zero zero seven hex F F three point eleven point two version two point zero"
    ),
    "Dr. Smith and Mrs. Jones, e.g. us": "Doctor Smith and Misses Jones for example us",
    "See Fig. 3, No. 5, p. 7 vs. all": "See Figure three Number five page seven versus all",
    "World War II, Chapter IV, Henry VIII": "World War two Chapter four Henry the eighth",
    "The API's GPUs, NASA and SQL": "The A P I's G P U's NASA and SQL",
    "DO NOT STOP NOW": "do not stop now",
    "H.264, MP4, GPT-4, x86, 3D, COVID-19": (
        "H two sixty four M P four G P T four X eighty six three D COVID nineteen"
    ),
    "snake_case and camelCaseName()": "snake case and camel Case Name",
    "Set `max_retries` with --dry-run or -v": "Set max retries with dash dash dry run or dash V",
    "x += 1, a == b, i < 10": "X plus equals one A equals B I is less than ten",
    "`range(10)` in lesson.yaml": "range ten in lesson dot yaml",
    "/etc/hosts, ~/src/main.py": "slash etc slash hosts home slash source slash main dot P Y",
    "https://www.example.com/docs/intro?x=1#top": "example dot com slash docs slash intro",
    "jo.doe@example.org": "jo dot doe at example dot org",
    "[the docs](https://example.com) are **bold**": "the docs are bold",
    "α ≤ 3 & β": "alpha is at most three and beta",
    "done 🚀🚀!": "done rocket",
    "well-known, state-of-the-art": "well known state of the art",
    "It's 5 o'clock, don't": "It's five o'clock don't",
    "555-123-4567": "five five five one two three four five six seven",
}


@pytest.mark.parametrize(("script", "said"), READ.items(), ids=list(READ))
def test_a_script_is_read_as_it_is_spoken(script: str, said: str) -> None:
    assert read(script).plain == said


def test_a_briton_says_and_and_puts_the_day_first() -> None:
    british = Context(british=True)
    assert read("105 on 5/6/2026", british).plain == (
        "one hundred and five on the fifth of June twenty twenty six"
    )
    assert read("on 5/6/2026").plain == "on May sixth twenty twenty six"


def test_every_word_of_the_script_is_kept_with_its_marks_and_what_is_said_of_it() -> None:
    reading = read('He paid "$3.50", i.e. 5 km of it — for x += 1... Really?')
    assert [(word.text, word.mark) for word in reading.words] == [
        ("He", ""),
        ("paid", ""),
        ('"$3.50",', ","),
        ("i.e.", ""),
        ("5 km", ""),
        ("of", ""),
        ("it", "—"),
        ("for", ""),
        ("x += 1...", "…"),
        ("Really?", "?"),
    ]
    assert reading.words[4].plain == "five kilometers"


def test_no_number_is_dropped_or_changed() -> None:
    chance = random.Random(11)
    values = [chance.randrange(10**size) for size in range(1, 18) for _ in range(20)]
    for value in values:
        assert _value(numerals.counted(value)) == value
        assert _value([w for w in numerals.counted(value, british=True) if w != "and"]) == value
    assert _value(numerals.number("0")) == 0


def test_any_text_is_read_without_an_error_and_nothing_is_said_twice() -> None:
    chance = random.Random(5)
    signs = "ab Z9.,:;-–—/\\'\"`()[]{}<>|&%$€#@*_+=~^!? \n\t0123é中Жα🚀½²"
    for _ in range(400):
        text = "".join(chance.choice(signs) for _ in range(chance.randrange(1, 60)))
        reading = read(text)
        letters = sum(word.text.count("Z") for word in reading.words)
        assert letters <= text.count("Z"), text


def test_what_the_project_asks_for_goes_before_every_rule() -> None:
    asked = {"kubectl": "cube control", "farm co": "the farm company", "Nguyen": "/wˈɪn/"}
    reading = read("KUBECTL runs at Farm  Co for Nguyen's team", None, asked)
    assert reading.plain == "cube control runs at the farm company for Nguyen's team"
    [nguyen] = [part for word in reading.words for part in word.spoken if part.phones]
    assert (nguyen.word, nguyen.phones) == ("Nguyen", "wˈɪn")


def test_signs_that_nobody_can_say_are_named() -> None:
    reading = read("hello \ue000 there \ue000")
    assert reading.plain == "hello there"
    assert [warned.code for warned in reading.warnings] == ["speech.unpronounceable"]
    assert "\ue000" in reading.warnings[0].text


def test_another_language_keeps_its_own_words_and_ordinals() -> None:
    reading = read_plainly("Am 21. November, um 9 Uhr – **ja**!", {"ja": "jawohl"})
    assert [(word.plain, word.mark) for word in reading.words] == [
        ("Am", ""),
        ("21.", ""),
        ("November", ","),
        ("um", ""),
        ("9", ""),
        ("Uhr", "—"),
        ("jawohl", "!"),
    ]


@pytest.mark.parametrize(
    ("text", "language", "seems"),
    [
        ("Wir sind nicht mit der Bahn und auch nicht für das Auto", "en-us", "de"),
        ("Nous sommes dans une maison avec les enfants", "en", "fr"),
        ("We are in the house that is for the children", "en", ""),
        ("We are in the house that is for the children", "de", "en"),
        ("Das Auto", "en", ""),
        ("Wir sind nicht mit der Bahn und auch da", "hi", ""),
    ],
)
def test_a_text_in_another_language_is_noticed_by_its_small_words(
    text: str, language: str, seems: str
) -> None:
    assert looks_like(text, language) == seems


@pytest.mark.parametrize(
    ("paragraph", "count"),
    [
        ("Dr. Smith came at 3 p.m. on Monday. He left.", 2),
        ('He said "Stop!" and left... Then he came back.', 2),
        ("The U.S. team, e.g. J. R. Smith, won 3.5 points.", 1),
        ("Is it true? Yes! See Fig. 3. It shows version 2.0.", 4),
        ("At 5 a.m. The sun rose.", 2),
        ("中文句子。第二句。", 2),
        ("no mark at all", 1),
    ],
)
def test_a_paragraph_is_cut_where_its_sentences_end(paragraph: str, count: int) -> None:
    found = split(paragraph)
    assert len(found) == count
    assert "".join(found).replace(" ", "") == paragraph.replace(" ", "")


def test_headings_items_and_paragraphs_of_markdown_are_told_apart() -> None:
    text = "# Title\n\nOne. Two\nlines.\n\n- item\n- other\n\n---\n> quoted"
    assert [(one.text, one.kind) for one in sentences(text)] == [
        ("Title", "heading"),
        ("One.", "sentence"),
        ("Two lines.", "last"),
        ("item", "last"),
        ("other", "last"),
        ("quoted", "last"),
    ]


def test_a_sentence_that_no_voice_can_say_in_one_breath_is_cut_at_its_commas() -> None:
    text = ", ".join(f"word number {n}" for n in range(200)) + "."
    found = list(sentences(text))
    assert all(len(one.text) <= MOST for one in found)
    assert all(one.text.endswith((",", ".")) for one in found)
    assert " ".join(one.text for one in found) == text


def _value(words: list[str]) -> int:
    """The number that words count: the inverse of what is tested."""
    ones = {word: n for n, word in enumerate(numerals._SMALL)}
    tens = {word: 10 * n for n, word in enumerate(numerals._TENS)}
    groups = {name: size for size, name in numerals._GROUPS}
    whole = part = 0
    for word in words:
        if word in groups:
            whole, part = whole + part * groups[word], 0
        elif word == "hundred":
            part *= 100
        else:
            part += ones[word] if word in ones else tens[word]
    return whole + part
