"""The stage ``character.animate``: a picture, moved, lit and filmed, one window of frames at a time.

Invariant: frame ``n`` follows from the inputs, the seed and ``n`` alone, whichever window it is made
in; a character at rest, in no light and before a still camera is its own picture.

1. Bring picture, matte, plate and points together. 2. Take the cut-out apart and hang it on its bones.
3. For each frame find the pose, the mouth, the light and the view, and draw from back to front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from farm import FarmError, Result, Task
from farm.media.film import write_lossless
from farm.media.light import picture_of_light
from farm.media.planes import Layout, Picture
from farm_motion_weave.bones import CHEST, ENDS, Body
from farm_motion_weave.character import Character, CutOut, pictured
from farm_motion_weave.drawing import Canvas
from farm_motion_weave.features import Face, face_of_body, face_of_mesh, lid_at
from farm_motion_weave.hearing import Heard, heard
from farm_motion_weave.idle import Idle
from farm_motion_weave.joints import AT, Points, Track, read_track
from farm_motion_weave.lighting import Setting
from farm_motion_weave.moves import Camera, inverse, moved
from farm_motion_weave.params import AnimateParams, film_frames
from farm_motion_weave.puppet import Puppet, unknown_body
from farm_motion_weave.standing import standing

_REACH = 0.16
"""Half the thickness of a body around its bones, in torsos."""


def run(task: Task[AnimateParams]) -> Result:
    """Write the frames of the window to ``video``."""
    params, window = task.params, task.window
    start, stop = (window.start, window.stop) if window else (0, params.frames or 1)
    target = task.output("video", ".mkv")
    scene = Scene(task, _last(task, stop))

    def frames() -> Iterator[Picture]:
        for number in range(start, stop):
            task.progress(number - start, stop - start, f"frame {number}")
            yield scene.frame(number)

    written = write_lossless(target, frames(), params.rate)
    if written != stop - start:
        raise FarmError(
            "the window has the wrong length",
            where=target.name,
            expected=f"{stop - start} frames",
            got=f"{written}",
            code="weave.length",
        )
    task.progress(1, 1)
    return {"video": target}


def _last(task: Task[AnimateParams], stop: int) -> int:
    """Frames of the whole film: camera and light know where they are in it."""
    params, window = task.params, task.window
    if window is None:
        return stop
    if window.index == window.count - 1:
        return window.stop
    return film_frames(params, task.inputs)  # type: ignore[arg-type]


class Scene:
    """Everything that frames are made of. frames : of the whole film."""

    def __init__(self, task: Task[AnimateParams], frames: int) -> None:
        params = task.params
        self._fps = float(params.rate)
        rest = _track(task, "rest")
        motion = _track(task, "pose")
        at_rest = rest or motion
        self._heard = _heard(task)
        character = pictured(
            task.input("character").path,
            _path(task, "matte"),
            _path(task, "plate"),
            params.width,
            params.height,
            CutOut(*_strokes(at_rest)) if at_rest else CutOut(None, 0.0),
            bust=at_rest is not None and _cut_off(at_rest),
        )
        task.checkpoint()
        if at_rest is None:
            places = unknown_body(character.alpha)
        else:
            places = _within(_placed(at_rest, character).points[0], character)
        body = Body(places)
        duration_s = frames / self._fps
        words = tuple(params.light.split("+"))
        self._setting = Setting(words, task.seed, duration_s)
        self._camera = Camera(
            tuple(params.camera.split("+")),
            task.seed,
            duration_s,
            character.width,
            character.height,
        )
        self._pose: Callable[[float], Points]
        if motion is not None:
            self._pose = standing(_placed(motion, character)).at
        else:
            size = (character.width, character.height)
            self._pose = Idle(places, body.torso, self._heard, task.seed, size).at
        self._puppet = Puppet(character, body, at_rest is not None, self._setting.lit)
        self._face = _face(task, character, places if at_rest is not None else None)
        self._alive = motion is None or bool(len(self._heard.mouths))
        self._character, self._body, self._seed = character, body, task.seed
        self._canvas = Canvas(character.width, character.height)
        self._layout = Layout(
            character.width, character.height, "gbrp", full=True, matrix=0, primaries=1, transfer=13
        )

    def frame(self, number: int) -> Picture:
        """A frame of the film."""
        time_s = number / self._fps
        posed = self._body.posed(self._pose(time_s))
        view = self._camera.at(time_s)
        character = self._character
        middle = moved(
            (posed.maps[1, :, :2] @ self._body.joints[CHEST][:2] + posed.maps[1, :, 2])[None]
            - character.corner,
            view.figure,
        )[0]
        lamps = self._setting.at(
            time_s,
            self._heard.loud(time_s),
            character.width,
            character.height,
            (float(middle[0]), float(middle[1])),
        )
        back = inverse(view.plate)
        back[:, 2] += character.plate_corner
        self._canvas.plate(character.plate, back, lamps)
        lid = self._heard.lid(time_s)
        if lid is None:
            lid = lid_at(time_s, self._seed) if self._alive else 0.0
        mouth = self._heard.mouth(time_s)
        self._puppet.drawn(self._canvas, posed, view, lamps, self._face, mouth, lid)
        return picture_of_light(self._canvas.light, self._layout)


def _path(task: Task[AnimateParams], port: str) -> Path | None:
    files = task.inputs.get(port, ())
    return files[0].path if files else None


def _track(task: Task[AnimateParams], port: str) -> Track | None:
    path = _path(task, port)
    return read_track(path, port) if path else None


def _heard(task: Task[AnimateParams]) -> Heard:
    return heard(_path(task, "features"), _path(task, "visemes"), _path(task, "motion_face"))


def _placed(track: Track, character: Character) -> Track:
    """A track in the pixels of the margined picture."""
    across, down = character.size
    scaled = track.scaled(across / track.width, down / track.height)
    shift = np.zeros(4)
    shift[:2] = character.corner - character.plate_corner
    return Track(scaled.points + shift, track.fps, scaled.width, scaled.height)


def _cut_off(rest: Track) -> bool:
    """Whether the picture ends above the hips."""
    hips = rest.points[0, [AT["left_hip"], AT["right_hip"]], 1]
    return bool(hips.min() > 0.97 * rest.height)


def _within(places: Points, character: Character) -> Points:
    """Joints, those beyond the picture being no more than a guess."""
    places = places.copy()
    low = character.corner - character.plate_corner
    size = np.array(character.size, np.float64)
    outside = np.any((places[:, :2] < low) | (places[:, :2] > low + size), axis=1)
    places[outside, 3] = 0.0
    return places


def _face(task: Task[AnimateParams], character: Character, rest: Points | None) -> Face | None:
    path = _path(task, "face")
    if path is not None:
        shift = character.corner - character.plate_corner
        scale = float(character.size[0]), float(character.size[1])
        found = face_of_mesh(path, scale, shift)
        if found is not None:
            return found
    return None if rest is None else face_of_body(rest, character.light)


def _strokes(rest: Track) -> tuple[Points, float]:
    """Lines along the bones, in shares of the picture, and how thick a body is around them."""
    size = np.array([rest.width, rest.height] * 2, np.float64)
    body = Body(rest.points[0])
    lines = [
        [*body.joints[tail][:2], *body.joints[head][:2]]
        for tail, head in ENDS
        if min(body.sure.get(tail, 1.0), body.sure.get(head, 1.0)) > 0.4
    ]
    reach = _REACH * body.torso / max(rest.width, rest.height)
    return np.array(lines) / size, reach
