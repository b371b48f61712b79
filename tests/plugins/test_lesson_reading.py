"""A lesson as its author writes it: what is taken, what is refused, and with which words."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path

import pytest
from direct_task import DirectTask, input_file, stage_of
from lesson_material import json_of, pdf, picture, tone

import farm_avatar
from farm import InputError, InputFile, MediaKind
from farm_avatar.lesson.read_stage import run
from farm_avatar.lesson.reading import read_script
from farm_avatar.lesson.sentences import sentences

READ = stage_of(farm_avatar, "lesson.read")

LESSON = """# How a lens bends light

## What a lens does
![a lens](slides/lens.png)
A lens bends light. Dr. Snell found out how, at approx. 1.5 times!

![](deck.pdf#page=2) Here is the *second* slide.

```farm
presenter: side
pause: 1.5
```

> A note of the author, which nobody says.

## In code
```python lens.py {2}
n = 1.5
angle = n * 2
```
Two lines do it.
"""


def script(folder: Path, text: str, name: str = "lesson.md"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_script(path, name)


def refusal(folder: Path, text: str, name: str = "lesson.md") -> str:
    with pytest.raises(InputError) as caught:
        script(folder, text, name)
    return str(caught.value)


def read(folder: Path, text: str, assets: dict[str, Path] | None = None, **given):
    """Run the stage on a lesson as an engine does; the files of every port."""
    folder.mkdir(parents=True, exist_ok=True)
    name = given.pop("file", "lesson.md")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    inputs = {"lesson": [sent(path)]}
    if "portrait" in given:
        inputs["portrait"] = [sent(given.pop("portrait"))]
    if assets:
        inputs["assets"] = [sent(each) for each in assets.values()]
        given["asset_names"] = tuple(assets)
    params = READ.params(**{"short_side": 180, "name": name, **given})
    return run(DirectTask(folder / "out", params, inputs))


def sent(path: Path) -> InputFile:
    """A file with the kind that the farm finds it to be."""
    kinds = {".png": MediaKind.IMAGE, ".flac": MediaKind.AUDIO, ".md": MediaKind.TEXT}
    return input_file(path, kinds.get(path.suffix, MediaKind.ANY))


def files(folder: Path) -> dict[str, Path]:
    return {
        "lens.png": picture(folder / "slides" / "lens.png"),
        "deck.pdf": pdf(folder / "deck.pdf", ["red", "green", "blue"]),
    }


def hashes(paths) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_headings_are_scenes_text_is_said_and_pictures_come_with_their_sentence(tmp_path):
    found = script(tmp_path, LESSON)
    assert found.lesson.title == "How a lens bends light"
    lens, code = found.scenes
    assert [said.text for said in lens.sentences] == [
        "A lens bends light.",
        "Dr. Snell found out how, at approx. 1.5 times!",
        "Here is the second slide.",
    ]
    assert lens.sentences[-1].pause_s == 1.5
    assert lens.scene.presenter.layout == "side"
    assert [(shown.file, shown.page, shown.from_sentence) for shown in lens.scene.show] == [
        ("slides/lens.png", 1, None),
        ("deck.pdf", 2, 3),
    ]
    [shown] = code.scene.show
    assert (shown.language, shown.caption, shown.lines) == ("python", "lens.py", (2,))
    assert shown.code == "n = 1.5\nangle = n * 2"


def test_the_same_lesson_in_yaml_is_the_same_lesson(tmp_path):
    text = """
title: How a lens bends light
scenes:
- title: What a lens does
  narration: |
    A lens bends light. Dr. Snell found out how, at approx. 1.5 times!

    Here is the second slide. [pause 1.5]
  show: [slides/lens.png, {file: deck.pdf, page: 2, from: 3}]
  presenter: side
- title: In code
  narration: Two lines do it.
  show: {code: "n = 1.5\\nangle = n * 2", language: python, caption: lens.py, lines: [2]}
"""
    yaml, markdown = script(tmp_path, text, "lesson.yaml"), script(tmp_path, LESSON)
    assert [one.sentences for one in yaml.scenes] == [one.sentences for one in markdown.scenes]
    for one, two in zip(yaml.scenes, markdown.scenes, strict=True):
        assert one.scene.show == two.scene.show
        assert one.scene.presenter == two.scene.presenter


def test_a_speed_is_that_of_the_film_above_it_and_else_of_the_voice(tmp_path):
    fence = "\n\n```farm\nspeed: 1.2\n```\n"
    for above, voice, film in (
        ("", 1.2, None),
        ("![](a.png)", 1.2, 1.0),
        ("![](a.mp4)", None, 1.2),
    ):
        [scene] = script(tmp_path, f"# A\n\nHello there. {above}{fence}").scenes
        assert scene.scene.speed == voice
        assert [shown.speed for shown in scene.scene.show] == ([film] if film else [])


def test_a_head_between_dashes_and_a_block_above_the_first_heading_are_about_the_lesson(tmp_path):
    dashes = "---\nvoice: af_heart\ntheme: paper\n---\n# One\n\nHello there.\n"
    block = "```farm\nvoice: af_heart\ntheme: paper\n```\n# One\n\nHello there.\n"
    for text in (dashes, block):
        lesson = script(tmp_path, text).lesson
        assert (lesson.voice, lesson.theme.name, lesson.title) == ("af_heart", "paper", "One")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 3.5 cm. Is it? Yes!", ["It is 3.5 cm.", "Is it?", "Yes!"]),
        ("Mr. J. S. Bach wrote it, e.g. here. No. 5 is his. No. It is not.",
         ["Mr. J. S. Bach wrote it, e.g. here.", "No. 5 is his.", "No.", "It is not."]),
        ('He said "Stop." Then he went…', ['He said "Stop."', "Then he went…"]),
        ("这是光。它很快！", ["这是光。", "它很快！"]),
        ("no full stop", ["no full stop"]),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_would_end_them(text, expected):
    assert [said.text for said in sentences(text)] == expected


def test_an_endless_sentence_is_cut_where_one_may_breathe():
    text = ", ".join(["a clause of some words"] * 60) + "."
    found = [said.text for said in sentences(text)]
    assert len(found) > 1
    assert max(map(len, found)) <= 600
    assert " ".join(found) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["lesson.md", "is empty"]),
        ("# A\n\n## B\n\n## C\n\nWords.\n", ["line 3", '"B" is empty', "take the heading out"]),
        ("# A\n\n![](x.png)\n", ["line 1", '"A" is empty', "seconds"]),
        ("# A\n\nHi there.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", ["line 5", "table"]),
        ("# A\n\nHi.\n\n<video src=x></video>\n", ["line 5", "HTML"]),
        ("# A\n\nHi there.\n\n```farm\nlayuot: side\n```\n", ["line 6", "layuot", "presenter"]),
        ("# A\n\nHi.\n\n```farm\nprogress: true\n```\n", ["line 6", "above the first heading"]),
        ("# A\n\nHi.\n\n```farm\nsound: off\n```\n", ["line 6", '"sound"', "Put the picture"]),
        ("# A\n\nHi.\n\n```farm\npresenter: {layout: top}\n```\n", ["line 6", "corner", "'top'"]),
        ("# A\n\nHi.\n\n```farm\nseconds: -1\n```\n", ["line 6", "seconds", "-1"]),
        ("# A\n\nHi.\n\n```farm\npause: long\n```\n", ["line 6", "pause", "0 to 60"]),
        ("# A\n\nHi.\n\n```farm\na: *x\n```\n", ["line 6", "alias"]),
        ("# A\n\nHi.\n\n```farm\na: 1\na: 2\n```\n", ["line 7", "twice"]),
        ("# A\n\nHi.\n\n```farm\na: [1\n```\n", ["line", "not YAML"]),
        ("# A\n\n![](../secret.png) Hi.\n", ["line 3", "beside the lesson"]),
        ("# A\n\n![](a.pdf#second) Hi.\n", ["line 3", "#page=3"]),
        ("# A\n\n[pause 2]\n\n***\n", ['"A" is empty']),
        ("# A\n\n!!! ???\n", ["nothing that can be said"]),
        ("# A\n\nHello \x00 there.\n", ["line 3", "NUL"]),
    ],
)
def test_what_cannot_be_a_lesson_is_refused_with_its_line(tmp_path, text, told):
    said = refusal(tmp_path, text)
    for words in told:
        assert words in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: A\n", ["lesson.yaml", "scenes", "is missing"]),
        ("title: A\nscenes: []\n", ["line 2", "scenes"]),
        ("- a\n", ["line 1", "list of fields"]),
        ("title: A\nscenes:\n- title: B\n  narration: Hi.\n  show: {from: 1}\n",
         ["line 5", "one of file, code and title"]),
        ("title: A\nscenes:\n- title: B\n  narration: Hi.\n  show: {file: a.png, from: 9}\n",
         ["line 5", "sentence that is not there", "1 to 1"]),
        ("title: A\nspeed: 9\nscenes:\n- {title: B, narration: Hi.}\n", ["line 2", "speed", "9"]),
        ("titel: A\nscenes:\n- {title: B, narration: Hi.}\n", ["title"]),
        ("title: A\nscenes:\n- {id: x, narration: Hi.}\n- {id: x, narration: Ho.}\n",
         ["line 4", "two scenes", '"x"']),
        ("title: A\nscenes:\n- {title: B, seconds: 3}\n", ["nothing is said"]),
    ],
)  # fmt: skip
def test_fields_of_yaml_are_refused_with_their_line(tmp_path, text, told):
    said = refusal(tmp_path, text, "lesson.yaml")
    for words in told:
        assert words in said


def test_a_scene_of_half_an_hour_is_refused_with_what_to_do(tmp_path):
    text = "# A\n\n" + "Light moves on and on through the glass. " * 620
    said = refusal(tmp_path, text)
    assert '"A" is too long' in said
    assert "about 30 minutes" in said
    assert "Part it with headings" in said


def test_a_lesson_becomes_scenes_sentences_and_archives(tmp_path):
    made = read(tmp_path, LESSON, files(tmp_path), portrait=picture(tmp_path / "me.png"))
    lesson = json_of(made["lesson"])
    assert [scene["id"] for scene in lesson["scenes"]] == ["what-a-lens-does", "in-code"]
    assert lesson["size"] == [320, 180]
    assert lesson["warnings"] == []
    assert [json_of(path)["text"] for path in made["utterances"]] == [
        said["text"] for scene in lesson["scenes"] for said in scene["sentences"]
    ]
    assert len(made["scenes"]) == len(made["visuals"]) == len(made["presence"]) == 2
    first = json_of(made["scenes"][0])
    with zipfile.ZipFile(made["visuals"][0]) as archive:
        names = set(archive.namelist())
    assert {shown["file"] for shown in first["visuals"]} < names
    assert [shown["kind"] for shown in first["visuals"]] == ["slide", "slide"]
    assert json_of(made["scenes"][1])["visuals"][0]["kind"] == "code"


def test_what_did_not_change_comes_out_as_the_same_bytes(tmp_path):
    before = read(tmp_path / "one", LESSON, files(tmp_path / "one"))
    text = LESSON.replace("Two lines do it.", "Two lines are enough.")
    after = read(tmp_path / "two", "# New\n\nA scene before.\n\n" + text.partition("\n")[2],
                 files(tmp_path / "two"))  # fmt: skip
    assert hashes(after["scenes"])[1:] == hashes(before["scenes"])
    assert hashes(after["visuals"])[1:] == hashes(before["visuals"])
    said, said_before = hashes(after["utterances"]), hashes(before["utterances"])
    assert len(set(said) - set(said_before)) == 2
    assert len(set(said_before) - set(said)) == 1


def test_a_changed_page_changes_its_own_scene_only(tmp_path):
    text = "# A\n\n## B\n![](deck.pdf#page=1) One.\n\n## C\n![](deck.pdf#page=2) Two.\n"
    one = read(tmp_path / "a", text, {"deck.pdf": pdf(tmp_path / "a.pdf", ["red", "green"])})
    two = read(tmp_path / "b", text, {"deck.pdf": pdf(tmp_path / "b.pdf", ["red", "blue"])})
    same = [a == b for a, b in zip(hashes(one["visuals"]), hashes(two["visuals"]), strict=True)]
    assert same == [True, False]


def test_equal_sentences_are_said_once_and_a_new_word_in_the_dictionary_says_only_its_own(tmp_path):
    text = "---\npronounce: {GIF: jif}\n---\n# A\n\nA GIF is small. Again. Again.\n"
    made = read(tmp_path / "a", text)
    said = [json_of(path) for path in made["utterances"]]
    assert [each["text"] for each in said] == ["A GIF is small.", "Again."]
    assert [each["pronunciations"] for each in said] == [{"GIF": "jif"}, {}]
    more = read(tmp_path / "b", text.replace("jif}", "jif, SQL: sequel}"))
    assert hashes(more["utterances"]) == hashes(made["utterances"])


def test_somebody_is_seen_only_where_there_is_a_portrait_and_a_scene_wants_it(tmp_path):
    text = (
        "---\nintro: {title: Welcome, seconds: 2}\n---\n# A\n\n## B\nHi.\n\n"
        "## C\nHo.\n\n```farm\npresenter: none\n```\n"
    )
    seen = read(tmp_path / "a", text, portrait=picture(tmp_path / "me.png"))
    assert [json_of(path)["shown"] for path in seen["presence"]] == [False, True, False]
    assert json_of(seen["scenes"][1])["presenter"]["layout"] == "full"
    alone = read(tmp_path / "b", text)
    assert [json_of(path)["shown"] for path in alone["presence"]] == [False, False, False]
    assert json_of(seen["lesson"])["scenes"][0]["least_s"] == 2.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# A\n\n![](lems.png) Hi.\n", ["line 3", '"lems.png" is not there', "lens.png"]),
        ("# A\n\n![](deck.pdf#page=9) Hi.\n", ["line 3", "no page 9", "1 to 3"]),
        ("# A\n\n![](voice.flac) Hi.\n", ["line 3", "cannot be shown", "audio"]),
        ("# A\n\n![](lens.png) Hi.\n\n```farm\nkind: screen\n```\n", ["cannot be shown as screen"]),
    ],
)
def test_files_that_are_not_there_or_cannot_be_shown_are_named(tmp_path, text, told):
    given = files(tmp_path) | {"voice.flac": tone(tmp_path / "voice.flac", 0.2)}
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, given)
    for words in told:
        assert words in str(caught.value)


def test_a_pdf_of_300_pages_is_refused_with_what_to_do(tmp_path):
    pages = pdf(tmp_path / "deck.pdf", ["white"] * 300)
    with pytest.raises(InputError) as caught:
        read(tmp_path, "# A\n\n![](deck.pdf#page=7) Hi.\n", {"deck.pdf": pages})
    assert "300 pages" in str(caught.value)
    assert "at most 200 pages" in str(caught.value)
    assert "Export the pages" in str(caught.value)


def test_a_picture_after_the_last_sentence_and_files_nobody_shows_are_warned_of(tmp_path):
    given = files(tmp_path) | {"more.png": picture(tmp_path / "more.png", "green")}
    text = "# A\n\n![](lens.png) Hi there.\n\n![](more.png)\n"
    lesson = json_of(read(tmp_path, text, given)["lesson"])
    assert "line 5" in lesson["warnings"][0]
    assert "deck.pdf" in lesson["warnings"][1]


def test_another_language_than_english_needs_lips_by_sound(tmp_path):
    text = "---\nlanguage: de\n---\n# Licht\n\nLicht ist schnell.\n"
    with pytest.raises(InputError, match="phones: false"):
        read(tmp_path / "a", text)
    made = read(tmp_path / "b", text, phones=False)
    assert json_of(made["utterances"][0])["language"] == "de"


def test_one_scene_alone_is_the_very_scene_of_the_whole(tmp_path):
    whole = read(tmp_path / "a", LESSON, files(tmp_path / "a"))
    alone = read(tmp_path / "b", LESSON, files(tmp_path / "b"), only="in-code")
    assert hashes(alone["scenes"]) == hashes(whole["scenes"])[1:]
    with pytest.raises(InputError, match="what-a-lens-does, in-code"):
        read(tmp_path / "c", LESSON, files(tmp_path / "c"), only="in-cod")


def test_the_lessons_of_the_documentation_and_of_the_samples_are_lessons(tmp_path):
    top = Path(__file__).parents[2]
    page = (top / "docs" / "avatar.md").read_text(encoding="utf-8")
    markdown = re.search(r"````markdown\n(.*?)````", page, re.DOTALL)[1]
    yaml = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    assert len(script(tmp_path, markdown).scenes) == 3
    assert len(script(tmp_path, yaml, "lesson.yaml").scenes) == 3
    sample = top / "dropbox" / "lesson" / "_samples" / "binary-search"
    given = {path.name: path for path in sorted((sample / "assets").iterdir())}
    made = read(tmp_path / "sample", (sample / "lesson.md").read_text("utf-8"), given)
    assert len(made["scenes"]) == 6
    assert json_of(made["lesson"])["warnings"] == []


@pytest.mark.parametrize(("aspect", "size"), [("16:9", [320, 180]), ("9:16", [180, 320]),
                                              ("1:1", [180, 180])])  # fmt: skip
def test_one_lesson_has_three_shapes(tmp_path, aspect, size):
    made = read(tmp_path, LESSON, files(tmp_path), aspect=aspect)
    assert json_of(made["scenes"][0])["size"] == size
