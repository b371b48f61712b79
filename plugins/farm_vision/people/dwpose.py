"""Whole bodies by DWPose: YOLOX finds persons, RTMPose their 133 points; both ONNX files.

Invariant: the files are those of one model of the store and nothing is asked of a network; what the
models give is told in the same schema, with COCO-WholeBody's points.

Sources: Z. Yang et al., "Effective Whole-body Pose Estimation with Two-stages Distillation", 2023; Z.
Ge et al., "YOLOX: Exceeding YOLO Series in 2021", 2021; Y. Li et al., "SimCC: a Simple Coordinate
Classification Perspective for Human Pose Estimation", 2022.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import FarmError, MissingExtra, Result, Task
from farm.media.planes import Picture
from farm_vision.people.follow import followed
from farm_vision.people.params import DwPoseParams
from farm_vision.people.regions import Points, Region, sampled
from farm_vision.people.tracks import Find

DETECTOR, ESTIMATOR = "yolox_l.onnx", "dw-ll_ucoco_384.onnx"
"""Names of the files as they are published."""
POINTS, BODY = 133, 17
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_SPREAD = np.array([58.395, 57.12, 57.375], np.float32)
_GREY = 114.0
_OVERLAP, _LOOSE = 0.45, 1.25
_KEPT = 0.3
"""Mean confidence of the body's points below which a person is lost."""
_BINS = 2.0
"""Places a pixel of the estimator's picture is told in."""
_STRIDES = (8, 16, 32)
Values = NDArray[np.float32]


def run(task: Task[DwPoseParams]) -> Result:
    """``pose.estimate`` with the model that the parameters name."""
    params = task.params
    folder = task.models.files(params.model)
    paths = folder / DETECTOR, folder / ESTIMATOR
    size_mb = round(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6 * 1.5) + 50
    finder = task.models.get(
        f"dwpose:{folder}:{task.device}:{params.least}",
        lambda: DwPose(*paths, task.device, task.threads, params.least),
        size_mb=size_mb,
    )
    return followed(task, finder, "persons", "wholebody133", "pose", "dwpose")


class DwPose:
    """A Finder of persons. least : score from which something is taken for a person."""

    def __init__(
        self, detector: Path, estimator: Path, device: str, threads: int, least: float
    ) -> None:
        """Load both networks. Raises MissingExtra, FarmError."""
        self._detector = _session(detector, device, threads)
        self._estimator = _session(estimator, device, threads)
        self._least = least
        (seen,) = self._detector.get_inputs()
        (cropped,) = self._estimator.get_inputs()
        self._seen_as, self._cropped_as = seen.name, cropped.name
        self._side: tuple[int, int] = (int(seen.shape[2]), int(seen.shape[3]))
        self._crop: tuple[int, int] = (int(cropped.shape[2]), int(cropped.shape[3]))
        self._cells, self._steps = _grid(self._side)

    def search(self, picture: Picture) -> list[Region]:
        """Upright boxes of persons in the whole picture, the surest first."""
        layout = picture.layout
        rows, columns = self._side
        scale = min(columns / layout.width, rows / layout.height)
        # The picture lies in the upper left corner; grey is beside it.
        shown = Region(columns / scale / 2, rows / scale / 2, columns / scale, rows / scale)
        pixels = sampled(picture, shown, self._side, 0.0, 255.0)
        pixels[round(layout.height * scale) :] = _GREY
        pixels[:, round(layout.width * scale) :] = _GREY
        given = np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1)[None])
        (told,) = self._detector.run(None, {self._seen_as: given})[:1]
        raw = np.asarray(told[0], np.float64)
        middles = (raw[:, :2] + self._cells) * self._steps
        sizes = np.exp(np.clip(raw[:, 2:4], -20, 12)) * self._steps
        scores = raw[:, 4] * raw[:, 5]
        kept = np.isfinite(raw).all(axis=1) & (scores >= self._least)
        boxes = np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1)[kept] / scale
        boxes = np.clip(boxes, 0, [layout.width, layout.height] * 2)
        scores = scores[kept]
        return [_region(boxes[at]) for at in _apart(boxes, scores) if _is_whole(boxes[at])]

    def look(self, picture: Picture, region: Region) -> Find | None:
        """The points of the person in a box."""
        rows, columns = self._crop
        wide = max(region.width, region.height * columns / rows) * _LOOSE
        shown = Region(region.x, region.y, wide, wide * rows / columns)
        pixels = (sampled(picture, shown, self._crop, 0.0, 255.0) - _MEAN) / _SPREAD
        given = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)
        across, down = self._estimator.run(None, {self._cropped_as: given})[:2]
        points = np.zeros((POINTS, 4))
        points[:, 0], sure_x = _peak(across[0], columns)
        points[:, 1], sure_y = _peak(down[0], rows)
        sure = np.clip(np.minimum(sure_x, sure_y), 0.0, 1.0)
        points = shown.outside(points)
        points[:, 3] = sure
        score = float(sure[:BODY].mean())
        if not (score > _KEPT and np.isfinite(points).all()):
            return None
        return Find(points, score, _around(points[:BODY]))


def _session(path: Path, device: str, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra(
            "onnxruntime is not installed",
            where="pose.estimate/dwpose",
            mend="pip install 'farm[speech]'",
            code="vision.extra",
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    kind, _, number = device.partition(":")
    wanted: list[Any] = ["CPUExecutionProvider"]
    if kind == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        wanted.insert(0, ("CUDAExecutionProvider", {"device_id": int(number or 0)}))
    try:
        made = onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except Exception as error:  # Its errors have no root but this.
        raise _unfit(path, "a network that can be loaded", str(error)) from error
    shapes = [tuple(given.shape) for given in made.get_inputs()]
    fixed = len(shapes) == 1 and len(shapes[0]) == 4
    if not fixed or not all(isinstance(side, int) and side >= 32 for side in shapes[0][2:]):
        raise _unfit(path, "one input (1, 3, height, width) of fixed size", str(shapes))
    return made


def _unfit(path: Path, expected: str, got: str) -> FarmError:
    return FarmError(
        "the network does not fit",
        where=path.name,
        expected=expected,
        got=got[:300],
        mend=f"Declare DWPose's own files, {DETECTOR} and {ESTIMATOR}.",
        code="model.load",
    )


def _grid(side: tuple[int, int]) -> tuple[Points, Points]:
    """Column and row of each of the detector's cells (N, 2), and its pixels (N, 1)."""
    cells, steps = [], []
    for stride in _STRIDES:
        down, across = np.mgrid[: side[0] // stride, : side[1] // stride]
        cells.append(np.stack([across, down], -1).reshape(-1, 2))
        steps.append(np.full((down.size, 1), stride))
    return np.concatenate(cells).astype(float), np.concatenate(steps).astype(float)


def _apart(boxes: Points, scores: Points) -> list[int]:
    """The boxes that no surer one covers, the surest first."""
    kept: list[int] = []
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    for at in np.argsort(-scores, kind="stable"):
        low = np.maximum(boxes[kept, :2], boxes[at, :2])
        high = np.minimum(boxes[kept, 2:], boxes[at, 2:])
        shared = np.prod(np.maximum(high - low, 0.0), axis=1)
        if (shared < _OVERLAP * np.maximum(areas[kept] + areas[at] - shared, 1e-9)).all():
            kept.append(int(at))
    return kept


def _peak(told: Values, size: int) -> tuple[Points, Points]:
    """Place of each point along a side, 0 to 1, and how sure it is. told : (points, places)."""
    at = told.argmax(axis=1)
    return at / _BINS / size, told[np.arange(len(told)), at].astype(np.float64)


def _region(box: Points) -> Region:
    left, top, right, bottom = map(float, box)
    return Region((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def _is_whole(box: Points) -> bool:
    return bool(np.isfinite(box).all() and box[2] - box[0] > 2 and box[3] - box[1] > 2)


def _around(points: Points) -> Region:
    """The box of the next picture: around the sure points, with room for hands and head."""
    sure = points[points[:, 3] > _KEPT]
    chosen = sure if len(sure) > 2 else points
    region = _region(np.concatenate([chosen[:, :2].min(axis=0), chosen[:, :2].max(axis=0)]))
    side = max(region.width, region.height, 4.0)
    wide, high = max(region.width, 0.3 * side), max(region.height, 0.3 * side)
    return Region(region.x, region.y, 1.15 * wide, 1.15 * high)
