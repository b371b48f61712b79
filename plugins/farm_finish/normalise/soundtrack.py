"""Sound of any kind as 48 kHz stereo that stays with its pictures.

Invariant: a sample is heard when its time stamp says: holes become silence, a clock that runs off
is followed by resampling, and the result is exactly as long as the film. Sound that is 48 kHz
stereo already passes bit by bit.

Surround is mixed down with the coefficients of Recommendation ITU-R BS.775 (centre and surrounds
at -3 dB, no low-frequency channel), turned down so that full scale in every channel cannot clip;
one channel goes to both sides at -3 dB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import log10, sqrt
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph
from numpy.typing import NDArray

from farm import InputError
from farm_finish.normalise.decoded import Damage
from farm_finish.normalise.written import RATE

Samples = NDArray[np.float32]

_HALF = sqrt(0.5)
_SIDES: dict[str, tuple[float, float]] = {
    "FL": (1, 0), "FR": (0, 1), "FC": (_HALF, _HALF), "LFE": (0, 0), "LFE2": (0, 0),
    "BL": (_HALF, 0), "BR": (0, _HALF), "SL": (_HALF, 0), "SR": (0, _HALF),
    "FLC": (1, 0), "FRC": (0, 1), "BC": (0.5, 0.5), "DL": (1, 0), "DR": (0, 1),
    "WL": (_HALF, 0), "WR": (0, _HALF),
}  # fmt: skip
_SILENT_GAP_S = 0.1
"""A larger difference between time stamps and samples is a hole; a smaller one is a clock."""
UNEVEN_S = 0.012
"""Up to that the time stamps are only coarse."""
_RESAMPLER = (
    f"{RATE}:osf=fltp:ochl=stereo:async=960:min_comp={UNEVEN_S}:min_hard_comp={_SILENT_GAP_S}"
    ":comp_duration=1:filter_size=64:phase_shift=12"
)
# What the number of channels means when a file does not name them.
_USUAL = {
    3: ["FL", "FR", "LFE"],
    4: ["FL", "FR", "FC", "BC"],
    5: ["FL", "FR", "FC", "BL", "BR"],
    6: ["FL", "FR", "FC", "LFE", "BL", "BR"],
    7: ["FL", "FR", "FC", "LFE", "BC", "SL", "SR"],
    8: ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"],
}
_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 2.0**63}


@dataclass(slots=True)
class Heard:
    """What was found and done: layouts as named by FFmpeg, gain in dB, samples at 48 kHz.

    drift_s : how far time stamps and samples disagree.
    """

    drift_s: Fraction = Fraction(0)
    layouts: list[str] = field(default_factory=list)
    rates: list[int] = field(default_factory=list)
    gain_db: float = 0.0
    led_in: int = 0
    cut_in: int = 0
    filled_out: int = 0
    cut_out: int = 0
    decoded: int = 0
    holes: int = 0


def mixing(names: list[str]) -> tuple[NDArray[np.float32], float]:
    """The matrix (2, channels) for channels of these names, and its gain in dB.

    Channels without names are taken in the usual order; others that are no loudspeakers go left
    and right in turn.
    """
    if names in (["FL", "FR"], ["DL", "DR"]):
        return np.eye(2, dtype=np.float32), 0.0
    if len(names) == 1:
        return np.full((2, 1), _HALF, np.float32), 20 * log10(_HALF)
    if not any(name in _SIDES for name in names):
        names = _USUAL.get(len(names), names)
    known = all(name in _SIDES for name in names)
    columns = [
        _SIDES[name] if known else ((1.0, 0.0) if index % 2 == 0 else (0.0, 1.0))
        for index, name in enumerate(names)
    ]
    matrix = np.array(columns, np.float64).T
    loudest = max(1.0, float(matrix.sum(axis=1).max()))
    return (matrix / loudest).astype(np.float32), -20 * log10(loudest)


def soundtrack(
    container: InputContainer,
    stream: AudioStream,
    label: str,
    origin_s: Fraction | None,
    length: int | None,
    damage: Damage,
    heard: Heard,
    checkpoint: Callable[[], None],
    *,
    uneven: bool,
) -> Iterator[Samples]:
    """Float samples (2, n) at 48 kHz, ``length`` in all, beginning at ``origin_s`` (seconds).

    ``None`` for origin and length: everything that there is. uneven : its time stamps are known not
    to agree with its samples.

    Raises
    ------
    InputError : the sound is damaged, unless damage is kept.
    """
    given = 0
    for start_s, samples in _resampled(container, stream, label, damage, heard, checkpoint, uneven):
        origin_s = start_s if origin_s is None else origin_s
        at = round((start_s - origin_s) * RATE)
        if at > given:
            hole = at - given if length is None else min(at, length) - given
            if given == 0:
                heard.led_in = hole
            yield from silence(hole)
            given += hole
        skip = min(given - at, samples.shape[1]) if at < given else 0
        heard.cut_in += min(max(-at, 0), samples.shape[1])
        room = samples.shape[1] - skip if length is None else max(0, length - given)
        part = samples[:, skip : skip + room]
        heard.cut_out += samples.shape[1] - skip - part.shape[1]
        if part.shape[1]:
            given += part.shape[1]
            yield part
    if length is not None and given < length:
        heard.filled_out = length - given
        yield from silence(length - given)


def drift_s(
    container: InputContainer, stream: AudioStream, checkpoint: Callable[[], None]
) -> Fraction:
    """How far, in seconds, the time stamps of the sound run away from its samples; found by
    decoding it, because the lengths that packets tell are rounded."""
    worst = Fraction(0)
    expected: Fraction | None = None
    for frame in _frames(container, stream, "", Damage(keep=True), checkpoint):
        if frame.pts is None or frame.time_base is None:
            continue
        start = frame.pts * frame.time_base
        expected = start if expected is None else expected
        worst = max(worst, start - expected, expected - start)
        expected += Fraction(frame.samples, frame.sample_rate)
    return worst


def silence(samples: int) -> Iterator[Samples]:
    """So many silent samples (2, n), a second at a time."""
    while samples > 0:
        part = min(samples, RATE)
        yield np.zeros((2, part), np.float32)
        samples -= part


def _resampled(
    container: InputContainer,
    stream: AudioStream,
    label: str,
    damage: Damage,
    heard: Heard,
    checkpoint: Callable[[], None],
    uneven: bool,
) -> Iterator[tuple[Fraction, Samples]]:
    """``(moment of the first sample in seconds, samples)`` of one unbroken track."""
    graph: Graph | None = None
    made: tuple[int, tuple[str, ...]] | None = None
    matrix = np.eye(2, dtype=np.float32)
    base = Fraction(stream.time_base or Fraction(1, RATE))
    expected: Fraction | None = None
    for frame in _frames(container, stream, label, damage, checkpoint):
        names = tuple(channel.name for channel in frame.layout.channels)
        if made != (frame.sample_rate, names):
            if graph is not None:
                graph.push(None)
                yield from _pulled(graph)
            made = (frame.sample_rate, names)
            matrix, heard.gain_db = mixing(list(names))
            heard.layouts.append(frame.layout.name)
            heard.rates.append(frame.sample_rate)
            graph = _resampler(frame.sample_rate, uneven)
        assert graph is not None
        told = None if frame.pts is None else frame.pts * (frame.time_base or base)
        start = told if told is not None else (expected or Fraction(0))
        if expected is not None and start - expected > _SILENT_GAP_S:
            heard.holes += 1
        samples = matrix @ _as_float(frame)
        heard.decoded += samples.shape[1]
        expected = start + Fraction(samples.shape[1], frame.sample_rate)
        stereo = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout="stereo"
        )
        stereo.sample_rate = frame.sample_rate
        stereo.pts, stereo.time_base = (
            round(start * frame.sample_rate),
            1 / Fraction(frame.sample_rate),
        )
        graph.push(stereo)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _frames(
    container: InputContainer,
    stream: AudioStream,
    label: str,
    damage: Damage,
    checkpoint: Callable[[], None],
) -> Iterator[AudioFrame]:
    stream.codec_context.thread_count = 1
    begun = False
    packets = container.demux(stream)
    while True:
        checkpoint()
        try:
            packet = next(packets, None)
            if packet is None:
                return
            frames = packet.decode()
        except av.error.FFmpegError as error:
            if not begun and isinstance(error, av.error.InvalidDataError):
                continue  # A recording that begins in the middle of a sound frame.
            damage.packets += 1
            if damage.keep:
                if isinstance(error, av.error.InvalidDataError):
                    continue
                return
            raise InputError(
                "its sound is damaged",
                where=label,
                expected="sound that decodes to the end",
                got=str(error.strerror or error),
                mend='Send it again, or set damaged to "keep" to use what can be read.',
                code="media.damaged",
            ) from error
        for frame in frames:
            if isinstance(frame, AudioFrame) and frame.samples:
                begun = True
                yield frame


def _as_float(frame: AudioFrame) -> Samples:
    """Samples (channels, n), -1 to 1."""
    given: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        given = given.reshape(-1, frame.layout.nb_channels).T
    kind = frame.format.packed.name
    if kind in ("flt", "dbl"):
        return given.astype(np.float32)
    shifted = given.astype(np.float64) - (128 if kind == "u8" else 0)
    return (shifted / _FULL_SCALE[kind]).astype(np.float32)


def _resampler(rate: int, uneven: bool) -> Graph:
    # A filter that begins to resample in the middle leaves an audible hole there.
    options = f"{_RESAMPLER}:flags=res" if uneven else _RESAMPLER
    graph = Graph()
    graph.threads = 1
    source = graph.add(
        "abuffer", f"sample_rate={rate}:sample_fmt=fltp:time_base=1/{rate}:channel_layout=stereo"
    )
    sink = graph.add("abuffersink")
    graph.link_nodes(source, graph.add("aresample", options), sink).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[tuple[Fraction, Samples]]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, AudioFrame)
        yield Fraction(frame.pts or 0, RATE), frame.to_ndarray().astype(np.float32, copy=False)
