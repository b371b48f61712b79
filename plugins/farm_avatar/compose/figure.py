"""Who is in a presenter's film, and where: a look at a few of its frames.

Invariant: a film in which nobody is seen draws nobody, and one without transparency is known as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError
from farm.media.source import opened, video_stream
from farm_avatar.compose.layout import even
from farm_avatar.compose.planes import views_of

SMALLEST = 32
"""A film that is not wider shows nobody."""
_LOOKS = 9
_SOLID = 24
_PRECISE = 0x4 | 0x40000 | 0x2000 | 0x80000


@dataclass(frozen=True, slots=True)
class Figure:
    """Where somebody is in a film. left, top, right, bottom : shares of its width and height.

    clear : the film's sides do not cut the figure off. opaque : there is no transparency.
    """

    size: tuple[int, int]
    left: float
    top: float
    right: float
    bottom: float
    clear: bool
    opaque: bool


def figure(path: Path) -> Figure | None:
    """Look at a few frames of a presenter's film; ``None`` if nobody is in it.

    Raises
    ------
    InputError : it has no frames.
    """
    cover: NDArray[np.uint8] | None = None
    opaque = True
    size = (0, 0)
    with opened(path, "presenter") as container:
        stream = video_stream(container, "presenter")
        length = float((container.duration or 0) / 1_000_000)
        for look in range(_LOOKS):
            if look:
                container.seek(int(length * look / _LOOKS * 1_000_000))
            frame = next(container.decode(stream), None)
            if frame is None:
                break
            size = (frame.width, frame.height)
            alpha = _alpha(frame)
            if alpha is None:
                continue
            opaque = opaque and bool(alpha.min() > 250)
            cover = alpha if cover is None else np.maximum(cover, alpha)
    if size == (0, 0):
        raise InputError(
            "has no frames",
            where="presenter",
            mend="Send a film with at least one picture.",
            code="compose.no-frames",
        )
    if size[0] <= SMALLEST:
        return None
    if cover is None or opaque:
        return Figure(size, 0.0, 0.0, 1.0, 1.0, clear=False, opaque=True)
    seen = cover > _SOLID
    if not seen.any():
        return None
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    high, wide = seen.shape
    touching = max(seen[:, :2].any(axis=1).mean(), seen[:, -2:].any(axis=1).mean())
    return Figure(
        size,
        columns[0] / wide,
        rows[0] / high,
        (columns[-1] + 1) / wide,
        (rows[-1] + 1) / high,
        clear=bool(touching < 0.1),
        opaque=False,
    )


def _alpha(frame: VideoFrame) -> NDArray[np.uint8] | None:
    """A small alpha plane of a frame; ``None`` where its form has none."""
    if not any(part.is_alpha for part in frame.format.components):
        return None
    small = frame.reformat(
        width=even(max(2, frame.width // 4)),
        height=even(max(2, frame.height // 4)),
        format="yuva420p",
        interpolation=_PRECISE,
        threads=1,
    )
    return np.array(views_of(small, 4)[3])
