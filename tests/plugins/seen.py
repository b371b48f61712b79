"""What a film shows, in numbers: its analysis, and a few measures for things that are counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse.meter import Meter
from farm_procedural.analyse.schema import Analysis

F64 = NDArray[np.float64]

# OKLab hues, from and to in degrees, as a person would allow them for the word.
HUES = {
    "red": (5, 50), "coral": (10, 60), "orange": (40, 85), "brown": (25, 90), "sepia": (45, 110),
    "gold": (60, 108), "yellow": (88, 122), "lime": (110, 148), "green": (120, 172),
    "mint": (140, 185), "teal": (168, 225), "cyan": (178, 228), "aurora": (125, 210),
    "blue": (225, 292), "indigo": (262, 305), "purple": (283, 332), "magenta": (312, 355),
    "pink": (335, 388), "warm": (5, 108),
}  # fmt: skip
DIRECTIONS = {"right": 0.0, "up": 90.0, "left": 180.0, "down": 270.0}
PARTS = {"first": (0.0, 0.25), "middle": (0.4, 0.6), "last": (0.75, 1.0)}


@dataclass
class Seen:
    """The decoded frames of a film: luma, cb and cr as uint8 4:2:0, BT.709."""

    frames: list[tuple[NDArray[np.uint8], ...]]
    fps: float
    _parts: dict[str, Seen] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Seen:
        """Decode a file."""
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = [
                tuple(
                    np.frombuffer(plane, np.uint8)
                    .reshape(-1, plane.line_size)[: plane.height, : plane.width]
                    .copy()
                    for plane in frame.planes
                )
                for frame in container.decode(stream)
            ]
            assert stream.average_rate is not None
            return cls(frames, float(stream.average_rate))

    def part(self, name: str) -> Seen:
        """The frames of a part, or all of them for no name."""
        if not name:
            return self
        if name not in self._parts:
            start, stop = (round(share * len(self.frames)) for share in PARTS[name])
            self._parts[name] = Seen(self.frames[start : max(stop, start + 1)], self.fps)
        return self._parts[name]

    @cached_property
    def analysis(self) -> Analysis:
        height, width = self.frames[0][0].shape
        meter = Meter(width, height, round(self.fps))
        for frame in self.frames:
            meter.add(*frame)
        return meter.analysis()

    def share(self, colour: str) -> float:
        """Share of all chroma with the hue of that name, 0 to 1; bins at its ends count in part."""
        low, high = HUES[colour]
        bins = self.analysis.colour.hue_histogram
        total = 0.0
        for turn in (0, 360):
            for number, value in enumerate(bins):
                start = number * 10 + turn
                total += value * max(0.0, min(high, start + 10) - max(low, start)) / 10
        return total

    def luma(self, at: float = 0.5) -> F64:
        """Luma of one frame, 0 to 255."""
        codes = self.frames[min(int(at * len(self.frames)), len(self.frames) - 1)][0]
        return (codes.astype(np.float64) - 16) * 255 / 219

    @property
    def specks(self) -> float:
        """Share of pixels that are much lighter than what is around them, two pixels away."""
        shares = []
        for at in (0.2, 0.5, 0.8):
            luma = self.luma(at)
            sides = [
                np.roll(luma, (dy, dx), (0, 1))
                for dy, dx in ((-3, 0), (3, 0), (0, -3), (0, 3), (-3, -3), (3, 3), (-3, 3), (3, -3))
            ]
            above = luma - np.sort(np.stack(sides), axis=0)[-2]
            shares.append(float((above[3:-3, 3:-3] > 18).mean()))
        return float(np.mean(shares))

    @property
    def grain(self) -> float:
        """Standard deviation of what is finer than two pixels, in levels, in the calmer half."""
        fine = []
        for at in (0.25, 0.5, 0.75):
            y = self.luma(at)
            rest = y[1:-1, 1:-1] - (y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:]) / 4
            tiles = rest[: rest.shape[0] // 8 * 8, : rest.shape[1] // 8 * 8]
            tiles = tiles.reshape(tiles.shape[0] // 8, 8, tiles.shape[1] // 8, 8)
            fine.append(float(np.median(tiles.std(axis=(1, 3)))))
        return float(np.mean(fine))

    @property
    def bars(self) -> float:
        """Share of rows at top and bottom that are black in every frame."""
        rows = np.max([frame[0].max(axis=1) for frame in self.frames], axis=0) <= 18
        top = int(np.argmin(rows)) if not rows.all() else len(rows)
        bottom = int(np.argmin(rows[::-1])) if not rows.all() else 0
        return min(top, bottom) * 2 / len(rows)

    def blobs(self, *, light: bool) -> int:
        """Separate shapes of at least 0.15 % of the picture that stand out of what is around."""
        luma = self.luma()
        level = float(np.median(luma)) + 70 * (1 if light else -1)
        mask = luma > max(level, 90) if light else luma < min(level, 165)
        least = mask.size * 0.0015
        count = 0
        while mask.any():
            y, x = (int(v[0]) for v in np.nonzero(mask))
            seen = np.zeros_like(mask)
            seen[y, x] = True
            while True:
                grown = seen.copy()
                for axis in (0, 1):
                    for step in (-1, 1):
                        moved = np.roll(seen, step, axis)
                        # What leaves at one side does not come in at the other.
                        edge = [slice(None), slice(None)]
                        edge[axis] = slice(0, 1) if step == 1 else slice(-1, None)
                        moved[tuple(edge)] = False
                        grown |= moved
                grown &= mask
                if grown.sum() == seen.sum():
                    break
                seen = grown
            mask &= ~seen
            count += int(seen.sum()) >= least
        return count


def measured(seen: Seen, name: str) -> float:
    """The number that a check's name stands for."""
    a = seen.analysis
    height, width = seen.frames[0][0].shape
    plain = {
        "bright": a.brightness.mean, "top": a.brightness.high, "contrast": a.contrast.rms,
        "sat": a.colour.saturation, "warm": a.colour.warmth, "motion": a.motion.level,
        "zoom": a.motion.zoom, "spin": abs(a.motion.turn), "unrest": a.brightness.flicker,
        "cuts": a.rhythm.cuts, "bpm": a.rhythm.bpm, "seconds": len(seen.frames) / seen.fps,
        "fps": seen.fps, "width": width, "height": height, "tall": height / width,
        "inward": float(a.gradient.inward), "balance": a.balance.vertical,
    }  # fmt: skip
    if name in plain:
        return float(plain[name])
    if name in ("blobs", "holes"):
        return seen.blobs(light=name == "blobs")
    return float(getattr(seen, name))


def holds(seen: Seen, check: str) -> str:
    """An empty text when ``check`` is true of the film, else what is seen instead."""
    at = min(check.index(sign) for sign in "<>=" if sign in check)
    name, sign, value = check[:at], check[at], check[at + 1 :]
    part, _, name = name.rpartition(".")
    seen = seen.part(part)
    a = seen.analysis
    if name in ("hue", "has", "lacks"):
        share, saturation = seen.share(value), a.colour.saturation
        if name == "lacks":
            good = share <= 0.06 or share * saturation <= 0.01
        else:
            good = share >= (0.5 if name == "hue" else 0.12) and saturation >= 0.03
        bins = np.array(a.colour.hue_histogram)
        most = ", ".join(f"{10 * n}:{bins[n]:.2f}" for n in np.argsort(-bins)[:4])
        got = f"{share:.2f} of the colour, saturation {saturation:.2f}, most at {most}"
    elif name == "dir":
        wanted = DIRECTIONS[value] if value in DIRECTIONS else float(value)
        off = abs((a.motion.direction - wanted + 180) % 360 - 180)
        good = off <= 40 and a.motion.coherence >= 0.2
        got = f"{a.motion.direction:.0f} degrees, coherence {a.motion.coherence:.2f}"
    elif name == "grad":
        good, got = a.gradient.kind == value, f"{a.gradient.kind}, fit {a.gradient.fit:.2f}"
    else:
        number, limit = measured(seen, name), float(value)
        near = 0.04 * limit if name in ("bpm", "seconds") else 1e-9
        good = {"<": number < limit, ">": number > limit, "=": abs(number - limit) <= near}[sign]
        got = f"{number:.4g}"
    return "" if good else f"{check}: {got}"
