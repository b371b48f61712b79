"""Persons, faces, hands and mattes against pictures whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import WarmModels, run_stage
from drawn_people import (
    CHIN,
    EYES,
    FINGERS,
    MOUTH,
    NOSE,
    OUTLINE,
    hand,
    movie,
    picture,
    placed,
    portrait,
    posed,
    shifted,
    skeleton,
)
from PIL import Image, ImageDraw
from stored_models import StoredModels, stored

import farm_vision
from farm import Artifact, InputError, MediaFacts, MediaKind, TaskCancelled
from farm.manifest import manifest_from
from farm.media.maps import read_maps, write_maps
from farm.media.planes import picture_of
from farm.planning import plan
from farm.plugins import load_plugins
from farm_vision.people.anchors import anchors, merged
from farm_vision.people.body import Bodies
from farm_vision.people.bones import joints, lengths
from farm_vision.people.expression import expression
from farm_vision.people.faces import Faces
from farm_vision.people.hands import Hands
from farm_vision.people.matte import Matting
from farm_vision.people.network import Network
from farm_vision.people.params import MatteParams
from farm_vision.people.records import Header, Written, read
from farm_vision.people.regions import Region, region_around, sampled, upright
from farm_vision.people.skeleton import BODY33, COCO17, HAND21, OPENPOSE18, coco17, openpose18
from farm_vision.people.steady import Frame, filled, smoothed
from farm_vision.people.tracks import Find, Tracker

STAGES = {stage.id: stage for stage in farm_vision.farm_stages()}
FACE = [BODY33.index(name) for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
SHOULDERS = [BODY33.index(name) for name in ("left_shoulder", "right_shoulder")]
SIDE = 300
GROUND = (480, 360)


def nets(model: str, *files: str) -> list[Network]:
    return [Network(stored(model) / f"{file}.tflite") for file in files]


@pytest.fixture(scope="module")
def bodies() -> Bodies:
    return Bodies(*nets("mediapipe-pose", "pose_detection", "pose_landmark_full"))


@pytest.fixture(scope="module")
def faces() -> Faces:
    near, far = "face_detection_short_range", "face_detection_full_range_sparse"
    return Faces(*nets("mediapipe-face", near, far, "face_landmark"))


@pytest.fixture(scope="module")
def hands() -> Hands:
    return Hands(*nets("mediapipe-hands", "palm_detection_full", "hand_landmark_full"))


def only(finder, pixels: np.ndarray) -> Find:
    (find,) = Tracker(finder, 4, 6, 24).step(picture(pixels))
    return find


def run(name: str, folder: Path, inputs, params=None, **how):
    how.setdefault("models", StoredModels())
    return run_stage(STAGES[name], folder, inputs, params, **how)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def report(made: dict[str, Path]) -> dict:
    return json.loads(made["report"].read_text(encoding="utf-8"))


def apart(one: np.ndarray, two: object) -> float:
    return float(np.hypot(*(np.asarray(one)[..., :2] - np.asarray(two)).reshape(-1, 2).T).max())


# --- What networks are shown, and the way back ----------------------------------------------------


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.0])
def test_a_point_of_a_turned_region_is_the_pixel_its_sample_came_from(angle: float) -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[118:123, 168:173] = 255
    region = Region(160.0, 110.0, 120.0, 120.0, angle)
    seen = sampled(picture(pixels), region, (96, 96))[..., 0]
    rows, columns = np.mgrid[:96, :96] + 0.5
    middle = np.array([(seen * columns).sum(), (seen * rows).sum()]) / seen.sum() / 96
    assert apart(region.outside(middle[None])[0], (170.5, 120.5)) < 0.2


def test_a_region_outside_of_the_picture_is_black_and_the_network_sees_the_colours() -> None:
    pixels = np.full((40, 40, 3), (255, 128, 0), np.uint8)
    seen = sampled(picture(pixels), Region(0.0, 20.0, 40.0, 40.0), (32, 32), -1.0, 1.0)
    assert np.all(seen[:, :15] == -1.0)
    assert np.allclose(seen[4:28, 20:], (1.0, 128 / 127.5 - 1, -1.0), atol=1e-3)


def test_video_and_red_green_blue_are_seen_alike(tmp_path: Path) -> None:
    rgb = picture(portrait()[60:188, 150:278])
    frame = av.VideoFrame.from_ndarray(portrait()[60:188, 150:278], format="rgb24")
    frame = frame.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
    frame.colorspace, frame.color_range = 1, 1
    yuv = picture_of(frame, "test")
    region = Region(64.0, 64.0, 128.0, 128.0)
    one, two = sampled(rgb, region, (64, 64)), sampled(yuv, region, (64, 64))
    assert np.abs(one - two).mean() < 0.02


def test_a_region_around_points_holds_them_at_any_angle() -> None:
    points = np.array([[10.0, 10.0], [50.0, 30.0], [20.0, 60.0]])
    region = region_around(points, 0.4)
    corners = region.outside(np.array([[0.0, 0.0], [1.0, 1.0]]))
    again = region_around(corners, 0.4)
    assert (again.width, again.height) == pytest.approx((region.width, region.height))
    assert upright(np.array([0.0, 10.0]), np.array([0.0, 0.0])) == pytest.approx(0.0)


def test_the_anchors_are_as_many_as_the_detectors_answers(bodies, faces, hands) -> None:
    assert len(bodies._anchors) == 2254
    assert [len(middles) for _, middles in faces._detectors] == [896, 2304]
    assert len(hands._anchors) == 2016
    assert np.allclose(
        anchors(8, ((4, 1),)), [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75] * 2]
    )


def test_boxes_that_overlap_become_their_mean_by_score() -> None:
    boxes = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.8], [2.0, 2.0, 3.0, 3.0]])
    points = boxes.reshape(3, 2, 2)
    one, two = merged(boxes, points, np.array([0.9, 0.6, 0.5]), 0.3)
    assert np.allclose(one.box, [0, 0, 1, 0.92])
    assert (one.score, two.score) == (0.9, 0.5)
    assert np.array_equal(two.points, points[2])


# --- One known person -----------------------------------------------------------------------------


def test_the_body_is_where_the_portrait_shows_it(bodies) -> None:
    find = only(bodies, portrait())
    at = dict(zip(BODY33, find.points, strict=True))
    assert apart(at["right_eye"], EYES[0]) < 8
    assert apart(at["left_eye"], EYES[1]) < 8
    assert apart(at["nose"], NOSE) < 8
    assert find.world is not None
    assert at["left_shoulder"][0] - at["right_shoulder"][0] > 180
    named = joints(find.world, "body33")
    assert 0.2 < np.hypot(*(named["left_shoulder"] - named["right_shoulder"])[:2]) < 0.5


def test_the_face_is_where_the_portrait_shows_it_and_smiles(faces) -> None:
    find = only(faces, portrait())
    eyes = [find.points[[33, 133, 160, 144]], find.points[[263, 362, 385, 380]]]
    assert apart(np.array([eye.mean(axis=0) for eye in eyes]), EYES) < 3
    assert apart(find.points[[61, 291]], MOUTH) < 4
    assert apart(find.points[152], CHIN) < 4
    told = find.facts
    assert told["smile"] > 0.4
    assert max(told["blink_left"], told["blink_right"], told["pucker"]) < 0.1
    assert abs(told["turn"]) < 10
    assert abs(told["tilt"] - 3.0) < 3


@pytest.mark.parametrize(
    ("at", "side", "angle"), [((90, 30), 300, 0), ((20, 60), 210, 0), ((90, 30), 300, 20)]
)
def test_points_move_shrink_and_turn_with_the_picture(bodies, faces, at, side, angle) -> None:
    turned = np.radians(angle)
    cos, sin = np.cos(turned), np.sin(turned)

    def moved(points: np.ndarray) -> np.ndarray:
        middle = (points[:, :2] - 256) * (side / 512)
        return middle @ np.array([[cos, sin], [-sin, cos]]) + side / 2 + at

    pixels = placed(portrait(), GROUND, at, side, angle)
    for finder, chosen in ((bodies, FACE), (faces, [33, 133, 263, 362, 1, 61, 291])):
        expected = moved(only(finder, portrait()).points[chosen])
        assert apart(only(finder, pixels).points[chosen], expected) < 0.035 * side


def test_sides_change_in_a_mirror(bodies) -> None:
    find, mirrored = only(bodies, portrait()), only(bodies, portrait()[:, ::-1])
    one, two = (coco17(f.points, "body33") for f in (find, mirrored))
    for name in ("eye", "ear", "shoulder"):
        left, right = COCO17.index(f"left_{name}"), COCO17.index(f"right_{name}")
        expected = (512 - one[right][0], one[right][1])
        assert apart(two[left][:2], expected) < 20


def test_a_drawn_hand_is_found_to_a_few_pixels_and_known_for_a_left_one(hands) -> None:
    at, side = (180, 60), 160
    find = only(hands, placed(hand(side), (640, 360), at, side))
    for name, drawn in FINGERS.items():
        tip = find.points[HAND21.index(f"{name}_tip")]
        assert apart(tip, np.array(drawn[-1]) * side + at) < 0.04 * side
    assert find.facts["right"] < 0.2
    assert find.world is not None
    assert 0.05 < np.ptp(find.world[:, 1]) < 0.25


def test_closed_eyes_and_an_open_mouth_are_told_from_the_points(faces) -> None:
    points = only(faces, portrait()).points[:, :3].copy()
    still = expression(points)
    for one, two in ((385, 380), (387, 373)):
        points[one] = points[two] = (points[one] + points[two]) / 2
    points[14, 1] += 25
    told = expression(points)
    assert told["blink_left"] == 1.0
    assert told["blink_right"] == still["blink_right"]
    assert told["jaw_open"] > still["jaw_open"] + 0.4
    assert expression(points * 3 + 100) == pytest.approx(told, abs=1e-6)


# --- Following ------------------------------------------------------------------------------------


class Scripted:
    """A Finder whose finds are given, frame by frame: x of each, or ``None`` for out of sight."""

    def __init__(self, *tracks: list[float | None]) -> None:
        self.tracks, self.frame, self.searches = tracks, -1, 0

    def step(self, tracker: Tracker, cut: bool = False) -> list[int]:
        self.frame += 1
        return [f.number for f in tracker.step(picture(np.zeros((8, 8, 3), np.uint8)), cut)]

    def here(self) -> list[Find]:
        return [find_at(t[self.frame]) for t in self.tracks if t[self.frame] is not None]

    def search(self, _picture) -> list[Region]:
        self.searches += 1
        return [find.region for find in self.here()]

    def look(self, _picture, region: Region) -> Find | None:
        near = [find for find in self.here() if abs(find.region.x - region.x) < 20]
        return min(near, key=lambda find: abs(find.region.x - region.x)) if near else None


def find_at(x: float, number: int = 0, sure: float = 1.0) -> Find:
    points = np.array([[x + a, b, 0.0, sure] for a in (-20, 20) for b in (-40, 40)])
    return Find(points, 1.0, Region(x, 0.0, 80.0, 80.0), number=number)


def test_a_track_keeps_its_number_out_of_sight_and_loses_it_at_a_cut() -> None:
    path = [float(5 * n) for n in range(12)]
    gap = [x if n not in (4, 5, 6) else None for n, x in enumerate(path)]
    script, tracker = Scripted(gap), Tracker(Scripted(gap), 4, 6, 24)
    tracker._finder = script
    numbers = [script.step(tracker, cut=n == 9) for n in range(12)]
    assert numbers == [[1]] * 4 + [[]] * 3 + [[1]] * 2 + [[2]] * 3


def test_two_that_walk_side_by_side_keep_their_numbers_and_a_third_gets_its_own() -> None:
    script = Scripted(
        [float(3 * n) for n in range(20)],
        [200.0 - 2 * n for n in range(20)],
        [None] * 8 + [400.0] * 12,
    )
    tracker = Tracker(script, 4, 6, 24)
    numbers = [script.step(tracker) for _ in range(20)]
    assert numbers[0] == [1, 2]
    assert numbers[-1] == [1, 2, 3]
    assert script.searches <= 5


def test_no_more_are_followed_than_were_asked_for() -> None:
    script = Scripted([0.0] * 3, [200.0] * 3, [400.0] * 3)
    tracker = Tracker(script, 2, 6, 24)
    assert [script.step(tracker) for _ in range(3)] == [[1, 2]] * 3


def frames_of(xs: list[float | None]) -> list[Frame]:
    return [Frame(n, finds=[] if x is None else [find_at(x, 1)]) for n, x in enumerate(xs)]


def middles(frames: list[Frame]) -> list[float]:
    return [frame.finds[0].points[:, 0].mean() for frame in frames if frame.finds]


def test_short_gaps_are_bridged_and_flagged_and_long_ones_are_left() -> None:
    xs: list[float | None] = [float(10 * n) for n in range(30)]
    xs[5:8] = [None] * 3
    xs[15:22] = [None] * 7
    made = list(filled(frames_of(xs), 4))
    assert [frame.number for frame in made] == list(range(30))
    assert [n for n, frame in enumerate(made) if frame.finds and frame.finds[0].filled] == [5, 6, 7]
    assert [made[n].finds[0].points[:, 0].mean() for n in (5, 6, 7)] == [50, 60, 70]
    assert made[6].finds[0].points[0, 3] == 0.5
    assert all(not made[n].finds for n in range(15, 22))


def test_smoothing_takes_out_jitter_without_lag_or_loss_of_height() -> None:
    time = np.arange(96) / 24
    clean = 100 * np.sin(2 * np.pi * 1.0 * time)
    noise = np.random.default_rng(5).normal(0, 3, 96)
    calm = np.array(middles(list(smoothed(frames_of((clean + noise).tolist()), 3))))
    inner = slice(4, -4)
    assert np.std((calm - clean)[inner]) < 0.68 * np.std(noise[inner])
    later = [np.abs(calm[8:-8] - clean[8 + lag : 96 - 8 + lag]).mean() for lag in (-1, 0, 1)]
    assert np.argmin(later) == 1
    still = np.array(middles(list(smoothed(frames_of(clean.tolist()), 3))))
    assert np.abs(still - clean)[inner].max() < 1.0


def test_an_unsure_outlier_is_pulled_back_to_its_track() -> None:
    frames = frames_of([0.0] * 9)
    frames[4].finds[0] = find_at(30.0, 1, sure=0.05)
    assert abs(middles(list(smoothed(frames, 3)))[4]) < 3


def strip(frames: int = 12, step: int = 5) -> list[np.ndarray]:
    return [placed(portrait(), GROUND, (10 + step * n, 40), SIDE) for n in range(frames)]


def test_a_moving_person_keeps_one_number_and_moves_as_far_as_the_picture(tmp_path: Path) -> None:
    clip = movie(tmp_path / "clip.mkv", strip())
    made = run("pose.estimate/mediapipe", tmp_path / "pose", {"video": clip})
    head, *told = lines(made["pose"])
    assert (head["schema"], head["width"], head["height"]) == ("farm.pose/1", *GROUND)
    assert (head["points"], head["fps"]) == (BODY33, "24")
    assert [[person["id"] for person in line["persons"]] for line in told] == [[1]] * 12
    noses = np.array([line["persons"][0]["points"][0][:2] for line in told])
    assert np.abs((noses - noses[0]) - np.arange(12)[:, None] * (5, 0)).max() < 4
    assert report(made)["tracks"] == [{"id": 1, "first": 0, "last": 11, "seen": 12, "filled": 0}]
    person = told[3]["persons"][0]
    points = np.array(person["points"])
    assert np.allclose(person["coco17"], coco17(points, "body33"), atol=0.01)
    neck = np.array(person["openpose18"])[OPENPOSE18.index("neck")]
    assert apart(neck[:2], points[SHOULDERS, :2].mean(axis=0)) < 0.02


def test_two_persons_and_a_cut(tmp_path: Path) -> None:
    def pair(shift: int) -> np.ndarray:
        left = placed(portrait(), (640, 300), (4 + shift, 40), 260)
        right = placed(portrait()[:, ::-1], (640, 300), (370, 40), 260)
        return np.where(np.arange(640)[None, :, None] < 330, left, right)

    frames = [pair(n) for n in range(4)] + [np.ascontiguousarray(pair(9)[::-1, ::-1])] * 2
    clip = movie(tmp_path / "clip.mkv", frames)
    made = run("pose.estimate/mediapipe", tmp_path / "pose", {"video": clip}, {"smooth": 0})
    _, *told = lines(made["pose"])
    assert [[person["id"] for person in line["persons"]] for line in told[:4]] == [[1, 2]] * 4
    assert report(made)["cuts"] == [4]
    assert told[4]["cut"]
    later = {person["id"] for line in told[4:] for person in line["persons"]}
    assert not later & {1, 2}


def test_faces_and_hands_are_followed_in_the_same_form(tmp_path: Path) -> None:
    clip = movie(tmp_path / "clip.mkv", strip(4))
    made = run("face.landmarks/mediapipe", tmp_path / "face", {"video": clip})
    head, *told = lines(made["face"])
    assert (head["schema"], head["layout"]) == ("farm.face/1", "face468")
    assert [[face["id"] for face in line["faces"]] for line in told] == [[1]] * 4
    assert 0.3 < told[2]["faces"][0]["expression"]["smile"] <= 1
    frames = [placed(hand(160), (640, 360), (180 + 4 * n, 60), 160) for n in range(4)]
    clip = movie(tmp_path / "hands.mkv", frames)
    made = run("hands.landmarks/mediapipe", tmp_path / "hands", {"video": clip})
    head, *told = lines(made["hands"])
    assert (head["schema"], head["points"]) == ("farm.hands/1", HAND21)
    assert [[h["side"] for h in line["hands"]] for line in told] == [["left"]] * 4
    assert len({h["id"] for line in told for h in line["hands"]}) == 1


# --- What is there when nobody is ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "port", "size"),
    [
        ("pose.estimate/mediapipe", "pose", (90, 160)),
        ("face.landmarks/mediapipe", "face", (64, 48)),
        ("hands.landmarks/mediapipe", "hands", (16, 16)),
    ],
)
def test_black_frames_give_empty_lines_and_a_note(tmp_path, name, port, size) -> None:
    clip = movie(tmp_path / "clip.mkv", [np.zeros((size[1], size[0], 3), np.uint8)] * 3)
    made = run(name, tmp_path / "made", {"video": clip})
    head, *told = lines(made[port])
    of = report(made)["of"]
    assert (head["width"], head["height"]) == size
    assert [line[of] for line in told] == [[], [], []]
    assert report(made)["notes"] == [f"no {of} were found in any frame"]


def test_a_single_upright_frame_is_a_film_too(tmp_path: Path) -> None:
    clip = movie(tmp_path / "clip.mkv", [placed(portrait(), (300, 500), (0, 100), 300)])
    made = run("pose.estimate/mediapipe", tmp_path / "pose", {"video": clip})
    (line,) = lines(made["pose"])[1:]
    assert (
        apart(np.array(line["persons"][0]["points"][0]), np.array(NOSE) * 300 / 512 + (0, 100)) < 8
    )
    matte = run("matte.person/mediapipe", tmp_path / "matte", {"video": clip})["matte"]
    assert [plane.shape for plane in read_maps(matte, "matte")] == [(500, 300)]


def test_a_tiny_face_is_found_in_a_large_picture(faces) -> None:
    find = only(faces, placed(portrait(), (1280, 720), (700, 300), 160))
    assert (
        apart(find.points[[33, 263]].mean(axis=0), EYES.mean(axis=0) * 160 / 512 + (700, 300)) < 3
    )


def test_following_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    clip = movie(tmp_path / "clip.mkv", strip(6))
    with pytest.raises(TaskCancelled):
        run("pose.estimate/mediapipe", tmp_path / "pose", {"video": clip}, cancel_after=2)


def test_the_same_film_gives_the_same_bytes(tmp_path: Path) -> None:
    clip = movie(tmp_path / "clip.mkv", strip(3))
    for name, port in (("pose.estimate/mediapipe", "pose"), ("matte.person/mediapipe", "matte")):
        made = [run(name, tmp_path / f"{port}{n}", {"video": clip})[port] for n in range(2)]
        assert made[0].read_bytes() == made[1].read_bytes()


# --- Files of points ------------------------------------------------------------------------------


def test_points_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = posed(tmp_path / "pose.jsonl", [skeleton(), skeleton(swing=0.5)])
    header, frames = read(path, "persons", "pose")
    one, two = frames
    assert (header.width, header.fps, header.layout) == (640, 24, "body33")
    assert np.allclose(two.finds[0].points[:, :3], shifted(skeleton(swing=0.5)), atol=0.006)
    assert one.finds[0].number == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "points.schema"),
        ('{"schema":"farm.face/1"}', "points.schema"),
        ('{"schema":"farm.pose/1"}', "points.damaged"),
        ("no json", "points.damaged"),
        ("[1]", "points.damaged"),
    ],
)
def test_what_is_no_file_of_points_is_refused(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "pose.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        run("pose.render/farm_vision", tmp_path / "control", {"pose": path})
    assert refused.value.code == code


@pytest.mark.parametrize("bad", ["NaN", "1e999", '"x"', "[1,2]"])
def test_points_that_are_no_numbers_are_refused_with_their_line(tmp_path: Path, bad: str) -> None:
    path = posed(tmp_path / "pose.jsonl", [skeleton()] * 2)
    head, one, two = path.read_text(encoding="utf-8").splitlines()
    first = json.dumps(json.loads(two)["persons"][0]["points"][0][0])
    path.write_text("\n".join([head, one, two.replace(f"[[{first},", f"[[{bad},", 1)]) + "\n")
    with pytest.raises(InputError, match="line 3") as refused:
        run("pose.render/farm_vision", tmp_path / "control", {"pose": path})
    assert refused.value.code == "points.damaged"


# --- The control video ----------------------------------------------------------------------------


def pixels_of(path: Path, form: str = "rgb24") -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=form) for frame in container.decode(video=0)]


def test_a_skeleton_is_drawn_in_openposes_colours_where_its_points_are(tmp_path: Path) -> None:
    path = posed(tmp_path / "pose.jsonl", [skeleton(scale=200), skeleton(scale=200, swing=1.2)])
    control = run("pose.render/farm_vision", tmp_path / "control", {"pose": path})["control"]
    one, two = pixels_of(control)
    assert one.shape == (480, 640, 3)
    at = dict(zip(BODY33, shifted(skeleton(scale=200)).astype(int), strict=True))
    points = {"nose": (255, 0, 0), "right_elbow": (255, 255, 0), "left_knee": (0, 0, 255)}
    for name, colour in points.items():
        assert np.abs(one[at[name][1], at[name][0]].astype(int) - colour).max() <= 2
    middle = (at["left_knee"] + at["left_hip"]) // 2
    assert np.abs(one[middle[1], middle[0]].astype(int) - (0, 102, 153)).max() <= 2
    assert (one.sum(axis=2) == 0).mean() > 0.9
    assert not np.array_equal(one, two)


def test_what_nobody_is_sure_of_is_not_drawn(tmp_path: Path) -> None:
    header = Header("persons", 64, 64, Fraction(24), "coco17", "test")
    points = np.concatenate([np.full((17, 2), 32.0), np.zeros((17, 1)), np.full((17, 1), 0.2)], 1)
    points[0] = (10, 12, 0, 0.9)
    find = Find(points, 1.0, Region(0, 0, 1, 1), number=1)
    path = tmp_path / "pose.jsonl"
    Written(header).write(path, iter([Frame(0, finds=[find])]))
    (drawn,) = pixels_of(run("pose.render/farm_vision", tmp_path / "c", {"pose": path})["control"])
    lit = np.argwhere(drawn.sum(axis=2) > 0)
    assert np.abs(lit - (12, 10)).max() <= 5
    assert tuple(drawn[12, 10]) == (255, 0, 0)


def test_faces_of_another_film_are_refused_and_fewer_frames_too(tmp_path: Path) -> None:
    pose = posed(tmp_path / "pose.jsonl", [skeleton()] * 2)
    for name, size, count in (("other", 320, 2), ("short", 640, 1)):
        face = tmp_path / f"{name}.jsonl"
        header = Header("faces", size, 480, Fraction(24), "face468", "test")
        Written(header).write(face, (Frame(n) for n in range(count)))
        with pytest.raises(InputError) as refused:
            run("pose.render/farm_vision", tmp_path / name, {"pose": pose, "face": face})
        assert refused.value.code == "points.other-film"


# --- Another body ---------------------------------------------------------------------------------


def retargeted(folder: Path, source: list[np.ndarray], character: np.ndarray, params=None, **how):
    inputs = {
        "pose": posed(folder / "source.jsonl", source, **how),
        "character": posed(folder / "character.jsonl", [character], **how),
    }
    made = run("pose.retarget/farm_vision", folder / "made", inputs, params)
    _, frames = read(made["pose"], "persons", "pose")
    return [frame.finds[0] for frame in frames], report(made)


@pytest.mark.parametrize("world", [True, False])
def test_bones_take_the_characters_length_and_keep_their_direction(tmp_path, world: bool) -> None:
    source = [skeleton(swing=angle) for angle in (0.0, 0.6, 1.4)]
    finds, told = retargeted(tmp_path, source, skeleton(legs=1.4, arms=0.7), world=world)
    by = told["ratios"]["1"]
    assert by["thigh"] == pytest.approx(1.4, abs=0.01)
    assert by["upper_arm"] == pytest.approx(0.7, abs=0.01)
    assert by["shoulders"] == pytest.approx(1.0, abs=0.01)
    for find, angle in zip(finds, (0.0, 0.6, 1.4), strict=True):
        truth = skeleton(legs=1.4, arms=0.7, swing=angle)
        found, expected = (lengths(joints(p[:, :2], "body33")) for p in (find.points, truth))
        for part in ("torso", "thigh", "shin", "upper_arm", "forearm"):
            assert found[part] == pytest.approx(expected[part], rel=0.02)
        # Feet stand where they stood, and the arm is raised as far.
        assert apart(find.points[:, :2], truth[:, :2] + (320, 460)) < 3


def test_hips_may_be_held_instead_of_feet(tmp_path: Path) -> None:
    (find,), _ = retargeted(tmp_path, [skeleton()], skeleton(legs=1.4), {"hold": "hips"})
    hips = joints(find.points[:, :2], "body33")["hips"]
    assert apart(hips, (320, 460 - 84)) < 0.1
    assert find.points[BODY33.index("left_ankle"), 1] == pytest.approx(460 + 0.4 * 84, abs=1)


def test_a_motion_can_be_put_into_the_characters_own_picture(tmp_path: Path) -> None:
    inputs = {
        "pose": posed(tmp_path / "a.jsonl", [skeleton(), shifted(skeleton(), (20, 0))]),
        "character": posed(tmp_path / "b.jsonl", [skeleton(scale=50)], at=(100.0, 200.0)),
    }
    made = run("pose.retarget/farm_vision", tmp_path / "m", inputs, {"size": "character"})
    _, frames = read(made["pose"], "persons", "pose")
    one, two = (frame.finds[0].points for frame in frames)
    assert apart(one[:, :2], shifted(skeleton(scale=50), (100, 200))[:, :2]) < 0.5
    assert np.allclose(two[:, :2] - one[:, :2], (10, 0), atol=0.05)


def test_a_character_that_shows_no_person_and_an_unknown_person_are_refused(tmp_path: Path) -> None:
    pose = posed(tmp_path / "pose.jsonl", [skeleton()])
    nobody = tmp_path / "nobody.jsonl"
    header = Header("persons", 64, 64, Fraction(24), "body33", "test")
    Written(header).write(nobody, iter([Frame(0)]))
    for inputs, params, code in (
        ({"pose": pose, "character": nobody}, {}, "pose.no-character"),
        ({"pose": pose, "character": pose}, {"person": 9}, "pose.no-person"),
    ):
        with pytest.raises(InputError) as refused:
            run("pose.retarget/farm_vision", tmp_path / "made", inputs, params)
        assert refused.value.code == code


# --- Mattes ---------------------------------------------------------------------------------------


def outline() -> np.ndarray:
    image = Image.new("L", (512, 512))
    ImageDraw.Draw(image).polygon(OUTLINE, fill=1)
    return np.asarray(image).astype(bool)


@pytest.fixture(scope="module")
def segmenter() -> Network:
    return nets("mediapipe-selfie", "selfie_segmentation")[0]


def test_the_matte_covers_the_person_and_its_edge_lies_on_the_pictures(segmenter) -> None:
    matte = Matting(segmenter, MatteParams())(picture(portrait()))
    truth = outline()
    assert (truth & (matte > 0.5)).sum() / (truth | (matte > 0.5)).sum() > 0.94
    assert matte[:100, 330:].max() < 0.05
    assert matte[300:330, 150:250].min() > 0.98
    soft = Matting(segmenter, MatteParams(refine=0.0))(picture(portrait()))
    across = slice(200, 250)
    # Hair against a bright wall: the refined edge is steeper than that of the small network.
    steep = [np.abs(np.diff(m[5:30, across], axis=0)).max(axis=0).mean() for m in (matte, soft)]
    assert steep[0] > 1.3 * steep[1]


def test_noise_does_not_make_the_matte_flicker(segmenter) -> None:
    noise = np.random.default_rng(2)

    def flicker(params: MatteParams) -> float:
        matting, mattes = Matting(segmenter, params), []
        for _ in range(5):
            rough = portrait()[::2, ::2] + noise.normal(0, 14, (256, 256, 3))
            mattes.append(matting(picture(np.clip(rough, 0, 255).astype(np.uint8))))
        return float(np.abs(np.diff(mattes[1:], axis=0)).mean())

    assert flicker(MatteParams(steady=0.7)) < 0.75 * flicker(MatteParams(steady=0.0))


def test_a_matte_moves_with_the_person_and_nothing_is_dragged_behind(tmp_path: Path) -> None:
    clip = movie(tmp_path / "clip.mkv", [strip(6, 12)[n] for n in range(6)])
    made = run("matte.person/mediapipe", tmp_path / "matte", {"video": clip})
    last = list(read_maps(made["matte"], "matte"))[-1] / 65535
    alone = movie(tmp_path / "alone.mkv", strip(6, 12)[5:])
    alone = run("matte.person/mediapipe", tmp_path / "alone", {"video": alone})["matte"]
    (fresh,) = (plane / 65535 for plane in read_maps(alone, "matte"))
    assert ((last > 0.5) != (fresh > 0.5)).mean() < 0.01
    told = report(made)
    assert (told["schema"], told["frames"], told["pixel_format"]) == ("farm.matte/1", 6, "gray16le")


def test_nobody_gives_an_empty_matte_and_a_note(tmp_path: Path) -> None:
    clip = movie(tmp_path / "clip.mkv", [np.zeros((48, 64, 3), np.uint8)] * 2)
    made = run("matte.person/mediapipe", tmp_path / "matte", {"video": clip})
    assert all(plane.max() < 3000 for plane in read_maps(made["matte"], "matte"))
    assert report(made)["notes"] == ["no person was found in any frame"]


def test_a_cutout_has_the_films_colours_and_the_mattes_alpha(tmp_path: Path) -> None:
    red = np.zeros((40, 64, 3), np.uint8)
    red[:, :32], red[:, 32:] = (200, 30, 20), (0, 0, 250)
    ramp = np.clip((34 - np.arange(64)) / 4, 0, 1)
    mixed = (ramp[None, :, None] * red[:, :1] + (1 - ramp)[None, :, None] * red[:, -1:]) + 0.5
    clip = movie(tmp_path / "clip.mkv", [mixed.astype(np.uint8)] * 2)
    levels = np.tile((ramp * 65535).round().astype(np.uint16), (40, 1))
    write_maps(tmp_path / "matte.mkv", repeat(levels, 2), Fraction(24))
    inputs = {"video": clip, "matte": tmp_path / "matte.mkv"}
    clean, _ = pixels_of(run("matte.cutout/farm_vision", tmp_path / "a", inputs)["alpha"], "rgba")
    plain, _ = pixels_of(
        run("matte.cutout/farm_vision", tmp_path / "b", inputs, {"clean": False})["alpha"], "rgba"
    )
    assert np.array_equal(clean[..., 3], np.tile((ramp * 255).round().astype(np.uint8), (40, 1)))
    assert np.array_equal(plain[..., :3], mixed.astype(np.uint8))
    edge = 33  # A quarter covered: it looked blue, and is red.
    assert clean[20, edge, 0] > clean[20, edge, 2]
    assert plain[20, edge, 0] < plain[20, edge, 2]


@pytest.mark.parametrize(("size", "count"), [((40, 64), 1), ((40, 64), 3), ((20, 64), 2)])
def test_a_matte_of_another_film_is_refused(tmp_path: Path, size, count: int) -> None:
    clip = movie(tmp_path / "clip.mkv", [np.zeros((40, 64, 3), np.uint8)] * 2)
    write_maps(tmp_path / "m.mkv", repeat(np.zeros(size, np.uint16), count), Fraction(24))
    inputs = {"video": clip, "matte": tmp_path / "m.mkv"}
    with pytest.raises(InputError) as refused:
        run("matte.cutout/farm_vision", tmp_path / "a", inputs)
    assert refused.value.code == "matte.other-film"


# --- VitPose --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> WarmModels:
    """RT-DETR and VitPose with tiny random weights, in the form they come in."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 16, 16],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = transformers.RTDetrV2Config(
        backbone_config=backbone,
        encoder_hidden_dim=16,
        encoder_in_channels=[8, 16, 16],
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        num_queries=10,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=2,
        decoder_attention_heads=2,
        num_feature_levels=3,
        num_denoising=0,
        id2label={0: "cat", 1: "person"},
        label2id={"cat": 0, "person": 1},
        feat_strides=[8, 16, 32],
    )
    transformers.RTDetrV2ForObjectDetection(config).save_pretrained(folder / "detector")
    size = {"height": 64, "width": 64}
    transformers.RTDetrImageProcessorPil(size=size).save_pretrained(folder / "detector")
    backbone = transformers.VitPoseBackboneConfig(
        image_size=[64, 48],
        patch_size=[16, 16],
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        mlp_ratio=2,
        out_indices=[2],
        num_experts=1,
        part_features=0,
    )
    labels = dict(enumerate(COCO17))
    model = transformers.VitPoseForPoseEstimation(
        transformers.VitPoseConfig(
            backbone_config=backbone,
            num_labels=17,
            id2label=labels,
            label2id={name: n for n, name in labels.items()},
            use_simple_decoder=True,
        )
    )
    with torch.no_grad():
        model.head.conv.bias.fill_(0.7)  # So that random heat is sure enough to be kept.
    model.save_pretrained(folder / "pose")
    size = {"height": 64, "width": 48}
    transformers.VitPoseImageProcessorPil(size=size).save_pretrained(folder / "pose")

    class Tiny(WarmModels):
        def files(self, name: str) -> Path:
            return folder / {"rtdetr-r50": "detector", "vitpose-base": "pose"}[name]

    return Tiny()


def test_vitpose_tells_its_points_in_the_same_schema(tmp_path: Path, tiny) -> None:
    clip = movie(tmp_path / "clip.mkv", [placed(portrait(), (96, 80), (8, 8), 64)] * 3)
    stage = "pose.estimate/vitpose"
    made = [
        run(stage, tmp_path / f"p{n}", {"video": clip}, {"least": 0.0, "most": 2}, models=tiny)
        for n in range(2)
    ]
    head, *told = lines(made[0]["pose"])
    assert (head["layout"], head["points"], head["provider"]) == ("coco17", COCO17, "vitpose")
    person = told[0]["persons"][0]
    assert np.array(person["points"]).shape == (17, 4)
    assert np.allclose(openpose18(np.array(person["coco17"])), person["openpose18"], atol=0.01)
    assert len(told) == 3
    assert made[0]["pose"].read_bytes() == made[1]["pose"].read_bytes()
    control = run("pose.render/farm_vision", tmp_path / "c", {"pose": made[0]["pose"]})["control"]
    assert len(pixels_of(control)) == 3


def test_every_pipeline_of_people_is_planned_with_what_is_always_there() -> None:
    registry = load_plugins()
    offers = {stage_id: [[]] for stage_id in registry.stages}
    facts = MediaFacts(frames=12, fps=Fraction(24), duration_s=0.5, width=64, height=48)
    clip = Artifact("c" * 64, MediaKind.VIDEO, 1000, ".mkv", facts)
    for pipeline in ("pose", "whole-body", "face", "matte", "retarget"):
        inputs = {"video": [clip]} | ({"character": [clip]} if pipeline == "retarget" else {})
        fields = {"farm": 1, "pipeline": pipeline, "inputs": dict.fromkeys(inputs, "clip.mkv")}
        made = plan(
            manifest_from(fields, name="test"),
            registry.pipeline(pipeline),
            registry,
            inputs=inputs,
            offers=offers,
        )
        assert "vitpose" not in {stage.provider for stage in made.stages}
        assert len(made.stages) >= 2


def test_the_same_parameters_choose_the_same_models() -> None:
    stage = STAGES["pose.estimate/vitpose"]
    names = stage.models(stage.params(detector="a", estimator="b"))
    assert names == ("a", "b")
    assert replace(stage, models=names).models == ("a", "b")
