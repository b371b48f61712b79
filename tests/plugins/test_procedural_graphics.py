"""Shapes, titles and transitions of the procedural engine, measured on what they draw."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from farm_procedural.render.fonts import displayable, drawn, letter_places
from farm_procedural.render.planes import Planes
from farm_procedural.render.shapes import draw_overlays
from farm_procedural.render.shapes_distance import (
    HEART_SCALE,
    RING_HALF,
    SPIRAL_TURNS,
    STAR_INNER,
    WAVE_HEIGHT,
)
from farm_procedural.render.shapes_layout import spots
from farm_procedural.render.titles import draw_titles
from farm_procedural.render.titles_layout import block
from farm_procedural.render.transitions import iris_of, mix
from farm_procedural.script import (
    Overlay,
    ShapeKind,
    Shot,
    Title,
    TitleStyle,
    Transition,
    TransitionKind,
    choices,
)

KINDS = choices(ShapeKind)
STYLES = choices(TitleStyle)
WHITE = (1.0, 0.0, 0.0)


# --- shapes -----------------------------------------------------------------------------------


def painted(*overlays: Overlay, t: float = 0.0, key: int = 1, size=(320, 240), **options):
    """Overlays on black, their first plane: cover where the overlay is white and crisp."""
    width, height = size
    light = np.zeros((3, height, width), np.float32)
    draw_overlays(light, overlays, t, key, **options)
    return light[0]


def one(kind: ShapeKind, radius: float = 0.35, **options) -> Overlay:
    return Overlay(
        kind, **{"size": radius, "colour": WHITE, "opacity": 1.0, "soft": 0.0, **options}
    )


def turned(kind: ShapeKind, degrees: float, **options) -> np.ndarray:
    """Turned by the camera, which also turns what does not turn by itself."""
    return painted(one(kind, **options), camera=(1.0, 0.0, 0.0, degrees))


def near_curve(curve: np.ndarray, half: float) -> float:
    """Area of the points that are at most ``half`` away from a polyline, by counting."""
    step = 0.01
    grid = np.arange(-1.2 + step / 2, 1.2, step)
    points = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    nearest = np.full(len(points), np.inf)
    for a, b in pairwise(curve):
        along = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        gap = points - a - along[:, None] * (b - a)
        nearest = np.minimum(nearest, (gap * gap).sum(axis=1))
    # Points just at the edge count by how far inside they are.
    return float(np.clip(0.5 + (half - np.sqrt(nearest)) / step, 0, 1).sum() * step * step)


def wave_curve() -> np.ndarray:
    at = np.linspace(-1, 1, 300)
    phase = at - np.floor(at + 0.5)
    y = 8 * phase - 16 * phase * abs(phase)
    return np.stack([at, WAVE_HEIGHT * (0.775 * y + 0.225 * y * abs(y))], -1)


def spiral_curve() -> np.ndarray:
    turns = np.linspace(0, SPIRAL_TURNS, 500)
    angle = 2 * np.pi * turns
    return (turns / SPIRAL_TURNS)[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)


AREAS: dict[str, Callable[[], float]] = {
    "circle": lambda: math.pi,
    "ring": lambda: math.pi * (1 - (1 - 2 * RING_HALF) ** 2),
    "triangle": lambda: 3 * math.sqrt(3) / 4,
    "square": lambda: 2.0,
    "hexagon": lambda: 3 * math.sqrt(3) / 2,
    "star": lambda: 5 * STAR_INNER * math.sin(math.pi / 5),
    "heart": lambda: (0.5 + math.pi / 8) / HEART_SCALE**2,
    "line": lambda: 4 * 0.045 + math.pi * 0.045**2,
    "wave": lambda: near_curve(wave_curve(), 0.055),
    "spiral": lambda: near_curve(spiral_curve(), 0.042),
}


@pytest.mark.parametrize("kind", AREAS)
def test_a_shape_covers_its_analytic_area(kind):
    radius = 0.35 * 480
    cover = painted(one(kind), size=(640, 480))
    assert cover.max() == pytest.approx(1.0, abs=1e-5)
    assert cover.sum(dtype=np.float64) == pytest.approx(AREAS[kind]() * radius**2, rel=0.01)


def test_a_grid_covers_its_square_but_for_thirty_six_holes():
    half, radius = 0.016, 0.35 * 480
    rounded = (4 - math.pi) * half**2
    area = (2 + 2 * half) ** 2 - rounded - 36 * (1 / 3 - 2 * half) ** 2
    cover = painted(one("grid"), size=(640, 480))
    assert cover.sum(dtype=np.float64) == pytest.approx(area * radius**2, rel=0.01)


def test_a_grid_has_seven_lines_each_way():
    cover = painted(one("grid"), size=(640, 480)) > 0.5
    middle = cover[240 - 28], cover[:, 320 - 28]  # Between two lines.
    for row in middle:
        assert np.count_nonzero(np.diff(row.astype(int)) == 1) == 7


def test_dots_stand_where_the_lines_of_a_grid_cross():
    assert components(painted(one("grid", filled=False), size=(640, 480)) > 0.5) == 49


@pytest.mark.parametrize("kind", ["circle", "triangle", "square", "hexagon", "star", "heart"])
def test_an_outline_lies_inside_the_filled_shape(kind):
    filled, outline = painted(one(kind)), painted(one(kind, filled=False))
    assert np.all(outline <= filled + 1e-5)
    assert 0.05 < outline.sum() / filled.sum() < 0.45
    assert outline[120, 160] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_edges_have_levels_between(kind):
    cover = turned(kind, 13.0)
    full, empty = cover >= 0.999, cover <= 0.001
    jumps = np.count_nonzero(full[:, 1:] & empty[:, :-1]) + np.count_nonzero(
        full[:, :-1] & empty[:, 1:]
    )
    between = np.count_nonzero(~full & ~empty)
    assert between > 100
    assert jumps <= 0.01 * between


@pytest.mark.parametrize("kind", KINDS)
def test_area_does_not_depend_on_the_angle(kind):
    areas = [turned(kind, degrees).sum(dtype=np.float64) for degrees in (0, 7, 30, 45, 61, 90)]
    # A stroke of a few pixels is where sampling an edge once a pixel shows most.
    assert max(areas) / min(areas) < (1.015 if kind in ("line", "grid") else 1.005)


@pytest.mark.parametrize("kind", KINDS)
def test_a_quarter_turn_is_the_picture_turned(kind):
    size = (240, 240)
    plain = painted(one(kind), size=size)
    quarter = painted(one(kind), size=size, camera=(1.0, 0.0, 0.0, 90.0))
    assert np.abs(quarter - np.rot90(plain)).max() < 0.01


def test_turning_by_itself_is_counter_clockwise():
    still = painted(one("triangle"), size=(240, 240))
    after = painted(one("triangle", turn=45.0), t=2.0, size=(240, 240))
    assert np.abs(after - np.rot90(still)).max() < 0.01


def test_the_picture_is_the_same_at_any_resolution():
    overlays = (one("star", 0.2, count=3), one("spiral", 0.2))
    small = painted(*overlays, size=(320, 180))
    large = painted(*overlays, size=(1280, 720))
    averaged = large.reshape(180, 4, 320, 4).mean(axis=(1, 3))
    # The finest strokes are kept visible in the small one.
    assert np.abs(averaged - small).mean() < 0.004


def components(mask: np.ndarray) -> int:
    """How many connected parts a mask has, diagonal neighbours joined."""
    label = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        padded = np.pad(label, 1)
        spread = label.copy()
        for dy in range(3):
            for dx in range(3):
                part = padded[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
                spread = np.maximum(spread, part)
        spread[~mask] = 0
        # Jump to the label of the label: parts close in a few rounds, however winding.
        known = np.concatenate([[0], spread.ravel()])
        spread = np.maximum(spread, known[spread])
        if np.array_equal(spread, label):
            return int(np.unique(label[mask]).size)
        label = spread


@pytest.mark.parametrize("size", [(480, 270), (270, 480), (300, 300)], ids=str)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 9, 12, 20, 40])
@pytest.mark.parametrize("kind", ["circle", "star", "heart", "square"])
def test_a_count_can_be_counted(kind, count, size):
    for key in (3, 11):
        cover = painted(one(kind, 0.18, count=count), key=key, size=size)
        assert components(cover > 0.5) == count


@pytest.mark.parametrize("count", [2, 3, 4, 6])
@pytest.mark.parametrize("kind", ["ring", "line", "wave", "spiral"])
def test_strokes_can_be_counted(kind, count):
    for key in range(4):
        cover = painted(one(kind, 0.3, count=count), key=key, size=(480, 270))
        assert components(cover > 0.5) == count


def test_shapes_of_several_overlays_do_not_touch():
    overlays = (one("circle", 0.3), one("triangle", 0.2, count=3), one("star", 0.2, count=2))
    for size in ((480, 270), (270, 480)):
        assert components(painted(*overlays, size=size) > 0.5) == 6


@pytest.mark.parametrize("count", [1, 3, 8])
def test_shapes_stay_in_the_picture_and_apart_while_they_orbit(count):
    overlay = one("circle", 0.15, count=count, orbit=0.3)
    for t in (0.0, 1.3, 5.0):
        cover = painted(overlay, t=t, size=(480, 270))
        assert components(cover > 0.5) == count
        assert max(cover[0].max(), cover[-1].max(), cover[:, 0].max(), cover[:, -1].max()) == 0


def centre(cover: np.ndarray) -> np.ndarray:
    """The middle of what is drawn: x, y in pixels."""
    y, x = np.mgrid[: cover.shape[0], : cover.shape[1]]
    return np.array([(x * cover).sum(), (y * cover).sum()]) / cover.sum()


def test_an_orbit_is_a_circle_of_its_radius_at_an_even_pace():
    overlay = one("circle", 0.1, orbit=0.3, turn=40.0)
    places = np.array([centre(painted(overlay, t=t)) for t in np.arange(0, 9, 1.0)])
    middle = np.array([159.5, 119.5])
    assert np.allclose(np.hypot(*(places - middle).T), 0.3 * 240, atol=0.2)
    assert np.ptp(np.hypot(*np.diff(places, axis=0).T)) < 0.2
    assert np.allclose(places[0], centre(painted(overlay, t=360 / 40)), atol=0.1)


def test_a_shape_without_movement_stands_still():
    overlays = (one("star", 0.2, count=5), one("ring", 0.2))
    assert np.array_equal(painted(*overlays, t=0.0), painted(*overlays, t=7.7))
    assert not np.array_equal(painted(*overlays, t=7.7, sway=1.0), painted(*overlays, t=7.7))


def test_the_camera_zooms_and_moves_shapes():
    plain = painted(one("circle", 0.2))
    assert painted(one("circle", 0.2), camera=(1.5, 0, 0, 0)).sum() == pytest.approx(
        plain.sum() * 2.25, rel=0.01
    )
    moved = centre(painted(one("circle", 0.2), camera=(1.0, 0.1, 0.2, 0)))
    assert np.allclose(moved - centre(plain), (-24, 48), atol=0.1)


def test_a_soft_shape_glows_beyond_its_edge_and_falls_off_evenly():
    crisp, soft = painted(one("circle", 0.25)), painted(one("circle", 0.25, soft=0.6))
    ray = soft[120, 160:]
    assert crisp[120, 160 + 75] == 0.0 < soft[120, 160 + 75]
    assert np.all(np.diff(ray) <= 1e-6)
    assert np.abs(np.diff(ray)).max() < 0.12


def test_edge_light_comes_from_its_direction():
    dark = one("circle", 0.3, colour=(0.4, 0.0, 0.0))
    lit = painted(dark, rim=1.0, angle=90.0) - painted(dark)
    assert lit[:110].max() > 0.05
    assert np.abs(lit[130:]).max() < 1e-3


def test_a_premultiplied_layer_composes_to_the_same_picture():
    overlays = (one("star", 0.3, opacity=0.7, soft=0.4, colour=(0.7, 0.1, 0.05)),)
    ground = np.linspace(0.05, 0.6, 3 * 90 * 160, dtype=np.float32).reshape(3, 90, 160)
    direct, layer = ground.copy(), np.zeros((4, 90, 160), np.float32)
    draw_overlays(direct, overlays, 1.0, 5, rim=0.5)
    draw_overlays(layer, overlays, 1.0, 5, rim=0.5)
    assert np.abs(layer[:3] + ground * (1 - layer[3]) - direct).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_reported_rows_are_touched(kind):
    light = np.zeros((3, 180, 320), np.float32)
    overlay = one(kind, 0.1, count=2, soft=0.5)
    top, low = draw_overlays(light, [overlay], 0.0, 3, camera=(1.0, 0.0, -0.2, 20.0))
    assert light.any()
    assert not light[:, :top].any()
    assert not light[:, low:].any()


@pytest.mark.parametrize("size", [(16, 16), (2, 2), (18, 34), (64, 16)], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_extremes_are_drawn_without_harm(kind, size):
    for overlay in (one(kind, 0.001), one(kind, 50.0), one(kind, 0.2, count=5000, filled=False)):
        cover = painted(overlay, size=size)
        assert np.isfinite(cover).all()
        assert 0.0 <= cover.min() <= cover.max() <= 1.0 + 1e-5


def test_nothing_is_drawn_where_the_camera_does_not_look():
    light = np.zeros((3, 90, 160), np.float32)
    assert draw_overlays(light, [one("circle", 0.2)], 0.0, 1, camera=(1.0, 9.0, 0.0, 0.0)) == (0, 0)
    assert not light.any()


def test_another_key_arranges_shapes_differently():
    layouts = {spots((one("circle", 0.1, count=14),), key, 1.778) for key in range(12)}
    assert len(layouts) > 4


# --- titles -----------------------------------------------------------------------------------


def titled(title: Title, t: float, size=(480, 270), ground: float = 0.0, **options) -> np.ndarray:
    light = np.full((3, size[1], size[0]), ground, np.float32)
    draw_titles(light, [title], t, **options)
    return light[0]


@pytest.mark.parametrize("style", STYLES)
def test_a_title_is_seen_only_in_its_time(style):
    title = Title("Silent Waters", style, start_s=1.0, length_s=2.0)
    for t in (0.0, 0.999, 3.0, 3.5):
        assert not titled(title, t).any()
    for t in (1.3, 2.0, 2.8):
        assert titled(title, t).max() > 0.1
    assert titled(title, 2.0).max() > 0.85


@pytest.mark.parametrize("style", STYLES)
def test_a_title_comes_and_goes_without_a_jump(style):
    title = Title("Silent Waters", style, start_s=0.0, length_s=2.0)
    ink = np.array([titled(title, t).sum() for t in np.arange(0, 2.001, 1 / 60)])
    assert ink[-1] == 0.0
    assert np.abs(np.diff(ink)).max() < 0.15 * ink.max()


@pytest.mark.parametrize("text", ["EXPLODE", "Every frame is a function of time"])
def test_kinetic_text_arrives_from_left_to_right_and_never_steps_back(text):
    title = Title(text, "kinetic", start_s=0.0, length_s=3.0, size=0.09)
    frames = [titled(title, t) for t in np.arange(0.0, 1.9, 1 / 30)]
    ink = np.array([frame.sum(dtype=np.float64) for frame in frames])
    assert np.all(np.diff(ink) > -0.002 * ink.max())
    assert ink[0] == 0.0 < ink[10] < 0.9 * ink[-1]
    # While it arrives, what is there is left of where the whole will have its middle.
    assert centre(frames[6])[0] < centre(frames[-1])[0] - 20


def test_a_lower_thirds_bar_comes_before_its_text():
    title = Title("Ada Lovelace\nMathematician", "lower-third", start_s=0.0, length_s=3.0)
    early, late = titled(title, 0.15), titled(title, 1.5)
    columns = np.flatnonzero(early.max(axis=0) > 0.3)
    assert 1 <= len(columns) <= 4
    assert np.count_nonzero(late.max(axis=0) > 0.3) > 40
    assert np.flatnonzero(late.max(axis=1) > 0.3).min() > 0.65 * 270


def test_the_bar_of_a_lower_third_takes_the_accent():
    title = Title("Ada", "lower-third", start_s=0.0, length_s=3.0)
    light = np.zeros((3, 270, 480), np.float32)
    draw_titles(light, [title], 0.2, accent=(0.6, 0.2, 0.1))
    assert light[0].max() > 3 * light[2].max()


LONG = "The sea remembers what the shore forgets, and so do we, every evening of the year. "
TEXTS = ["A", "Silent Waters", LONG, LONG * 8, "x" * 300, "WIDE CAPITALS", "one\ntwo\nthree\nfour"]


@pytest.mark.parametrize("size", [(480, 270), (270, 480), (64, 36), (16, 16)], ids=str)
@pytest.mark.parametrize("style", STYLES)
def test_every_text_fits_into_the_safe_area(style, size):
    width, height = size
    for text in TEXTS:
        made = block(text, style, (0.5, 0.5), 0.11, width, height)
        left, top, right, low = made.box
        assert left >= 0.02 * width
        assert right <= 0.98 * width
        assert top >= 0.02 * height
        assert low <= height
        light = np.full((3, height, width), 0.5, np.float32)
        before = light.copy()
        draw_titles(light, [Title(text, style, start_s=0.0, length_s=2.0)], 1.0)
        assert not np.array_equal(light, before)


@pytest.mark.parametrize("place", [(0.0, 0.0), (1.0, 1.0), (0.98, 0.02)])
def test_a_place_at_the_edge_keeps_the_text_in_the_picture(place):
    cover = titled(Title("Edge", "caption", 0.0, 2.0, place), 1.0)
    whole = titled(Title("Edge", "caption", 0.0, 2.0, (0.5, 0.6)), 1.0)
    assert cover.sum() == pytest.approx(whole.sum(), rel=0.02)


def test_short_texts_have_the_size_that_was_asked_for():
    made = block("HUGE", "title", (0.5, 0.5), 0.2, 960, 540)
    assert made.size_px == pytest.approx(0.2 * 540)
    rows = np.flatnonzero(titled(Title("H", "title", 0, 2, size=0.2), 1.0, (960, 540)).max(1) > 0.5)
    assert np.ptp(rows) + 1 == pytest.approx(0.72 * 0.2 * 540, abs=2)


def test_lines_of_a_wrapped_title_are_even():
    made = block(LONG[:70], "title", (0.5, 0.5), 0.09, 960, 540)
    starts = sorted({round(piece.masks[0].y / 10) for piece in made.pieces})
    assert len(starts) >= 2
    left, _, right, _ = made.box
    cover = titled(Title(LONG[:70], "title", 0, 2, size=0.09), 1.0, (960, 540)) > 0.5
    bands = [cover[y : y + 20].any(axis=0) for y in range(0, 540, 20)]
    widths = [np.ptp(np.flatnonzero(b)) for b in bands if b.any()]
    assert max(widths) <= right - left + 12


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Łódź Ωραία Ночь Việt", "Łódź Ωραία Ночь Việt"),
        ("Ｆｕｌｌ ﬁne 𝐁old", "Full fine Bold"),
        ("e\u0301\t x\x07y\u200b", "é x y"),
        ("Tokyo 東京 🎌", "Tokyo"),
        ("日本の夜明け", ""),
        ("🎆🎆", ""),
        ("…—!", ""),
        ("", ""),
        ("a\r\n\r\n b", "a\nb"),
        ("5 − 3 = 2", "5 – 3 = 2"),
    ],
)
def test_what_the_font_lacks_is_replaced_or_left_out(text, shown):
    assert displayable(text) == shown


@pytest.mark.parametrize("style", STYLES)
def test_a_text_without_drawable_letters_draws_nothing(style):
    assert not titled(Title("日本 🎌", style, 0.0, 2.0), 1.0).any()


def test_every_displayable_character_has_a_shape_of_its_own():
    box = drawn([("\uffff", 10.0, 50.0)], "bold", 40.0, 1)[0]
    for text in ("AZaz09&?!", "éñüßœøłžčğİ", "“”‘’–—…", "€£½°", "ΑΩαβς", "ЖДяёїґ", "ạếộữ"):
        assert displayable(text + "a") == text + "a"
        for letter in text:
            shape = drawn([(letter, 10.0, 50.0)], "bold", 40.0, 1)[0]
            assert shape.max() > 0.9
            assert shape.shape != box.shape or not np.array_equal(shape, box)


def test_pairs_are_kerned():
    _, apart = letter_places("A", "bold", 0.0)
    places, _ = letter_places("AV", "bold", 0.0)
    assert places[1] < apart - 0.03


def test_letters_at_rest_are_sharp_and_their_edges_smooth():
    cover = titled(Title("HILL", "caption", 0, 2, size=0.2), 1.0, (960, 540))
    full = 0.98 * cover.max()
    assert np.count_nonzero(cover > full) > 0.75 * np.count_nonzero(cover > 0.1)
    curved = titled(Title("OSO", "caption", 0, 2, size=0.2), 1.0, (960, 540))
    assert np.unique(np.round(curved, 3)).size > 12


def test_a_title_drifts_by_less_than_a_pixel_a_frame():
    title = Title("Silent Waters", "title", 0.0, 4.0, size=0.11)
    rights = []
    for t in np.arange(1.5, 2.5, 1 / 24):
        column = titled(title, t, (960, 540)).sum(axis=0)
        rights.append(np.average(np.arange(960), weights=column * (np.arange(960) > 640)))
    steps = np.diff(rights)
    assert steps.min() > 0.0
    assert steps.max() < 0.5


def luminance_contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("ground", [0.02, 0.3, 0.7])
def test_text_stands_out_from_any_ground(style, ground):
    cover = titled(Title("MMMM", style, 0.0, 2.0, size=0.16), 1.0, (480, 270), ground)
    letters = np.percentile(cover, 99.8)
    box = block("MMMM", style, (0.5, 0.5), 0.16, 480, 270).box
    left, top, right, low = (round(v) for v in box)
    around = np.percentile(cover[top:low, left:right], 5)
    assert luminance_contrast(letters, around) > (2.4 if ground > 0.5 else 2.8)


def test_a_premultiplied_layer_of_titles_composes_to_the_same_picture():
    ground = np.full((3, 135, 240), 0.3, np.float32)
    direct, layer = ground.copy(), np.zeros((4, 135, 240), np.float32)
    title = Title("Layer", "kinetic", 0.0, 2.0)
    draw_titles(layer, [title], 0.5)
    draw_titles(direct, [title], 0.5)
    composed = layer[:3] + ground * (1 - layer[3])
    # The shadow of the one knows the ground, that of the other does not.
    assert np.abs(composed - direct).max() < 0.2
    assert layer[3].max() > 0.9


# --- transitions ------------------------------------------------------------------------------

CHANGES = [kind for kind in choices(TransitionKind) if kind != "cut"]


def flat(luma: int, cb: int = 128, cr: int = 128, size=(96, 64)) -> Planes:
    planes = Planes.blank(*size)
    planes.luma[:], planes.cb[:], planes.cr[:] = luma, cb, cr
    return planes


def busy(seed: int, size=(96, 64)) -> Planes:
    """Smooth random colours, some of them beyond what R'G'B' can show."""
    source = np.random.default_rng(seed)
    width, height = size

    def blobs(low, high, shape):
        coarse = source.integers(low, high, (shape[0] // 8 + 1, shape[1] // 8 + 1))
        return coarse.repeat(8, 0).repeat(8, 1)[: shape[0], : shape[1]].astype(np.uint8)

    half = (height // 2, width // 2)
    return Planes(blobs(16, 236, (height, width)), blobs(70, 190, half), blobs(70, 190, half))


def mixed(kind, a, b, progress, angle=0.0, **options) -> Planes:
    out = Planes.blank(a.luma.shape[1], a.luma.shape[0])
    mix(kind, a, b, progress, angle, out, **options)
    return out


def gap(one: Planes, other: Planes) -> float:
    return float(np.abs(one.luma.astype(int) - other.luma).mean())


def same(one: Planes, other: Planes) -> bool:
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ("luma", "cb", "cr"))


@pytest.mark.parametrize("angle", [0.0, 90.0, 215.0])
@pytest.mark.parametrize("kind", CHANGES)
def test_a_transition_starts_as_the_first_frame_and_ends_as_the_second(kind, angle):
    a, b = busy(1), busy(2)
    assert same(mixed(kind, a, b, 0.0, angle), a)
    assert same(mixed(kind, a, b, 1.0, angle), b)
    if kind != "whip":  # It rounds positions to pixels, which these blocks have edges at.
        assert gap(mixed(kind, a, b, 0.002, angle), a) < 0.6
        assert gap(mixed(kind, a, b, 0.998, angle), b) < 0.6


@pytest.mark.parametrize("kind", ["dissolve", "wipe", "match", "whip"])
def test_the_second_picture_only_ever_gains(kind):
    dark, bright = flat(40), flat(200)
    for angle in (0.0, 70.0, 180.0):
        shown = [mixed(kind, dark, bright, p, angle) for p in np.linspace(0, 1, 21)]
        means = np.array([planes.luma.mean() for planes in shown])
        assert np.all(np.diff(means) >= -0.01)
        assert means[0] == 40
        assert means[-1] == 200
        assert 60 < means[10] < 190
        if kind != "whip":  # A pixel never goes back.
            levels = np.stack([planes.luma.astype(int) for planes in shown])
            assert np.diff(levels, axis=0).min() >= -1


def test_a_fade_goes_through_black_and_no_other_way():
    a, b = flat(180, 100, 150), flat(120, 140, 110)
    means = [mixed("fade", a, b, p).luma.mean() for p in np.linspace(0, 1, 21)]
    assert np.all(np.diff(means[:11]) <= 0)
    assert np.all(np.diff(means[10:]) >= 0)
    black = mixed("fade", a, b, 0.5)
    assert abs(black.luma.mean() - 16) < 0.5
    assert abs(black.cb.mean() - 128) < 0.5


def test_a_dissolve_is_mixed_in_linear_light():
    half = mixed("dissolve", flat(16), flat(235), 0.5)
    # Half the light of white is 73.5 % of the sRGB level.
    assert half.luma.mean() == pytest.approx(16 + 219 * 0.7354, abs=0.6)
    assert half.cb.mean() == pytest.approx(128, abs=0.5)


def test_a_dissolve_of_equal_frames_changes_nothing():
    a = busy(3)
    for p in (0.1, 0.5, 0.9):
        out = mixed("dissolve", a, a, p)
        assert np.abs(out.luma.astype(int) - a.luma).max() <= 1
        assert np.abs(out.cb.astype(int) - a.cb).max() <= 1
        assert np.abs(out.cr.astype(int) - a.cr).max() <= 1


@pytest.mark.parametrize(
    ("angle", "first"),
    [(0.0, np.s_[:, :20]), (180.0, np.s_[:, -20:]), (90.0, np.s_[-14:]), (270.0, np.s_[:14])],
)
def test_a_wipe_travels_in_its_direction(angle, first):
    luma = mixed("wipe", flat(16), flat(235), 0.4, angle).luma
    assert luma[first].mean() > 200
    assert luma.mean() < 150
    assert np.unique(luma).size > 6, "the edge is hard"


@pytest.mark.parametrize("shape", KINDS)
def test_a_match_opens_in_its_shape_and_fills_the_frame(shape):
    small = mixed("match", flat(16), flat(235), 0.2, shape=shape).luma
    assert small[32, 48] > 200
    assert small[0].max() == 16
    assert mixed("match", flat(16), flat(235), 0.999, shape=shape).luma.min() > 225


def test_a_star_opens_with_notches():
    one_luma = mixed("match", flat(16), flat(235), 0.25, shape="star").luma > 120
    round_luma = mixed("match", flat(16), flat(235), 0.25, shape="circle").luma > 120

    def compactness(mask: np.ndarray) -> float:
        edge = np.count_nonzero(mask[:, 1:] != mask[:, :-1]) + np.count_nonzero(
            mask[1:] != mask[:-1]
        )
        return edge * edge / mask.sum()

    assert compactness(one_luma) > 1.5 * compactness(round_luma)


def test_a_match_opens_where_the_next_shots_shape_is():
    shot = Shot(24, 3, ((0.1, 0, 0),) * 5, overlays=(one("heart", 0.1), one("star", 0.3)))
    shape, (x, y) = iris_of(shot, 96 / 64)
    assert shape == "star"
    luma = mixed("match", flat(16), flat(235), 0.15, shape=shape, centre=(x, y)).luma
    assert np.allclose(centre(luma - 16.0), (47.5 + 64 * x, 31.5 - 64 * y), atol=1.5)
    assert iris_of(Shot(24, 3, ((0.1, 0, 0),) * 5), 1.5) == ("circle", (0.0, 0.0))


@pytest.mark.parametrize(("angle", "blurred", "kept"), [(0.0, 1, 0), (180.0, 1, 0), (90.0, 0, 1)])
def test_a_whip_blurs_along_its_way_only(angle, blurred, kept):
    source = np.random.default_rng(5)
    a = flat(16, size=(128, 128))
    a.luma[:] = source.integers(16, 236, (128, 128))
    luma = mixed("whip", a, a, 0.5, angle).luma.astype(float)
    detail = [np.abs(np.diff(luma, axis=axis)).mean() for axis in (0, 1)]
    assert detail[blurred] < 0.25 * detail[kept]


def test_a_whip_slides_the_next_picture_in_from_its_side():
    right = mixed("whip", flat(16), flat(235), 0.5, 0.0).luma
    assert right[:, -8:].mean() > 200 > 60 > right[:, :8].mean()
    up = mixed("whip", flat(16), flat(235), 0.5, 90.0).luma
    assert up[:8].mean() > 200 > 60 > up[-8:].mean()


@pytest.mark.parametrize("kind", CHANGES)
def test_a_transition_may_be_written_over_its_first_frame(kind):
    a, b = busy(4), busy(5)
    apart = mixed(kind, a, b, 0.4, 30.0)
    mix(kind, a, b, 0.4, 30.0, a)
    assert same(a, apart)


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("size", [(16, 16), (18, 34), (2, 2)], ids=str)
def test_small_frames_change_over_too(kind, size):
    for angle in (0.0, 45.0, 100.0):
        out = mixed(kind, flat(40, size=size), flat(200, size=size), 0.5, angle)
        assert out.luma.min() >= 16
        assert out.luma.max() <= 235


def test_a_slow_fade_is_dithered():
    ramp = flat(16, size=(256, 64))
    ramp.luma[:] = np.linspace(30, 38, 256).astype(np.uint8)
    luma = mixed("fade", ramp, ramp, 0.2).luma
    # Columns of one level become a mix of two, whose mean follows the exact value.
    assert np.ptp(luma, axis=0).max() == 1
    assert np.unique(np.round(luma.mean(axis=0), 1)).size > 8


# --- the same everywhere ----------------------------------------------------------------------

_FRAMES = """
import hashlib, numpy as np
from farm_procedural.render.planes import Planes
from farm_procedural.render.shapes import draw_overlays
from farm_procedural.render.titles import draw_titles
from farm_procedural.render.transitions import mix
from farm_procedural.script import Overlay, ShapeKind, Title, choices
digest = hashlib.sha256()
light = np.full((3, 90, 160), 0.2, np.float32)
for i, kind in enumerate(choices(ShapeKind)):
    draw_overlays(light, [Overlay(kind, 3, soft=0.1 * (i % 4), turn=20.0, orbit=0.05 * (i % 2))],
                  1.7, i, rim=0.4, sway=0.5)
for style in ("title", "kinetic", "lower-third", "caption"):
    draw_titles(light, [Title("Same Äverywhere", style, 0.0, 3.0)], 0.4)
digest.update(light.tobytes())
levels = (np.clip(light, 0, 1) * 219 + 16).astype(np.uint8)
a = Planes(levels[0].copy(), levels[1, ::2, ::2].copy(), levels[2, ::2, ::2].copy())
b = Planes(levels[2, ::-1].copy(), levels[0, ::2, ::2].copy(), levels[1, ::2, ::2].copy())
for kind in ("dissolve", "wipe", "fade", "match", "whip"):
    out = Planes.blank(160, 90)
    mix(kind, a, b, 0.37, 33.0, out, shape="star")
    for plane in (out.luma, out.cb, out.cr):
        digest.update(plane.tobytes())
print(digest.hexdigest())
"""


def test_another_process_and_a_plain_processor_draw_the_same_bytes(tmp_path):
    plain = {
        "NUMBA_CPU_NAME": "x86-64",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONHASHSEED": "7",
    }
    hashes = {
        subprocess.run(
            [sys.executable, "-c", _FRAMES],
            env={**os.environ, **extra},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for extra in ({"PYTHONHASHSEED": "1"}, plain)
    }
    assert len(hashes) == 1


def test_a_frame_does_not_depend_on_the_frames_before():
    title, overlay = Title("Order", "kinetic", 0.0, 2.0), one("star", 0.2, count=5, orbit=0.2)

    def frame(t: float) -> np.ndarray:
        light = np.zeros((3, 90, 160), np.float32)
        draw_overlays(light, [overlay], t, 4)
        draw_titles(light, [title], t)
        return light

    alone = frame(0.7)
    for t in (0.0, 1.9, 0.3):
        frame(t)
    assert np.array_equal(frame(0.7), alone)


def test_a_transition_of_a_script_names_a_kind_that_can_be_mixed():
    a, b = busy(6), busy(7)
    for kind in CHANGES:
        change = Transition(kind, 12, 45.0)
        assert not same(mixed(change.kind, a, b, 0.5, change.angle), a)
