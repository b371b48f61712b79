"""Persons by RT-DETR and VitPose, models of transformers: the same ports as the small networks.

Invariant: weights are safetensors of the model store and nothing is asked of a network; what the
models give is told in the same schema, as COCO's 17 points.

Sources: W. Lv et al., "RT-DETRv2", 2024; Y. Xu et al., "ViTPose: Simple Vision Transformer Baselines
for Human Pose Estimation", 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import MissingExtra, Result, Task
from farm.media.planes import Picture, frame_of
from farm_vision.people.follow import followed
from farm_vision.people.params import VitPoseParams
from farm_vision.people.regions import Points, Region
from farm_vision.people.skeleton import COCO17
from farm_vision.people.tracks import Find

_LOOSE = 1.25
_KEPT = 0.3
"""Mean confidence of its points below which a person is lost."""


def run(task: Task[VitPoseParams]) -> Result:
    """``pose.estimate`` with the models that the parameters name."""
    params = task.params
    folders = task.models.files(params.detector), task.models.files(params.estimator)
    finder = task.models.get(
        f"vitpose:{folders[0].name}:{folders[1].name}:{task.device}:{params.least}",
        lambda: VitPose(*folders, task.device, params.least),
        size_mb=600,
    )
    return followed(task, finder, "persons", "coco17", "pose", "vitpose")


class VitPose:
    """A Finder of persons. least : score from which something is taken for a person."""

    def __init__(self, detector: Path, estimator: Path, device: str, least: float) -> None:
        """Load both models. Raises MissingExtra."""
        try:
            import torch
            from transformers import (
                AutoConfig,
                AutoModelForObjectDetection,
                RTDetrImageProcessorPil,
                VitPoseForPoseEstimation,
                VitPoseImageProcessorPil,
            )
        except ImportError as error:
            raise MissingExtra(
                "the packages torch and transformers are not installed",
                where="pose.estimate/vitpose",
                mend="pip install 'farm[models]'",
                code="vision.extra",
            ) from error
        here: dict[str, Any] = {"local_files_only": True}
        weights = here | {"use_safetensors": True}
        self._torch, self._device, self._least = torch, torch.device(device), least
        self._seen_by = RTDetrImageProcessorPil.from_pretrained(detector, **here)
        self._detector = AutoModelForObjectDetection.from_pretrained(detector, **weights)
        self._detector.eval().to(self._device)
        self._cropped_by = VitPoseImageProcessorPil.from_pretrained(estimator, **here)
        self._estimator = VitPoseForPoseEstimation.from_pretrained(estimator, **weights)
        self._estimator.eval().to(self._device)
        labels: Mapping[int, str] = AutoConfig.from_pretrained(detector, **here).id2label
        # COCO calls its first class person; a detector of persons alone may call it anything.
        self._person = next((int(i) for i, name in labels.items() if name == "person"), 0)
        # VitPose+ has one expert for each data set; the first is COCO's.
        self._experts = int(getattr(self._estimator.config.backbone_config, "num_experts", 1) or 1)

    def search(self, picture: Picture) -> list[Region]:
        """Upright boxes of persons in the whole picture, the surest first."""
        layout = picture.layout
        given = self._seen_by(images=_pixels(picture), return_tensors="pt").to(self._device)
        with self._torch.inference_mode():
            found = self._detector(**given)
        sizes = [(layout.height, layout.width)]
        (told,) = self._seen_by.post_process_object_detection(
            found, threshold=self._least, target_sizes=sizes
        )
        scores = told["scores"].float().cpu().numpy()
        boxes = told["boxes"].float().cpu().numpy()[told["labels"].cpu().numpy() == self._person]
        scores = scores[told["labels"].cpu().numpy() == self._person]
        order = np.argsort(-scores, kind="stable")
        return [_region(boxes[index]) for index in order if _is_whole(boxes[index])]

    def look(self, picture: Picture, region: Region) -> Find | None:
        """The points of the person in a box."""
        left, top = region.x - region.width / 2, region.y - region.height / 2
        boxes = [[[left, top, region.width, region.height]]]
        given = self._cropped_by(images=_pixels(picture), boxes=boxes, return_tensors="pt")
        given = given.to(self._device)
        if self._experts > 1:
            given["dataset_index"] = self._torch.zeros(1, dtype=self._torch.long).to(self._device)
        with self._torch.inference_mode():
            found = self._estimator(**given)
        ((told,),) = self._cropped_by.post_process_pose_estimation(found, boxes=boxes)
        points = np.zeros((len(COCO17), 4))
        points[:, :2] = told["keypoints"].float().cpu().numpy()
        points[:, 3] = np.clip(told["scores"].float().cpu().numpy(), 0.0, 1.0)
        score = float(points[:, 3].mean())
        if not (score > _KEPT and np.isfinite(points).all()):
            return None
        return Find(points, score, _around(points))


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = frame_of(picture).reformat(format="rgb24", threads=1).to_ndarray()
    return pixels


def _region(box: Points) -> Region:
    left, top, right, bottom = map(float, box)
    return Region((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)


def _is_whole(box: Points) -> bool:
    return bool(np.isfinite(box).all() and box[2] - box[0] > 2 and box[3] - box[1] > 2)


def _around(points: Points) -> Region:
    """The box of the next picture: around the sure points, with room for hands and head."""
    sure = points[points[:, 3] > _KEPT]
    chosen = sure if len(sure) > 2 else points
    box = np.concatenate([chosen[:, :2].min(axis=0), chosen[:, :2].max(axis=0)])
    region = _region(box)
    side = max(region.width, region.height)
    return Region(
        region.x, region.y, max(region.width, 0.3 * side) * _LOOSE, max(region.height, 2.0) * _LOOSE
    )
