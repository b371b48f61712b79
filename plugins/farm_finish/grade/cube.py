"""Look-up tables in files (``.cube``), read strictly.

Invariant: a table that was read is whole, finite and says over what range it holds; of anything
else the line is named.

Source: Adobe, "Cube LUT Specification", version 1.0; ``LUT_1D_INPUT_RANGE`` and
``LUT_3D_INPUT_RANGE`` are those of DaVinci Resolve.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError

SIZES = {1: (2, 65_536), 3: (2, 129)}
LARGEST_BYTES = 128_000_000
_LINES_AT_A_TIME = 20_000


@dataclass(frozen=True, slots=True)
class Cube:
    """dimensions : 1 or 3. table : float32 (entries, 3), RGB; of a 3-D table red runs fastest.
    low, high : float32 (3,), the input that the first and the last entry stand for."""

    dimensions: int
    size: int
    table: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]


def read_cube(path: Path, label: str, checkpoint: Callable[[], None] = lambda: None) -> Cube:
    """Read a table. checkpoint : called now and then.

    Raises
    ------
    InputError : ``lut.broken``, with the line; ``lut.too-large``.
    """
    if path.stat().st_size > LARGEST_BYTES:
        raise InputError(
            "is too large for a table",
            where=label,
            expected=f"at most {LARGEST_BYTES // 1_000_000} MB",
            got=f"{path.stat().st_size // 1_000_000} MB",
            mend="Send a .cube file of at most 129 entries a side.",
            code="lut.too-large",
        )
    # Titles may be in any encoding; all that counts is ASCII.
    with path.open(encoding="latin-1") as file:
        return _Reading(label, checkpoint).read(file)


class _Reading:
    """One pass over the lines of a file."""

    def __init__(self, label: str, checkpoint: Callable[[], None]) -> None:
        self._label, self._checkpoint = label, checkpoint
        self._number = 0
        self._said: dict[str, list[str]] = {}
        self._entries = array("f")
        self._dimensions = self._size = 0

    def read(self, lines: Iterator[str]) -> Cube:
        for self._number, line in enumerate(lines, 1):
            if self._number % _LINES_AT_A_TIME == 0:
                self._checkpoint()
            words = line.removeprefix("\xef\xbb\xbf").split()
            if not words or words[0].startswith("#"):
                continue
            if words[0][0].isalpha() or words[0][0] == "_":
                self._keyword(words)
            else:
                self._entry(words)
        return self._finished()

    def _keyword(self, words: list[str]) -> None:
        name, values = words[0], words[1:]
        if name not in _KEYWORDS:
            raise self._broken("an unknown keyword", " or ".join(_KEYWORDS), name[:40])
        if self._entries:
            raise self._broken("a keyword among the entries", "three numbers", name)
        if name in self._said:
            raise self._broken("a keyword for the second time", f"one {name}", f"another {name}")
        self._said[name] = values
        if name == "TITLE":
            return
        if name in ("LUT_1D_SIZE", "LUT_3D_SIZE"):
            self._sized(1 if "1D" in name else 3, values)
        else:
            self._numbers(values, _KEYWORDS[name])

    def _sized(self, dimensions: int, values: list[str]) -> None:
        least, most = SIZES[dimensions]
        text = " ".join(values)
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise self._broken("a size out of range", f"{least} to {most}", text[:40] or "nothing")
        if self._size:
            raise self._broken("a second table", "one size, 1-D or 3-D", "both")
        self._dimensions, self._size = dimensions, int(text)

    def _entry(self, words: list[str]) -> None:
        if not self._size:
            raise self._broken("an entry before the size", "LUT_1D_SIZE or LUT_3D_SIZE", words[0])
        numbers = self._numbers(words, 3)
        wanted = self._size**self._dimensions
        if len(self._entries) >= 3 * wanted:
            raise self._broken("an entry too many", f"{wanted} entries", "more")
        self._entries.extend(numbers)

    def _numbers(self, words: list[str], count: int) -> list[float]:
        try:
            if len(words) != count or any("_" in word for word in words):
                raise ValueError
            numbers = [float(word) for word in words]
        except ValueError:
            got = " ".join(words)[:60] or "nothing"
            raise self._broken("no numbers", f"{count} numbers", got) from None
        if not all(math.isfinite(number) and abs(number) < 1e6 for number in numbers):
            raise self._broken("a number out of range", "finite numbers", " ".join(words)[:60])
        return numbers

    def _finished(self) -> Cube:
        if not self._size:
            raise self._broken("the end", "LUT_1D_SIZE or LUT_3D_SIZE", "neither")
        wanted = self._size**self._dimensions
        if len(self._entries) != 3 * wanted:
            raise self._broken("the end", f"{wanted} entries", str(len(self._entries) // 3))
        low, high = self._domain()
        table = np.array(self._entries, np.float32).reshape(-1, 3)
        return Cube(self._dimensions, self._size, table, low, high)

    def _domain(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        low = [float(word) for word in self._said.get("DOMAIN_MIN", ["0"] * 3)]
        high = [float(word) for word in self._said.get("DOMAIN_MAX", ["1"] * 3)]
        told = self._said.get(f"LUT_{self._dimensions}D_INPUT_RANGE")
        if told is not None:
            low, high = [float(told[0])] * 3, [float(told[1])] * 3
        if any(a >= b for a, b in zip(low, high, strict=True)):
            got = f"{low} to {high}"
            raise self._broken("an empty range of input", "DOMAIN_MIN below DOMAIN_MAX", got)
        return np.array(low, np.float32), np.array(high, np.float32)

    def _broken(self, what: str, expected: str, got: str) -> InputError:
        return InputError(
            f"has {what} at line {self._number}",
            where=self._label,
            expected=expected,
            got=got,
            mend="Export the table again as a .cube file.",
            code="lut.broken",
        )


_KEYWORDS = {
    "TITLE": 0,
    "DOMAIN_MIN": 3,
    "DOMAIN_MAX": 3,
    "LUT_1D_SIZE": 1,
    "LUT_3D_SIZE": 1,
    "LUT_1D_INPUT_RANGE": 2,
    "LUT_3D_INPUT_RANGE": 2,
}
