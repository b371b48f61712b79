"""Decoder setups of H.264 and H.265: the parameter sets that packets are decoded with.

Invariant: packets are copied only beside exactly the parameter sets they were made with, under ids
that nothing else in the film uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}
_INSTANT = {"h264": (5,), "hevc": (19, 20)}
_PICTURES = {"h264": range(1, 6), "hevc": range(32)}


@dataclass(frozen=True, slots=True)
class Setup:
    """sets : parameter sets by their NAL unit type, in order."""

    codec: str
    sets: tuple[tuple[int, bytes], ...]

    def of(self, kind: int) -> list[bytes]:
        """The sets of one NAL unit type."""
        return [data for number, data in self.sets if number == kind]


def setup_of(codec: str, extradata: bytes | None) -> Setup | None:
    """The setup of a stream in MP4 or Matroska form with lengths of four bytes; else ``None``."""
    data = extradata or b""
    try:
        if codec == "h264" and data[0] == 1 and data[4] & 3 == 3:
            return Setup(codec, tuple(_avc_sets(data)))
        if codec == "hevc" and data[0] == 1 and data[21] & 3 == 3:
            return Setup(codec, tuple(_hevc_sets(data)))
    except IndexError:
        return None
    return None


def scan(codec: str, packet: bytes, setup: Setup) -> tuple[bool, bool]:
    """Whether a packet is an instantaneous refresh, from which decoding can begin with nothing
    leaking from before; and whether it is well formed and brings no other parameter sets."""
    at, instant = 0, False
    known = {data for _, data in setup.sets}
    while at + 4 < len(packet):
        size = int.from_bytes(packet[at : at + 4], "big")
        unit = packet[at + 4 : at + 4 + size]
        if size == 0 or len(unit) < size:
            return False, False
        kind = unit_type(codec, unit)
        if kind in _SETS[codec] and unit not in known:
            return False, False
        if kind in _PICTURES[codec]:
            instant = kind in _INSTANT[codec]
        at += 4 + size
    return instant, at == len(packet)


def unit_type(codec: str, unit: bytes) -> int:
    """Type of a NAL unit."""
    return unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63


def frames_only(setup: Setup) -> bool:
    """Whether an H.264 setup allows whole frames only, no interlaced fields, at one size."""
    return setup.codec != "h264" or all(_Bits(sps).progressive() for sps in setup.of(7))


def free_id(setup: Setup) -> int | None:
    """The smallest id from 1 on that no set of an H.264 setup uses; ``None`` if there is none."""
    used = {_Bits(sps).sequence_id() for sps in setup.of(7)}
    for pps in setup.of(8):
        bits = _Bits(pps)
        used |= {bits.count(), bits.count()}
    return next((number for number in range(1, 32) if number not in used), None)


def joint_setup(setups: list[Setup]) -> bytes:
    """The decoder configuration of an H.264 stream in which all of these occur."""
    sps = list(dict.fromkeys(data for setup in setups for data in setup.of(7)))
    pps = list(dict.fromkeys(data for setup in setups for data in setup.of(8)))
    profile = max(data[1] for data in sps)
    constraints = 0xFF
    for data in sps:
        constraints &= data[2]
    level = max(data[3] for data in sps)
    parts = [bytes([1, profile, constraints, level, 0xFF, 0xE0 | len(sps)])]
    parts += [len(data).to_bytes(2, "big") + data for data in sps]
    parts += [bytes([len(pps)])]
    parts += [len(data).to_bytes(2, "big") + data for data in pps]
    if profile in (100, 110, 122, 144):
        parts += [bytes([0xFC | 1, 0xF8, 0xF8, 0])]  # 4:2:0 in 8 bits; nothing else is copied.
    return b"".join(parts)


def _avc_sets(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 5
    for mask in (0x1F, 0xFF):
        count = data[at] & mask
        at += 1
        for _ in range(count):
            size = int.from_bytes(data[at : at + 2], "big")
            unit = data[at + 2 : at + 2 + size]
            yield unit_type("h264", unit), unit
            at += 2 + size


def _hevc_sets(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 23
    for _ in range(data[22]):
        kind, count = data[at] & 63, int.from_bytes(data[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            size = int.from_bytes(data[at : at + 2], "big")
            if kind in _SETS["hevc"]:
                yield kind, data[at + 2 : at + 2 + size]
            at += 2 + size


class _Bits:
    """Reads the head of an H.264 parameter set (ITU-T H.264, 7.3.2)."""

    def __init__(self, unit: bytes) -> None:
        plain = unit[1:].replace(b"\0\0\3", b"\0\0")
        self._bits = "".join(f"{byte:08b}" for byte in plain)
        self._at = 0

    def take(self, count: int) -> int:
        self._at += count
        return int(self._bits[self._at - count : self._at] or "0", 2)

    def count(self) -> int:
        zeros = 0
        while self._at < len(self._bits) and self.take(1) == 0:
            zeros += 1
        return (1 << zeros) - 1 + (self.take(zeros) if zeros else 0)

    def sequence_id(self) -> int:
        self.take(24)
        return self.count()

    def progressive(self) -> bool:
        profile = int(self._bits[:8], 2)
        self.sequence_id()
        if profile in (100, 110, 122, 244, 44, 83, 86, 118, 128):
            if self.count() != 1 or self.count() or self.count():  # 4:2:0, 8 bits.
                return False
            self.take(1)
            if self.take(1):  # Scaling lists; rare, and not read here.
                return False
        self.count()
        order = self.count()
        if order == 0:
            self.count()
        elif order == 1:
            return False
        self.count()
        self.take(1)
        self.count()
        self.count()
        return bool(self.take(1))
