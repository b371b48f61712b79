"""FLIP: how different two pictures look to someone who flips between them.

Invariant: 0 is no difference, 1 the largest; pictures are seen at 67 pixels a degree.

Source: P. Andersson et al., "FLIP: A Difference Evaluator for Alternating Images", 2020, in the
authors' package flip-evaluator.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from farm import MissingExtra
from farm.media.picture import source_matrix, source_range
from farm_finish.quality.vmaf import EXTRA

LARGEST = 1920 * 1088
"""Pixels; a larger picture is looked at in half its size, so that one look takes a second."""


def check_installed() -> None:
    """Raises MissingExtra if it is not."""
    if find_spec("flip_evaluator") is None:
        raise MissingExtra(
            "FLIP is not installed",
            where="metrics: flip",
            mend=f"Install it with {EXTRA}, or leave it out of metrics.",
            code="extra.missing",
        )


def flip(test: VideoFrame, reference: VideoFrame) -> float:
    """Mean FLIP of two frames of one size."""
    import flip_evaluator

    _, mean, _ = flip_evaluator.evaluate(_rgb(reference), _rgb(test), "LDR", applyMagma=False)
    return float(mean)


def _rgb(frame: VideoFrame) -> NDArray[np.float32]:
    width, height = frame.width, frame.height
    while width * height > LARGEST:
        width, height = width // 2, height // 2
    shown = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=source_matrix(frame),
        dst_colorspace=Colorspace.ITU709,
        src_color_range=source_range(frame),
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
    return shown.to_ndarray().astype(np.float32) / np.float32(255)
