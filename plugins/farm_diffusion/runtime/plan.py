"""Where the weights are while a pipeline runs, and in which numbers: the memory planner.

Invariant: a pure function of what it is given. What changes the picture (tiles, fewer bits) follows
from the request alone, so that every node makes the same; free memory decides no more than where the
weights are, unless a person said that it may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Offload = Literal["full", "model", "group", "sequential"]
MAY_CHANGE = "may-change-result"
"""Of the parameter ``memory``: free memory may decide what changes the picture, too."""
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
    16 bits; tiled_mb : decoding in tiles. tile_above_mb : decodings that take more are done in
    tiles. device : ``cpu`` or ``cuda:0``."""

    weights: Sequence[Weights]
    step_mb: float
    decode_mb: float
    tiled_mb: float
    tile_above_mb: float
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
    """The way that is taken, why, and those that come after it when memory runs out.

    others : ways that take less and give another picture; only a person may choose them.
    """

    way: Way
    why: str
    rest: tuple[Way, ...]
    others: tuple[Way, ...] = ()


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

    room_mb : free on the device; ``None`` if nobody knows. precisions : the model's own and, after
    it, those that may be taken if results may change. peaks : what ways were seen to take, by name.
    memory, tiling : of the parameters. ran_out : how often this very task ran out of memory; each
    time it starts one way lower.
    """
    every = list(_ways(request, precisions, peaks or {}, memory))
    tiled = _tiled(request, tiling)
    same = [way for way in every if (way.tiled, way.precision) == (tiled, precisions[0])]
    ways = same
    if memory == MAY_CHANGE:
        ways = [way for way in every if way.tiled == tiled or (way.tiled and tiling == "auto")]
    left = ways
    for _ in range(ran_out):
        left = _lower(left) or left[-1:]
    if memory not in ("auto", MAY_CHANGE):
        way, why = left[0], f"asked for: {memory}"
    elif room_mb is None:
        way, why = left[0], "the room is not known"
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
    rest = tuple(_lower(left[left.index(way) :]))
    least_mb = min((lower.expected_mb for lower in rest), default=way.expected_mb)
    others = tuple(
        other
        for other in every
        if other not in ways and other.tiled >= tiled and other.expected_mb < 0.95 * least_mb
    )
    return Choice(way, why, rest, others)


def mend(choice: Choice, memory: str) -> str:
    """What a person may do when memory ran out in every way that gives the picture that was asked
    for. memory : of the parameters."""
    found = "Ask for a smaller size or fewer frames"
    # Several ways change the same; the least of them is told.
    changes: dict[str, int] = {}
    for way in choice.others:
        said = ["tiling: on"] if way.tiled and not choice.way.tiled else []
        said += [f"precision: {way.precision}"] if way.precision != choice.way.precision else []
        key = " with ".join(said)
        changes[key] = min(way.expected_mb, changes.get(key, way.expected_mb))
    if memory not in ("auto", MAY_CHANGE):
        found += ", or for memory: auto"
    for key, takes_mb in changes.items():
        found += f", or for {key} (about {takes_mb} MB)"
    if changes:
        found += f", or let every node decide that by its memory (memory: {MAY_CHANGE})"
    return f"{found}."


def _tiled(request: Request, tiling: str) -> bool:
    """Whether it decodes in tiles: as asked, else by the size of the request alone."""
    large = request.decode_mb > request.tile_above_mb
    return request.can_tile and (large if tiling == "auto" else tiling == "on")


def _lower(ways: Sequence[Way]) -> list[Way]:
    """Those after the first that take clearly less than it."""
    return [way for way in ways[1:] if way.expected_mb < 0.95 * ways[0].expected_mb]


def _ways(
    request: Request, precisions: Sequence[str], peaks: Mapping[str, int], memory: str
) -> Iterator[Way]:
    """All that there are, the best first."""
    offloads: Sequence[Offload] = ("full",) if request.device == "cpu" else _ORDER
    if memory not in ("auto", MAY_CHANGE):
        offloads = [offload for offload in _ORDER if offload == memory]
    found = [
        Way(offload, tiled, precision)
        for precision in precisions
        for tiled in ((False, True) if request.can_tile else (False,))
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
