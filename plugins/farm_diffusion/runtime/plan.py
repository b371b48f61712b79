"""Where the weights are while a pipeline runs, and in which numbers: the memory planner.

Invariant: a pure function of what it is given. Of the ways that fit the fastest is taken; one that
changes the picture (tiles, fewer bits) only if none that leaves it alone fits, or if it was asked
for by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Offload = Literal["full", "model", "group", "sequential"]
BYTES: Mapping[str, float] = {
    "float32": 4.0,
    "bfloat16": 2.0,
    "float16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    "gguf": 1.0,
}
"""Bytes of one weight of a backbone, by precision."""
_GROUP_SHARE = 0.12
"""Share of a component that is on the device at once when it streams group by group (two of them)."""
_LAYER_SHARE = 0.03
_SHARES: Mapping[Offload, float] = {
    "full": 1.0,
    "model": 1.0,
    "group": _GROUP_SHARE,
    "sequential": _LAYER_SHARE,
}
_ORDER: Sequence[Offload] = ("full", "model", "group", "sequential")
"""By speed: weights that stay, that cross the bus once a task, once a step behind the work (group),
and once a step in front of it."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A component. millions : of weights. role : ``backbone``, ``text``, ``vae`` or ``other``."""

    name: str
    millions: float
    role: Literal["backbone", "text", "vae", "other"]
    full_precision: bool = False

    def size_mb(self, precision: str) -> float:
        """What it takes in a precision; only a backbone is stored in less than 16 bits."""
        if self.full_precision:
            return self.millions * 4
        small = precision in ("fp8", "int8", "gguf")
        return self.millions * (2.0 if small and self.role != "backbone" else BYTES[precision])


@dataclass(frozen=True, slots=True)
class Request:
    """What is to run. step_mb, decode_mb : besides the weights, while it denoises and decodes, in
    16 bits; tiled_mb : decoding in tiles. device : ``cpu`` or ``cuda:0``."""

    weights: Sequence[Weights]
    step_mb: float
    decode_mb: float
    tiled_mb: float
    device: str
    can_tile: bool = True


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run. expected_mb : its peak on the device. working_mb : of that, what is not there
    yet when the weights are where they belong."""

    offload: Offload
    tiled: bool
    precision: str
    expected_mb: int = 0
    working_mb: int = 0

    @property
    def name(self) -> str:
        """``full``, ``model+tiles``, …; recorded peaks go by it."""
        return f"{self.offload}{'+tiles' if self.tiled else ''} {self.precision}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The way that is taken, why, and those that come after it when memory runs out."""

    way: Way
    why: str
    rest: tuple[Way, ...]


def choose(
    request: Request,
    *,
    room_mb: int | None,
    precisions: Sequence[str],
    peaks: Mapping[str, int] | None = None,
    memory: str = "auto",
    tiling: str = "auto",
    ran_out: int = 0,
) -> Choice:
    """The fastest way that fits.

    room_mb : free on the device; ``None`` if nobody knows. precisions : in order of preference; the
    first is the model's own, later ones are taken only when it fits in no way that leaves pictures
    alone. peaks : what ways were seen to take, by name. memory, tiling : of the parameters. ran_out :
    how often this very task ran out of memory; each time it starts one way lower.
    """
    ways = list(_ways(request, precisions, peaks or {}, memory, tiling))
    if memory != "auto":
        return Choice(ways[0], f"asked for: {memory}", tuple(ways[1:]))
    left = ways
    for _ in range(ran_out):
        left = _lower(left) or left[-1:]
    if room_mb is None:
        way = left[0]
        why = "the room is not known"
    else:
        fitting = [way for way in left if way.expected_mb <= room_mb]
        way = fitting[0] if fitting else min(left, key=lambda way: way.expected_mb)
        why = (
            f"{way.expected_mb} MB of {room_mb} MB"
            if fitting
            else f"nothing fits in {room_mb} MB; the least needs {way.expected_mb} MB"
        )
    if ran_out:
        why += f", after running out of memory {ran_out} time{'s' * (ran_out > 1)}"
    return Choice(way, why, tuple(_lower(left[left.index(way) :])))


def _lower(ways: Sequence[Way]) -> list[Way]:
    """Those after the first that take clearly less than it."""
    return [way for way in ways[1:] if way.expected_mb < 0.95 * ways[0].expected_mb]


def _ways(
    request: Request,
    precisions: Sequence[str],
    peaks: Mapping[str, int],
    memory: str,
    tiling: str,
) -> Iterator[Way]:
    """All that may be tried, the best first."""
    offloads: Sequence[Offload] = ("full",) if request.device == "cpu" else _ORDER
    if memory != "auto":
        offloads = [offload for offload in _ORDER if offload == memory]
    tiles = {"on": (True,), "off": (False,)}.get(tiling, (False, True))
    found = [
        Way(offload, tiled and request.can_tile, precision)
        for precision in precisions
        for tiled in (tiles if request.can_tile else tiles[:1])
        for offload in offloads
    ]
    for way in found:
        seen = peaks.get(way.name)
        expected = round(_expected_mb(request, way)) if seen is None else seen
        there = sum(part.size_mb(way.precision) for part in request.weights)
        working = max(0, expected - round(there)) if way.offload == "full" else expected
        yield replace(way, expected_mb=expected, working_mb=working)


def _expected_mb(request: Request, way: Way) -> float:
    """The peak: the largest of reading the prompt, denoising and decoding."""
    share = _SHARES[way.offload]
    sizes = {part.name: part.size_mb(way.precision) for part in request.weights}
    wide = BYTES["float32"] / BYTES["float16"] if way.precision == "float32" else 1.0
    step, decode = request.step_mb * wide, request.decode_mb * wide
    if way.tiled:
        decode = request.tiled_mb * wide
    if way.offload == "full":
        return sum(sizes.values()) + max(step, decode)
    # One of two backbones at a time; the VAE is small and crosses whole when groups stream.
    largest = {
        role: max((sizes[part.name] for part in request.weights if part.role == role), default=0.0)
        for role in ("backbone", "text", "vae", "other")
    }
    reading = max(largest["text"], largest["other"]) * share
    return max(reading, largest["backbone"] * share + step, largest["vae"] + decode)
