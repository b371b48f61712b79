"""A recorded screen is told tightly and followed calmly; captions and boxes keep their bounds."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from lesson_scenes import composed, desktop, frames_of
from PIL import Image, ImageDraw

from farm_avatar.compose.camera import camera
from farm_avatar.compose.captions import Captions, Cue
from farm_avatar.compose.layout import Box, places
from farm_avatar.compose.planes import Planes, lay, planes_of, sprite_of
from farm_avatar.compose.resample import resample
from farm_avatar.compose.scene import Presenter, Scene, Theme, Visual
from farm_avatar.compose.screen import survey
from farm_avatar.compose.tempo import WAIT_SPEED, tempo
from farm_avatar.compose.theme import palette


def happens(at_s: float, draw: ImageDraw.ImageDraw) -> None:
    """A pointer moves, all stands still, letters appear, something turns, a word is there."""
    move = min(1.0, at_s / 1.0)
    x, y = 80 + 100 * move, 60 + 40 * move
    draw.polygon([(x, y), (x, y + 16), (x + 11, y + 11)], fill=(255, 255, 255))
    letters = int(max(0.0, at_s - 5.0) / 0.2)
    for number in range(min(10, letters)):
        draw.rectangle((60 + number * 14, 150, 68 + number * 14, 164), fill=(220, 220, 230))
    if 8.0 <= at_s < 13.0:
        turn = int(at_s * 10) * 40 % 360
        draw.arc((500, 280, 524, 304), turn, turn + 90, fill=(90, 220, 120), width=5)
    if at_s >= 13.0:
        draw.rectangle((480, 290, 560, 306), fill=(90, 220, 120))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return desktop(15.0, happens, tmp_path_factory.mktemp("screen") / "screen.mp4")


def test_dead_air_is_cut_waits_run_fast_and_nothing_that_happens_is_lost(recorded: Path) -> None:
    seen = survey(recorded, "screen", 0.0, None)
    assert seen.size == (640, 360) and abs(seen.end_s - 15.0) < 0.11
    told = tempo(seen, 1.0, True, 60.0)
    # Still from 1.0 to 5.2 s, turning from 8 to 13 s, still from 13 s on.
    assert 3.2 < told.cut_s < 6.0
    assert 4.0 < told.hurried_s <= 5.2
    waits = [piece for piece in told.pieces if piece.speed == WAIT_SPEED]
    assert len(waits) == 1 and 7.9 < waits[0].source_s < 8.4
    assert told.length_s < 9.0
    moments = [told.source(at_s) for at_s in np.arange(0, told.length_s + 2, 0.04)]
    assert all(b >= a for a, b in pairwise(moments))
    for change in seen.changes:
        assert any(
            piece.source_s - 1e-9 <= change.at_s <= piece.until_s + 1e-9 for piece in told.pieces
        )
        shown = told.shown(change.at_s)
        assert abs(told.source(shown) - change.at_s) < 1e-6
    plain = tempo(seen, 2.0, False, 60.0)
    assert abs(plain.length_s - (seen.end_s - seen.begin_s) / 2) < 1e-9


def test_a_recording_that_is_a_little_too_long_is_played_faster(recorded: Path) -> None:
    seen = survey(recorded, "screen", 0.0, None)
    free = tempo(seen, 1.0, True, 60.0).length_s
    assert abs(tempo(seen, 1.0, True, free * 0.8).length_s - free * 0.8) < 1e-6
    assert abs(tempo(seen, 1.0, True, free * 0.2).length_s - free / 1.5) < 1e-6


def test_the_camera_keeps_what_happens_in_view_and_moves_without_a_jump(recorded: Path) -> None:
    seen = survey(recorded, "screen", 0.0, None)
    told = tempo(seen, 1.0, True, 60.0)
    follows = camera(seen, told, (512, 288), 12.0)
    assert follows.moves, "it comes closer at least once"
    for change in seen.changes:
        x, y, wide, high = follows.view(told.shown(change.at_s))
        assert x - 1 <= change.left and change.right <= x + wide + 1, change
        assert y - 1 <= change.top and change.bottom <= y + high + 1, change
    views = np.array([follows.view(at_s) for at_s in np.arange(0, 12.0, 0.04)])
    assert (views[:, :2] >= -1e-6).all()
    assert (views[:, 0] + views[:, 2] <= 640 + 1e-6).all()
    assert (views[:, 1] + views[:, 3] <= 360 + 1e-6).all()
    assert np.abs(np.diff(views, axis=0)).max() < 640 * 0.06
    assert views[:, 2].min() < 640 / 1.2
    # When nothing more happens, all of it is seen again.
    assert tuple(views[-1]) == (0.0, 0.0, 640.0, 360.0)


def test_a_recording_freezes_while_the_narration_goes_on(recorded: Path, tmp_path: Path) -> None:
    scene = Scene(
        size=(320, 180),
        fps=10,
        presenter=Presenter(layout="none"),
        visuals=(Visual(kind="screen", file="s.mp4", start_s=12.0),),
    )
    done = composed(tmp_path / "s", scene, 7.0, files={"s.mp4": recorded})
    fact = done["told"]["screens"][0]
    assert fact["frozen_s"] > 1.0 and done["told"]["warnings"] == []
    shown = frames_of(done["segment"])
    assert len(shown) == 70
    assert np.abs(shown[-1].astype(int) - shown[-8].astype(int)).max() < 12
    short = composed(tmp_path / "t", scene.model_copy(update={"visuals": (
        Visual(kind="screen", file="s.mp4", dead_air=False),)}), 1.0,
        files={"s.mp4": recorded})  # fmt: skip
    assert short["told"]["warnings"][0].startswith("screen-cut-off:")


def test_every_box_lies_inside_its_picture() -> None:
    sizes = [
        (1280, 720),
        (1920, 1080),
        (720, 720),
        (1080, 1350),
        (720, 1280),
        (320, 180),
        (128, 128),
    ]
    layouts, corners = ("corner", "side", "full", "none"), ("bottom-right", "top-left")
    for size, layout, corner, burnt, scale in product(
        sizes, layouts, corners, ("none", "burn"), (0.4, 1.0, 1.6)
    ):
        who = Presenter(layout=layout, corner=corner, scale=scale)
        scene = Scene(size=size, title="Light", presenter=who, captions=burnt)
        for clear in (True, False):
            found = places(scene, shown=True, clear=clear)
            inside = [found.stage, found.captions, found.lower, found.progress, found.head]
            if found.frame in ("round", "card"):
                inside.append(found.presenter)
            for area in inside:
                if isinstance(area, Box):
                    told = (size, layout, corner, scale, area)
                    assert area.x >= 0 and area.y >= 0, told
                    assert area.right <= size[0] and area.bottom <= size[1], told
                    assert not (area.x % 2 or area.y % 2 or area.width % 2 or area.height % 2), told


WORDS = st.lists(st.text("abcdefghij.,", min_size=1, max_size=14), min_size=1, max_size=60)


@settings(max_examples=40)
@given(WORDS, st.sampled_from([(1280, 720), (720, 720), (720, 1280)]))
def test_every_word_of_a_cue_is_shown_once_in_order_and_in_time(
    texts: list[str], size: tuple[int, int]
) -> None:
    scene = Scene(size=size, captions="burn")
    place, colours = places(scene, shown=True), palette(Theme())
    cue = Cue(1.0, 9.0, tuple((text, 1.0 + at * 0.1) for at, text in enumerate(texts)))
    made = Captions([cue], place, colours, lit=True)
    shown = [
        caption.cue.words[at][0]
        for caption in made.captions
        for line in caption.lines
        for at in line
    ]
    assert shown == texts
    edges = [(caption.cue.start_s, caption.cue.end_s) for caption in made.captions]
    assert edges[0][0] == 1.0 and edges[-1][1] == 9.0
    assert all(a[1] == b[0] and a[0] < a[1] for a, b in pairwise(edges))
    assert all(len(caption.lines) <= 3 for caption in made.captions)


def test_planes_mix_as_a_pixel_program_would() -> None:
    draw = np.random.default_rng(5)
    under = Image.fromarray(draw.integers(0, 256, (24, 32, 3), np.uint8))
    flat = Image.new("RGBA", (12, 8), (220, 40, 90, 128))
    target = planes_of(under)
    lay(target, sprite_of(flat, -4, 20))
    before = planes_of(under)
    solid = planes_of(Image.new("RGB", (12, 8), (220, 40, 90)))
    for number, (got, was, over) in enumerate(zip(target, before, solid, strict=True)):
        step = 2 if number else 1
        rows, columns = slice(20 // step, 24 // step), slice(0, 8 // step)
        wanted = was.astype(float)
        wanted[rows, columns] += (float(over[0, 0]) - wanted[rows, columns]) * 128 / 255
        assert np.abs(got - wanted).max() <= 0.51
        untouched = np.ones(got.shape, bool)
        untouched[rows, columns] = False
        assert np.array_equal(got[untouched], was[untouched])


def test_resampling_keeps_flat_pictures_flat_and_moves_by_parts_of_a_pixel() -> None:
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (36, 1))
    half = np.full((18, 32), 77, np.uint8)
    source = Planes(ramp, half, half.copy())
    out = planes_of(Image.new("RGB", (32, 18)))
    resample(source, (8.25, 4.0, 32.0, 18.0), out)
    expected = (np.arange(32) + 8.25) * 4
    assert np.abs(out.y.astype(float) - expected).max() <= 1.0
    assert (out.u == 77).all() and (out.v == 77).all()
    resample(source, (0.0, 0.0, 64.0, 36.0), out)
    assert np.abs(out.y[:, 2:-2].astype(float) - ((np.arange(32) * 2 + 0.5) * 4)[2:-2]).max() <= 1.0
