"""What a single-shot detector says, read as boxes with key points.

Invariant: boxes and points are shares (0 to 1) of the square that the network was shown.

Sources: W. Liu et al., "SSD: Single Shot MultiBox Detector", 2016; V. Bazarevsky et al.,
"BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, whose detectors share one
square anchor of fixed size at each place, and replace suppression by a mean weighted by score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detection:
    """box: left, top, right, bottom. points (N, 2). score: 0 to 1."""

    box: Values
    points: Values
    score: float


def anchors(side: int, layers: Sequence[tuple[int, int]]) -> Values:
    """Middles (N, 2) of the anchors. layers: (stride in pixels, anchors at each place)."""
    made = []
    for stride, count in layers:
        cells = side // stride
        middle = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(middle, middle, indexing="ij")
        made.append(np.stack([x, y], axis=-1).reshape(-1, 2).repeat(count, axis=0))
    return np.concatenate(made)


def detections(
    raw: NDArray[np.float32],
    logits: NDArray[np.float32],
    middles: Values,
    side: int,
    least: float,
    overlap: float = 0.3,
) -> list[Detection]:
    """What was found, the surest first.

    raw (N, 4 + 2 K): middle, size and K points in pixels from each anchor. logits (N, 1).
    least: lowest score. overlap: share of two boxes from which they show the same thing.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits[:, 0].astype(np.float64), -100.0, 100.0)))
    kept = np.flatnonzero(scores >= least)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    values = raw[kept].astype(np.float64) / side
    middle = values[:, :2] + middles[kept]
    boxes = np.concatenate([middle - values[:, 2:4] / 2, middle + values[:, 2:4] / 2], axis=1)
    points = values[:, 4:].reshape(len(kept), (raw.shape[1] - 4) // 2, 2) + middles[kept][:, None]
    return merged(boxes, points, scores[kept], overlap)


def merged(boxes: Values, points: Values, scores: Values, overlap: float) -> list[Detection]:
    """Boxes (N, 4) that overlap as one: the mean of them by score. Given the surest first."""
    found = []
    left = np.arange(len(boxes))
    while len(left):
        alike = shared(boxes[left[0]], boxes[left]) > overlap
        alike[0] = True
        group = left[alike]
        weight = scores[group] / scores[group].sum()
        found.append(
            Detection(
                np.tensordot(weight, boxes[group], 1),
                np.tensordot(weight, points[group], 1),
                float(scores[group[0]]),
            )
        )
        left = left[~alike]
    return found


def shared(box: Values, others: Values) -> Values:
    """Intersection over union of a box and others (N, 4)."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0.0, None), axis=1)
    areas = np.prod(np.clip(others[:, 2:] - others[:, :2], 0.0, None), axis=1)
    own = float(np.prod(np.clip(box[2:] - box[:2], 0.0, None)))
    whole = areas + own - common
    return np.divide(common, whole, out=np.zeros_like(common), where=whole > 0)
