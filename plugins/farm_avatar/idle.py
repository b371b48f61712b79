"""The stage ``avatar.idle``: a still picture becomes a few seconds of a person who listens.

Invariant: the loop ends as it begins, its background does not move, and its points lie on the face in
every frame; the same picture gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.maps import read_maps
from farm_avatar.alpha_film import Planes, planes_of, write_planes
from farm_avatar.idle_eyes import eyes_of, lidded
from farm_avatar.idle_field import Person, moved
from farm_avatar.idle_layers import firm, ground, person
from farm_avatar.idle_motion import motion
from farm_avatar.idle_warp import Layers, frame
from farm_avatar.mesh import Face, no_face, read_faces, write_track
from farm_avatar.portrait import picture
from farm_avatar.presenter_params import IdleParams

FPS = Fraction(25)
_COVERED = 0.6


def run(task: Task[IdleParams]) -> Result:
    """Write ``loop`` and the points of its face, ``mesh``. Raises InputError."""
    loop, mesh = task.output("loop", ".mkv"), task.output("mesh", ".jsonl")
    params = task.params
    pixels = picture(task.input("image").path, "image")
    pixels = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
    height, width = pixels.shape[:2]
    face = _face(task, width, height)
    layers, behind = _layers(task, pixels, face)
    luma = pixels @ np.array([0.2126, 0.7152, 0.0722])
    eyes = eyes_of(face.points, luma)
    # A job's seed is another with every word of its lesson; the picture's own chance is not.
    chance = int(task.input("image").hash[:15], 16) + params.variation
    course = motion(round(params.seconds * FPS), float(FPS), params.motion, chance)
    body = Person(face.points, (width, height))
    cut = bool(task.inputs.get("matte")) and params.background == "cut"
    faces: list[Face] = []

    def frames() -> Iterator[Planes]:
        for number in range(len(course)):
            task.progress(number, len(course), f"frame {number}")
            field = body.field(course, number)
            lid, (across, down) = float(course.lid[number]), course.gaze[number]
            made = frame(layers, field, eyes, lid, (float(across), float(down)))
            points = lidded(face.points, eyes[0], lid).copy()
            points[:, :2] = moved(points[:, :2], field)
            degrees = {
                "turn": face.expression.get("turn", 0.0) + float(np.degrees(course.yaw[number])),
                "nod": face.expression.get("nod", 0.0) + float(np.degrees(course.pitch[number])),
                "tilt": face.expression.get("tilt", 0.0) + float(np.degrees(course.roll[number])),
            }
            told = {"blink_left": lid, "blink_right": lid} | degrees
            faces.append(replace(face, points=points, expression=face.expression | told))
            yield _planes(made, behind, cut)

    write_planes(loop, frames(), FPS)
    write_track(mesh, width, height, FPS, faces)
    task.progress(1, 1)
    return {"loop": loop, "mesh": mesh}


def _face(task: Task[IdleParams], width: int, height: int) -> Face:
    faces = read_faces(task.input("face").path, "face")
    if not faces.frames or not faces.frames[0]:
        raise no_face("face")
    scale = np.array([width / faces.width, height / faces.height, width / faces.width])
    face = max(faces.frames[0], key=lambda one: float(np.ptp(one.points[:, 0])))
    return replace(face, points=face.points * scale)


def _layers(
    task: Task[IdleParams], pixels: NDArray[np.uint8], face: Face
) -> tuple[Layers, NDArray[np.float32] | None]:
    """Colours and coverage (4, H, W), 0 to 255, and what stays behind them (3, H, W)."""
    colours = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
    alpha = np.ones(pixels.shape[:2], np.float32)
    behind = None
    if task.inputs.get("matte"):
        matte = next(read_maps(task.input("matte").path, "matte"), None)
        if matte is None or matte.shape != alpha.shape:
            raise InputError(
                "does not belong to the picture",
                where="matte",
                expected=f"{alpha.shape[1]}x{alpha.shape[0]}",
                got="nothing" if matte is None else f"{matte.shape[1]}x{matte.shape[0]}",
                mend="Send the matte of the picture that avatar.portrait made.",
                code="avatar.other-matte",
            )
        alpha = _own(matte.astype(np.float32) / np.float32(65535), face)
        behind = ground(colours, alpha) if task.params.background == "keep" else None
        colours = person(colours, alpha)
    return np.concatenate([colours, alpha[None] * np.float32(255)]), behind


def _own(alpha: NDArray[np.float32], face: Face) -> NDArray[np.float32]:
    """The matte of this person alone. Raises InputError if it misses the face."""
    limits = np.array(alpha.shape[::-1]) - 1
    columns, rows = np.clip(face.points[:, :2].round().astype(int), 0, limits).T
    shares = alpha[rows, columns]
    covered = float(shares.mean())
    if covered < _COVERED:
        raise InputError(
            "does not cover the face",
            where="matte",
            expected=f"{_COVERED:.0%} of it or more",
            got=f"{covered:.0%}",
            mend="Send a picture in which the person stands out, or one without a matte.",
            code="avatar.matte-misses",
        )
    surest = int(np.argmax(shares))
    return firm(alpha, (int(columns[surest]), int(rows[surest])))


def _planes(made: NDArray[np.uint8], behind: NDArray[np.float32] | None, cut: bool) -> Planes:
    if behind is not None:
        share = made[..., 3:].astype(np.float32) / np.float32(255)
        ground = behind.transpose(1, 2, 0)
        made = (ground + share * (made[..., :3] - ground) + np.float32(0.5)).astype(np.uint8)
    elif not cut:
        made = made[..., :3]
    form = "rgba" if made.shape[2] == 4 else "rgb24"
    return planes_of(VideoFrame.from_ndarray(np.ascontiguousarray(made), format=form))
