"""The procedural plugin: frames are a function, windows join without a seam, words matter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from pydantic import ValidationError

import farm_finish
import farm_procedural
from farm import InputError, TaskCancelled, Window
from farm_procedural.film import Film, Planes
from farm_procedural.lexicon import BY_WORD, ENTRIES, entry_for
from farm_procedural.look import look_for
from farm_procedural.params import GenerateParams

GENERATE = stage_of(farm_procedural, "video.generate")
JOIN = stage_of(farm_finish, "video.join")
SMALL = {"size": "320x180", "duration_s": 2.0, "fps": 12, "window_s": 0.5}


def windows(params: GenerateParams) -> list[Window]:
    frames, size = GENERATE.windows.length(params, {}), GENERATE.windows.size(params)
    starts = range(0, frames, size)
    return [
        Window(index, len(starts), start, min(start + size, frames))
        for index, start in enumerate(starts)
    ]


def segments(folder: Path, prompt: str = "waves at sunset", **changes: object) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "prompt.txt"
    text.write_text(prompt, encoding="utf-8")
    options = {**SMALL, **changes}
    return [
        run_stage(GENERATE, folder / str(w.index), {"prompt": text}, options, window=w)["segment"]
        for w in windows(GenerateParams(**options))
    ]


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="gray") for f in container.decode(video=0)])


def rendered(prompt: str, seed: int = 7, frame: int = 10, size=(320, 180)) -> Planes:
    width, height = size
    planes = Planes(
        np.empty((height, width), np.uint8),
        np.empty((height // 2, width // 2), np.uint8),
        np.empty((height // 2, width // 2), np.uint8),
    )
    Film(look_for(prompt, seed), width, height, 24).frame(frame, planes)
    return planes


def test_each_window_has_exactly_its_frames_and_starts_with_a_key_frame(tmp_path):
    files = segments(tmp_path, duration_s=1.7)
    counts = []
    for file in files:
        with av.open(str(file)) as container:
            packets = [p for p in container.demux(video=0) if p.size]
            assert packets[0].is_keyframe
            counts.append(len(packets))
    assert counts == [6, 6, 6, 2]


def test_windows_join_without_a_jump(tmp_path):
    # Near lossless, so that what is measured is the film and not the encoder's rounding.
    files = segments(tmp_path, crf=2)
    film = run_stage(JOIN, tmp_path / "join", {"segments": files})["video"]
    frames = decoded(film).astype(float)
    assert len(frames) == 24
    steps = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
    seams = steps[[5, 11, 17]]
    inside = np.delete(steps, [5, 11, 17])
    assert steps.min() > 0.05, "nothing moves"
    assert seams.max() < 1.35 * inside.max()


def test_a_frame_is_the_same_alone_and_after_others():
    film = Film(look_for("storm over mountains", 3), 160, 90, 24)
    first, again = rendered("x", size=(160, 90)), rendered("x", size=(160, 90))
    film.frame(31, first)
    for number in (0, 90, 31):
        film.frame(number, again)
    assert all(np.array_equal(getattr(first, n), getattr(again, n)) for n in ("luma", "cb", "cr"))


def test_the_same_task_gives_the_same_bytes(tmp_path):
    one = [p.read_bytes() for p in segments(tmp_path / "one", duration_s=0.5)]
    two = [p.read_bytes() for p in segments(tmp_path / "two", duration_s=0.5)]
    assert one == two


def test_another_seed_is_another_film():
    one, two = rendered("waves", 1), rendered("waves", 2)
    assert np.abs(one.luma.astype(int) - two.luma).mean() > 2


def test_words_choose_the_colours():
    fire, ocean = rendered("fire"), rendered("underwater coral reef")
    assert fire.cr.mean() > 140 > 128 > ocean.cr.mean()
    assert fire.cb.mean() < 118 < ocean.cb.mean()


def test_a_colour_word_leans_on_the_palette():
    plain, green = rendered("silk"), rendered("green silk")
    assert green.cr.mean() < plain.cr.mean() - 3


def test_unknown_words_change_the_picture_too():
    one, two = look_for("zorbulon", 1), look_for("quixpert", 1)
    assert one.stops != two.stops


@pytest.mark.parametrize("prompt", ["", "   ", "日本の夜明け", "🜁🜂", "a" * 5000, "naïve café"])
def test_any_text_makes_a_picture_that_is_not_flat(prompt):
    assert rendered(prompt).luma.std() > 4


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("waves", "wave"),
        ("beaches", "beach"),
        ("snowy", "snow"),
        ("foggy", "fog"),
        ("icy", "ice"),
    ],
)
def test_plurals_and_adjectives_are_understood(form, word):
    assert entry_for(form) is BY_WORD[word]


def test_capitals_and_punctuation_do_not_matter_to_the_palette():
    assert look_for("SUNSET, over: Waves!", 1) == look_for("sunset over waves", 1)


def test_no_word_stands_in_two_entries():
    words = [word for entry in ENTRIES for word in entry.words.split()]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.words.split()[0])
def test_every_entry_renders_a_picture_with_light_and_shade(entry):
    luma = rendered(entry.words.split()[0], size=(160, 90)).luma
    assert 16 < luma.mean() < 232
    assert luma.std() > 3


@pytest.mark.parametrize("size", ["16x16", "18x34", "322x182", "180x320"])
def test_odd_shapes_render(size, tmp_path):
    (file,) = segments(tmp_path, size=size, duration_s=0.5)
    width, height = map(int, size.split("x"))
    assert decoded(file).shape == (6, height, width)


@pytest.mark.parametrize("size", ["1281x720", "8x8", "9000x16", "720", "0x0", "1280X720", "-2x16"])
def test_sizes_that_cannot_be_encoded_are_refused(size):
    with pytest.raises(ValidationError, match="size"):
        GenerateParams(size=size)


def test_a_prompt_that_is_not_text_is_refused(tmp_path):
    file = tmp_path / "prompt.txt"
    file.write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="UTF-8"):
        run_stage(GENERATE, tmp_path / "t", {"prompt": file}, SMALL)


def test_a_running_window_stops_when_asked(tmp_path):
    file = tmp_path / "prompt.txt"
    file.write_text("fire")
    with pytest.raises(TaskCancelled):
        run_stage(GENERATE, tmp_path / "t", {"prompt": file}, SMALL, cancel_after=3)


def test_segments_are_tagged_bt709(tmp_path):
    (file,) = segments(tmp_path, duration_s=0.5)
    with av.open(str(file)) as container:
        context = container.streams.video[0].codec_context
        next(container.decode(video=0))
        tags = context.colorspace, context.color_primaries, context.color_trc, context.color_range
    assert tuple(map(int, tags)) == (1, 1, 1, 1)


def test_a_processor_with_other_vector_units_gives_the_same_pixels(tmp_path):
    """The kernels, compiled for a plain processor, against this machine's."""
    script = (
        "import hashlib, numpy as np\n"
        "from farm_procedural.film import Film, Planes\n"
        "from farm_procedural.look import look_for\n"
        "p = Planes(*(np.empty(s, np.uint8) for s in ((90, 160), (45, 80), (45, 80))))\n"
        "Film(look_for('aurora over a lake', 5), 160, 90, 24).frame(40, p)\n"
        "print(hashlib.sha256(b''.join(x.tobytes() for x in (p.luma, p.cb, p.cr))).hexdigest())\n"
    )
    plain = {
        **os.environ,
        "NUMBA_CPU_NAME": "x86-64",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
    }
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
        ).stdout.strip()
        for env in (dict(os.environ), plain)
    }
    assert len(hashes) == 1
