"""Pictures enlarged by Real-ESRGAN, held to what their source shows.

Invariant: each frame is enlarged by itself and by the same numbers; shrunk again, a picture from a
clean source is that source, so that what the network makes up adds detail and never moves a colour.

Networks: X. Wang et al., "Real-ESRGAN", 2021. Holding to the source: M. Irani and S. Peleg,
"Improving Resolution by Image Registration", 1991 (back-projection).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from farm import InputError, Result, Task
from farm.media.lanczos import resized
from farm.media.light import Light, light_of, picture_of_signal, signal_of
from farm.media.planes import Picture
from farm_finish.frames.enlarge import full_chroma, write_larger
from farm_finish.learned.params import COMPACT, PLUS, LearnedSizeParams
from farm_finish.learned.tiles import Tiling, enlarged_in_tiles

Net = Callable[[Light, Callable[[], None]], Light]
"""From float32 (3, H, W) to (3, times * H, times * W), asking now and then whether to go on."""
LONGEST_SIDE = 16384
"""Longest side of what a network gives before it is brought to the target."""


@dataclass(frozen=True, slots=True)
class Family:
    """Networks of one kind by how many times they enlarge, and how pictures are cut for them."""

    model: str
    files: Mapping[int, str]
    tiling: Tiling
    size_mb: int

    def times(self, wanted: float) -> int:
        """The least enlargement that reaches ``wanted``, or the largest there is."""
        return next((n for n in sorted(self.files) if n >= wanted), max(self.files))


FAMILIES = {
    # Eighteen layers see eighteen pixels far: with that context a tile is as the whole.
    COMPACT: Family(
        COMPACT, {n: f"realesr-animevideov3-x{n}" for n in (2, 3, 4)}, Tiling(256, 18), 8
    ),
    # Hundreds of layers see hundreds of pixels far, ever more faintly.
    PLUS: Family(PLUS, {4: "realesrgan-x4plus"}, Tiling(128, 16, 16), 80),
}


def run_compact(task: Task[LearnedSizeParams]) -> Result:
    """Enlarge the window of ``video`` with the compact network for films, on a processor."""
    return _run(task, FAMILIES[COMPACT], _on_processor)


def run_plus(task: Task[LearnedSizeParams]) -> Result:
    """Enlarge the window of ``video`` with the large network for photographs, on a processor."""
    return _run(task, FAMILIES[PLUS], _on_processor)


def run_compact_on_device(task: Task[LearnedSizeParams]) -> Result:
    """The same as ``run_compact`` on the engine's device."""
    return _run(task, FAMILIES[COMPACT], _on_device)


def run_plus_on_device(task: Task[LearnedSizeParams]) -> Result:
    """The same as ``run_plus`` on the engine's device."""
    return _run(task, FAMILIES[PLUS], _on_device)


def _on_processor(stem: Path, task: Task[LearnedSizeParams]) -> Net:
    from farm_finish.learned.ncnn_net import NcnnNet

    return NcnnNet(stem, task.threads)


def _on_device(stem: Path, task: Task[LearnedSizeParams]) -> Net:
    import torch

    from farm_finish.learned.torch_net import TorchNet

    torch.set_num_threads(task.threads)
    return TorchNet(stem, task.device)


def _run(
    task: Task[LearnedSizeParams],
    family: Family,
    load: Callable[[Path, Task[LearnedSizeParams]], Net],
) -> Result:
    folder = task.models.files(family.model)

    def enlarge(picture: Picture, width: int, height: int) -> Picture:
        times = family.times(max(width / picture.layout.width, height / picture.layout.height))
        net = task.models.get(
            f"{family.model}-x{times}",
            lambda: load(folder / family.files[times], task),
            size_mb=family.size_mb,
        )
        return enlarged(
            picture, (width, height), times, net, family.tiling, task.params, task.checkpoint
        )

    return write_larger(task, enlarge)


def enlarged(
    picture: Picture,
    size: tuple[int, int],
    times: int,
    net: Net,
    tiling: Tiling,
    params: LearnedSizeParams,
    pause: Callable[[], None] = lambda: None,
) -> Picture:
    """A picture at a larger size (width, height), in the same layout.

    times : how often the network enlarges. Raises InputError if that becomes too large on the way.
    """
    layout = picture.layout
    between = (layout.width * times, layout.height * times)
    if max(between) > LONGEST_SIDE:
        raise InputError(
            "would become too large on the way",
            where="video",
            expected=f"at most {LONGEST_SIDE} pixels a side after x{times}",
            got=f"{between[0]}x{between[1]}",
            mend="Choose the provider farm_finish for it.",
            code="enlarge.too-large",
        )
    source = np.clip(signal_of(light_of(full_chroma(picture))), 0, 1)
    made = enlarged_in_tiles(source, times, tiling, lambda tile: net(tile, pause))
    signal = np.empty((3, size[1], size[0]), np.float32)
    for channel in range(3):
        pause()
        plane, small = made[channel], source[channel]
        plane *= np.float32(params.detail)
        plane += np.float32(1 - params.detail) * resized(small, *between)
        if params.source == "clean":
            plane += resized(small - _shrunk(plane, times), *between)
        signal[channel] = plane if between == size else resized(plane, *size)
    return picture_of_signal(signal, layout.resized(*size))


def _shrunk(plane: Light, times: int) -> Light:
    """The mean of each square of pixels."""
    height, width = plane.shape
    squares: Any = plane.reshape(height // times, times, width // times, times)
    return squares.mean(axis=(1, 3), dtype=np.float32)
