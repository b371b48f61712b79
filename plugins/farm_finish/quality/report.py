"""What a report says, as JSON and as graphs.

Invariant: a number that a check compared stands in the JSON beside its limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from farm.media.sound import RATE
from farm_finish.quality.comparison import Comparison
from farm_finish.quality.film import Film
from farm_finish.quality.finding import Finding, Span
from farm_finish.quality.graph import Graph
from farm_finish.quality.hearing import HOP, Heard

SCHEMA = "farm.quality/1"


def record(
    findings: Sequence[Finding],
    policy: str,
    film: Film | None,
    heard: Heard | None,
    comparison: Comparison | None,
) -> dict[str, Any]:
    """The report as JSON; ``warnings`` are those that the farm shows with the job."""
    failed = [finding for finding in findings if not finding.passed]
    verdict = "passed" if not failed else "flagged" if policy == "flag" else "failed"
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "verdict": verdict,
        "policy": policy,
        "warnings": [finding.sentence() for finding in failed] if policy == "flag" else [],
        "media": _media(film, heard),
        "checks": [finding.record() for finding in findings],
    }
    if comparison is not None:
        made["reference"] = {"frames": comparison.reference_frames} | {
            metric: _spread(values) for metric, (_, values) in comparison.series().items()
        }
    return made


def facts(film: Film | None, heard: Heard | None) -> list[tuple[str, str]]:
    """What the film is, for people."""
    made = []
    if film is not None:
        rate = f"{float(film.fps):.5g} frames a second"
        made.append(("pictures", f"{film.width}x{film.height} {film.format}, {rate}"))
        made.append(("length", f"{film.frames} frames, {film.length_s:.3f} s"))
    made.append(("sound", "none" if heard is None else f"{heard.length_s:.3f} s"))
    return made


def graphs(
    findings: Sequence[Finding],
    film: Film | None,
    heard: Heard | None,
    comparison: Comparison | None,
) -> list[Graph]:
    """A graph for what changes from picture to picture; where checks failed is marked."""
    spans: Mapping[str, Sequence[Span]] = {finding.check: finding.spans for finding in findings}

    def bad(*checks: str) -> list[Span]:
        return [span for check in checks for span in spans.get(check, ())]

    limits = {finding.check: finding.limit for finding in findings}
    made = []
    if comparison is not None and film is not None:
        for metric, (numbers, values) in comparison.series().items():
            limit = limits.get(f"reference.{metric}")
            made.append(
                Graph(
                    f"{metric.upper()} against the reference",
                    numbers / float(film.fps),
                    values,
                    *_scale(metric, values),
                    limit=float(limit) if isinstance(limit, float) else None,
                    spans=bad(f"reference.{metric}"),
                    unit="dB" if metric == "psnr" else "",
                )
            )
    if film is not None and film.frames:
        times = np.arange(film.frames) / float(film.fps)
        mean = film.series.of("mean").astype(np.float64)
        made.append(
            Graph("Brightness", times, mean, 0, 1, spans=bad("video.black", "video.flicker"))
        )
        change = np.sqrt(film.series.of("difference")[1:].astype(np.float64))
        made.append(
            Graph("Change from picture to picture (root)", times[1:], change, 0, 0.5,
                  spans=bad("video.frozen"))
        )  # fmt: skip
        for name, title in (("blown", "Share at white"), ("crushed", "Share at black"),
                            ("banding", "Share in coarse steps")):  # fmt: skip
            limit = limits.get(f"video.{name}")
            values = film.series.of(name).astype(np.float64)
            if values.max() > 0.02:
                made.append(
                    Graph(title, times, values, 0, 1, limit=float(limit or 0),
                          spans=bad(f"video.{name}"))
                )  # fmt: skip
    if heard is not None and len(heard.levels):
        times = (np.arange(len(heard.levels)) + 0.5) * HOP / RATE
        places = bad("sound.silence", "sound.clipping")
        made.append(Graph("Sound level", times, heard.levels, -90, 0, spans=places, unit="dB"))
    return made


def _scale(metric: str, values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    if metric == "flip":
        return 0.0, max(0.2, float(np.ceil(values.max() * 10) / 10))
    top = {"psnr": 60.0, "ssim": 1.0, "vmaf": 100.0}[metric]
    step = {"psnr": 10.0, "ssim": 0.1, "vmaf": 20.0}[metric]
    return max(0.0, float(np.floor(values.min() / step) * step) - step), top


def _media(film: Film | None, heard: Heard | None) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if film is not None:
        made |= {
            "frames": film.frames,
            "fps": str(film.fps),
            "width": film.width,
            "height": film.height,
            "duration_s": round(film.length_s, 5),
        }
    if heard is not None:
        made["sound_s"] = round(heard.length_s, 5)
    return made


def _spread(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    low, middle = np.percentile(values, [5, 50])
    named = (("mean", values.mean()), ("min", values.min()), ("p5", low), ("median", middle),
             ("max", values.max()))  # fmt: skip
    return {name: round(float(value), 5) for name, value in named}
