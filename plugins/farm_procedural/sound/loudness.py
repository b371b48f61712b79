"""Loudness and true peak as ITU-R BS.1770-4 measures them.

Invariant: what is measured in blocks equals what is measured in one piece. The two filters of the
K weighting are applied as one finite impulse response, because a recursion per sample has no place
in NumPy; what is cut off of it lies 100 dB below.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm_procedural.sound.tables import CELL, RATE, Floats, settle

STEP = RATE // 10
"""Samples between the starts of two gating blocks of 400 ms."""
ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
_RESPONSE = 1 << 14
# BS.1770-4 tables 1 and 2: the shelf for the head and the high pass, at 48 kHz.
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


class Meter:
    """Takes sound in pieces of any length and keeps its power in steps of 100 ms."""

    def __init__(self) -> None:
        self._tail = np.zeros((2, _RESPONSE - 1), np.float32)
        self._rest = np.zeros((2, 0), np.float32)
        self._powers: list[NDArray[np.float64]] = []
        self._partial = (0.0, 0)

    def feed(self, sound: Floats) -> None:
        """Measure (2, n) more samples."""
        given = np.concatenate([self._tail, sound], axis=1)
        self._tail = given[:, -(_RESPONSE - 1) :]
        size = -(-given.shape[1] // _RESPONSE) * _RESPONSE
        weighted = np.fft.irfft(np.fft.rfft(given, size) * _k_spectrum(size), size)
        heard = weighted[:, _RESPONSE - 1 : given.shape[1]]
        held = np.concatenate([self._rest, heard], axis=1)
        whole = held.shape[1] // STEP
        steps = held[:, : whole * STEP].reshape(2, whole, STEP)
        self._powers.append(np.sum(np.square(steps, dtype=np.float64), axis=(0, 2)) / STEP)
        self._rest = held[:, whole * STEP :]
        left = self._rest.shape[1]
        total = float(np.sum(np.square(self._rest, dtype=np.float64)))
        self._partial = (total / left if left else 0.0, left)

    def powers(self) -> NDArray[np.float64]:
        """Mean square of the weighted sound, both channels added, of each whole 100 ms; of sound
        shorter than 400 ms, four times its mean over all."""
        steps = np.concatenate([*self._powers, np.zeros(0)])
        if len(steps) >= 4:
            return steps
        power, left = self._partial
        count = len(steps) * STEP + left
        mean = (float(steps.sum()) * STEP + power * left) / count if count else 0.0
        return np.full(4, mean)


def block_powers(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean powers of the gating blocks of 400 ms, one every 100 ms."""
    return (powers[:-3] + powers[1:-2] + powers[2:-1] + powers[3:]) / 4


def integrated(powers: NDArray[np.float64]) -> float:
    """Gated loudness in LUFS of a meter's powers; minus infinity for silence."""
    blocks = block_powers(powers)
    loud = blocks[blocks > _power(ABSOLUTE_GATE)]
    if not len(loud):
        return -np.inf
    gate = _power(lufs(float(loud.mean())) + RELATIVE_GATE)
    return lufs(float(loud[loud > gate].mean()))


def loudness(sound: Floats) -> float:
    """Gated loudness of (n, 2) samples at 48 kHz, in LUFS."""
    meter = Meter()
    for at in range(0, len(sound), RATE * 2):
        meter.feed(np.ascontiguousarray(sound[at : at + RATE * 2].T))
    return integrated(meter.powers())


class PeakMeter:
    """Takes sound in multiples of :data:`CELL` samples and gives the true peak of every cell.

    Four times oversampled by a windowed sinc of 12 taps per phase (annex 2); the value of a cell
    covers the points between its samples and on to the next one's first.
    """

    def __init__(self) -> None:
        self._tail = np.zeros((2, 11), np.float32)
        self._cells: list[Floats] = []

    def feed(self, sound: Floats) -> None:
        """Measure (2, n) more samples; only the last piece may break a cell."""
        given = np.concatenate([self._tail, sound], axis=1)
        self._tail = given[:, -11:]
        self._cells.append(_cell_peaks(given))

    def cells(self) -> Floats:
        """Highest level in each cell, of either channel. The filters look 6 samples ahead, so that
        every value also stands for the end of the cell before."""
        flush = _cell_peaks(np.concatenate([self._tail, np.zeros((2, CELL), np.float32)], axis=1))
        late = np.concatenate([*self._cells, flush])
        return np.maximum(late[:-1], late[1:])


def true_peak(sound: Floats) -> float:
    """True peak of (n, 2) samples as a factor of full scale."""
    meter = PeakMeter()
    for at in range(0, len(sound), CELL * 1024):
        meter.feed(np.ascontiguousarray(sound[at : at + CELL * 1024].T))
    return float(meter.cells().max(initial=0.0))


def decibels(factor: float) -> float:
    """A factor of amplitude in decibels."""
    return 20 * float(np.log10(factor)) if factor > 0 else -np.inf


def lufs(power: float) -> float:
    """Loudness of a power."""
    return -0.691 + 10 * float(np.log10(power))


def _cell_peaks(given: Floats) -> Floats:
    count = given.shape[1] - 11
    taps = [given[:, k : k + count] for k in range(12)]
    even, odd, half = _phases()
    across = np.zeros((2, count), np.float32)
    lean = np.zeros((2, count), np.float32)
    middle = np.zeros((2, count), np.float32)
    scratch = np.empty((2, count), np.float32)
    for k in range(6):
        pair = taps[k] + taps[11 - k]
        across += np.multiply(pair, even[k], out=scratch)
        middle += np.multiply(pair, half[k], out=scratch)
        np.subtract(taps[k], taps[11 - k], out=pair)
        lean += np.multiply(pair, odd[k], out=scratch)
    # The phases 1/4 and 3/4 mirror each other: their sum and difference cost half of both.
    np.abs(across, out=across)
    across += np.abs(lean, out=lean)
    peak = np.maximum(across, np.abs(middle, out=middle))
    np.maximum(peak, np.abs(taps[5], out=scratch), out=peak)
    level = peak.max(axis=0)
    whole = -(-count // CELL) * CELL
    return np.pad(level, (0, whole - count)).reshape(-1, CELL).max(axis=1)


@lru_cache(maxsize=1)
def _phases() -> tuple[list[np.float32], list[np.float32], list[np.float32]]:
    """Folded taps: the even and odd halves of the phase at 1/4, and the phase at 1/2."""
    places = np.arange(12) - 5.0

    def sinc(shift: float) -> NDArray[np.float64]:
        x = places - shift
        taps = np.sinc(x) * np.cos(np.pi * x / 13.0) ** 2
        return taps / taps.sum()

    quarter, middle = sinc(0.25), sinc(0.5)
    even = settle((quarter + quarter[::-1]) / 2, 20)
    odd = settle((quarter - quarter[::-1]) / 2, 20)
    return list(even[:6]), list(odd[:6]), list(settle(middle, 20)[:6])


@lru_cache(maxsize=8)
def _k_spectrum(size: int) -> NDArray[np.complex64]:
    turn = np.exp(-2j * np.pi * np.arange(_GRID // 2 + 1) / _GRID)
    response = np.ones(len(turn), np.complex128)
    for up, down in (_SHELF, _HIGH_PASS):
        response *= np.polyval(up[::-1], turn) / np.polyval(down[::-1], turn)
    taps = np.fft.irfft(response, _GRID)[:_RESPONSE]
    return np.fft.rfft(taps, size).astype(np.complex64)


# Long enough for the high pass at 38 Hz to die away inside it (0.34 s).
_GRID = 1 << 17


def _power(level: float) -> float:
    return float(10 ** ((level + 0.691) / 10))
