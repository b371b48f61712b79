"""Lens arithmetic against published numbers, and how it is asked for."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from direct_task import run_stage, stage_of
from pydantic import ValidationError

import farm_optics
from farm import InputError
from farm_finish.audio.params import MasterParams, MixParams
from farm_optics.cameras import SENSORS, sensor
from farm_optics.commands import optics
from farm_optics.hearing import settings
from farm_optics.lens import Lens, background_growth, dolly_zoom_mm
from farm_optics.params import AcousticsParams, LensParams
from farm_optics.shots import SHOTS, picture_height_mm, shot, shot_at, shot_distance_m

FULL = SENSORS["full-frame"]
PORTRAIT = Lens(85, 1.4, 2.0, FULL)


@dataclass
class Terminal:
    """A command's context that keeps what is printed."""

    arguments: tuple[str, ...]
    lines: list[str] = field(default_factory=list)
    documents: None = None

    def echo(self, text: str) -> None:
        self.lines.append(text)


def asked(*words: str) -> dict:
    terminal = Terminal((*words, "--json"))
    assert optics(terminal) == 0
    return json.loads(terminal.lines[0])


def test_the_hyperfocal_distance_and_limits_are_those_of_the_tables() -> None:
    # 50 mm at f/8 with 0.03 mm: 10.47 m; focused at 5 m: 3.39 m to 9.52 m.
    lens = Lens(50, 8, 5.0, FULL)
    assert lens.hyperfocal_m(0.03) == pytest.approx(10.467, abs=0.001)
    near, far = lens.limits_m(0.03)
    assert near == pytest.approx(3.39, abs=0.01)
    assert far == pytest.approx(9.52, abs=0.03)
    assert lens.focused(10.467).limits_m(0.03)[1] > 1000


def test_what_lies_at_the_limits_has_the_largest_blur_that_looks_sharp() -> None:
    for lens in (PORTRAIT, Lens(24, 5.6, 1.2, sensor("super35")), Lens(200, 2.8, 30, FULL)):
        for limit in lens.limits_m():
            if math.isfinite(limit):
                assert lens.blur_mm(limit) == pytest.approx(lens.sharp_mm, rel=1e-9)


def test_focused_at_infinity_the_hyperfocal_distance_is_the_near_limit() -> None:
    lens = PORTRAIT.focused(math.inf)
    near, far = lens.limits_m()
    assert far == math.inf
    assert near == pytest.approx(lens.hyperfocal_m() - 0.085)
    assert lens.blur_mm(near) == pytest.approx(lens.sharp_mm)
    assert lens.blur_mm(math.inf) == 0


def test_a_blur_is_zero_in_focus_signed_around_it_and_grows_to_that_of_infinity() -> None:
    assert PORTRAIT.blur_mm(2.0) == 0
    assert PORTRAIT.signed_blur_mm(1.5) < 0 < PORTRAIT.signed_blur_mm(3.0)
    assert PORTRAIT.blur_mm(1e9) == pytest.approx(PORTRAIT.blur_at_infinity_mm(), rel=1e-6)
    # Diameter of the pupil times the magnification, the classic for backgrounds.
    assert PORTRAIT.blur_at_infinity_mm() == pytest.approx(85 / 1.4 * PORTRAIT.magnification)


def test_a_lens_sees_the_angles_that_makers_print_on_it() -> None:
    wide = Lens(50, 2, math.inf, FULL)
    assert wide.angle_of_view_deg() == pytest.approx(39.6, abs=0.05)
    assert wide.angle_of_view_deg(FULL.diagonal_mm) == pytest.approx(46.8, abs=0.05)
    phone = Lens(6.77, 1.78, math.inf, sensor("iPhone 15 Pro"))
    assert phone.equivalent_focal_mm == pytest.approx(24, abs=0.5)


def test_a_dolly_zoom_keeps_the_subject_and_a_crop_keeps_the_background() -> None:
    there = dolly_zoom_mm(35, 2.0, 6.0)
    before = Lens(35, 4, 2.0, FULL).magnification
    assert Lens(there, 4, 6.0, FULL).magnification == pytest.approx(before)
    assert background_growth(35, 2.0, 6.0, 20.0) > 2
    assert background_growth(35, 2.0, 2.0, 20.0) == pytest.approx(1)


@pytest.mark.parametrize("name", SHOTS)
def test_from_its_distance_a_shot_size_is_recognised(name: str) -> None:
    high = picture_height_mm(FULL, 16 / 9)
    assert high == pytest.approx(20.25)
    far = shot_distance_m(SHOTS[name].height_m, 50, high)
    assert shot_at(far, 50, high).name == name
    assert shot(SHOTS[name].short.upper()).name == name


def test_an_upright_picture_is_taken_by_a_camera_turned_upright() -> None:
    assert FULL.framed(1080, 1920) == pytest.approx((20.25, 36.0))
    # The same thing is as many pixels blurred either way.
    assert PORTRAIT.blur_px(5, 1080, 1920) == pytest.approx(PORTRAIT.blur_px(5, 1920, 1080))


def test_measures_are_read_as_people_write_them_and_kept_in_one_form() -> None:
    given = {"focal_length": "85mm", "aperture": "F1.4", "focus": "6 ft", "camera": "Alexa 35"}
    params = LensParams(**given)
    assert (params.focal_length, params.aperture, params.focus) == ("85 mm", "f/1.4", "1.8288 m")
    assert params.camera == "alexa35"
    assert LensParams(focal_length=85, aperture=1.4, focus=2).lens() == PORTRAIT
    assert LensParams(focus="Infinity").lens().focus_m == math.inf
    assert LensParams(**params.model_dump()) == params


@pytest.mark.parametrize(
    "wrong",
    [
        {"focus": "50 mm"},
        {"focus": "-2 m"},
        {"focus": "nan"},
        {"focus": "beyond infinity"},
        {"aperture": "f/0"},
        {"aperture": True},
        {"focal_length": "0 mm"},
        {"focal_length": float("nan")},
        {"camera": "obscura"},
        {"camera": "0x0"},
    ],
)
def test_what_no_lens_can_do_is_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        LensParams(**wrong)


def test_arithmetic_refuses_what_is_behind_the_lens_and_names_the_mend() -> None:
    with pytest.raises(InputError, match="nearer than its focal length"):
        Lens(50, 2, 0.05, FULL)
    with pytest.raises(InputError, match="above 0"):
        Lens(50, float("nan"), 1, FULL)
    with pytest.raises(InputError, match="in front of the lens"):
        PORTRAIT.blur_mm(0)
    with pytest.raises(InputError, match="Did you mean"):
        sensor("alexa53")


def test_the_command_answers_in_json() -> None:
    told = asked("85", "mm,", "f/1.4,", "2", "m", "--at", "3 m", "--to", "4 m")
    assert told["hyperfocal_m"] == pytest.approx(PORTRAIT.hyperfocal_m(), abs=0.001)
    assert told["blur"][0]["px"] == pytest.approx(PORTRAIT.blur_px(3, 1920, 1080), abs=0.01)
    assert told["blur"][1]["at_m"] == "infinity"
    assert told["dolly_zoom"]["focal_mm"] == pytest.approx(170, abs=1)
    assert told["shot"] == "close-up"
    assert asked("24mm", "f/8", "inf")["far_m"] == "infinity"


def test_the_command_prints_for_people_and_lists_cameras() -> None:
    terminal = Terminal(("50mm", "f/2", "--shot", "mcu", "--place", "church"))
    optics(terminal)
    assert "hyperfocal (m)" in terminal.lines[0]
    assert "medium-close-up" in terminal.lines[0]
    listing = Terminal(("--cameras",))
    optics(listing)
    assert all(name in listing.lines[0] for name in SENSORS)
    with pytest.raises(InputError, match="85mm"):
        optics(Terminal(("eighty-five",)))


ACOUSTICS = stage_of(farm_optics, "audio.acoustics")


@pytest.mark.parametrize("place", ["booth", "room", "hall", "church", "outdoors"])
def test_what_a_shot_sounds_like_is_in_the_words_of_mixing(place: str, tmp_path: Path) -> None:
    levels, reflections = [], []
    for size in SHOTS:
        params = {"shot": size, "place": place, "across": 0.8}
        made = run_stage(ACOUSTICS, tmp_path / size, {}, params)["settings"]
        told = json.loads(made.read_text())
        mixed, mastered = MixParams(**told["mix"]), MasterParams(**told["master"])
        assert told["schema"] == "farm.acoustics/1"
        assert 0 < mixed.tracks[0].pan <= 1
        levels.append(mixed.voice_db)
        reflections.append(mastered.room_db)
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > levels[-1]
    assert reflections == sorted(reflections)
    assert (mastered.room == "none") == (place == "outdoors")


def test_a_longer_lens_from_farther_away_sounds_farther_away() -> None:
    near, far = (
        AcousticsParams(shot="close-up", focal_length=focal, place="hall") for focal in (28, 135)
    )
    assert settings(far)["distance_m"] > 4 * settings(near)["distance_m"]
    assert settings(far)["mix"]["voice_db"] < settings(near)["mix"]["voice_db"]
