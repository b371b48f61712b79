"""Captions as text: words become cues that can be read, and files are read as they are written."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from hypothesis import given, strategies as st
from moving_scene import flat, written as film

import farm_finish
from farm import InputError
from farm.media.planes import Layout
from farm.pipelines.template import load_pipeline
from farm.pipelines.wiring import check_against
from farm_finish.captions.breaking import FAST, SENTENCE, bonds, columns
from farm_finish.captions.cueing import cues_of
from farm_finish.captions.cues import Captions, Cue, Timed, complaints, read_cues, spans, write_cues
from farm_finish.captions.files import parsed
from farm_finish.captions.languages import three_letters
from farm_finish.captions.params import SegmentParams
from farm_finish.captions.subrip import srt_of
from farm_finish.captions.substation import ass_of
from farm_finish.captions.webvtt import vtt_of
from farm_finish.captions.wording import reworded, text_words
from farm_finish.captions.words import Transcript, Word, joined, read_words, write_words

READ, WRITE, SEGMENT = (
    stage_of(farm_finish, f"captions.{name}") for name in ("read", "write", "segment")
)
TALE = (
    "When Mary Jane Watson came to New York in 1998, she had 12 dollars and a small suitcase. "
    "Dr. Smith, who met her at the station, said that the city would not be kind to her, but that "
    "she would learn to love it. It took 3 million people a whole year to prove him wrong! "
    "Why did they do that? Because the old bridge, which had stood for one hundred years, fell."
)
RULES = SegmentParams()


def said(text: str, words_per_s: float = 2.5, start_s: float = 0.5, pause_s: float = 0.2) -> list:
    """The words of a text as a calm speaker says them, with a breath after each sentence."""
    words, at = [], start_s
    for piece, space in text_words(text):
        length = (0.5 + len(piece) / 9) / words_per_s
        words.append(Word(piece, round(at, 3), round(at + length, 3), 0.9, space))
        at += length + (pause_s if piece[-1] in ".!?" else 0.02)
    return words


def shown(cues: list[Cue]) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cues]


def test_every_word_is_shown_once_in_order_within_the_limits():
    words = said(TALE)
    cues = cues_of(words, RULES, 42, "en")
    assert " ".join(cue.text for cue in cues) == TALE
    assert [w.text for cue in cues for w in cue.words] == TALE.split()
    for cue in cues:
        assert len(cue.lines) <= 2
        assert all(columns(line) <= 42 for line in cue.lines)
        assert 1000 <= cue.end_ms - cue.start_ms <= 7000
        assert columns(cue.text) / (cue.end_ms - cue.start_ms) * 1000 < 17 * 1.2
        assert cue.start_ms == cue.words[0].start_ms
    for one, two in pairwise(cues):
        assert two.start_ms - one.end_ms >= RULES.gap_ms


@pytest.mark.parametrize("chars", [16, 24, 32, 42, 60])
def test_no_name_and_no_number_is_broken(chars):
    cues = cues_of(said(TALE), RULES, chars, "en")
    whole = "\n".join(line for cue in cues for line in cue.lines)
    for kept in ("New York", "12 dollars", "Dr. Smith", "3 million", "one hundred", "Mary Jane"):
        assert kept in whole, shown(cues)


def test_cues_end_where_sentences_and_clauses_do():
    cues = cues_of(said(TALE), RULES, 42, "en")
    ends = [cue.text[-1] for cue in cues]
    assert sum(end in ".!?,;:" for end in ends) >= len(ends) - 2, shown(cues)
    sentences = [i for i, word in enumerate(TALE.split()) if word[-1] in "!?" or word == "wrong!"]
    assert len(sentences) == 2
    assert {"wrong!", "that?"} <= {cue.text.split()[-1] for cue in cues}


def test_lines_are_balanced_and_break_after_a_comma_not_after_an_article():
    (cue,) = cues_of(said("We walked down the river, and then the rain came over us."), RULES, 42)
    assert cue.lines == ("We walked down the river,", "and then the rain came over us.")


def test_a_long_pause_parts_cues_and_a_short_gap_is_closed():
    words = said("One day it rained.") + said("The next day it snowed.", start_s=6.0)
    first, second = cues_of(words, RULES, 42)
    assert first.text == "One day it rained."
    assert second.start_ms == 6000 and first.end_ms < 5000
    near = said("One day it rained.") + said("The next day it snowed.", start_s=3.2)
    first, second = cues_of(near, SegmentParams(close_ms=1500), 20)
    assert second.start_ms - first.end_ms == RULES.gap_ms


def test_fast_speech_is_shown_longer_than_it_is_said_where_there_is_room():
    (cue,) = cues_of(said("Nobody understood anything of it", words_per_s=9), RULES, 42)
    assert cue.end_ms - cue.start_ms == pytest.approx(1000 * len(cue.text) / 17, abs=60)


def test_a_word_longer_than_a_line_stands_alone():
    word = "Donaudampfschifffahrtsgesellschaft"
    cues = cues_of(said(f"Die {word} fährt nicht."), RULES, 16, "de")
    assert (word,) in shown(cues)
    assert " ".join(cue.text for cue in cues) == f"Die {word} fährt nicht."


def test_chinese_is_broken_without_spaces_and_never_before_a_closing_sign():
    text = "今天天气很好，我们去公园散步。明天可能会下雨，所以要带伞。"
    cues = cues_of(said(text, words_per_s=6), RULES, 24, "zh")
    lines = [line for cue in cues for line in cue.lines]
    assert "".join(lines) == text
    assert all(columns(line) <= 24 and line[0] not in "，。" for line in lines)


def test_german_nouns_are_no_names():
    words = said("der große Hund Bello")
    assert bonds(words, "de")[2] < FAST == bonds(words, "en")[2]
    assert bonds(said("Er ging. Sie kam."), "de")[1] == SENTENCE


def test_silence_gives_no_cues_and_still_files():
    assert cues_of([], RULES, 42) == []
    assert parsed(srt_of([]) + "1\n00:00:01,000 --> 00:00:02,000\na", "x")[0].text == "a"


def test_the_stage_makes_shorter_lines_for_an_upright_film(tmp_path):
    words = tmp_path / "words.json"
    write_words(words, Transcript("en", said(TALE)))
    longest = {}
    for name, size in (("wide", (64, 36)), ("upright", (36, 64))):
        video = film(tmp_path / f"{name}.mkv", [flat(90, layout=Layout(*size, "yuv420p"))])
        made = run_stage(SEGMENT, tmp_path / name, {"words": words, "video": video})
        captions = read_cues(made["cues"], "cues")
        longest[name] = max(len(line) for cue in captions.cues for line in cue.lines)
        assert captions.language == "en"
    assert 24 < longest["wide"] <= 42 and 12 < longest["upright"] <= 24


def test_a_given_text_is_shown_at_the_times_that_were_heard(tmp_path):
    heard = said("The quick round fox jump over a lazy dog and doctor smith made 12 dollars")
    text = "The quick brown fox jumps over the lazy dog, and Dr. Smith paid twelve dollars."
    words = reworded(heard, text, "text")
    assert joined(words) == text
    assert [w.start_s for w in words][:2] == [heard[0].start_s, heard[1].start_s]
    times = {word.text: word.start_s for word in words}
    assert times["fox"] == heard[3].start_s and times["dog,"] == heard[8].start_s
    assert heard[12].start_s <= times["paid"] < times["twelve"] < times["dollars."]
    starts = [word.start_s for word in words]
    assert starts == sorted(starts)


def test_a_text_of_another_film_is_refused():
    with pytest.raises(InputError, match="is not what is said") as refused:
        reworded(said(TALE), "Ladies and gentlemen, welcome aboard flight seven.", "text")
    assert refused.value.code == "captions.text-mismatch"


CUES = [
    Cue(500, 1500, ("Hello & <welcome>", "second line")),
    Cue(1580, 3_723_450, ("Ελληνικά – 日本語 – مرحبا",)),
    Cue(3_723_450, 3_724_000, ("– And you?", "– I am {fine}")),
]


@pytest.mark.parametrize("form", ["srt", "vtt", "ass"])
def test_what_is_written_is_read_back(tmp_path, form):
    write_cues(tmp_path / "cues.json", Captions("en", CUES))
    files = run_stage(WRITE, tmp_path / "write", {"cues": tmp_path / "cues.json"})
    made = run_stage(READ, tmp_path / "read", {"captions": files[form]}, {"language": "en"})
    captions = read_cues(made["cues"], "cues")
    expected = list(CUES)
    if form == "ass":  # Its braces would be commands.
        expected[2] = Cue(3_723_450, 3_724_000, ("– And you?", "– I am (fine)"))
    if form == "srt":
        assert (
            files[form].read_text(encoding="utf-8").startswith("1\n00:00:00,500 --> 00:00:01,500\n")
        )
    assert captions == Captions("en", expected)


def test_players_read_the_files_too(tmp_path):
    import av

    for form, text in (("srt", srt_of(CUES)), ("vtt", vtt_of(CUES)), ("ass", ass_of(CUES))):
        path = tmp_path / f"captions.{form}"
        path.write_text(text, encoding="utf-8")
        with av.open(str(path)) as container:
            moments = [p.pts * p.time_base for p in container.demux() if p.size]
        assert [float(moment) for moment in moments] == pytest.approx([0.5, 1.58, 3723.45])


def test_an_ass_file_says_when_each_word_is_sung():
    words = (Timed("Hello", 1000, 1400), Timed("you", 1400, 1800), Timed("there", 2000, 2500))
    text = ass_of([Cue(1000, 2600, ("Hello you", "there"), words)], karaoke=True)
    assert "{\\k40}Hello {\\k60}you\\N{\\k50}there" in text


FOREIGN = {
    "\ufeff1\r\n00:00:01,000 --> 00:00:02,000 X1:0 X2:9 Y1:0 Y2:9\r\n<i>Slanted</i> {\\an8}text\r\n": (
        1000,
        ("Slanted text",),
    ),
    "00:00:01.5 --> 00:00:02.5\nno number, dots\n\n\n\n": (1500, ("no number, dots",)),
    "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue {color: red}\n\nNOTE\nhidden --> not\n\nname\n"
    "00:01.000 --> 00:02.000 align:start line:0%\n<v Ann>Hi &amp; <c.red>bye</c></v>\n": (
        1000,
        ("Hi & bye",),
    ),
    "[Script Info]\nTitle: x\n[Events]\nFormat: Start, End, Style, Text\n"
    "Comment: 0:00:00.00,0:00:01.00,Default,no\n"
    "Dialogue: 0:00:03.00,0:00:04.00,Default,late\n"
    "Dialogue: 0:00:01.00,0:00:02.00,Default,{\\pos(1,2)}a, b\\Nc\\hd\n": (
        1000,
        ("a, b", "c\xa0d"),
    ),
}


@pytest.mark.parametrize("text", FOREIGN, ids=range(len(FOREIGN)))
def test_files_of_other_programs_are_read(tmp_path, text):
    path = tmp_path / "captions.txt"
    path.write_bytes(text.encode())
    made = run_stage(READ, tmp_path / "read", {"captions": path})
    first = read_cues(made["cues"], "cues").cues[0]
    assert (first.start_ms, first.lines) == FOREIGN[text]


BAD = {
    "1\n00:00:01,000 -> 00:00:02,000\nx\n\n2\n00:00:03,000 --> 00:00:04,000\ny": "line 1",
    "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:00:0Z,000 --> 00:00:04,000\ny": "line 6",
    "1\n00:00:01,000 --> 00:00:02,000\nx\n\nnot a cue\n": "line 5",
    "1\n00:00:05,000 --> 00:00:02,000\nx": "line 2",
    "1\n00:00:05,000 --> 00:00:06,000\nx\n\n2\n00:00:01,000 --> 00:00:02,000\ny": "line 6",
    "1\n00:00:05,000 --> 00:00:06,000\n" + "x" * 600: "line 3",
    "WEBVTT\n\n00:01.000 --> 00:61.000\nx": "line 3",
    "WEBVTT\n\nname\n00:01.000 --> 2\nx": "line 4",
    "[Events]\nDialogue: 0,0:00:01.00\n": "line 2",
    "[Events]\nFormat: Start, Text\n": "line 2",
    "[Events]\n\nDialogue: 0,0:00:01.00,soon,Default,,0,0,0,,x\n": "line 3",
    "[Script Info]\nTitle: x\n": "line 1",
    "1\n00:00:01,000 --> 00:00:02,000\nx\0y": "line 3",
    "Only what is said, without any time.": "no file of captions",
    "": "no file of captions",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_bad_file_is_refused_with_the_line(tmp_path, text):
    path = tmp_path / "captions.srt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=BAD[text]):
        run_stage(READ, tmp_path / "read", {"captions": path})


@given(st.text(st.sampled_from("0123456789:,.->\n <>{}\\\\[]NWEBVTTabDialogue&;#x"), max_size=200))
def test_any_text_is_read_or_refused_with_a_reason(text):
    for head in ("", "WEBVTT\n\n", "[Events]\nDialogue: ", "1\n00:00:01,000 --> 00:00:02,000\n"):
        try:
            cues = parsed(head + text, "captions")
        except InputError as refused:
            assert refused.code in ("captions.bad-line", "captions.unknown-format")
        else:
            assert complaints(cues) == []
            assert not cues or parsed(srt_of(cues), "again") == cues


def test_a_crowd_of_cues_and_an_endless_line_are_refused():
    crowd = srt_of([Cue(number, 90_000, (f"cue {number}",)) for number in range(9)])
    with pytest.raises(InputError, match="line 34: more than 8 cues are shown at once"):
        parsed(crowd, "x")
    with pytest.raises(InputError, match="line 3: is too long"):
        parsed("1\n00:00:01,000 --> 00:00:02,000\n" + "<" * 1_000_000, "x")


def test_text_that_is_not_utf_8_is_refused_with_the_line(tmp_path):
    path = tmp_path / "captions.srt"
    path.write_bytes("1\n00:00:01,000 --> 00:00:02,000\ncafé".encode("latin-1"))
    with pytest.raises(InputError, match="line 3: is not UTF-8"):
        run_stage(READ, tmp_path / "read", {"captions": path})


def test_captions_can_be_shifted_and_what_is_over_before_the_start_is_left_out():
    text = srt_of([Cue(100, 900, ("gone",)), Cue(900, 2000, ("cut",)), Cue(2000, 3000, ("kept",))])
    assert parsed(text, "x", -1000) == [Cue(0, 1000, ("cut",)), Cue(1000, 2000, ("kept",))]


def test_overlapping_cues_are_shown_together_for_as_long_as_they_overlap():
    cues = [Cue(0, 3000, ("a",)), Cue(1000, 2000, ("b",)), Cue(5000, 6000, ("c",))]
    assert spans(cues) == [
        (0, 1000, (0,)), (1000, 2000, (0, 1)), (2000, 3000, (0,)), (5000, 6000, (2,))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"schema": "farm.words/1"}, "another kind of document"),
        ({"cues": [{"start_ms": 5, "end_ms": 5, "lines": ["x"], "words": []}]}, "ends before"),
        ({"cues": [{"start_ms": -5, "end_ms": 5, "lines": ["x"], "words": []}]}, "start_ms"),
        ({"cues": [{"start_ms": 0, "end_ms": 5, "lines": [], "words": []}]}, "shows nothing"),
        ({"cues": [{"start_ms": 0, "lines": ["x"]}]}, "end_ms"),
        ({"language": "English, please"}, "language"),
    ],
)
def test_a_document_that_is_not_as_it_must_be_is_refused(tmp_path, change, complaint):
    path = tmp_path / "cues.json"
    path.write_text(json.dumps({"schema": "farm.cues/1", "language": "en", "cues": [], **change}))
    with pytest.raises(InputError, match=complaint):
        run_stage(WRITE, tmp_path / "write", {"cues": path})


def test_words_out_of_order_are_refused(tmp_path):
    path = tmp_path / "words.json"
    write_words(path, Transcript("en", [Word("b", 2.0, 3.0), Word("a", 1.0, 1.5)]))
    with pytest.raises(InputError, match=r"words\.1: words are not in the order"):
        read_words(path, "words")


def test_languages_have_the_names_that_containers_want():
    codes = ("en", "de", "zh-Hant", "fra", "xx", "")
    assert [three_letters(code) for code in codes] == ["eng", "deu", "zho", "fra", "und", "und"]


def test_an_hour_of_speech_is_cut_in_seconds():
    words = said(" ".join([TALE] * 130))
    cues = cues_of(words, RULES, 42, "en")
    assert sum(len(cue.words) for cue in cues) == len(words) > 9000
    assert np.diff([cue.start_ms for cue in cues]).min() > 0


def test_the_pipeline_hangs_together():
    path = Path(farm_finish.__file__).parent / "pipelines" / "caption.yaml"
    providers: dict[str, list] = {}
    for stage in farm_finish.farm_stages():
        providers.setdefault(stage.capability, []).append(stage)
    check_against(load_pipeline(path), providers)
