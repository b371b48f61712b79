"""Portraits that can speak, and the idle motion of one: checked, seamless, calm at its borders."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import presenter_material as material
import pytest
from direct_task import run_stage
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from presenter_material import IDLE, PORTRAIT
from skimage import data

from farm import Artifact, InputError, MediaFacts, MediaKind
from farm.media.maps import write_maps
from farm_avatar.idle_layers import firm, person
from farm_avatar.idle_motion import motion
from farm_avatar.presenter_params import PortraitParams


def pair() -> Image.Image:
    both = Image.new("RGB", (1024, 512))
    both.paste(material.astronaut(), (0, 0))
    both.paste(ImageOps.mirror(material.astronaut()), (512, 0))
    return both


def masked(colour: tuple[int, int, int]) -> Image.Image:
    picture = material.astronaut()
    outline = [(178, 128), (222, 120), (266, 128), (262, 165), (225, 188), (190, 172)]
    ImageDraw.Draw(picture).polygon(outline, fill=colour)
    return picture


def dimmed(share: float) -> Image.Image:
    return Image.fromarray((np.asarray(material.astronaut()) * share).astype(np.uint8))


def drawn() -> Image.Image:
    smooth = material.astronaut().filter(ImageFilter.MedianFilter(7))
    return smooth.quantize(12, dither=Image.Dither.NONE).convert("RGB")


def checked(picture: Image.Image, where: Path, **params: object) -> tuple[dict[str, Path], dict]:
    where.mkdir(exist_ok=True)
    picture.save(where / "given.png")
    given = {"image": where / "given.png", "face": material.found(where / "given.png", where)}
    made = run_stage(PORTRAIT, where / "made", given, params)
    return made, json.loads(made["report"].read_text())


def test_a_portrait_is_cropped_to_head_and_shoulders_and_its_points_lie_on_the_face() -> None:
    made = material.portrait()
    report = json.loads(made["report"].read_text())
    told = material.points(made["face"])[0]
    assert Image.open(made["image"]).size == tuple(report["size"]) == (256, 256)
    again = material.points(material.found(made["image"], material.folder() / "again"))[0] / 2
    off = np.hypot(*(told - again).T)
    assert off.mean() < 0.03 * np.ptp(told[:, 0])
    # Room above the hair, the face in the middle, shoulders below.
    assert told[:, 1].min() > 0.12 * 256 and told[:, 1].max() < 0.62 * 256
    assert abs(told[:, 0].mean() - 128) < 0.08 * 256
    assert [warning["code"] for warning in report["warnings"]] == ["small-face"]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Image.fromarray(data.coffee()), "avatar.no-face"),
        (pair, "avatar.several-faces"),
        (lambda: material.astronaut().resize((160, 160)), "avatar.tiny"),
        (lambda: Image.fromarray(data.camera()).convert("RGB"), "avatar.profile"),
        (lambda: dimmed(0.03), "avatar.dark"),
        (lambda: masked((120, 170, 210)), "avatar.hidden-mouth"),
    ],
    ids=["nobody", "two", "tiny", "profile", "dark", "mask"],
)
def test_a_picture_that_cannot_speak_is_refused_by_name_with_a_way_to_mend_it(
    make, code: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        checked(make(), tmp_path)
    assert refused.value.code == code
    assert refused.value.mend and refused.value.where == "image"


@pytest.mark.parametrize(
    ("make", "code", "params"),
    [
        (lambda: dimmed(0.12), "dark", {}),
        (drawn, "drawn", {}),
        (lambda: masked((20, 20, 20)), "mouth-doubted", {}),
        (pair, "other-faces", {"face": "left"}),
    ],
    ids=["dark", "drawn", "beard or mask", "two"],
)
def test_a_doubtful_picture_is_taken_with_a_warning_that_has_a_name(
    make, code: str, params: dict, tmp_path: Path
) -> None:
    _, report = checked(make(), tmp_path, **params)
    warned = {warning["code"]: warning for warning in report["warnings"]}
    assert code in warned and warned[code]["mend"]


def test_left_and_right_tell_who_of_two_is_to_speak(tmp_path: Path) -> None:
    _, left = checked(pair(), tmp_path / "left", face="left")
    _, right = checked(pair(), tmp_path / "right", face="right")
    assert left["crop"][2] <= 512 <= right["crop"][0]


def test_a_photo_that_was_turned_by_its_camera_stands_upright(tmp_path: Path) -> None:
    lying = material.astronaut().transpose(Image.Transpose.ROTATE_90)
    exif = lying.getexif()
    exif[0x0112] = 6
    lying.save(tmp_path / "given.jpg", exif=exif, quality=95)
    given = {"image": tmp_path / "given.jpg"}
    made = run_stage(
        PORTRAIT, tmp_path / "made", given | {"face": material.found(given["image"], tmp_path)}
    )
    upright = material.points(made["face"])[0]
    assert upright[152, 1] > upright[10, 1] + 50


def test_what_is_no_picture_or_no_file_of_points_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    face = material.portrait()["face"]
    with pytest.raises(InputError, match="cannot be read as a picture"):
        run_stage(PORTRAIT, tmp_path, {"image": tmp_path / "no.png", "face": face})
    (tmp_path / "no.jsonl").write_text('{"schema":"farm.pose/1"}\n')
    given = {"image": material.portrait()["image"], "face": tmp_path / "no.jsonl"}
    with pytest.raises(InputError, match=r"farm\.face/1"):
        run_stage(PORTRAIT, tmp_path, given)


def test_a_thumbnail_is_refused_while_the_job_is_planned() -> None:
    facts = MediaFacts(width=80, height=60)
    thumbnail = Artifact("0" * 64, MediaKind.IMAGE, 10, ".png", facts)
    assert PORTRAIT.check is not None
    with pytest.raises(InputError, match="80x60"):
        PORTRAIT.check(PortraitParams(), {"image": [thumbnail]})
    PORTRAIT.check(PortraitParams(), {})


def test_the_loop_ends_as_it_begins_and_every_course_has_no_jump() -> None:
    frames = np.array(material.idle_frames(), np.float32)
    assert len(frames) == 100
    steps = np.abs(np.roll(frames, -1, axis=0) - frames)[..., :3].mean(axis=(1, 2, 3))
    assert steps[-1] <= np.median(steps) * 1.5
    assert steps.min() > 0, "it never stands still"


def test_the_head_turns_the_shoulders_breathe_and_the_eyes_blink() -> None:
    track = material.points(material.idle()["mesh"])
    wide = np.ptp(track[0][:, 0])
    nose, ears = track[:, 1], (track[:, 234] + track[:, 454]) / 2
    parallax = np.ptp(nose[:, 0] - ears[:, 0])
    assert 0.01 * wide < parallax < 0.12 * wide, "the nose moves before the ears"
    assert np.ptp(nose, axis=0).min() > 0.01 * wide
    seen = material.points(material.faces(material.idle()["loop"], material.folder() / "watch"))
    apart = seen[:, [159, 386], 1] - seen[:, [145, 374], 1]
    apart = np.abs(apart.mean(axis=1)) / np.ptp(seen[:, :, 0], axis=1)
    shut = apart < 0.8 * np.median(apart)
    assert 3 <= shut.sum() <= 12, "the network sees the blink, for a fraction of a second"


def test_the_points_that_are_written_are_where_the_network_finds_them() -> None:
    told = material.points(material.idle()["mesh"])
    seen = material.points(material.faces(material.idle()["loop"], material.folder() / "watched"))
    wide = np.ptp(told[0][:, 0])
    off = np.hypot(*np.moveaxis(told - seen, -1, 0)).mean(axis=1)
    assert np.median(off) < 0.03 * wide
    # Whatever the network's bias, the motion is the same.
    motion = (told - told.mean(axis=0)) - (seen - seen.mean(axis=0))
    assert np.hypot(*np.moveaxis(motion, -1, 0)).mean() < 0.012 * wide


def test_nothing_tears_at_the_borders_and_what_was_cut_out_stays_clear() -> None:
    frames = np.array(material.idle_frames(), np.int16)
    for border in (frames[:, 0], frames[:, -1], frames[:, :, 0], frames[:, :, -1]):
        assert np.ptp(border[..., 3], axis=0).max() <= 3, "coverage stands still at the border"
        solid = border[0][..., 3] > 250
        assert np.ptp(border[:, solid, :3], axis=0).max(initial=0) <= 6
    assert (frames[:, :60, :40, 3] == 0).all(), "nobody is in the upper left corner"
    assert (frames[:, 60:100, 112:144, 3] >= 254).all(), "a face has no holes"


def test_the_outline_is_as_steady_as_the_motion() -> None:
    cover = np.array([frame[..., 3] for frame in material.idle_frames()], np.float32).sum((1, 2))
    assert np.ptp(cover) < 0.02 * cover.mean()
    assert np.abs(np.diff(cover)).max() < 0.0015 * cover.mean(), "it does not flicker"


def test_a_kept_background_does_not_move(tmp_path: Path) -> None:
    given = {port: material.portrait()[port] for port in ("image", "face", "matte")}
    made = run_stage(IDLE, tmp_path, given, {"seconds": 4, "background": "keep"})
    kept = np.array(material.frames(made["loop"]), np.int16)
    assert (kept[..., 3] == 255).all()
    alpha = np.array([frame[..., 3] for frame in material.idle_frames()])
    # Chroma is shared by two pixels: their neighbours must be clear too.
    clear = (alpha == 0).all(axis=0)
    clear &= np.roll(clear, 1, 0) & np.roll(clear, -1, 0) & np.roll(clear, 1, 1)
    clear &= np.roll(clear, -1, 1)
    assert clear.mean() > 0.2
    assert np.percentile(np.ptp(kept[:, clear], axis=0), 99.8) <= 2
    picture = np.asarray(Image.open(material.portrait()["image"]), np.int16)
    assert np.abs(kept[0][clear][:, :3] - picture[clear]).mean() < 2


def test_a_matte_of_something_else_is_refused(tmp_path: Path) -> None:
    given = {port: material.portrait()[port] for port in ("image", "face")}
    write_maps(tmp_path / "none.mkv", [np.zeros((256, 256), np.uint16)], Fraction(25))
    with pytest.raises(InputError, match="does not cover the face"):
        run_stage(IDLE, tmp_path, {**given, "matte": tmp_path / "none.mkv"})
    write_maps(tmp_path / "other.mkv", [np.zeros((128, 256), np.uint16)], Fraction(25))
    with pytest.raises(InputError, match="does not belong to the picture"):
        run_stage(IDLE, tmp_path, {**given, "matte": tmp_path / "other.mkv"})


def test_colours_beside_hair_are_those_of_the_hair_not_of_the_old_background() -> None:
    alpha = np.zeros((64, 64), np.float32)
    alpha[:, 20:44] = 1
    alpha[:, 18:20] = alpha[:, 44:46] = 0.5
    hair, wall = np.array([120, 80, 40]), np.array([20, 220, 90])
    picture = (alpha * hair[:, None, None] + (1 - alpha) * wall[:, None, None]).astype(np.float32)
    clean = person(picture, alpha)
    edge = clean[:, :, 17:20].reshape(3, -1)
    assert np.abs(edge - hair[:, None]).max() < 18, "a tenth of what a mixed pixel is off"
    assert np.abs(clean[:, :, 20:44] - picture[:, :, 20:44]).max() == 0


def test_a_matte_loses_its_haze_its_lost_pieces_and_its_holes_and_keeps_its_edge() -> None:
    alpha = np.full((120, 120), 0.03, np.float32)
    alpha[20:, 30:90] = 1
    alpha[19, 30:90] = 0.5
    alpha[50:60, 55:65] = 0.2
    alpha[100:, 50:60] = 0.0
    alpha[90:, 110:] = 0.8
    made = firm(alpha, (60, 40))
    assert made[:18].max() == 0 and made[:, :28].max() == 0, "no haze"
    assert made[90:, 105:].max() == 0, "no pieces"
    assert made[30:, 40:80].min() == 1, "no holes, below neither"
    assert 0.4 < made[19, 60] < 0.65


def test_the_same_seed_moves_the_same_and_another_moves_otherwise() -> None:
    one, same, other = (motion(100, 25.0, 1.0, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.yaw, same.yaw) and np.array_equal(one.lid, same.lid)
    assert not np.allclose(one.yaw, other.yaw)


@pytest.mark.parametrize("seed", range(12))
def test_courses_stay_natural_whatever_the_seed(seed: int) -> None:
    course = motion(200, 25.0, 1.0, seed)
    for values in (course.yaw, course.pitch, course.roll, course.shift, course.breath):
        step = np.abs(np.roll(values, -1) - values)
        assert step.max() < 0.12 * max(np.ptp(values), 1e-9), "no jerk, at the seam neither"
    assert course.lid[0] == 0 and course.lid[-1] == 0, "eyes are open at the seam"
    assert course.lid.max() > 0.95 and (course.lid > 0.5).mean() < 0.15
    assert np.abs(course.gaze[0] - course.gaze[-1]).max() < 1e-6
    assert (np.abs(course.gaze) <= 1).all()


def test_a_still_person_only_blinks(tmp_path: Path) -> None:
    given = {port: material.portrait()[port] for port in ("image", "face", "matte")}
    began = time.process_time()
    made = run_stage(IDLE, tmp_path, given, {"seconds": 4, "motion": 0})
    assert time.process_time() - began < 20
    frames = np.array(material.frames(made["loop"]), np.int16)
    assert np.ptp(frames[:, 140:], axis=0).max() == 0, "mouth and shoulders stand still"
    assert np.ptp(frames[:, 60:110], axis=0).max() > 40, "the eyes do not"
