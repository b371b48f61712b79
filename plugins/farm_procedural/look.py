"""From a prompt and a seed to a look: everything about the picture but time.

Invariant: a look is a pure function of (prompt, seed). Words the lexicon does not know still count:
their hashes turn the hues, so two prompts never look the same by accident.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from farm_procedural.colour import Lab, from_hex, from_lch, mixed, rotated, tinted
from farm_procedural.lexicon import Drift, Entry, Scenery, entry_for

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Look:
    """How a film looks.

    stops : five OKLab colours, dark to light. ground : those of the land in front.
    energy, scale : factors on speed, size of forms.
    ridges : rows of hills, 0 to 5; rough : how jagged they are. key : 32-bit seed of every noise.
    """

    stops: tuple[Lab, ...]
    ground: tuple[Lab, ...]
    scenery: Scenery
    orb: Literal["sun", "moon"] | None
    water: bool
    ridges: int
    rough: float
    drift: Drift
    energy: float
    scale: float
    key: int

    def chance(self, name: str) -> float:
        """A number in [0, 1) that is this look's own for this name."""
        digest = hashlib.blake2b(f"{self.key}:{name}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") / 2**32


def look_for(prompt: str, seed: int) -> Look:
    """The look of a prompt (any language, may be empty) under a seed."""
    text = unicodedata.normalize("NFKC", prompt).casefold()
    words = _WORD.findall(text)
    known = [entry for word in words if (entry := entry_for(word))]
    unknown = [word for word in words if entry_for(word) is None and len(word) > 3]
    key = _number(f"{seed}\n{' '.join(words)}")
    palettes = sorted((e for e in known if e.palette), key=lambda e: -e.rank)
    lands = [e for e in palettes if e.ridges]
    # The seed and the unknown words each turn the hues a little: same subject, another day.
    turn = (_number(f"hue {key}") / 2**32 - 0.5) * 0.035
    if palettes:
        turn += sum(_number(w) / 2**32 - 0.5 for w in unknown) * 0.02 / max(1, len(unknown))
    stops = _graded(_palette(palettes, " ".join(unknown) or text), known, turn)
    ground = stops
    if lands and lands[0] is not palettes[0]:
        own = _graded(_stops(lands[0]), known, turn)
        ground = tuple(mixed(a, b, 0.2) for a, b in zip(own, stops, strict=True))
    sceneries = [e.scenery for e in palettes if e.scenery]
    places = [e for e in known if e.ridges]
    drifts = [e.drift for e in sorted(known, key=lambda e: -e.rank) if e.drift]
    water = any(e.water for e in known)
    return Look(
        stops=stops,
        ground=ground,
        scenery="aurora" if "aurora" in sceneries else sceneries[0] if sceneries else "flow",
        orb=next((e.orb for e in palettes if e.orb), None),
        water=water,
        ridges=min(5, max((e.ridges for e in places), default=0)),
        rough=max((e.rough for e in places), default=0.0),
        drift=drifts[0] if drifts else "dust",
        energy=max(0.35, min(2.0, math.prod(e.energy for e in known))),
        scale=max(0.6, min(1.5, math.prod(e.scale for e in known))),
        key=key,
    )


def _palette(palettes: list[Entry], text: str) -> tuple[Lab, ...]:
    if not palettes:
        return _hashed_palette(text)
    stops = _stops(palettes[0])
    # A sky keeps its colours; elsewhere the next subject shines through.
    share = 0.12 if palettes[0].scenery == "sky" else 0.35
    for entry in palettes[1:2]:
        stops = tuple(mixed(a, b, share) for a, b in zip(stops, _stops(entry), strict=True))
    return stops


def _graded(stops: tuple[Lab, ...], known: list[Entry], turn: float) -> tuple[Lab, ...]:
    """The palette under the prompt's colour words and moods."""
    tints = [from_hex(entry.tint) for entry in known if entry.tint]
    if tints:
        # Several colours share the stops: "red and blue" is both, not violet.
        stops = tuple(
            tinted(stop, tints[i * len(tints) // len(stops)], 0.66) for i, stop in enumerate(stops)
        )
    lift = max(-0.1, min(0.1, sum(e.lift for e in known)))
    chroma = math.prod(e.chroma for e in known)
    return tuple(
        rotated((max(0.03, min(0.985, s[0] + lift)), s[1] * chroma, s[2] * chroma), turn)
        for s in stops
    )


def _hashed_palette(text: str) -> tuple[Lab, ...]:
    """Five harmonious colours out of nothing: neighbouring hues and an accent across the wheel."""
    number = _number(text)
    hue = (number & 0xFFFF) / 65536
    step = 0.035 + 0.05 * ((number >> 16) & 0xFF) / 255
    side = 1 if number >> 31 else -1
    accent = hue + side * (0.33 + 0.2 * ((number >> 24) & 0x7F) / 127)
    return (
        from_lch(0.16, 0.06, hue),
        from_lch(0.34, 0.12, hue + side * step),
        from_lch(0.56, 0.16, hue + side * 2.2 * step),
        from_lch(0.76, 0.13, accent),
        from_lch(0.95, 0.05, accent + side * step),
    )


def _stops(entry: Entry) -> tuple[Lab, ...]:
    return tuple(from_hex(colour) for colour in entry.palette.split())


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
