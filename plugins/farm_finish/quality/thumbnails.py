"""Small pictures of where it is worst.

Invariant: at most a handful, each found by a jump and a short walk, whatever the length of the film.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from farm.media.source import frame_rate, opened, video_stream
from farm_finish.poster import jpeg
from farm_finish.quality.finding import Finding, Span
from farm_finish.quality.page import Thumbnail

MOST = 8
_WIDTH = 220
_LONGEST_WALK = 600


def thumbnails(
    path: Path, findings: Sequence[Finding], checkpoint: Callable[[], None]
) -> list[Thumbnail]:
    """One for each failed check of pictures, from the middle of the worst stretch it tells; one
    for all that happen at the same time."""
    shown: dict[float, str] = {}
    for finding in findings:
        if finding.passed or not finding.spans or finding.check.startswith("sound."):
            continue
        span = _worst(finding)
        moment = (span.start_s + span.end_s) / 2
        near = next((at for at in shown if span.start_s <= at <= span.end_s), None)
        if near is not None:
            shown[near] = f"{finding.check}, {shown[near]}"
        elif len(shown) < MOST:
            shown[moment] = f"{finding.check}, {span.text()}"
    frames = ((_frame_at(path, at, checkpoint), caption) for at, caption in shown.items())
    return [Thumbnail(jpeg(frame, _WIDTH), caption) for frame, caption in frames if frame]


def _worst(finding: Finding) -> Span:
    """Of what is measured against a reference, the least like it; else the longest."""
    if finding.check.startswith("reference."):
        return min(finding.spans, key=lambda span: span.worst or 0.0)
    return max(finding.spans, key=lambda span: span.end_s - span.start_s)


def _frame_at(path: Path, moment_s: float, checkpoint: Callable[[], None]) -> VideoFrame | None:
    with opened(path, "media") as container:
        stream = video_stream(container, "media")
        base = stream.time_base or Fraction(1, 1000)
        goal = (stream.start_time or 0) + round(Fraction(moment_s) / base)
        slack = 1 / (2 * frame_rate(stream) * base)
        container.seek(goal, stream=stream, backward=True)
        reached = None
        for walked, frame in enumerate(container.decode(stream)):
            checkpoint()
            reached = frame
            if walked >= _LONGEST_WALK or (frame.pts is not None and frame.pts + slack >= goal):
                break
        return reached
