"""A drawn person is moved, lit and filmed: real frames of the stage ``character.animate``."""

from __future__ import annotations

import itertools
import json
import wave
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import drawn_character as person
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from drawn_people import movie
from PIL import Image

import farm_finish
import farm_motion_weave
from farm import InputError, Window
from farm.domain.media import Artifact, MediaFacts, MediaKind
from farm_motion_weave.bones import Body
from farm_motion_weave.filling import without_holes
from farm_motion_weave.hearing import Heard
from farm_motion_weave.idle import Idle
from farm_motion_weave.joints import AT, NAMES, Track, read_track
from farm_motion_weave.params import AnimateParams, film_frames
from farm_motion_weave.standing import standing

STAGE = farm_motion_weave.ANIMATE
SMALL = (160, 120)
"""Rows and columns that most tests draw."""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The person, the matte, and the pose of the picture."""
    folder = tmp_path_factory.mktemp("person")
    picture, matte = person.drawn()
    Image.fromarray(picture).save(folder / "character.png")
    Image.fromarray(matte).save(folder / "matte.png")
    person.told(folder / "rest.jsonl", [person.rest()])
    person.told(folder / "wave.jsonl", [person.waving(n / 47) for n in range(48)])
    return {
        "character": folder / "character.png",
        "matte": folder / "matte.png",
        "rest": folder / "rest.jsonl",
    }


def film(path: Path) -> list[np.ndarray]:
    """RGB frames (H, W, 3)."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def animated(
    folder: Path,
    inputs: Mapping[str, Path],
    part: Window | None = None,
    seed: int = 7,
    **params: Any,
) -> Path:
    """The film of one task."""
    return run_stage(STAGE, folder, inputs, params, window=part, seed=seed)["video"]


def moved(folder: Path, given: Mapping[str, Path], points: Sequence[dict[str, np.ndarray]]) -> dict:
    """The inputs with a motion."""
    return {**given, "pose": person.told(folder / "pose.jsonl", points)}


def skin(picture: np.ndarray, below: int) -> np.ndarray:
    """The middle (x, y) of what has the colour of skin below a row."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    found = (red > 180) & (red - blue > 45) & (abs(red - green) < 80) & (green > 110)
    found[:below] = False
    rows, columns = np.nonzero(found)
    return np.array([columns.mean(), rows.mean()])


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((one.astype(float) - two) ** 2), 1e-6)))


# --- The puppet -----------------------------------------------------------------------------------


def test_a_character_at_rest_is_its_own_picture(given: dict[str, Path], tmp_path: Path) -> None:
    [shown] = film(animated(tmp_path / "out", {**given, "pose": given["rest"]}, frames=1))
    assert shown.shape == (320, 240, 3)
    assert psnr(shown, np.asarray(Image.open(given["character"]))) > 40


def test_a_wrist_that_moves_takes_its_hand_along_by_as_much(
    given: dict[str, Path], tmp_path: Path
) -> None:
    arm = [f"left_{part}" for part in ("wrist", "pinky", "index", "thumb")]
    bent = person.turned(person.rest(), arm, "left_elbow", -50)
    picture = np.asarray(Image.open(given["character"])).copy()
    [shown] = film(animated(tmp_path / "out", moved(tmp_path, given, [bent]), frames=1))
    right = slice(150, None)  # The person's left is at the right of the picture.
    before, after = skin(picture[:, right], 120), skin(shown[:, right], 120)
    goal = (bent["left_wrist"] + bent["left_index"]) - (
        person.rest()["left_wrist"] + person.rest()["left_index"]
    )
    assert np.hypot(*(goal / 2)) > 25
    assert np.abs(after - before - goal / 2).max() < 3
    # The rest of the person stays.
    assert psnr(shown[:, :110], picture[:, :110]) > 38


def test_a_pose_that_is_no_pose_bends_no_bone_beyond_its_length() -> None:
    places = np.zeros((len(NAMES), 4))
    points = person.rest()
    for name, index in AT.items():
        if name in points:
            places[index] = [*points[name], 0, 1]
        elif name.endswith("hand"):
            places[index] = [*points[name.replace("hand", "index")], 0, 1]
        else:
            places[index] = [*points[name.replace("toe", "foot_index")], 0, 1]
    body = Body(places)
    still = body.posed(places)
    assert np.abs(still.maps - np.eye(3)[:2]).max() < 1e-9
    wild = places.copy()
    wild[:, :2] += np.random.default_rng(3).normal(0, 400, (len(NAMES), 2))
    posed = body.posed(wild)
    assert np.isfinite(posed.maps).all()
    assert posed.stretch.max() < 2.5
    unseen = wild.copy()
    unseen[:, 3] = 0.0
    assert np.abs(body.posed(unseen).maps - np.eye(3)[:2]).max() < 1e-6


def test_a_joint_that_was_hardly_seen_moves_nothing(given: dict[str, Path], tmp_path: Path) -> None:
    path = person.told(tmp_path / "pose.jsonl", [person.rest()] * 9)
    lines = path.read_text("utf-8").splitlines()
    at = person.NAMES.index("left_wrist")
    for number in range(4, 7):
        frame = json.loads(lines[number])
        frame["persons"][0]["points"][at] = [0.0, 0.0, 0.0, 0.02]
        lines[number] = json.dumps(frame)
    path.write_text("\n".join(lines), encoding="utf-8")
    track = read_track(path, "pose")
    assert track is not None
    wrist = track.points[:, AT["left_wrist"], :2]
    assert np.abs(wrist - person.rest()["left_wrist"]).max() < 2


def test_feet_that_stand_do_not_slide() -> None:
    points = np.zeros((48, len(NAMES), 4))
    points[..., 3] = 1.0
    for side in ("left", "right"):
        points[:, AT[f"{side}_shoulder"], :2] = 100, 100
        points[:, AT[f"{side}_hip"], :2] = 100, 200
        points[:, AT[f"{side}_ankle"], :2] = 100, 380
    jitter = np.random.default_rng(1).normal(0, 0.6, (48, 2))
    points[:, AT["left_ankle"], :2] += jitter
    points[24:, AT["right_ankle"], 0] += 8.0 * np.arange(24)
    points[24:, AT["right_ankle"], 1] -= 40
    held = standing(Track(points, 24.0, 200, 400)).points
    assert np.ptp(held[:, AT["left_ankle"], :2], axis=0).max() < 0.01
    assert np.allclose(held[30:44, AT["right_ankle"]], points[30:44, AT["right_ankle"]])


def test_an_arm_passes_before_the_body_or_behind_it(given: dict[str, Path], tmp_path: Path) -> None:
    arm = [f"left_{part}" for part in ("elbow", "wrist", "pinky", "index", "thumb")]
    crossed = person.turned(person.rest(), arm[1:], "left_elbow", 95)
    front, behind = (
        person.told(tmp_path / f"{name}.jsonl", [crossed] * 3) for name in ("front", "behind")
    )
    lines = behind.read_text("utf-8").splitlines()
    for number in range(1, 4):
        frame = json.loads(lines[number])
        for name in arm:
            frame["persons"][0]["points"][person.NAMES.index(name)][2] = 120.0
        lines[number] = json.dumps(frame)
    behind.write_text("\n".join(lines), encoding="utf-8")
    place = (crossed["left_wrist"] + crossed["left_index"]) / 2
    assert abs(place[0] - 120) < 25, "the hand is before the body"
    x, y = np.round(place).astype(int)
    seen = [
        film(animated(tmp_path / path.stem, {**given, "pose": path}, frames=1))[0][y, x]
        for path in (front, behind)
    ]
    assert seen[0][1] > 110, "skin"
    assert seen[1][1] < 90, "the shirt before it"


# --- Windows and length ---------------------------------------------------------------------------


def test_windows_show_what_the_whole_shows_and_one_may_be_made_again(
    given: dict[str, Path], tmp_path: Path
) -> None:
    wave = {**given, "pose": given["rest"].with_name("wave.jsonl")}
    asked = {
        "frames": 40, "window": 24, "overlap": 8, "width": SMALL[1], "light": "candle",
        "camera": "push-in+handheld",
    }  # fmt: skip
    whole = film(animated(tmp_path / "whole", wave, Window(0, 1, 0, 40), **asked))
    first = animated(tmp_path / "first", wave, Window(0, 2, 0, 24), **asked)
    second = animated(tmp_path / "second", wave, Window(1, 2, 16, 40), **asked)
    again = animated(tmp_path / "again", wave, Window(1, 2, 16, 40), **asked)
    assert np.array_equal(film(first), whole[:24])
    assert np.array_equal(film(second), whole[16:])
    assert second.read_bytes() == again.read_bytes()
    blend = stage_of(farm_finish, "video.blend")
    joined = run_stage(blend, tmp_path / "joined", {"segments": [first, second]}, {"overlap": 8})
    assert np.array_equal(film(joined["video"]), whole)


def test_a_minute_has_its_frames_and_its_sound_in_time(
    given: dict[str, Path], tmp_path: Path
) -> None:
    fps, seconds, flashes = 24, 60, (10.0, 29.5, 55.25)
    rate = 48_000
    sound = np.zeros((1, rate * seconds), np.float32)
    loud = np.full(fps * seconds, -70.0)
    for moment in flashes:
        start = round(moment * rate)
        tone = np.sin(np.arange(rate // 2) / rate * 2 * np.pi * 440) * 0.5
        sound[0, start : start + rate // 2] = tone
        loud[round(moment * fps) : round((moment + 0.5) * fps)] = -10.0
    head = {"schema": "farm.audio-features/1", "fps": str(fps), "frames": fps * seconds}
    lines = [head] + [
        {"frame": n, "level_db": level, "onset_strength": 0.0, "voice": 0.0}
        for n, level in enumerate(loud)
    ]
    features = tmp_path / "features.jsonl"
    features.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    inputs = {"character": given["character"], "matte": given["matte"], "features": features}
    count, step, segments = fps * seconds, 400, []
    starts = range(0, count - 16, step - 16)
    for index, start in enumerate(starts):
        window = Window(index, len(starts), start, min(start + step, count))
        segments.append(
            animated(
                tmp_path / f"w{index}", inputs, window,
                duration_s=seconds, width=48, height=64, light="stage+pulse", window=step,
            )
        )  # fmt: skip
    with wave.open(str(tmp_path / "voice.wav"), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes((sound[0] * 32767).astype("<i2").tobytes())
    voice = tmp_path / "voice.wav"
    delivered = run_stage(
        stage_of(farm_finish, "video.blend"),
        tmp_path / "film",
        {"segments": segments, "audio": voice},
        {"overlap": 16, "drift": False, "form": "delivered", "profile": "draft"},
    )["video"]
    bright = np.array([frame.mean() for frame in film(delivered)])
    assert len(bright) == count
    heard = []
    with av.open(str(delivered)) as container:
        for frame in container.decode(audio=0):
            heard.append(np.abs(frame.to_ndarray()).max(axis=0))
            played = frame.sample_rate
    level = np.concatenate(heard)
    assert abs(len(level) / played - seconds) < 1 / fps
    for moment in flashes:
        first = round((moment - 1) * fps)
        jump = first + int(np.argmax(np.diff(bright[first : first + 2 * fps])))
        onset = np.flatnonzero(level[round((moment - 1) * played) :] > 0.1)[0] / played + moment - 1
        assert abs((jump + 1) / fps - onset) <= 1.05 / fps


def facts(**known: Any) -> list[Artifact]:
    return [
        Artifact(
            hash="0" * 64,
            kind=MediaKind.VIDEO,
            suffix=".mkv",
            size_bytes=1,
            facts=MediaFacts(**known),
        )
    ]


@pytest.mark.parametrize(
    ("params", "given_facts", "frames"),
    [
        ({"frames": 7}, {}, 7),
        ({"duration_s": 2.5, "fps": 30}, {}, 75),
        ({"fps": 12}, {"motion": facts(frames=75, fps=Fraction(25))}, 36),
        ({"fps": 24}, {"audio": facts(duration_s=1.51)}, 36),
        ({"fps": "24000/1001", "duration_s": 60}, {}, 1439),
    ],
)
def test_the_length_follows_from_what_is_told(
    params: dict[str, Any], given_facts: dict[str, Any], frames: int
) -> None:
    assert film_frames(AnimateParams(**params), given_facts) == frames


def test_a_film_without_a_length_or_of_hours_is_refused() -> None:
    with pytest.raises(InputError, match="nothing tells how long"):
        film_frames(AnimateParams(), {})
    with pytest.raises(InputError, match="too long"):
        film_frames(AnimateParams(), {"motion": facts(frames=9000, fps=Fraction(24))})


# --- Voice and breath -----------------------------------------------------------------------------


def spoken(path: Path, opened: Sequence[float]) -> Path:
    frames = [
        {"frame": n, "open": o, "wide": 0, "round": 0, "viseme": "aa"} for n, o in enumerate(opened)
    ]
    told = {
        "schema": "farm.visemes/1",
        "fps": 24,
        "language": "en",
        "visemes": [],
        "frames": frames,
    }
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def test_the_mouth_opens_with_the_visemes_and_nothing_else_moves(
    given: dict[str, Path], tmp_path: Path
) -> None:
    visemes = spoken(tmp_path / "visemes.json", [0.0, 1.0])
    inputs = {
        **given,
        "pose": given["rest"],
        "visemes": visemes,
        "motion_face": silent_face(tmp_path),
    }
    shut, wide = film(animated(tmp_path / "out", inputs, frames=2))
    mouth = (slice(72, 84), slice(114, 127))
    assert wide[mouth].min(axis=2).min() < 40 < shut[mouth].max(axis=2).min()
    changed = np.abs(wide.astype(int) - shut).max(axis=2) > 2
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 60
    assert rows.min() > 62
    assert rows.max() < 108
    assert columns.min() > 90
    assert columns.max() < 150


def silent_face(folder: Path) -> Path:
    """A performer's face that is never seen: eyes stay open, the mouth is the visemes'."""
    path = folder / "face.jsonl"
    head = {"schema": "farm.face/1", "width": 64, "height": 64, "fps": "24", "layout": "face468"}
    lines = [head, *({"frame": n, "cut": False, "faces": []} for n in range(3))]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_without_a_motion_a_character_breathes_and_blinks_the_same_for_each_seed(
    given: dict[str, Path], tmp_path: Path
) -> None:
    asked = {"duration_s": 3, "fps": 8, "width": SMALL[1], "window": 24, "overlap": 8}
    one, two, other = (
        film(animated(tmp_path / name, given, Window(0, 1, 0, 24), seed=seed, **asked))
        for name, seed in (("one", 1), ("two", 1), ("other", 2))
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(one)]
    assert min(steps) > 0.01, "it never freezes"
    assert max(steps) < 4, "and never jumps"


@pytest.mark.parametrize(("below", "gestures"), [(120, True), (20, False)])
def test_an_arm_gestures_only_where_the_picture_shows_it_whole(below: int, gestures: bool) -> None:
    rest = np.ones((len(NAMES), 4))
    for name, (x, y) in {
        "left_shoulder": (140, 60), "left_elbow": (160, 120), "left_wrist": (150, 170),
        "left_hand": (150, 185), "right_shoulder": (100, 60), "right_elbow": (80, 120),
        "right_wrist": (90, 170), "right_hand": (90, 185), "left_hip": (130, 160),
        "right_hip": (110, 160),
    }.items():  # fmt: skip
        rest[AT[name], :2] = x, y
    heard = Heard(np.zeros((0, 3)), 24.0, np.zeros(0), 24.0, emphases=(1.0,))
    idle = Idle(rest, 100.0, heard, seed=1, size=(240, 185 + below))
    hands = [AT["left_hand"], AT["right_hand"]]
    lifted = [rest[hands, 1] - idle.at(time_s)[hands, 1] for time_s in np.arange(0.7, 1.8, 0.1)]
    assert bool(np.max(lifted) > 15) == gestures


def test_a_character_whose_body_nobody_knows_still_moves(
    given: dict[str, Path], tmp_path: Path
) -> None:
    inputs = {"character": given["character"], "matte": given["matte"]}
    one, *_, last = film(animated(tmp_path / "out", inputs, frames=12, width=SMALL[1], fps=6))
    assert np.abs(one.astype(int) - last).mean() > 0.2


# --- Cut-out, light and camera --------------------------------------------------------------------


def test_a_picture_without_a_matte_is_cut_out_along_its_bones(
    given: dict[str, Path], tmp_path: Path
) -> None:
    arm = [f"left_{part}" for part in ("elbow", "wrist", "pinky", "index", "thumb")]
    raised = person.turned(person.rest(), arm, "left_shoulder", -90)
    inputs = moved(tmp_path, given, [raised])
    del inputs["matte"]
    [shown] = film(animated(tmp_path / "out", inputs, frames=1))
    place = (raised["left_elbow"] + raised["left_wrist"]) / 2
    x, y = np.round(place).astype(int)
    assert shown[y, x, 0] > 1.8 * shown[y, x, 1], "the red sleeve is there now"
    x, y = np.round((person.rest()["left_elbow"] + person.rest()["left_wrist"]) / 2).astype(int)
    assert shown[y, x, 0] < 1.3 * shown[y, x, 1], "and the wall where it was"


def test_a_transparent_picture_is_its_own_matte(given: dict[str, Path], tmp_path: Path) -> None:
    picture, matte = person.drawn()
    path = tmp_path / "cut.png"
    Image.fromarray(np.dstack([picture, matte])).save(path)
    inputs = {"character": path, "rest": given["rest"], "pose": given["rest"]}
    [shown] = film(animated(tmp_path / "out", inputs, frames=1))
    assert psnr(shown[matte == 255], picture[matte == 255]) > 45
    assert np.ptp(shown[5:60, :40].astype(int), axis=1).max() <= 1, "a calm ground of its own"


def test_what_is_behind_is_the_picture_s_own_or_the_place_that_is_given(
    given: dict[str, Path], tmp_path: Path
) -> None:
    picture = np.asarray(Image.open(given["character"]))
    blurred = np.asarray(Image.fromarray(picture).resize((60, 80)).resize((240, 320)))
    beach = np.broadcast_to(np.array([250, 220, 150], np.uint8), picture.shape)
    inputs = {**given, "pose": given["rest"]}
    shown = {}
    for name, plate in (("blurred", blurred), ("beach", beach)):
        behind = movie(tmp_path / f"{name}.mkv", [np.ascontiguousarray(plate)])
        shown[name] = film(animated(tmp_path / name, {**inputs, "plate": behind}, frames=1))[0]
    far = (slice(0, 300), slice(0, 50))
    assert psnr(shown["blurred"][far], picture[far]) > 50
    assert psnr(shown["beach"][far], beach[far]) > 50


def test_a_hole_in_the_matte_of_a_bust_is_closed_and_a_way_out_is_not() -> None:
    matte = np.zeros((60, 60), np.float32)
    matte[20:, 10:50] = 1.0
    matte[50:, 20:25] = 0.0
    closed = without_holes(matte)
    assert closed[50:, 20:25].min() == 1
    assert closed[:20].max() == 0
    matte[30:40, :15] = 0.2
    assert np.array_equal(without_holes(matte)[30:40, :15], matte[30:40, :15])
    wide = matte.copy()
    wide[25:, 20:45] = 0.0
    assert np.array_equal(without_holes(wide), wide), "that much is no hole"


def test_light_comes_from_its_side_and_wanders(given: dict[str, Path], tmp_path: Path) -> None:
    inputs = {**given, "pose": given["rest"]}
    asked = {"duration_s": 1, "fps": 4, "light": "rembrandt+sweep", "window": 4, "overlap": 0}
    first, _, _, last = film(animated(tmp_path / "out", inputs, Window(0, 1, 0, 4), **asked))
    trunk = slice(110, 160)

    def lean(picture: np.ndarray) -> float:
        left, right = picture[trunk, 100:112].mean(), picture[trunk, 128:140].mean()
        return float(right - left)

    assert lean(first) < -8
    assert lean(last) > 8
    plain = film(animated(tmp_path / "plain", inputs, frames=1))[0]
    warm = film(animated(tmp_path / "warm", inputs, frames=1, light="sunset"))[0].astype(float)
    assert (
        warm[..., 0].mean() / warm[..., 2].mean()
        > 1.2 * plain[..., 0].mean() / plain[..., 2].mean()
    )


def test_a_camera_pushes_in_and_what_is_far_moves_less(
    given: dict[str, Path], tmp_path: Path
) -> None:
    inputs = {**given, "pose": given["rest"]}
    asked = {"duration_s": 1, "fps": 4, "window": 4, "overlap": 0}
    pushed = film(
        animated(tmp_path / "push", inputs, Window(0, 1, 0, 4), camera="push-in", **asked)
    )
    hands = [abs(skin(frame[:, 120:], 150)[0]) for frame in pushed]
    assert all(later > before for before, later in itertools.pairwise(hands))
    panned = film(
        animated(tmp_path / "pan", inputs, Window(0, 1, 0, 4), camera="pan-left", **asked)
    )
    figure = [skin(frame, 150)[0] for frame in panned]
    walls = [frame[20, :, 0].astype(float) - frame[20, :, 0].mean() for frame in panned]
    shifts = np.correlate(walls[-1], walls[0], "full")
    wall = int(np.argmax(shifts)) - (len(walls[0]) - 1)
    assert figure[-1] - figure[0] > 8
    assert 0 < wall < 0.8 * (figure[-1] - figure[0])


def test_the_film_has_the_size_that_is_asked_and_the_picture_covers_it(
    given: dict[str, Path], tmp_path: Path
) -> None:
    inputs = {**given, "pose": given["rest"]}
    [upright] = film(animated(tmp_path / "a", inputs, frames=1, height=160))
    [lying] = film(animated(tmp_path / "b", inputs, frames=1, width=200, height=100))
    assert upright.shape == (160, 120, 3)
    assert lying.shape == (100, 200, 3)
    assert lying.min(axis=(0, 2)).max() > 0


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"light": "sunset+moon"}, "names two lights"),
        ({"light": "sunst"}, '"sunst" is none of'),
        ({"camera": "orbit+orbit"}, "says a word twice"),
        ({"window": 16, "overlap": 16}, "must be smaller than window"),
        ({"fps": "0"}, "not within 1 and 60"),
        ({"width": 33}, "multiple of 2"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    params: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        AnimateParams(**params)


@pytest.mark.parametrize(
    ("port", "text", "complaint"),
    [
        ("pose", '{"schema":"farm.face/1"}', "is not a file of points"),
        ("pose", "{", "is not a file of points"),
        ("visemes", "[]", "visemes: cannot be read"),
        ("features", '{"schema":"x"}', "features: cannot be read"),
        ("face", "{}", "face: cannot be read"),
    ],
)
def test_a_document_of_another_kind_is_named(
    given: dict[str, Path], tmp_path: Path, port: str, text: str, complaint: str
) -> None:
    path = tmp_path / f"{port}.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=complaint):
        animated(tmp_path / "out", {**given, port: path}, frames=1, width=SMALL[1])


def test_a_matte_that_is_empty_is_refused(given: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "matte.png"
    Image.fromarray(np.zeros((32, 24), np.uint8)).save(path)
    with pytest.raises(InputError, match="matte: shows no character"):
        animated(tmp_path / "out", {**given, "matte": path}, frames=1)


def test_every_provider_of_the_pipeline_takes_the_same_ports_and_parameters() -> None:
    from farm.pipelines import is_optional
    from farm.plugins import load_plugins

    registry = load_plugins()
    pipeline = registry.pipelines["motion-weave@2"]
    stages = registry.by_capability("character.animate")
    assert {stage.provider for stage in stages} >= {"farm_motion_weave"}
    spec = pipeline.stages["animate"]
    for stage in stages:
        assert set(spec.inputs) <= set(stage.inputs), stage.id
        optional = {name for name, value in spec.params.items() if is_optional(value)}
        assert set(spec.params) - optional <= set(stage.params.model_fields), stage.id
        if stage.provider != "farm_motion_weave":
            assert optional <= set(stage.params.model_fields), stage.id
    assert optional == {"model", "steps"}
