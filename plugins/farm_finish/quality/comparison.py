"""A film beside its reference, picture by picture.

Invariant: picture ``n`` is compared with picture ``n``; what one of them has more is counted, and
nothing is measured that was not asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm_finish.quality.fidelity import Fidelity, alike, planes_of
from farm_finish.quality.finding import Finding, Span
from farm_finish.quality.flip import flip
from farm_finish.quality.params import QualityParams
from farm_finish.quality.picture_checks import runs
from farm_finish.quality.vmaf import Vmaf

Values = NDArray[np.float64]
_UNITS = {"psnr": "dB", "ssim": "", "vmaf": "", "flip": ""}


class Comparison:
    """Takes pictures of the film; takes those of the reference itself.

    vmaf : an open child, if asked for. expected : frames of the film, as far as it is known.
    """

    def __init__(
        self,
        references: Iterator[tuple[Fraction, VideoFrame]],
        params: QualityParams,
        vmaf: Vmaf | None,
        expected: int,
    ) -> None:
        self._references, self._params, self._vmaf = references, params, vmaf
        self._every = max(1, -(-expected // params.flip_frames)) if expected else 0
        self.fidelity = Fidelity()
        self.flips: dict[int, float] = {}
        self.vmafs: Values = np.zeros(0)
        self.film_frames = self.reference_frames = 0

    def add(self, frame: VideoFrame, fps: Fraction) -> None:
        """The next picture of the film."""
        number = self.film_frames
        self.film_frames += 1
        pair = next(self._references, None)
        if pair is None:
            return
        self.reference_frames += 1
        test, reference, depth = alike(frame, pair[1])
        ours, theirs = planes_of(test, depth), planes_of(reference, depth)
        if {"psnr", "ssim"} & set(self._params.metrics):
            self.fidelity.add(ours, theirs, depth)
        if self._vmaf is not None:
            self._vmaf.feed(ours, theirs, depth)
        every = self._every or max(1, round(fps))
        sampled = number % every == every // 2 and len(self.flips) < self._params.flip_frames
        if sampled and "flip" in self._params.metrics:
            self.flips[number] = flip(test, reference)

    def finish(self) -> None:
        """There are no more pictures."""
        self.reference_frames += sum(1 for _ in self._references)
        if self._vmaf is not None:
            self.vmafs = self._vmaf.finish()

    def series(self) -> dict[str, tuple[Values, Values]]:
        """Numbers of the pictures and the value of each, by metric."""
        asked = set(self._params.metrics)
        count = np.arange(len(self.fidelity), dtype=np.float64)
        made: dict[str, tuple[Values, Values]] = {}
        if len(count) and "psnr" in asked:
            made["psnr"] = count, self.fidelity.psnr()
        if len(count) and "ssim" in asked:
            made["ssim"] = count, self.fidelity.ssim()
        if len(self.vmafs):
            made["vmaf"] = np.arange(len(self.vmafs), dtype=np.float64), self.vmafs
        if self.flips:
            numbers = np.array(list(self.flips), np.float64)
            made["flip"] = numbers, np.array(list(self.flips.values()))
        return made

    def findings(self, fps: Fraction) -> Iterator[Finding]:
        """Every check against the reference."""
        same = self.film_frames == self.reference_frames
        said = f"{self.film_frames} frames, as the reference"
        if not same:
            said = f"{self.film_frames} frames; the reference has {self.reference_frames}"
        yield Finding(
            "reference.frames", same, self.film_frames, self.reference_frames, "frames", said
        )
        for metric, (numbers, values) in self.series().items():
            yield self._judged(metric, numbers, values, float(fps))

    def _judged(self, metric: str, numbers: Values, values: Values, fps: float) -> Finding:
        limit = {
            "psnr": self._params.psnr_db,
            "ssim": self._params.ssim,
            "vmaf": self._params.vmaf,
            "flip": self._params.flip,
        }[metric]
        whole = self.fidelity.whole_psnr() if metric == "psnr" else float(values.mean())
        below = values > limit if metric == "flip" else values < limit
        passed = whole <= limit if metric == "flip" else whole >= limit
        worst = int(values.argmax() if metric == "flip" else values.argmin())
        at = float(numbers[worst]) / fps
        unit = _UNITS[metric]
        said = (
            f"{metric.upper()} {whole:.4g}{' ' + unit if unit else ''}, "
            f"worst {float(values[worst]):.4g} at {at:.2f} s"
        )
        spans: tuple[Span, ...] = ()
        if not passed and metric == "flip":
            spans = (Span(at, at + 1 / fps, float(values[worst])),)
        elif not passed:
            spans = tuple(
                Span(a / fps, b / fps, float(values[a:b].min())) for a, b in runs(below, 1)
            )
        return Finding(f"reference.{metric}", passed, whole, limit, unit, said, spans)
