"""A presenter who speaks: any length, lips that meet when they must, in time with what is said."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import presenter_material as material
import pytest
from direct_task import run_stage
from hypothesis import given, settings, strategies as st
from presenter_material import FPS, SPEAK, STAGES, speaking
from spoken import spoken, written

from farm import InputError, TaskCancelled
from farm_avatar.alpha_film import alpha_film, frame_of, planes_of, write_planes
from farm_avatar.speak import presenter
from farm_avatar.stretch import calm_steps, moments, passes
from farm_vision.people.alpha import write_alpha

LINE = "Papa made a map of Bombay. My puppy jumps over the moon, and people buy bananas."
LONGEST_MS = 80
"""What a viewer may be told to see too early or too late."""


def lips_apart(film: Path, where: Path) -> np.ndarray:
    """Between the lips in each frame, in distances between the eyes, as the network sees it."""
    seen = material.points(material.faces(film, where))
    return np.hypot(*(seen[:, 13] - seen[:, 14]).T) / np.hypot(*(seen[:, 33] - seen[:, 263]).T)


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.04, 1), (0.3, 8), (1.0, 25), (2.5, 62), (4.12, 103), (9.5, 238)]
)
def test_the_film_is_exactly_as_long_as_the_narration(
    seconds: float, count: int, tmp_path: Path
) -> None:
    made = material.frames(speaking(tmp_path, ["aa"] * 3, seconds))
    assert len(made) == count


@settings(max_examples=60)
@given(st.integers(8, 220), st.integers(1, 2000), st.integers(0, 9))
def test_any_loop_becomes_any_length_without_a_jump(length: int, count: int, seed: int) -> None:
    restless = 1 + np.random.default_rng(seed).random(length)
    for whole in (True, False):
        shown = list(moments(restless, count, seed, whole=whole))
        assert len(shown) == count
        at = np.array([moment.first + moment.share for moment in shown])
        steps = np.diff(at) % length
        assert shown[0].first == 0
        # A frame again, the next, or one left out: never back, never far ahead.
        assert (np.minimum(steps, length - steps) <= 2.0 + 1e-9).all()
        if count >= 0.75 * length:
            left = length - at[-1]
            assert left <= 3, "it ends where the next scene begins"


def test_frames_are_held_and_left_out_where_nothing_moves() -> None:
    restless = np.ones(100)
    restless[10::20] = 0.1
    restless[11::20] = 0.1
    held = calm_steps(restless, 105)
    twice = [int(one) for one, two in pairwise(held) if one == two]
    assert twice == [11, 31, 51, 71, 91]
    left_out = sorted(set(range(100)) - set(calm_steps(restless, 95).tolist()))
    assert left_out == [11, 31, 51, 71, 91]


def test_passes_differ_so_that_nothing_recurs_like_a_clock() -> None:
    made = passes(200, 45_000, 5)
    assert sum(made) == 45_000 and len(set(made)) > 8
    assert min(made) > 0.85 * 200 and max(made) < 1.15 * 200


def test_what_is_not_the_mouth_is_the_loop_to_the_bit_and_the_rest_has_no_seam(
    tmp_path: Path,
) -> None:
    video = speaking(tmp_path, ["aa"] * 12)
    told = material.points(material.idle()["mesh"])[0]
    with alpha_film(video, "video") as film, alpha_film(material.idle()["loop"], "loop") as loop:
        one, other = next(film.frames()), next(loop.frames())
    assert len(one) == 4
    apart = np.abs(one[0].astype(int) - other[0].astype(int))
    rows, columns = np.nonzero(apart)
    assert apart.max() > 60, "a mouth opened"
    assert rows.min() > told[1, 1] - 1, "nothing above the tip of the nose"
    left, top, right, bottom = columns.min(), rows.min(), columns.max(), rows.max()
    rim = np.concatenate(
        [
            apart[top : bottom + 1, left],
            apart[top : bottom + 1, right],
            apart[top, left : right + 1],
            apart[bottom, left : right + 1],
        ]
    )
    assert rim.max() <= 6, "what moved fades to nothing at its rim"
    assert np.abs(one[3].astype(int) - other[3].astype(int)).mean() < 0.5


def test_the_jaw_drops_and_the_cheeks_follow_while_eyes_stay(tmp_path: Path) -> None:
    closed, opened = (
        material.points(material.faces(speaking(tmp_path / name, [name] * 3), tmp_path / name))[1]
        for name in ("sil", "aa")
    )
    high = np.ptp(closed[:, 1])
    assert opened[152, 1] - closed[152, 1] > 0.02 * high, "the chin is lower"
    assert opened[14, 1] - closed[14, 1] > 0.04 * high, "the lower lip is lower still"
    assert opened[13, 1] <= closed[13, 1] + 0.01 * high, "the upper lip is not"
    assert np.abs(opened[[33, 263, 1]] - closed[[33, 263, 1]]).max() < 0.02 * high


def test_lips_meet_on_p_b_and_m_also_in_a_portrait_that_shows_its_teeth(tmp_path: Path) -> None:
    order = ["aa"] * 4 + ["PP"] + ["aa"] * 4 + ["sil"] * 4
    apart = lips_apart(speaking(tmp_path, order), tmp_path / "seen")
    still = lips_apart(material.idle()["loop"], tmp_path / "still")[0]
    assert still > 0.08, "the portrait smiles with its teeth"
    assert apart[1] > 0.12
    assert apart[4] < 0.4 * apart[1], "one frame is enough"
    assert apart[10:13].max() < 0.4 * apart[1]


def test_teeth_touch_the_lower_lip_on_f_and_lips_are_narrow_on_w(tmp_path: Path) -> None:
    order = ["PP"] * 3 + ["FF"] * 3 + ["ou"] * 3 + ["ih"] * 3
    seen = material.points(material.faces(speaking(tmp_path, order), tmp_path / "seen"))
    apart = np.hypot(*(seen[:, 13] - seen[:, 14]).T)
    wide = np.hypot(*(seen[:, 61] - seen[:, 291]).T)
    assert apart[1] < apart[4] < apart[10], "closed, at the teeth, open"
    assert wide[7] < 0.93 * wide[10]
    bright = [_teeth(frame, points) for frame, points in zip(_frames(tmp_path), seen, strict=True)]
    assert bright[4] > bright[1] + 8, "teeth show"


def test_the_mouth_moves_in_time_with_the_phones(tmp_path: Path) -> None:
    speech = spoken(LINE)
    wav = written(tmp_path / "say.wav", speech.samples, speech.rate)
    (tmp_path / "say.txt").write_text(LINE)
    heard = {"audio": wav, "text": tmp_path / "say.txt"}
    phones = run_stage(
        STAGES["speech.phones/pocketsphinx"], tmp_path / "phones", heard, models=material.MODELS
    )
    heard = {"phones": phones["phones"], "audio": wav}
    told = run_stage(STAGES["speech.visemes/farm_vision"], tmp_path / "told", heard, {"fps": FPS})
    given = {"loop": material.idle()["loop"], "mesh": material.idle()["mesh"]}
    given |= {"narration": wav, "visemes": told["visemes"]}
    made = run_stage(SPEAK, tmp_path / "made", given, models=material.WARM)
    apart = lips_apart(made["video"], tmp_path / "seen")
    moments_s = (np.arange(len(apart)) + 0.5) / FPS
    fine = np.arange(0, len(speech.samples) / speech.rate, 0.004)
    course = np.interp(fine, moments_s, apart)
    own = json.loads(phones["phones"].read_text())["phones"]
    shut = [(p["start_s"] + p["end_s"]) / 2 for p in own if p["phone"] in ("P", "B", "M")]
    off_ms = [_closure_ms(fine, course, middle) for middle in shut]
    # The truth of the whole chain is eSpeak's own: when it says what.
    ends = [start for _, start in speech.phones[1:]] + [fine[-1]]
    said = [(n, s, e) for (n, s), e in zip(speech.phones, ends, strict=True)]
    true_ms = [_closure_ms(fine, course, (s + e) / 2) for n, s, e in said if n in ("p", "b", "m")]
    vowels = np.zeros(len(fine))
    for name, start, end in said:
        plain = name.strip("',%=")
        size = 1.0 if plain[:1] in "aAVO0{" else 0.5 if plain[:1] in "eEoI@iu3" else 0.0
        vowels[(fine >= start) & (fine < end)] = size
    lags = range(-75, 76)
    match = [np.corrcoef(np.roll(vowels, lag), course)[0, 1] for lag in lags]
    lag_ms = 4.0 * lags[int(np.argmax(match))]
    print(
        f"{len(off_ms)} closures, off by {np.mean(np.abs(off_ms)):.0f} ms (most"
        f" {np.max(np.abs(off_ms)):.0f}) from the phones, {np.mean(np.abs(true_ms)):.0f} (most"
        f" {np.max(np.abs(true_ms)):.0f}) from the speech; the whole course by {lag_ms:.0f} ms"
    )
    assert len(off_ms) > 12 and len(true_ms) > 12
    assert np.max(np.abs(off_ms)) < LONGEST_MS
    assert np.percentile(np.abs(true_ms), 90) < LONGEST_MS
    assert abs(lag_ms) < LONGEST_MS / 2
    assert max(match) > 0.4


def _closure_ms(fine: np.ndarray, course: np.ndarray, middle: float) -> float:
    """From the middle of a closure to where the lips are nearest to each other around it."""
    near = np.abs(fine - middle) < 0.15
    least, most = course[near].min(), course[near].max()
    shut = fine[near][course[near] <= least + 0.12 * (most - least)]
    return 1000 * float(shut[np.argmin(np.abs(shut - middle))] - middle)


def test_a_scene_without_the_presenter_is_a_film_of_a_few_clear_pixels(tmp_path: Path) -> None:
    nobody = tmp_path / "presence.json"
    nobody.write_text('{"schema":"farm.presence/1","shown":false}')
    made = material.frames(speaking(tmp_path, ["aa"] * 30, inputs={"presence": nobody}))
    assert len(made) == 30 and made[0].shape == (16, 16, 4) and made[0][..., 3].max() == 0
    nobody.write_text('{"schema":"farm.presence/1","shown":true}')
    made = material.frames(speaking(tmp_path, ["aa"] * 3, inputs={"presence": nobody}))
    assert made[0].shape == (256, 256, 4)


def test_loops_of_other_stages_speak_too(tmp_path: Path) -> None:
    frames = material.idle_frames()[:12]
    blue_first = [np.ascontiguousarray(frame[..., [2, 1, 0, 3]]) for frame in frames]
    write_alpha(tmp_path / "alpha.mkv", blue_first, Fraction(FPS))
    mesh = material.faces(tmp_path / "alpha.mkv", tmp_path / "mesh")
    given = {"loop": tmp_path / "alpha.mkv", "mesh": mesh}
    for retime in ("calm", "flow"):
        made = material.frames(
            speaking(tmp_path / retime, ["oh"] * 17, inputs=given, params={"retime": retime})
        )
        assert len(made) == 17
        steps = [np.abs(a.astype(int) - b.astype(int)).mean() for a, b in pairwise(made[2:])]
        assert max(steps) < 4
        assert np.abs(made[8][..., 3].astype(int) - frames[5][..., 3].astype(int)).mean() < 3


def test_a_clip_of_any_stage_becomes_a_loop_without_a_seam(tmp_path: Path) -> None:
    with alpha_film(material.idle()["loop"], "loop") as source:
        clip = list(source.frames())[8:62]
    write_planes(tmp_path / "clip.mkv", clip, Fraction(FPS))
    made = run_stage(STAGES["avatar.loop/classical"], tmp_path, {"video": tmp_path / "clip.mkv"})
    loop = np.array(material.frames(made["loop"]), np.int16)
    assert 20 <= len(loop) <= 54
    steps = np.abs(np.roll(loop, -1, axis=0) - loop).mean(axis=(1, 2, 3))
    seam = steps[-12:].max()
    assert seam < 1.6 * steps[:-12].max(), "the way back is as calm as the rest"
    straight = np.abs(loop[0] - np.array(material.idle_frames()[61], np.int16)).mean()
    assert seam < 0.5 * straight
    write_planes(tmp_path / "short.mkv", clip[:9], Fraction(FPS))
    with pytest.raises(InputError, match="too short for a loop"):
        run_stage(STAGES["avatar.loop/classical"], tmp_path, {"video": tmp_path / "short.mkv"})


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    lines = material.idle()["mesh"].read_text().splitlines()
    short = tmp_path / "short.jsonl"
    short.write_text("\n".join(lines[:50]) + "\n")
    with pytest.raises(InputError, match="does not belong to the loop"):
        speaking(tmp_path, ["aa"], inputs={"mesh": short})
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"schema": "farm.phones/1"}))
    with pytest.raises(InputError, match=r"farm\.visemes/1"):
        speaking(tmp_path, ["aa"], inputs={"visemes": other})
    with pytest.raises(InputError, match="is no loop"):
        speaking(tmp_path, ["aa"], inputs={"loop": material.portrait()["still"]})


def test_it_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    with pytest.raises(TaskCancelled):
        speaking(tmp_path, ["aa"] * 60, cancel_after=5)


def test_a_frame_goes_through_its_planes_to_the_bit() -> None:
    with alpha_film(material.idle()["loop"], "loop") as loop:
        planes = next(loop.frames())
    again = planes_of(frame_of(planes))
    assert all(np.array_equal(one, two) for one, two in zip(planes, again, strict=True))


def test_another_scene_of_the_same_presenter_finds_the_loop_warm(tmp_path: Path) -> None:
    speaking(tmp_path / "one", ["aa"] * 3)
    held = dict(material.WARM._held)
    speaking(tmp_path / "two", ["E"] * 3)
    assert dict(material.WARM._held) == held and len(held) >= 1
    made = presenter(material.idle()["loop"], material.idle()["mesh"])
    assert len(made.loop) == len(made.mouths.frames) == 100


def _frames(where: Path) -> list[np.ndarray]:
    return material.frames(where / "video-0.mkv")


def _teeth(frame: np.ndarray, points: np.ndarray) -> float:
    """Blue, which lips lack and teeth have, along the line between the lips."""
    x, y = (points[13] + points[14]) / 2
    patch = frame[round(y) - 2 : round(y) + 3, round(x) - 6 : round(x) + 7, :3].astype(float)
    return float(np.percentile(patch[..., 2] - 0.6 * patch[..., 0], 90))
