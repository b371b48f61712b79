"""A lesson's scene becomes a segment: the right frames, the right pictures, the same bytes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from lesson_scenes import (
    BLUE,
    COMPOSE,
    GREEN,
    RED,
    SIZE,
    composed,
    film,
    frames_of,
    like,
    picture,
    somebody,
)
from PIL import Image

import farm_finish
from farm import TaskCancelled
from farm_avatar.compose.ground import ground
from farm_avatar.compose.layout import places
from farm_avatar.compose.overlays import ChapterCard
from farm_avatar.compose.planes import planes_of
from farm_avatar.compose.scene import Chapter, LowerThird, Presenter, Progress, Scene, Visual
from farm_avatar.compose.shots import placed
from farm_avatar.compose.theme import palette

NOBODY = Presenter(layout="none")


def slide(name: str = "a.png", **more: object) -> Visual:
    return Visual.model_validate({"kind": "slide", "file": name, **more})


def test_a_scene_has_exactly_the_frames_of_its_clock_and_the_same_bytes_every_time(
    tmp_path: Path,
) -> None:
    scene = Scene(
        size=SIZE, visuals=(slide(),), captions="words", progress=Progress(index=0, count=3)
    )
    files = {"a.png": picture(tmp_path / "a.png", RED)}
    who = somebody(tmp_path / "who.mkv", 20)
    one, two = (
        composed(tmp_path / name, scene, 0.8, ["Light is counted."], files, who) for name in "xy"
    )
    assert one["segment"].read_bytes() == two["segment"].read_bytes()
    assert one["sheet"].read_bytes() == two["sheet"].read_bytes()
    assert len(frames_of(one["segment"])) == one["told"]["frames"] == 20
    assert one["told"]["warnings"] == []


def test_scenes_of_every_layout_join_by_copying_packets(tmp_path: Path) -> None:
    who = somebody(tmp_path / "who.mkv", 8)
    files = {"a.png": picture(tmp_path / "a.png", RED)}
    scenes = [
        Scene(size=SIZE, visuals=(slide(),), presenter=Presenter(layout=layout))
        for layout in ("corner", "side", "full", "none")
    ]
    made = [
        composed(tmp_path / str(number), scene, 0.32, files=files, presenter=who)["segment"]
        for number, scene in enumerate(scenes)
    ]
    done = run_stage(stage_of(farm_finish, "video.join"), tmp_path / "join", {"segments": made})
    whole = frames_of(done["video"])
    assert len(whole) == 4 * 8
    for number, path in enumerate(made):
        assert np.array_equal(whole[number * 8 + 5], frames_of(path)[5])
    with av.open(str(made[0])) as container:
        stream = container.streams.video[0]
        kinds = [packet.is_keyframe for packet in container.demux(stream) if packet.size]
        assert kinds[0]
        assert [s.type for s in container.streams] == ["video"]


@pytest.mark.parametrize("size", [(320, 180), (240, 240), (180, 320)])
def test_slide_and_presenter_are_where_the_layout_puts_them_in_every_shape(
    size: tuple[int, int], tmp_path: Path
) -> None:
    files = {"a.png": picture(tmp_path / "a.png", RED)}
    who = somebody(tmp_path / "who.mkv", 3)
    for layout in ("corner", "side", "full", "none"):
        scene = Scene(
            size=size, title="Light", visuals=(slide(),), presenter=Presenter(layout=layout)
        )
        done = composed(tmp_path / layout, scene, 0.12, files=files, presenter=who)
        shown = frames_of(done["segment"])[-1]
        place = places(scene, shown=True)
        assert done["told"]["presenter"] == place.frame
        assert shown.shape == (size[1], size[0], 3)
        if layout != "full":
            at = placed((320, 180), place)
            part = shown[at.y + 4 : at.y + at.height // 3, at.x + 4 : at.x + at.width // 2]
            assert like(part, RED), layout
        green = np.abs(shown.astype(int) - np.array(GREEN)).max(axis=2) < 30
        if layout == "none":
            assert not green.any()
            continue
        rows, columns = np.nonzero(green)
        area = place.presenter
        assert len(rows) > 0.1 * area.width * area.height, layout
        assert area.x <= columns.min() and columns.max() < area.right
        assert area.y <= rows.min() and rows.max() < area.bottom


def test_where_the_presenter_is_clear_the_slide_shows_and_what_hides_under_it_never_does(
    tmp_path: Path,
) -> None:
    files = {"a.png": picture(tmp_path / "a.png", (255, 255, 255))}
    scene = Scene(size=SIZE, visuals=(slide(),), presenter=Presenter(frame="cutout"))
    # The film's clear pixels are blue.
    done = composed(
        tmp_path / "s", scene, 0.12, files=files, presenter=somebody(tmp_path / "who.mkv", 3)
    )
    shown = frames_of(done["segment"])[-1].astype(int)
    blue = (shown[..., 2] - shown[..., 0] > 70) & (shown[..., 2] - shown[..., 1] > 60)
    assert blue.mean() < 0.001
    place = places(scene, shown=True)
    at = placed((320, 180), place)
    assert like(shown[at.y + 6 : at.y + 60, at.x + 6 : at.x + 120], (255, 255, 255), 6)


def test_visuals_come_with_their_sentences(tmp_path: Path) -> None:
    files = {
        "a.png": picture(tmp_path / "a.png", RED),
        "b.png": picture(tmp_path / "b.png", GREEN),
        "c.png": picture(tmp_path / "c.png", BLUE),
    }
    scene = Scene(
        size=SIZE,
        presenter=NOBODY,
        visuals=(
            slide("a.png"),
            slide("b.png", at_sentence=2, transition="cut"),
            slide("c.png", at_s=1.2, transition="slide"),
        ),
    )
    done = composed(tmp_path / "s", scene, 2.0, ["One and two.", "Three and four."], files)
    shown = frames_of(done["segment"])
    middle = (slice(70, 110), slice(140, 180))
    assert like(shown[24][middle], RED)
    assert like(shown[25][middle], GREEN)
    assert like(shown[29][middle], GREEN)
    assert like(shown[-1][middle], BLUE)
    # Half way the old card leaves on the left while the new one comes from the right.
    between = [like(frame[90:100, 4:12], GREEN) for frame in shown[30:45]]
    assert any(between)


def test_a_fade_passes_through_the_mean_of_both(tmp_path: Path) -> None:
    files = {
        "a.png": picture(tmp_path / "a.png", (0, 0, 0)),
        "b.png": picture(tmp_path / "b.png", (200, 200, 200)),
    }
    scene = Scene(size=SIZE, presenter=NOBODY, visuals=(slide("a.png"), slide("b.png", at_s=0.2)))
    shown = frames_of(composed(tmp_path / "s", scene, 0.8, (), files)["segment"])
    levels = [float(frame[80:100, 140:180].mean()) for frame in shown]
    assert levels[4] < 6 and levels[-1] > 194
    assert all(b >= a - 2 for a, b in pairwise(levels))
    assert any(60 < level < 140 for level in levels)


def test_a_slow_move_over_a_still_comes_closer_without_a_jump(tmp_path: Path) -> None:
    striped = np.zeros((180, 320, 3), np.uint8)
    striped[:, 100:220] = 255
    Image.fromarray(striped).save(tmp_path / "a.png")
    scene = Scene(
        size=SIZE, presenter=NOBODY, visuals=(Visual(kind="image", file="a.png", motion="in"),)
    )
    done = composed(tmp_path / "s", scene, 1.0, files={"a.png": tmp_path / "a.png"})
    widths = [(frame[90, :, 0].astype(float) / 255).sum() for frame in frames_of(done["segment"])]
    assert widths[-1] > widths[0] * 1.1
    steps = np.diff(widths)
    assert steps.min() > -0.6 and steps.max() < 2.5


def test_a_clip_plays_at_its_own_rate_then_freezes_or_begins_again(tmp_path: Path) -> None:
    levels = [40, 90, 140, 190, 240]
    pictures = [np.full((90, 160, 3), level, np.uint8) for level in levels]
    clip = film(tmp_path / "c.mp4", pictures, 10, "libx264", "yuv420p")
    for on_end, last in (("freeze", 240), ("loop", 90)):
        scene = Scene(
            size=SIZE,
            presenter=NOBODY,
            visuals=(Visual(kind="clip", file="c.mp4", on_end=on_end),),
        )
        done = composed(tmp_path / on_end, scene, 0.72, files={"c.mp4": clip})
        seen = [int(frame[80:100, 140:180].mean()) for frame in frames_of(done["segment"])]
        assert abs(seen[0] - 40) < 6 and abs(seen[6] - 140) < 6
        assert abs(seen[-1] - last) < 8, (on_end, seen)


def test_overlays_come_and_go_at_their_moments(tmp_path: Path) -> None:
    files = {"a.png": picture(tmp_path / "a.png", (250, 250, 250))}
    scene = Scene(
        size=SIZE,
        presenter=NOBODY,
        visuals=(slide(),),
        lower_third=LowerThird(name="Ada", role="Teacher", at_s=0.4, seconds=1.2),
        chapter=Chapter(title="Noise", label="Two", seconds=1.0),
    )
    shown = frames_of(composed(tmp_path / "s", scene, 3.0, (), files)["segment"])
    white = [float((frame > 225).all(axis=2).mean()) for frame in shown]
    assert white[5] < 0.1, "the chapter's card covers the slide"
    # The banner waits for the card to be gone, then covers a part of the slide for a while.
    assert white[40] < white[-1] - 0.02
    assert white[-1] > 0.5


@pytest.mark.parametrize("size", [(360, 640), (640, 360), (480, 480)])
def test_the_title_of_a_chapter_stands_above_the_captions(size: tuple[int, int]) -> None:
    scene = Scene(
        size=size, captions="burn", chapter=Chapter(title="Look in the middle of it"),
        visuals=(slide(),),
    )  # fmt: skip
    place, colours = places(scene, True), palette(scene.theme)
    assert scene.chapter is not None
    target = planes_of(Image.new("RGB", size))
    ChapterCard(scene.chapter, scene, place, colours).draw(target, 0.0)
    bare = planes_of(ground(size, colours))
    inked = np.flatnonzero((target.y != bare.y).any(axis=1))
    assert inked[0] > 0
    assert inked[-1] < place.captions.y


def test_the_bar_fills_the_piece_of_this_scene_alone(tmp_path: Path) -> None:
    scene = Scene(size=SIZE, presenter=NOBODY, progress=Progress(index=1, count=2))
    shown = frames_of(composed(tmp_path / "s", scene, 1.0)["segment"])
    place = places(scene, shown=False)
    row = place.progress.y
    half = place.progress.x + place.progress.width // 2

    def filled(frame: np.ndarray, part: slice) -> float:
        line = frame[row, part].astype(int)
        return float((line[:, 2] - line[:, 1] > 60).mean())

    first, second = slice(place.progress.x + 4, half - 8), slice(half + 8, place.progress.right - 4)
    assert filled(shown[0], first) > 0.9
    assert filled(shown[1], second) < 0.2 < 0.3 < filled(shown[12], second) < 0.7
    assert filled(shown[-1], second) > 0.9


def test_the_word_that_is_spoken_is_lit(tmp_path: Path) -> None:
    scene = Scene(size=SIZE, presenter=NOBODY, captions="words")
    done = composed(tmp_path / "s", scene, 1.0, ["Left right"])
    early, late = (frames_of(done["segment"])[at].astype(int) for at in (4, 20))

    def lit(frame: np.ndarray) -> float:
        coloured = frame[140:, :, 2] - frame[140:, :, 0] > 60
        return float(np.nonzero(coloured)[1].mean())

    assert lit(early) < 160 < lit(late)


def test_cues_that_are_sent_are_what_is_burnt_in(tmp_path: Path) -> None:
    cues = tmp_path / "cues.json"
    cue = {"start_ms": 400, "end_ms": 800, "lines": ["Only", "this"], "words": []}
    cues.write_text(json.dumps({"schema": "farm.cues/1", "language": "en", "cues": [cue]}))
    scene = Scene(size=SIZE, presenter=NOBODY, captions="burn")
    folder = tmp_path / "s"
    done = composed(folder, scene, 1.2, ["Something else"])
    inputs = {name: folder / f"{name}.json" for name in ("scene", "timing")}
    sent = run_stage(COMPOSE, tmp_path / "sent", {**inputs, "cues": cues})
    bright = [(f[130:] > 200).all(axis=2).sum() for f in frames_of(sent["segment"])]
    assert bright[5] == 0 and bright[15] > 20 and bright[25] == 0
    assert (frames_of(done["segment"])[5][130:] > 200).all(axis=2).sum() > 20


def test_what_is_missing_is_made_up_for_and_said(tmp_path: Path) -> None:
    scene = Scene(
        size=SIZE,
        visuals=(
            Visual(kind="title", text="Light 光"),
            Visual(kind="title", text="Never", at_s=9.0),
        ),
    )
    done = composed(tmp_path / "s", scene, 0.4, presenter=somebody(tmp_path / "who.mkv", 3))
    named = [warning.split(":")[0] for warning in done["told"]["warnings"]]
    assert named == ["never-shown", "missing-letters", "presenter-short"]
    assert len(frames_of(done["segment"])) == 10


def test_a_film_that_shows_nobody_draws_nobody(tmp_path: Path) -> None:
    clear = [np.zeros((16, 16, 4), np.uint8)] * 4
    files = {"a.png": picture(tmp_path / "a.png", RED)}
    scene = Scene(size=SIZE, visuals=(slide(),))
    without = composed(tmp_path / "w", scene, 0.16, (), files)
    tiny = composed(tmp_path / "t", scene, 0.16, (), files, film(tmp_path / "n.mkv", clear))
    assert tiny["segment"].read_bytes() == without["segment"].read_bytes()


def test_a_presenter_without_transparency_gets_a_frame(tmp_path: Path) -> None:
    plain = film(tmp_path / "p.mkv", [np.full((96, 96, 3), GREEN, np.uint8)] * 3, form="yuv420p")
    scene = Scene(size=SIZE)
    done = composed(tmp_path / "s", scene, 0.12, presenter=plain)
    assert done["told"]["presenter"] == "round"
    area = places(scene, shown=True, clear=False).presenter
    shown = frames_of(done["segment"])[-1]
    centre = shown[area.y + area.height // 2 - 8 :, area.x + area.width // 2 - 8 :][:16, :16]
    assert like(centre, GREEN)
    assert not like(shown[area.y : area.y + 4, area.x : area.x + 4], GREEN, 60)


def test_a_scene_that_is_cancelled_stops(tmp_path: Path) -> None:
    scene = Scene(size=SIZE, visuals=(Visual(kind="title", text="Long"),))
    with pytest.raises(TaskCancelled):
        composed(tmp_path / "s", scene, 60.0, cancel_after=4)
