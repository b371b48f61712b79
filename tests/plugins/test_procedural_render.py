"""The renderer: a frame is a function, and each part of a script shows in the pixels."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scripted import GREY, frame, frames, motion, same, script, shift, shot

from farm_procedural.render.film import Film, Planes
from farm_procedural.render.motion import direction, eased
from farm_procedural.script import (
    CameraMove,
    Depth,
    Easing,
    Grade,
    Gradient,
    GradientKind,
    Light,
    Motion,
    Overlay,
    ParticleKind,
    Particles,
    Scenery,
    Texture,
    Title,
    Transition,
    choices,
)

FLAT = Texture(amount=0.0)
PLAIN = {"scenery": "gradient", "texture": FLAT, "light": Light(bloom=0.0, rim=0.0)}
UNDARKENED = Grade(vignette=0.0)
LAND = {"scenery": "sky", "depth": Depth(layers=3, rough=0.8)}
EVERYTHING = shot(
    scenery="sky",
    camera=(CameraMove("zoom", 0.2), CameraMove("handheld", 0.5)),
    overlays=(Overlay("star", 2),),
    particles=(Particles("snow"), Particles("confetti")),
    depth=Depth(layers=3, blur=0.4, water=True),
    light=Light(orb="sun", beams=0.5, flicker=0.5),
    grade=Grade(grain=0.4, halation=0.3),
    titles=(Title("Dusk"),),
    transition=Transition("dissolve", 6),
)
FILM = script(EVERYTHING, shot(key=5))
TALL = script(EVERYTHING, shot(key=5), size=(96, 1008))


def digest() -> str:
    """Of a frame in a transition and of two that are painted at a quarter of their size."""
    planes = [frame(FILM, 44), frame(TALL, 20), frame(TALL, 60)]
    parts = [plane.tobytes() for p in planes for plane in (p.luma, p.cb, p.cr)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def luma(**changes: object) -> np.ndarray:
    return frame(script(shot(**changes))).luma.astype(float)


def differs(one: object, other: object) -> float:
    """Mean difference of two frames that are given by a shot's changes."""
    return float(np.abs(luma(**one) - luma(**other)).mean())


# --- A frame is a function of script and number.


def test_a_frame_is_the_same_alone_and_after_others():
    film, planes = Film(FILM), Planes.blank(160, 90)
    for number in (0, 95, 44, 60, 44, 31):
        film.frame(number, planes)
        assert same(planes, frame(FILM, number)), number


def test_threads_do_not_disturb_one_another():
    alone = [frame(FILM, number) for number in range(40, 52)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda number: frame(FILM, number), range(40, 52)))
    assert all(same(a, b) for a, b in zip(alone, together, strict=True))


def test_a_processor_with_other_vector_units_gives_the_same_pixels(tmp_path):
    """The kernels, compiled for a plain processor, against this machine's."""
    code = "from test_procedural_render import digest; print(digest())"
    plain = {
        **os.environ,
        "NUMBA_CPU_NAME": "x86-64",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    other = subprocess.run(
        [sys.executable, "-c", code], env=plain, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert other == digest()


def test_another_key_is_another_picture():
    assert differs({"key": 1}, {"key": 2}) > 4


def test_another_seed_is_other_grain():
    grainy = shot(grade=Grade(grain=0.5))
    assert not same(frame(script(grainy, seed=1)), frame(script(grainy, seed=2)))


def test_a_shot_flows_on_over_a_cut_between_shots_of_one_scene():
    motion_ = Motion(level=0.6, easing="linear")
    whole = script(shot(frames=48, motion=motion_))
    cut = script(shot(frames=24, motion=motion_), shot(frames=24, motion=motion_, clock_s=24 / 12))
    assert same(frame(whole, 30), frame(cut, 30))


@pytest.mark.parametrize("kind", ["dissolve", "wipe", "fade", "match", "whip"])
def test_a_transition_leads_from_one_shot_to_the_next(kind):
    first, second = shot(frames=20, palette=GREY), shot(frames=20, key=3)
    hard = script(first, second)
    soft = script(replace(first, transition=Transition(kind, 8)), second)
    assert same(frame(soft, 11), frame(hard, 11))
    assert same(frame(soft, 20), frame(hard, 20))
    assert not same(frame(soft, 16), frame(hard, 16))


@pytest.mark.parametrize("size", [(16, 16), (18, 34), (322, 182), (90, 160), (7680, 16), (16, 640)])
def test_any_even_size_renders_with_light_and_shade(size):
    film = script(EVERYTHING, size=size)
    assert frame(film).luma.std() > 3


@pytest.mark.parametrize("scenery", choices(Scenery))
def test_a_large_picture_is_a_small_one_in_more_detail(scenery):
    """Large ones are painted at other reductions; nobody should see where that begins."""
    part = shot(scenery=scenery, depth=Depth(layers=2))
    large = frame(script(part, size=(1280, 720))).luma.astype(float)
    small = frame(script(part, size=(640, 360))).luma.astype(float)
    reduced = large.reshape(360, 2, 640, 2).mean(axis=(1, 3))
    assert np.abs(reduced - small).mean() < 2.0
    assert np.corrcoef(reduced.ravel(), small.ravel())[0, 1] > 0.995


def test_numbers_out_of_range_still_make_a_picture():
    wild = shot(
        scenery="nebula",
        gradient=Gradient("conic", 900.0, (5.0, -5.0), 7.0),
        texture=Texture(9.0, 60.0, 9.0, -9.0, 40),
        motion=Motion(9.0, -700.0, pulse=900.0),
        camera=(CameraMove("zoom", -20.0), CameraMove("dolly", -9.0), CameraMove("pan", 50.0)),
        particles=(Particles("sparks", 90.0, -9.0), Particles("leaves", -1.0)),
        depth=Depth(99, 9.0, blur=9.0, focus=-3.0),
        light=Light("moon", key=9.0, beams=9.0, bloom=9.0, flicker=9.0),
        grade=Grade((-1.0,) * 3, (0.0,) * 3, (9.0,) * 3, 9.0, 9.0, 9.0, 9.0, 9.0),
    )
    planes = frame(script(wild))
    assert planes.luma.min() >= 16 and planes.luma.max() <= 235


def test_light_that_is_not_a_number_is_black():
    film = Film(script(shot(light=Light(bloom=0.0))))
    planes = Planes.blank(160, 90)
    film.frame(0, planes)
    film._light[:, :2, :2] = np.nan
    film._develop(film.script.shots[0], film._prepared(0), 0, planes)
    assert (planes.luma[:2, :2] <= 17).all() and planes.luma[10:].mean() > 30


def test_a_minute_looks_as_fine_as_an_hour():
    late = shot(clock_s=36000.0, motion=Motion(direction=0.0, easing="linear"))
    steps = np.abs(np.diff(frames(script(late), range(6)), axis=0)).mean(axis=(1, 2))
    early = replace(late, clock_s=0.0)
    now = np.abs(np.diff(frames(script(early), range(6)), axis=0)).mean(axis=(1, 2))
    assert 0.3 < steps.mean() / now.mean() < 3.0


# --- Gradients.


def slopes(kind: GradientKind, **more: object) -> tuple[np.ndarray, np.ndarray]:
    image = luma(
        **PLAIN, palette=GREY, gradient=Gradient(kind, strength=1.0, **more), grade=UNDARKENED
    )
    return image, np.stack(np.gradient(image)[::-1])


@pytest.mark.parametrize(
    ("kind", "angle", "way"),
    [
        ("vertical", 90.0, (0, -1)),
        ("vertical", -90.0, (0, 1)),
        ("horizontal", 0.0, (1, 0)),
        ("horizontal", 180.0, (-1, 0)),
        ("angled", 45.0, (0.707, -0.707)),
        ("angled", 210.0, (-0.866, 0.5)),
    ],
)
def test_a_straight_gradient_grows_lighter_along_its_angle(kind, angle, way):
    _, slope = slopes(kind, angle=angle)
    mean = slope.mean(axis=(1, 2))
    assert np.dot(mean / np.hypot(*mean), way) > 0.99


def test_a_radial_gradient_falls_off_evenly_around_its_centre():
    image, _ = slopes("radial", centre=(0.2, 0.0))
    y, x = np.mgrid[0:90, 0:160]
    far = np.hypot((x + 0.5 - 80) / 90 - 0.2, (y + 0.5 - 45) / 90)
    rings = [image[(far >= r) & (far < r + 0.03)] for r in np.arange(0.1, 0.45, 0.05)]
    assert all(ring.std() < 3 for ring in rings)
    means = [ring.mean() for ring in rings]
    assert means == sorted(means, reverse=True) and means[0] - means[-1] > 30


def test_a_diamond_has_straight_sides():
    image, _ = slopes("diamond")
    y, x = np.mgrid[0:90, 0:160]
    far = np.abs((x + 0.5 - 80) / 90) + np.abs((y + 0.5 - 45) / 90)
    rings = [image[(far >= r) & (far < r + 0.03)] for r in np.arange(0.1, 0.9, 0.1)]
    assert all(ring.std() < 3 for ring in rings)
    assert rings[0].mean() - rings[-1].mean() > 60


def test_a_conic_gradient_turns_around_its_centre():
    image, _ = slopes("conic", angle=0.0)
    y, x = np.mgrid[0:90, 0:160]
    turn = np.abs(np.degrees(np.arctan2(45 - y - 0.5, x + 0.5 - 80)))
    far = np.hypot(x - 80, y - 45) > 12
    wedges = [image[far & (turn >= a) & (turn < a + 4)] for a in range(10, 170, 20)]
    assert all(wedge.std() < 5 for wedge in wedges)
    means = [wedge.mean() for wedge in wedges]
    assert means == sorted(means, reverse=True) and means[0] - means[-1] > 60


def test_strength_decides_how_much_of_the_palette_is_used():
    spreads = [
        luma(**PLAIN, gradient=Gradient(strength=s), grade=UNDARKENED).std()
        for s in (0.0, 0.4, 1.0)
    ]
    assert spreads[0] < 1.0 < spreads[1] < spreads[2]


# --- Texture, scenery, motion.


def test_texture_brings_forms_and_its_scale_makes_them_small():
    def detail(texture: Texture) -> float:
        image = luma(scenery="gradient", texture=texture, gradient=Gradient(strength=0.0))
        return float(np.abs(np.diff(image, axis=1)).mean())

    assert detail(FLAT) < detail(Texture(amount=0.5)) < detail(Texture(amount=0.5, scale=3.0))


def test_octaves_and_warp_change_the_forms():
    assert differs({"texture": Texture(octaves=1)}, {"texture": Texture(octaves=6)}) > 1
    assert differs({"texture": Texture(warp=0.0)}, {"texture": Texture(warp=1.0)}) > 3


def test_sceneries_are_all_different():
    images = [luma(scenery=scenery) for scenery in choices(Scenery)]
    for i, one in enumerate(images):
        assert one.std() > 5
        assert all(np.abs(one - other).mean() > 4 for other in images[:i])


@pytest.mark.parametrize(
    ("scenery", "degrees"),
    # Curtains of light hang from the sky: they only go sideways.
    [(s, d) for s in choices(Scenery) for d in (0.0, 90.0, 180.0, 270.0)
     if s != "aurora" or d in (0.0, 180.0)],
)  # fmt: skip
def test_forms_move_where_the_direction_points(scenery, degrees):
    still = shot(
        scenery=scenery,
        palette=GREY,
        gradient=Gradient(strength=0.1),
        texture=Texture(amount=0.8, flow=0.5, scale=1.5),
        motion=Motion(level=0.4, direction=degrees, easing="linear"),
        grade=UNDARKENED,
    )
    pictures = frames(script(still), range(10, 16))
    moves = [shift(a, b) for a, b in itertools.pairwise(pictures)]
    right, up = np.median(moves, axis=0)
    cos, sin = direction(degrees)
    assert right * cos + up * sin >= 2
    assert abs(right * sin - up * cos) <= 1


@pytest.mark.parametrize("scenery", choices(Scenery))
def test_more_level_is_more_motion_and_none_is_rest(scenery):
    amounts = [
        motion(script(shot(scenery=scenery, motion=Motion(level, easing="linear"))))
        for level in (0.0, 0.15, 0.4, 0.8)
    ]
    assert amounts[0] == 0.0
    assert amounts == sorted(amounts) and amounts[1] > 0.0


def test_energy_swells_within_a_shot():
    film = script(shot(energy_from=0.2, energy_to=2.0, motion=Motion(easing="linear")))
    assert motion(film, range(36, 46, 2)) > 2 * motion(film, range(0, 10, 2))


def test_a_pulse_beats_in_the_films_time():
    film = script(shot(**PLAIN, motion=Motion(level=0.0, pulse=60.0)))
    means = frames(film, range(36)).mean(axis=(1, 2))
    assert all(means[n] > means[n - 1] + 1 for n in (12, 24))
    assert means[12] > means[23]


@pytest.mark.parametrize("easing", choices(Easing))
def test_every_easing_starts_at_rest_and_arrives(easing):
    assert eased(easing, 0.0) == 0.0
    assert eased(easing, 1.0) == pytest.approx(1.0)
    steps = np.abs(np.diff([eased(easing, p) for p in np.linspace(0, 1, 200)]))
    assert steps.max() < 0.05


# --- Camera.


def camera(move: str, amount: float, **more: object) -> np.ndarray:
    still = {"motion": Motion(level=0.0), "texture": Texture(amount=0.8, scale=2.0), **more}
    film = script(shot(camera=(CameraMove(move, amount, "linear"),), **still))
    return frames(film, range(20, 26))


def test_without_moves_the_camera_stands():
    pictures = frames(script(shot(motion=Motion(level=0.0))), range(20, 24))
    assert np.array_equal(pictures[0], pictures[-1])


def test_a_pan_to_the_right_moves_the_picture_to_the_left():
    pictures = camera("pan", 1.0)
    assert shift(pictures[0], pictures[3])[0] <= -4
    pictures = camera("pan", -1.0)
    assert shift(pictures[0], pictures[3])[0] >= 4


def test_a_tilt_up_moves_the_picture_down():
    pictures = camera("tilt", 1.0)
    assert shift(pictures[0], pictures[3])[1] <= -4


@pytest.mark.parametrize(("amount", "way"), [(1.0, 1), (-1.0, -1)])
def test_a_zoom_grows_or_shrinks_the_picture_about_its_middle(amount, way):
    pictures = camera("zoom", amount)
    left = shift(pictures[0][:, :64], pictures[4][:, :64])[0]
    right = shift(pictures[0][:, 96:], pictures[4][:, 96:])[0]
    assert way * (right - left) >= 3


def test_a_rotation_turns_the_picture_counter_clockwise():
    pictures = camera("rotate", 90.0)
    left = shift(pictures[0][:, :50], pictures[3][:, :50])[1]
    right = shift(pictures[0][:, 110:], pictures[3][:, 110:])[1]
    assert right - left >= 4


def test_a_hand_shakes_and_does_not_drift():
    steady, shaken = camera("handheld", 0.0), camera("handheld", 1.0)
    assert np.abs(np.diff(steady, axis=0)).mean() == 0.0
    assert np.abs(np.diff(shaken, axis=0)).mean() > 0.3


def test_a_pan_moves_near_land_more_than_far_land():
    """Parallax: the crest of the nearest row against that of the farthest."""
    land = {**LAND, "palette": GREY, "depth": Depth(layers=4, rough=0.8)}
    film = script(
        shot(**land, motion=Motion(level=0.0), camera=(CameraMove("pan", 0.8, "linear"),)),
        size=(320, 180),
    )
    pictures = frames(film, range(20, 25))
    far = shift(pictures[0][112:135], pictures[4][112:135])[0]
    near = shift(pictures[0][155:178], pictures[4][155:178])[0]
    assert near < far - 2 < 0


def test_a_dolly_brings_near_land_nearer_than_the_sky():
    sky = camera("dolly", 1.0, **{**LAND, "texture": FLAT})
    still = camera("dolly", 0.0, **{**LAND, "texture": FLAT})
    change = np.abs(sky[5] - still[5]).mean(axis=1)
    assert change[60:].mean() > 5 * change[:30].mean() + 1


# --- Depth, particles, light.


def test_layers_of_land_stand_in_front():
    plain = luma(scenery="sky")
    for layers in (1, 3, 6):
        image = luma(scenery="sky", depth=Depth(layers=layers, rough=0.5))
        assert np.abs(image - plain)[80:].mean() > 15
        assert np.abs(image - plain)[:20].mean() < 3


def test_rough_land_has_a_ragged_crest():
    def ragged(rough: float) -> float:
        image = luma(scenery="sky", palette=GREY, depth=Depth(layers=2, rough=rough))
        return float(np.abs(np.diff(image, axis=1)).max(axis=0).mean())

    assert ragged(2.0) > 1.5 * ragged(0.0)


def test_water_mirrors_the_sky():
    image = luma(scenery="sky", palette=GREY, depth=Depth(water=True), texture=FLAT)
    rows = image.mean(axis=1)
    brightest = int(rows.argmax())
    assert 45 < brightest < 70
    assert rows[-1] < rows[brightest] - 10 and rows[0] < rows[brightest] - 10


def test_the_layer_out_of_focus_is_soft():
    def edges(focus: float, rows: slice) -> float:
        depth = Depth(layers=3, rough=1.5, blur=1.0, focus=focus)
        image = frame(script(shot(scenery="sky", depth=depth), size=(320, 180))).luma.astype(float)
        return float(np.abs(np.diff(image[rows], axis=0)).max(axis=0).mean())

    assert edges(1.0, slice(150, 180)) > 1.4 * edges(0.0, slice(150, 180))
    assert edges(0.3, slice(105, 130)) > 1.4 * edges(1.0, slice(105, 130))


@pytest.mark.parametrize("kind", choices(ParticleKind))
def test_particles_float_in_the_picture_and_density_counts(kind):
    def added(density: float) -> float:
        size = (320, 180)
        plain = frame(script(shot(**PLAIN, palette=GREY), size=size)).luma.astype(float)
        part = Particles(kind, density=density)
        film = script(shot(**PLAIN, palette=GREY, particles=(part,)), size=size)
        return float((np.abs(frame(film).luma - plain) > 4).mean())

    assert added(0.0) == 0.0
    assert 0.0 < added(0.5) < added(2.0)


@pytest.mark.parametrize("degrees", [0.0, 90.0, 180.0, 270.0])
def test_particles_go_where_they_are_sent(degrees):
    part = Particles("dust", density=1.0, speed=2.0, direction=degrees)
    film = script(
        shot(**PLAIN, palette=GREY, gradient=Gradient(strength=0.0), particles=(part,),
             grade=UNDARKENED),
        size=(320, 180), fps=24,
    )  # fmt: skip
    pictures = frames(film, range(10, 31, 4))
    moves = [shift(a, b) for a, b in itertools.pairwise(pictures)]
    right, up = np.mean(moves, axis=0)
    cos, sin = direction(degrees)
    assert right * cos + up * sin > 0.8
    assert abs(right * sin - up * cos) < right * cos + up * sin


def test_the_sun_stands_low_and_the_moon_high():
    def place(orb: str) -> int:
        dark = {"palette": ((0.1, 0, 0), (0.15, 0, 0), (0.2, 0, 0), (0.3, 0, 0), (0.95, 0, 0))}
        image = luma(**dark, scenery="gradient", texture=FLAT, gradient=Gradient(strength=0.0),
                     light=Light(orb=orb))  # fmt: skip
        return int(image.max(axis=1).argmax()) if image.max() > 150 else -1

    assert place("none") == -1
    assert 0 < place("moon") < 32 < place("sun") < 60


@pytest.mark.parametrize(
    "light",
    [Light(key=1.0), Light(key=0.3, angle=0.0), Light(beams=1.0), Light(bloom=0.0)],
)
def test_each_part_of_the_light_shows(light):
    assert differs({"light": Light()}, {"light": light}) > 0.3


def test_the_rim_lights_edges_of_the_land_only():
    plain, lit = (luma(**LAND, light=Light(rim=rim, bloom=0.0)) for rim in (0.0, 1.0))
    assert (lit - plain).max() > 15
    assert np.abs(lit - plain)[:30].max() == 0


def test_flicker_is_there_only_when_wanted():
    def unrest(amount: float) -> float:
        still = shot(**{**PLAIN, "light": Light(flicker=amount)}, motion=Motion(level=0.0))
        return float(np.abs(np.diff(frames(script(still), range(12)).mean(axis=(1, 2)))).mean())

    assert unrest(0.0) == 0.0
    assert unrest(1.0) > 1.0


@pytest.mark.parametrize("scenery", choices(Scenery))
def test_brightness_is_steady_from_frame_to_frame(scenery):
    film = script(shot(scenery=scenery, depth=Depth(layers=2)), fps=24)
    means = frames(film, range(24)).mean(axis=(1, 2))
    assert np.abs(np.diff(means, 2)).max() < 0.25


# --- Shapes, titles.


def test_shapes_and_titles_are_drawn_and_absent_when_not_asked_for():
    plain = luma(**PLAIN)
    shaped = luma(**PLAIN, overlays=(Overlay("circle", 1, size=0.2),))
    assert (np.abs(shaped - plain) > 10).mean() == pytest.approx(np.pi * 18**2 / 14400, rel=0.4)
    titled = luma(**PLAIN, titles=(Title("DUSK", start_s=0.0, size=0.3),))
    assert (np.abs(titled - plain) > 30).mean() > 0.01
    late = luma(**PLAIN, titles=(Title("DUSK", start_s=3.0),))
    assert np.array_equal(late, plain)


def test_white_letters_are_white():
    titled = luma(**PLAIN, titles=(Title("DUSK", start_s=0.0, size=0.5),))
    assert titled.max() > 225


# --- Grade, dither.


@pytest.mark.parametrize(
    ("grade", "brighter"),
    [
        (Grade(lift=(0.1, 0.1, 0.1)), True),
        (Grade(gamma=(1.4, 1.4, 1.4)), True),
        (Grade(gain=(0.7, 0.7, 0.7)), False),
        (Grade(vignette=1.0), False),
    ],
)
def test_the_grade_lifts_and_darkens(grade, brighter):
    change = luma(grade=grade).mean() - luma(grade=Grade()).mean()
    assert change > 3 if brighter else change < -3


def test_contrast_spreads_and_saturation_colours():
    spread = [luma(grade=Grade(contrast=c)).std() for c in (0.6, 1.0, 1.6)]
    assert spread == sorted(spread) and spread[2] > 1.3 * spread[0]
    colour = [
        float(np.abs(frame(script(shot(grade=Grade(saturation=s)))).cr.astype(float) - 128).mean())
        for s in (0.0, 0.5, 1.0, 1.5)
    ]
    assert colour == sorted(colour) and colour[0] < 0.6


def test_a_coloured_gain_tints():
    plain = frame(script(shot(palette=GREY)))
    warm = frame(script(shot(palette=GREY, grade=Grade(gain=(1.0, 0.9, 0.7)))))
    assert warm.cb.mean() < plain.cb.mean() - 8 and warm.cr.mean() > plain.cr.mean() + 2


def test_halation_reddens_what_is_around_the_brightest():
    bright = {**PLAIN, "overlays": (Overlay("circle", 1, size=0.15, colour=(1.0, 0.0, 0.0)),)}
    plain = frame(script(shot(**bright, palette=GREY)))
    glowing = frame(script(shot(**bright, palette=GREY, grade=Grade(halation=1.0))))
    change = glowing.cr.astype(float) - plain.cr
    assert change.max() > 8 and change[:, :3].max() < 4


def test_letterbox_bars_are_black_and_of_the_asked_aspect():
    planes = frame(script(shot(grade=Grade(letterbox=2.39, grain=1.0)), size=(320, 180)))
    seen = np.flatnonzero(planes.luma.max(axis=1) > 20)
    assert (planes.luma[: seen[0]] == 16).all() and (planes.luma[seen[-1] + 1 :] == 16).all()
    assert 320 / (seen[-1] - seen[0] + 1) == pytest.approx(2.39, rel=0.03)


def test_grain_is_new_in_every_frame_and_as_strong_as_asked():
    def noise(amount: float) -> float:
        still = shot(**PLAIN, palette=GREY, motion=Motion(level=0.0), grade=Grade(grain=amount))
        return float(np.diff(frames(script(still), range(2)), axis=0).std())

    assert noise(0.0) == 0.0
    assert 1.0 < noise(0.3) < noise(1.0) < 16.0


def test_a_dark_gradient_has_no_bands():
    """A slow gradient over few levels: dither mixes neighbours wherever a level ends."""
    near = tuple((0.30 + 0.015 * i, 0.0, 0.0) for i in range(5))
    film = script(
        shot(**PLAIN, palette=near, gradient=Gradient("horizontal", strength=1.0),
             grade=UNDARKENED),
        size=(640, 180),
    )  # fmt: skip
    image = frame(film).luma.astype(float)
    levels = np.unique(image)
    assert 4 < len(levels) < 40
    smooth = image.mean(axis=0)
    # Column means climb in fractions of a level, never in steps of one.
    assert np.abs(np.diff(smooth)).max() < 0.35
    mixed = (image.max(axis=0) > image.min(axis=0)).mean()
    assert mixed > 0.8


def test_pixels_stay_in_the_limited_range():
    planes = frame(script(shot(grade=Grade(contrast=2.5, saturation=2.5, grain=1.0))))
    assert planes.luma.min() >= 16 and planes.luma.max() <= 235
    for plane in (planes.cb, planes.cr):
        assert plane.min() >= 16 and plane.max() <= 240
