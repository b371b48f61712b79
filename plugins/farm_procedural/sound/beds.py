"""Beds of noise under a film: wind, rain, sea, fire, hum, night.

Invariant: a bed never repeats audibly: its loops are read in pieces from chance places, joined
where both are faded, and their levels drift on curves that hold for the whole film.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm_procedural.sound.instruments import fade, sustained
from farm_procedural.sound.tables import (
    BLOCK,
    CELL,
    RATE,
    SINE,
    Floats,
    band,
    curve,
    decay,
    from_spectrum,
    generator,
    phase,
    seconds,
    settle,
    wave,
)

KINDS = ("wind", "rain", "sea", "fire", "hum", "night")
_SEAM = 1 << 13


@dataclass(frozen=True, slots=True)
class _Layer:
    """loop: its name in :func:`_loop`; level; depth of its drift 0 to 1; period_s between turns of
    the drift; lag_s: how far it follows the drift of the layer before, ``None`` for its own."""

    loop: str
    level: float
    depth: float
    period_s: float
    lag_s: float | None = None


_LAYERS = {
    "wind": (_Layer("gust", 0.8, 0.75, 2.1), _Layer("whistle", 0.35, 0.9, 2.1, 0.3)),
    "rain": (_Layer("shower", 0.75, 0.25, 3.0), _Layer("drops", 0.55, 0.2, 2.0)),
    "sea": (_Layer("surge", 0.8, 0.8, 3.6), _Layer("foam", 0.5, 0.9, 3.6, 0.9)),
    "fire": (_Layer("glow", 0.7, 0.5, 0.35), _Layer("crackle", 0.6, 0.4, 1.3)),
    "hum": (_Layer("hum", 0.8, 0.3, 4.0),),
    "night": (_Layer("crickets", 0.45, 0.4, 3.0), _Layer("dark", 0.45, 0.5, 4.0)),
}


class Bed:
    """The beds of one film. levels: 0 to 1 by kind; root: MIDI pitch that a hum stands on."""

    def __init__(self, levels: Mapping[str, float], root: int, seed: int, samples: int) -> None:
        self._voices = []
        for kind in KINDS:
            level = min(max(float(levels.get(kind, 0.0)), 0.0), 1.0)
            before: NDArray[np.float64] | None = None
            for layer in _LAYERS[kind] if level else ():
                drift, step = _drift(layer, seed, samples, before)
                before = drift
                self._voices.append((layer, level * layer.level, drift, step))
        self._root, self._seed = root, seed

    def __bool__(self) -> bool:
        return bool(self._voices)

    def add(self, into: Floats, block: int) -> None:
        """Add block number ``block`` to ``into`` (2, BLOCK)."""
        cells = np.arange(BLOCK // CELL + 1) * CELL + block * BLOCK
        for layer, level, drift, step in self._voices:
            loop = _loop(layer.loop, self._root if layer.loop == "hum" else 0)
            gains = curve(
                settle(level * np.interp(cells / step, np.arange(len(drift)), drift)), BLOCK
            )
            into += self._read(loop, layer.loop, block) * gains

    def _read(self, loop: Floats, name: str, block: int) -> Floats:
        """The block's piece of a loop, and the end of the piece before, blended at the seam."""
        piece = _piece(loop, self._place(name, block), BLOCK)
        if block:
            late = _piece(loop, self._place(name, block - 1) + BLOCK, _SEAM)
            rise = _seam()
            piece[:, :_SEAM] = piece[:, :_SEAM] * rise + late * rise[::-1]
        return piece

    def _place(self, name: str, block: int) -> int:
        if name == "hum":
            # A tone goes on where it was: anywhere else its phases would beat at the seam.
            return block * BLOCK
        return int(generator("bed", self._seed, name, block).integers(0, 2 * BLOCK))


def _piece(loop: Floats, start: int, count: int) -> Floats:
    start %= loop.shape[1]
    first = loop[:, start : start + count]
    missing = count - first.shape[1]
    if not missing:
        return first.copy()
    return np.concatenate([first, loop[:, :missing]], axis=1)


@lru_cache(maxsize=1)
def _seam() -> Floats:
    """A quarter of a sine: unrelated noise keeps its power over the seam."""
    return settle(np.sin((np.arange(_SEAM) + 0.5) * (math.pi / 2 / _SEAM)), 20)


def _drift(
    layer: _Layer, seed: int, samples: int, before: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], float]:
    """Smooth factors from ``1 - depth`` to 1 and the samples between two of them."""
    fine = 8
    step = layer.period_s * RATE / fine
    if layer.lag_s is not None and before is not None:
        lag = round(layer.lag_s * RATE / step)
        return np.concatenate([np.full(lag, before[0]), before[: len(before) - lag]]) ** 1.6, step
    count = int((samples + BLOCK) / (step * fine)) + 3
    turns = generator("drift", seed, layer.loop).random(count)
    x = np.arange(fine) / fine
    ease = x * x * (3 - 2 * x)
    smooth = (turns[:-1, None] + np.diff(turns)[:, None] * ease).reshape(-1)
    return 1 - layer.depth * smooth, step


@lru_cache(maxsize=16)
def _loop(name: str, root: int) -> Floats:
    """A stereo loop (2, n); about unit root mean square."""
    if name == "hum":
        tone = sustained("hum", root)
        return np.stack([tone, np.roll(tone, BLOCK // 2)])
    if name in _NOISES:
        size = 2 * BLOCK
        shape = band(size, _NOISES[name])
        both = from_spectrum(shape, "bed", name, "middle")
        left = from_spectrum(shape, "bed", name, "side")
        return np.stack([both * 0.8 + left * 0.6, both * 0.8 - left * 0.6]).astype(np.float32)
    return {"drops": _drops, "crackle": _crackle, "crickets": _crickets}[name]()


_NOISES: dict[str, Mapping[float, float]] = {
    "gust": {70: -8.0, 180: 0.0, 420: -2.0, 900: -14.0, 3000: -38.0},
    "whistle": {300: -16.0, 620: 0.0, 900: -3.0, 1500: -16.0, 4000: -40.0},
    "shower": {200: -20.0, 700: -8.0, 2500: 0.0, 7000: -4.0, 13000: -14.0},
    "surge": {50: -6.0, 120: 0.0, 400: -4.0, 1000: -16.0, 4000: -36.0},
    "foam": {500: -14.0, 1500: 0.0, 4000: -4.0, 9000: -14.0},
    "glow": {45: -4.0, 90: 0.0, 220: -6.0, 700: -24.0, 3000: -40.0},
    "dark": {60: -4.0, 160: 0.0, 500: -10.0, 1500: -26.0, 6000: -44.0},
}


def _scattered(name: str, count: int, kernels: list[Floats]) -> Floats:
    """``count`` kernels at chance places, levels and sides of a loop."""
    size = 2 * BLOCK
    chance = generator("scatter", name)
    loop = np.zeros((2, size + max(map(len, kernels))), np.float32)
    for _ in range(count):
        at = int(chance.integers(0, size))
        kernel = kernels[int(chance.integers(0, len(kernels)))]
        level = 0.2 + 0.8 * float(chance.random()) ** 2
        side = float(chance.random())
        loop[0, at : at + len(kernel)] += kernel * np.float32(level * (1 - side * 0.8))
        loop[1, at : at + len(kernel)] += kernel * np.float32(level * (0.2 + side * 0.8))
    over = loop.shape[1] - size
    loop[:, :over] += loop[:, size:]
    loop = loop[:, :size]
    power = float(np.sum(np.square(loop, dtype=np.float64))) / loop.size
    return settle(loop / math.sqrt(power), 16)


def _drops() -> Floats:
    kernels = []
    for hz in generator("drop").integers(1100, 6200, 48):
        count = seconds(0.03)
        kernels.append(wave(SINE)[phase(count, float(hz))] * decay(count, 0.002))
    return _scattered("drops", 700, kernels) * np.float32(0.5)


def _crackle() -> Floats:
    kernels = []
    for number, (hz, half_s) in enumerate(
        ((900, 0.002), (2300, 0.001), (3600, 0.0006), (500, 0.004))
    ):
        count = seconds(0.03)
        noise = settle(generator("crackle", number).random(count) - 0.5)
        kernels.append((noise + wave(SINE)[phase(count, hz)] * 0.5) * decay(count, half_s))
    return _scattered("crackle", 90, kernels) * np.float32(0.45)


def _crickets() -> Floats:
    size = 2 * BLOCK
    loop = np.zeros((2, size), np.float32)
    chirp = seconds(0.014)
    hump = np.concatenate([fade(chirp), fade(chirp)[::-1]])
    for number, (hz, pulses, period_s, side) in enumerate(
        ((4150, 3, 0.78, 0.25), (4480, 4, 1.09, 0.8), (3900, 2, 0.62, 0.55))
    ):
        tone = wave(SINE)[phase(len(hump), hz)] * hump
        count = round(size / RATE / period_s)
        for call in range(count):
            level = np.float32(1.0 - 0.25 * number)
            for pulse in range(pulses):
                at = call * size // count + seconds(0.041) * pulse + number * 7001
                places = (np.arange(len(tone)) + at) % size
                loop[0, places] += tone * level * np.float32(1 - side)
                loop[1, places] += tone * level * np.float32(side)
    power = float(np.sum(np.square(loop, dtype=np.float64))) / loop.size
    return settle(loop / math.sqrt(power), 16) * np.float32(0.6)
