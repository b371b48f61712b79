"""Captions in the picture and beside it: where they belong, and nothing else touched."""

from __future__ import annotations

import json
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import flat, same, seen, written as film
from test_finish import clip

import farm_finish
from farm import InputError, TaskCancelled, Window
from farm.media.planes import Layout, Picture
from farm_finish.captions.cues import Captions, Cue, Timed, write_cues
from farm_finish.captions.fonts import BUNDLED, faces
from farm_finish.captions.lettering import Lettering
from farm_finish.captions.overlay import Overlay
from farm_finish.captions.params import BurnParams

BURN, TRACK = (stage_of(farm_finish, f"captions.{name}") for name in ("burn", "track"))
WIDE, UPRIGHT = Layout(320, 180, "yuv420p"), Layout(180, 320, "yuv420p")
HELLO = Cue(500, 1000, ("Hello, world",))


def cues_file(folder: Path, *cues: Cue, language: str = "en") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"cues-{language}.json"
    write_cues(path, Captions(language, list(cues)))
    return path


def grey(folder: Path, layout: Layout = WIDE, count: int = 12, fps: Fraction | int = 8) -> Path:
    shades = [flat(60 + number, 100, 150, layout) for number in range(count)]
    return film(folder / f"{layout.width}.mkv", shades, fps)


def burned(folder: Path, video: Path, *cues: Cue, window: Window | None = None, **params):
    made = run_stage(
        BURN,
        folder / f"burn-{len(list(folder.iterdir()))}",
        {"video": video, "cues": cues_file(folder, *cues)},
        params,
        window=window,
    )
    return seen(made["segment"]), json.loads(made["report"].read_text(encoding="utf-8"))


def box(before: Picture, after: Picture) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what differs, in parts of the picture."""
    rows, columns = np.nonzero(before.planes[0] != after.planes[0])
    high, wide = before.planes[0].shape
    return (
        columns.min() / wide, rows.min() / high, (columns.max() + 1) / wide, (rows.max() + 1) / high
    )  # fmt: skip


def test_only_frames_within_a_cue_are_changed(tmp_path):
    video = grey(tmp_path)
    after, report = burned(tmp_path, video, HELLO)
    changed = [not same(a, b) for a, b in zip(seen(video), after, strict=True)]
    assert changed == [4 <= number < 8 for number in range(12)]
    assert (report["captioned"], report["cues"], report["warnings"]) == (4, 1, [])


def test_a_cue_begins_with_the_first_frame_at_or_after_its_moment(tmp_path):
    video = grey(tmp_path, fps=Fraction(30000, 1001))
    after, _ = burned(tmp_path, video, Cue(100, 200, ("x",)))
    changed = [not same(a, b) for a, b in zip(seen(video), after, strict=True)]
    shown = [100 <= number * 1001 / 30 < 200 for number in range(12)]
    assert changed == shown and sum(shown) == 3


@pytest.mark.parametrize("layout", [WIDE, UPRIGHT], ids=["wide", "upright"])
@pytest.mark.parametrize("place", ["bottom", "middle", "top"])
def test_captions_stand_in_the_middle_of_the_safe_area(tmp_path, layout, place):
    video = grey(tmp_path, layout)
    after, _ = burned(tmp_path, video, HELLO, place=place)
    left, top, right, bottom = box(seen(video)[5], after[5])
    assert left >= 0.05 and top >= 0.05 and right <= 0.95
    assert left + right == pytest.approx(1, abs=0.03)
    assert bottom <= (0.86 if layout is UPRIGHT else 0.96)
    middle = (top + bottom) / 2
    assert {"bottom": middle > 0.7, "middle": abs(middle - 0.5) < 0.05, "top": middle < 0.25}[place]


def test_windows_are_the_frames_of_the_whole(tmp_path):
    video = grey(tmp_path)
    cues = (Cue(0, 600, ("one two three",)), Cue(700, 1400, ("four five",)))
    whole, _ = burned(tmp_path, video, *cues, highlight=True)
    parts = []
    for number, start in enumerate(range(0, 12, 5)):
        window = Window(number, 3, start, min(start + 5, 12))
        parts += burned(tmp_path, video, *cues, window=window, highlight=True)[0]
    assert len(parts) == 12 and all(same(a, b) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize(
    "layout",
    [
        Layout(96, 54, "yuv420p"),
        Layout(97, 55, "yuv420p", 10),
        Layout(96, 54, "yuv422p", 10),
        Layout(96, 54, "yuv444p", 12),
        Layout(96, 54, "yuv444p", 8, full=True),
        Layout(96, 54, "gbrp", 8, full=True, matrix=0),
    ],
    ids=lambda layout: layout.pixel_format,
)
def test_letters_are_white_on_black_in_any_layout(layout):
    top = 2**layout.depth - 1
    blank = Picture(layout, tuple(np.full(s, top // 2, layout.dtype) for s in layout.shapes))
    lettering = Lettering(BurnParams(size=3.0, box=1.0), layout.width, layout.height, faces(None))
    lines, lacking = lettering.lines_of(Cue(0, 1, ("HI",)), 0, "en")
    made = Overlay(lettering.drawn(lines), layout).over(blank)
    y = made.planes[0].astype(int)
    white, black = (top, 0) if layout.full else (235 << layout.depth - 8, 16 << layout.depth - 8)
    assert not lacking
    assert abs(y.max() - white) <= top // 100 and abs(y.min() - black) <= top // 100
    if not layout.rgb:
        middle = 1 << layout.depth - 1
        at = np.unravel_index(np.argmax(y), y.shape)
        across, down = layout.halving
        for plane in made.planes[1:]:
            assert abs(int(plane[at[0] >> down, at[1] >> across]) - middle) <= top // 60
    outside = blank.planes[0] == made.planes[0]
    assert outside[: layout.height // 3].all()


def test_the_word_that_is_said_is_shown_in_another_colour(tmp_path):
    video = grey(tmp_path, Layout(320, 180, "gbrp", full=True, matrix=0))
    words = (Timed("jug", 500, 700), Timed("gypsy", 700, 850), Timed("blue", 850, 1000))
    cue = Cue(500, 1000, ("jug gypsy", "blue"), words)
    look = {"highlight": True, "highlight_colour": "#ff0000", "box": 0, "size": 2}
    after, _ = burned(tmp_path, video, cue, **look)

    def lit(picture: Picture) -> tuple[int, int, int, int] | None:
        """Left, top, right, bottom of what is red."""
        green, blue, red = (plane.astype(int) for plane in picture.planes)
        rows, columns = np.nonzero((red > 200) & (green < 60) & (blue < 60))
        if not len(rows):
            return None
        return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1

    first, second, third = lit(after[4]), lit(after[6]), lit(after[7])
    assert lit(after[3]) is None and first and second and third
    # One beside the other, and the third below both: no part of another word is in its colour.
    assert first[2] <= second[0]
    assert third[1] >= first[3] - 6 and third[0] > first[0] and third[2] < second[2]
    window = Window(0, 1, 7, 8)
    (later,) = burned(tmp_path, video, cue, window=window, **look)[0]
    assert lit(later) == third


def test_words_of_a_cue_without_moments_share_its_time(tmp_path):
    video = film(tmp_path / "still.mkv", [flat(60, layout=WIDE)] * 12, 8)
    cue = Cue(0, 1500, ("one two three",))
    after, _ = burned(tmp_path, video, cue, highlight=True)
    steps = [n for n in range(1, 12) if not same(after[n - 1], after[n])]
    assert len(steps) == 2 and 3 <= steps[0] <= 4 and 6 <= steps[1] <= 8
    plain, _ = burned(tmp_path, video, cue)
    assert all(same(plain[0], other) for other in plain)


def test_long_lines_are_broken_to_fit_and_not_within_names(tmp_path):
    lettering = Lettering(BurnParams(), 1080, 1920, faces(None))
    cue = Cue(
        0, 1, ("The quick brown fox jumps over the lazy dog,", "and Doctor Smith paid 12 dollars.")
    )
    lines, _ = lettering.lines_of(cue, 0, "en")
    assert " ".join(line.text for line in lines) == cue.text
    assert 2 < len(lines) <= 3
    text = "\n".join(line.text for line in lines)
    assert "Doctor Smith" in text and "12 dollars" in text
    assert all(line.face.at(line.size).getlength(line.text) <= 1080 * 0.9 for line in lines)


def test_a_cue_that_cannot_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not fit into the picture"):
        burned(tmp_path, grey(tmp_path), Cue(0, 900, ("word " * 90,)))


@pytest.mark.parametrize(
    ("text", "code"),
    [("字幕 captions", "captions.missing-glyphs"), ("नमस्ते", "captions.missing-glyphs")],
)
def test_what_the_font_lacks_is_told_by_name(tmp_path, text, code):
    after, report = burned(tmp_path, grey(tmp_path), Cue(500, 1000, (text,)))
    [warning] = report["warnings"]
    assert warning.startswith(f"{code}: cue 1: ")
    assert not same(after[4], after[3])


def test_arabic_and_hebrew_are_set_from_right_to_left(tmp_path):
    face = faces(None)[0]
    assert face.lacks("مرحبا بالعالم שלום עולם Ж ñ Ω ệ €") == ""
    _, report = burned(tmp_path, grey(tmp_path), Cue(500, 1000, ("مرحبا",)), highlight=True)
    codes = {warning.partition(": ")[0] for warning in report["warnings"]}
    assert "captions.no-highlight" in codes and "captions.missing-glyphs" not in codes


def test_a_font_may_be_sent_along_in_an_archive(tmp_path):
    manrope = Path(farm_finish.__file__).parents[1] / "farm_procedural/render/manrope-bold.ttf"
    good, none = tmp_path / "font.zip", tmp_path / "none.zip"
    with zipfile.ZipFile(good, "w") as archive:
        archive.write(manrope, "fonts/manrope.ttf")
    with zipfile.ZipFile(none, "w") as archive:
        archive.writestr("readme.txt", "no font here")
    video, cues = grey(tmp_path), cues_file(tmp_path, HELLO)
    own = run_stage(BURN, tmp_path / "a", {"video": video, "cues": cues})
    other = run_stage(BURN, tmp_path / "b", {"video": video, "cues": cues, "font": good})
    assert not same(seen(own["segment"])[5], seen(other["segment"])[5])
    with pytest.raises(InputError, match="no font that can be used"):
        run_stage(BURN, tmp_path / "c", {"video": video, "cues": cues, "font": none})
    assert BUNDLED.stat().st_size < 1_000_000
    assert "Open Font License" in BUNDLED.with_name("captions-license.txt").read_text()


def test_burning_can_be_stopped_and_says_how_far_it_is(tmp_path):
    with pytest.raises(TaskCancelled):
        run_stage(
            BURN, tmp_path / "b", {"video": grey(tmp_path), "cues": cues_file(tmp_path, HELLO)},
            cancel_after=5,
        )  # fmt: skip


def texts(path: Path) -> list[list[tuple[float, float, str]]]:
    """What each track of text shows, s after the first picture: start, end, text."""
    found = []
    with av.open(str(path)) as container:
        film = container.streams.video[0]
        begins = (film.start_time or 0) * film.time_base
        for stream in container.streams.subtitles:
            container.seek(0)
            track = []
            for packet in container.demux(stream):
                if packet.size <= 2:
                    continue
                start = packet.pts * packet.time_base - begins
                data = bytes(packet)
                text = data[2:] if stream.codec_context.name == "mov_text" else data
                end = start + packet.duration * packet.time_base
                track.append((round(float(start), 2), round(float(end), 2), text.decode()))
            found.append(track)
    return found


def pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.video[0]) if p.size]


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [("mp4", "auto", "mov_text"), ("mkv", "auto", "srt"), ("mkv", "webvtt", "webvtt")],
)
def test_tracks_are_read_back_as_they_were_given(tmp_path, container, codec, name):
    source = clip(tmp_path / "film.mkv", frames=36, fps=12, sound_s=3)
    video = run_stage(stage_of(farm_finish, "video.encode"), tmp_path, {"video": source})["video"]
    english = cues_file(tmp_path, HELLO, Cue(1500, 2500, ("two", "lines & more")))
    german = cues_file(tmp_path, Cue(500, 1000, ("Hallo, Welt",)), language="de")
    params = {"container": container, "codec": codec}
    made = run_stage(TRACK, tmp_path / "t", {"video": video, "cues": [english, german]}, params)
    path = made["video"]
    with av.open(str(path)) as opened:
        tracks = opened.streams.subtitles
        assert [s.codec_context.name for s in tracks] == [name, name]
        assert [s.metadata["language"] for s in tracks] == ["eng", "deu"]
        assert [bool(s.disposition.value & 1) for s in tracks] == [True, False]
        assert len(opened.streams.audio) == 1
        words = [r.dialogue for p in opened.demux(tracks[0]) for r in p.decode()]
    assert any(b"Hello, world" in text for text in words)
    amp = "&amp;" if name == "webvtt" else "&"
    first = [(0.5, 1.0, "Hello, world"), (1.5, 2.5, f"two\nlines {amp} more")]
    assert texts(path) == [first, [(0.5, 1.0, "Hallo, Welt")]]
    assert pictures(path) == pictures(video)
    again = run_stage(TRACK, tmp_path / "u", {"video": video, "cues": [english, german]}, params)
    assert again["video"].read_bytes() == path.read_bytes()
    more = run_stage(TRACK, tmp_path / "v", {"video": path, "cues": german}, params)
    assert texts(more["video"]) == [first, *[[(0.5, 1.0, "Hallo, Welt")]] * 2]


def test_overlapping_cues_are_one_text_in_mp4(tmp_path):
    video = clip(tmp_path / "film.mp4", frames=36, fps=12)
    cues = cues_file(tmp_path, Cue(0, 2000, ("a",)), Cue(1000, 3000, ("b",)))
    made = run_stage(TRACK, tmp_path / "t", {"video": video, "cues": cues})
    assert texts(made["video"]) == [[(0, 1, "a"), (1, 2, "a\nb"), (2, 3, "b")]]


def test_a_film_without_speech_gets_an_empty_track(tmp_path):
    video = clip(tmp_path / "film.mp4", frames=12, fps=12)
    for container in ("mp4", "mkv"):
        made = run_stage(
            TRACK, tmp_path / container, {"video": video, "cues": cues_file(tmp_path)},
            {"container": container},
        )  # fmt: skip
        assert texts(made["video"]) in ([[]], [])
        assert pictures(made["video"]) == pictures(video)


def test_what_a_container_does_not_take_is_refused(tmp_path):
    cues = cues_file(tmp_path, HELLO)
    with pytest.raises(InputError, match="does not go into mp4"):
        run_stage(TRACK, tmp_path / "a", {"video": grey(tmp_path), "cues": cues})
    with pytest.raises(InputError, match="webvtt does not go into mp4"):
        run_stage(
            TRACK, tmp_path / "b", {"video": grey(tmp_path), "cues": cues}, {"codec": "webvtt"}
        )
