"""Whatever is written in a prompt becomes a film that can be watched, or is refused with the mend."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from seen import Seen

import farm_procedural
from farm import InputError, Window
from farm_procedural.script import Script
from farm_procedural.sound.compose import samples

SMALL = {"size": "128x72", "fps": 12, "duration_s": 1.0}

FILMED = {
    "nothing": "",
    "spaces and line ends": " \t\r\n  \n",
    "one letter": "x",
    "only signs": "?!? ... --- ///",
    "only emoji": "🔥🌊🌙✨🐉",
    "joined emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "Russian": "Закат над спокойным морем",
    "Japanese": "夕焼けの海、静かな波",
    "Arabic": "غروب الشمس فوق بحر هادئ",
    "Hindi": "समुद्र पर सूर्यास्त",
    "mixed directions": "sea \u202e desrever \u202c waves",
    "combining marks": "s" + "\u0301\u0327" * 200 + "ea",
    "bright and dark": "bright dark",
    "every contrary at once": "fast slow still frantic, zoom in zoom out, red, no red, warm cold",
    "refuses everything": "no colour, no motion, no light, no shapes, no particles, no sound, nothing",
    "markup": "<b>sea</b> <script>alert(1)</script> {{x}} ${HOME} %s %n",
    "a query": "'; DROP TABLE jobs; -- a calm sea",
    "a path": "../../etc/passwd",
    "control characters": "sea\x00\x07\x1b[31m red\x7f\u200b\ufeff",
    "one long word": "a" * 5_000,
    "many words": "sea " * 15_000,
    "many numbers": " ".join(str(n) for n in range(2_000)),
    "many commas": "," * 5_000,
    "many refusals": "not " * 2_000 + "red",
    "unclosed quotes": 'a title "that never ends',
    "a thousand titles": '"A" ' * 1_000,
    "far too many shapes": "999999999999 circles on blue",
    "less than no time": "a sea, -5 seconds long",
    "a colour that is none": "#zzzzzz and #12345 and #",
}

LEFT_ASIDE_OR_REFUSED = {
    "no time": "a sea of 0 seconds",
    "ten hours": "a sea, 10 hours long",
    "no number": "a sea, 1e999 seconds, NaN seconds",
    "a thousand frames a second": "a sea at 1000 fps",
    "no frames a second": "a sea at 0 fps",
    "one pixel": "a sea, 1x1 pixel",
    "twenty thousand pixels": "a sea, 20000x20000",
}


def scripted(folder: Path, prompt: str | bytes, **params: object) -> tuple[Path, Script, dict]:
    """The script's file, the script, and the instruction."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "prompt.txt"
    text.write_bytes(prompt if isinstance(prompt, bytes) else prompt.encode())
    stage = stage_of(farm_procedural, "video.script")
    files = run_stage(stage, folder, {"prompt": text}, params)
    script = Script.from_record(json.loads(files["script"].read_text("utf-8")))
    return files["script"], script, json.loads(files["instruction"].read_text("utf-8"))


def filmed(folder: Path, script: Path, window: Window | None = None) -> Seen:
    stage = stage_of(farm_procedural, "video.generate")
    return Seen.of(run_stage(stage, folder, {"script": script}, window=window)["segment"])


@pytest.mark.parametrize("prompt", FILMED.values(), ids=FILMED.keys())
def test_it_becomes_a_film_that_can_be_watched_and_heard(tmp_path, prompt):
    file, script, instruction = scripted(tmp_path, prompt, **SMALL)
    seen = filmed(tmp_path, file)
    assert len(seen.frames) == 12 and seen.frames[0][0].shape == (72, 128)
    found = seen.analysis
    assert found.brightness.white < 0.9, "nothing but white"
    assert found.brightness.high > 0.01, "nothing but black"
    assert found.brightness.flicker < 0.08
    sound = samples(script)
    assert sound.shape == (48_000, 2)
    assert np.isfinite(sound).all() and np.abs(sound).max() <= 1.0
    assert script.title.isprintable()
    assert all(text.isprintable() for text in instruction["titles"])


@pytest.mark.parametrize("prompt", ["", " \n", "🪨🪨", "qwrtzp", "日本"])
def test_words_that_say_nothing_still_give_a_picture_with_light_colour_and_motion(tmp_path, prompt):
    found = filmed(tmp_path, scripted(tmp_path, prompt, **SMALL)[0]).analysis
    assert 0.05 < found.brightness.mean < 0.9
    assert found.contrast.rms > 0.02
    assert found.motion.level > 0.02


def test_contrary_words_are_told_and_the_later_one_counts(tmp_path):
    _, _, instruction = scripted(tmp_path / "a", "bright dark", **SMALL)
    assert any("contradict" in note for note in instruction["notes"])
    dark = filmed(tmp_path / "a", scripted(tmp_path / "a", "bright dark", **SMALL)[0])
    light = filmed(tmp_path / "b", scripted(tmp_path / "b", "dark bright", **SMALL)[0])
    assert dark.analysis.brightness.mean < 0.35 < light.analysis.brightness.mean


@pytest.mark.parametrize("prompt", LEFT_ASIDE_OR_REFUSED.values(), ids=LEFT_ASIDE_OR_REFUSED.keys())
def test_what_cannot_be_is_refused_with_the_mend_or_left_aside_on_the_record(tmp_path, prompt):
    try:
        _, script, instruction = scripted(tmp_path, prompt)
    except InputError as refused:
        assert refused.mend and refused.expected and refused.got
    else:
        assert 12 <= script.frames <= 3600 * 120
        assert 1 <= script.fps <= 120
        assert 16 <= script.width <= 7680 and 16 <= script.height <= 7680
        told = [*instruction["notes"], *script.explained, *instruction["unknown"]]
        assert told, "nothing says that a wish was left aside"


def test_a_hundred_kilobytes_become_a_film_or_are_refused_at_once(tmp_path):
    with pytest.raises(InputError) as refused:
        scripted(tmp_path, b"waves and wind over the sea, " * 3_700)
    assert refused.value.code == "prompt.too-long" and refused.value.mend


@pytest.mark.parametrize("prompt", [b"\xff\xfe\x00s", b"\x89PNG\r\n\x1a\n\x00", b"caf\xe9"])
def test_bytes_that_are_no_text_are_refused_with_the_mend(tmp_path, prompt):
    with pytest.raises(InputError) as refused:
        scripted(tmp_path, prompt)
    assert refused.value.code == "prompt.not-text" and refused.value.mend


@pytest.mark.parametrize("size", ["16x16", "16x1080", "1080x16", "18x7680"])
def test_the_smallest_and_oddest_sizes_are_rendered(tmp_path, size):
    file, script, _ = scripted(tmp_path, "three circles, stars, rain over a lake", size=size,
                               fps=12, duration_s=0.5)  # fmt: skip
    seen = filmed(tmp_path, file, Window(0, 1, 0, 2))
    assert seen.frames[0][0].shape == (script.height, script.width)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"schema": "farm.procedural.script/1"}', "\x00", '{"schema": 7}'],
)
def test_a_file_that_is_no_script_is_refused_with_the_mend(tmp_path, text):
    file = tmp_path / "script.json"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        run_stage(stage_of(farm_procedural, "video.generate"), tmp_path, {"script": file})
    assert refused.value.code.startswith("script.") and refused.value.mend
