"""Durations, frame rates, sizes and tempos in digits and words.

Invariant: a measure outside the limits is not taken over and not bent: it is left out and a note
says so; tokens that made a measure are spent and mean nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from farm_procedural.interpret.grammar import STOP_WORDS, words
from farm_procedural.interpret.tokens import Token

DURATION_LIMITS_S, FPS_LIMITS, SIDE_LIMITS, BPM_LIMITS = (
    (0.5, 3600.0),
    (1, 120),
    (64, 7680),
    (20, 300),
)

UNITS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
         "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
         "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
         "nineteen": 19, "single": 1, "pair": 2, "couple": 2, "dozen": 12, "dozens": 24,
         "hundreds": 200, "thousands": 2000, "score": 20, "trio": 3}  # fmt: skip
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
        "eighty": 80, "ninety": 90}  # fmt: skip
SCALES = {"hundred": 100, "thousand": 1000}
SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "segundos", "secondes", "sekunden",
                     "sekunde", "segundo", "seconde"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("min", "mins", "minute", "minutes", "m", "minuten", "minutos", "minuto"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "stunde", "heure", "hora"), 3600.0),
}  # fmt: skip
HEIGHTS = {480: 854, 540: 960, 576: 1024, 720: 1280, 1080: 1920, 1440: 2560, 2160: 3840, 4320: 7680,
           360: 640, 240: 426}  # fmt: skip
THOUSANDS = {1: (1024, 540), 2: (2560, 1440), 4: (3840, 2160), 5: (5120, 2880), 8: (7680, 4320)}
NAMED_SIZES = {
    "uhd": (3840, 2160), "ultra hd": (3840, 2160), "full hd": (1920, 1080), "fullhd": (1920, 1080),
    "fhd": (1920, 1080), "qhd": (2560, 1440), "hd": (1280, 720), "high definition": (1920, 1080),
    "sd": (854, 480), "quad hd": (2560, 1440),
}  # fmt: skip
_NAMED_FIRST = frozenset(name.split()[0] for name in NAMED_SIZES)
FORMATS: dict[str, tuple[int, int]] = {
    "vertical": (9, 16), "portrait": (9, 16), "upright": (9, 16), "tiktok": (9, 16), "reel": (9, 16),
    "reels": (9, 16), "square": (1, 1), "landscape": (16, 9), "widescreen": (16, 9),
    "horizontal": (16, 9), "ultrawide": (64, 27), "shorts": (9, 16), "hochformat": (9, 16),
    "quadratisch": (1, 1), "cuadrado": (1, 1),
}  # fmt: skip
_ALWAYS_FORMAT = frozenset({"tiktok", "reel", "reels", "widescreen", "ultrawide", "hochformat"})
_FORMAT_NOUNS = words(
    "format video film clip aspect orientation mode frame framing crop screen ratio movie phone"
    " canvas output resolution story post version picture image"
)
_FRAMES_PER_SECOND = (["frames", "per", "second"], ["frames", "a", "second"])
_AFTER_FORMAT = words("in at with for and please on")
_DECADES = words(
    "look style vibe vibes retro synth music aesthetic movie film video disco feel mood"
)
_OF_ONE = (["of", "a"], ["of", "an"])
_LIKE_ONE = frozenset({"a", "an", "un", "une", "eine", "ein"})


@dataclass(slots=True)
class Measures:
    """What was measured; ``spent`` are the tokens, ``seconds`` the durations by token."""

    fps: int | None = None
    width: int | None = None
    height: int | None = None
    bpm: int | None = None
    bpm_at: tuple[int, int] = (0, 0)
    seconds: list[tuple[int, int, float]] = field(default_factory=list)
    numbers: dict[int, tuple[int, int]] = field(default_factory=dict)
    spent: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    aspect: tuple[int, int] | None = None


def number_at(tokens: Sequence[Token], place: int) -> tuple[float, int] | None:
    """(value, tokens it takes) of a number in digits or words, also "a dozen" and "half a"."""
    token = tokens[place]
    if token.kind == "number":
        return _digits(token.text), 1
    if token.kind != "word":
        return None
    key = token.key
    if key in _LIKE_ONE and place + 1 < len(tokens):
        inner = tokens[place + 1].key
        if inner in ("dozen", "couple", "pair", "hundred", "thousand", "single", "trio"):
            found = number_at(tokens, place + 1)
            return (found[0], found[1] + 1) if found else None
        if inner in SECONDS and len(inner) > 2:
            return 1.0, 1
        return None
    if key == "half" and place + 1 < len(tokens) and tokens[place + 1].key in ("a", "an"):
        return 0.5, 2
    if key == "quarter" and [t.key for t in tokens[place + 1 : place + 3]] in _OF_ONE:
        return 0.25, 3
    value = taken = 0
    total = 0
    while place + taken < len(tokens):
        token = tokens[place + taken]
        key = token.key
        if token.clause != tokens[place].clause:
            break
        if key in SCALES:
            value = max(value, 1) * SCALES[key]
            total, value = (total + value, 0) if key == "thousand" else (total, value)
        elif key in TENS or (key in UNITS and (not taken or value % 10 == 0)):
            value += TENS.get(key) or UNITS.get(key, 0)
        elif not (
            key == "and" and taken and value >= 100 and _is_number(tokens, place + taken + 1)
        ):
            break
        taken += 1
        if key in ("dozen", "couple", "pair", "single", "dozens", "hundreds", "thousands", "trio"):
            break
    return (float(total + value), taken) if taken else None


def measure(tokens: Sequence[Token]) -> Measures:
    """All measures of a prompt."""
    found = Measures()
    place = 0
    while place < len(tokens):
        place += _one(tokens, place, found)
    _settle_size(found)
    return found


def _one(tokens: Sequence[Token], place: int, found: Measures) -> int:
    token = tokens[place]
    if token.kind == "size":
        width, height = (int(side) for side in token.key.replace("×", "x").split("x"))
        return _sized(found, place, 1, width, height, token.text)
    if token.kind == "ratio":
        return _ratio(tokens, place, found)
    named = _named_size(tokens, place, found)
    if named:
        return named
    number = number_at(tokens, place)
    if number is None:
        return 1
    value, taken = number
    after = place + taken
    if after < len(tokens) and tokens[after].key == "of" and token.kind == "word" and (
        tokens[after - 1].key in ("couple", "pair", "dozens", "hundreds", "thousands", "dozen")
    ):  # fmt: skip
        after, taken = after + 1, taken + 1
    unit = tokens[after].key if after < len(tokens) else ""
    following = [t.key for t in tokens[after : after + 4]]
    if following[:3] == ["and", "a", "half"] and following[-1] in SECONDS:
        value, after, unit = value + 0.5, after + 3, following[3]
    if unit == "s" and _is_decade(tokens, place, after):
        return taken
    if unit in SECONDS and not (unit == "m" and not tokens[after].joined):
        seconds, after = value * SECONDS[unit], after + 1
        if [t.key for t in tokens[after : after + 3]] == ["and", "a", "half"]:
            seconds, after = seconds + SECONDS[unit] / 2, after + 3
        found.seconds.append((place, after, seconds))
        return _spend(found, place, after)
    if unit in ("fps", "hz") or following[:3] in _FRAMES_PER_SECOND:
        after += 1 if unit in ("fps", "hz") else 3
        _limited(found, "fps", value, FPS_LIMITS, "frames per second")
        return _spend(found, place, after)
    if unit == "bpm" or following[:3] == ["beats", "per", "minute"]:
        after += 1 if unit == "bpm" else 3
        _limited(found, "bpm", value, BPM_LIMITS, "beats per minute")
        found.bpm_at = (place, after)
        return _spend(found, place, after)
    if unit in ("p", "i") and tokens[after].joined:
        after += 1
        if value in HEIGHTS:
            return _sized(found, place, after - place, HEIGHTS[int(value)], int(value), "")
        if value in (24, 25, 30, 50, 60):
            found.fps = int(value)
            return _spend(found, place, after)
    if unit == "k" and value in THOUSANDS:
        return _sized(found, place, after + 1 - place, *THOUSANDS[int(value)], "")
    if unit in ("by", "pixels", "pixel", "px"):
        second = number_at(tokens, after + 1) if unit == "by" and after + 1 < len(tokens) else None
        if second is not None and min(value, second[0]) >= 1 and max(value, second[0]) >= 16:
            end = after + 1 + second[1]
            end += tokens[end].key in ("pixels", "pixel", "px") if end < len(tokens) else 0
            return _sized(found, place, end - place, int(value), int(second[0]), "")
        if unit != "by":
            found.notes.append(f"{value:g} pixels name no size; say width x height, as 1280x720")
            return _spend(found, place, after + 1)
    found.numbers[place] = (place + taken, int(min(value, 10_000)))
    return taken


def _is_decade(tokens: Sequence[Token], place: int, unit: int) -> bool:
    """Whether "80s" is the eighties: "the 80s", "80s style"."""
    text = tokens[place].text
    if len(text) == 4 and text.startswith(("19", "20")) and text.endswith("0"):
        return True
    if text not in ("20", "50", "60", "70", "80", "90") or not tokens[unit].joined:
        return False
    following = tokens[unit + 1].key if unit + 1 < len(tokens) else ""
    return following in _DECADES or (place > 0 and tokens[place - 1].key == "the")


def _ratio(tokens: Sequence[Token], place: int, found: Measures) -> int:
    first, second = (float(side) for side in tokens[place].text.split(":"))
    if second > 0 and 0.2 <= first / second <= 5:
        found.aspect = (round(first * 100), round(second * 100))
        found.spent.add(place)
    return 1


def _named_size(tokens: Sequence[Token], place: int, found: Measures) -> int:
    token = tokens[place]
    for length in (2, 1) if token.key in _NAMED_FIRST else ():
        name = " ".join(t.key for t in tokens[place : place + length])
        if name in NAMED_SIZES and place + length <= len(tokens):
            return _sized(found, place, length, *NAMED_SIZES[name], "")
    if token.key not in FORMATS:
        return 0
    if not _means_format(tokens, place, found):
        return 0
    found.aspect = FORMATS[token.key]
    found.spent.add(place)
    return 1


def _means_format(tokens: Sequence[Token], place: int, found: Measures) -> bool:
    """Whether "vertical", "square" and the like speak of the picture's format, not of a shape."""
    token = tokens[place]
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if after is not None and after.clause != token.clause:
        after = None
    if token.key in _ALWAYS_FORMAT or (after is not None and after.key in _FORMAT_NOUNS):
        return True
    if token.key in ("landscape", "horizontal"):
        return False
    if after is not None and (after.kind == "word" and after.key not in _AFTER_FORMAT):
        return False
    before = tokens[place - 1] if place and tokens[place - 1].clause == token.clause else None
    if before is None or place - 1 in found.spent or before.key in ("in", "hd"):
        return True
    return token.key == "vertical" and before.key not in STOP_WORDS and after is not None


def _settle_size(found: Measures) -> None:
    if found.aspect is None:
        return
    wide, high = found.aspect
    short = min(found.width, found.height) if found.width and found.height else 1080
    if found.width is None and (wide, high) == (16, 9):
        return
    if wide >= high:
        found.width, found.height = _even(short * wide / high), short
    else:
        found.width, found.height = short, _even(short * high / wide)
    if max(found.width, found.height) > SIDE_LIMITS[1]:
        shrink = SIDE_LIMITS[1] / max(found.width, found.height)
        found.width, found.height = _even(found.width * shrink), _even(found.height * shrink)


def _sized(found: Measures, place: int, taken: int, width: int, height: int, text: str) -> int:
    low, high = SIDE_LIMITS
    if low <= width <= high and low <= height <= high:
        found.width, found.height = width, height
    else:
        found.notes.append(
            f"{text or f'{width}x{height}'} is no size between {low} and {high} pixels a side;"
            " the job's own size counts"
        )
    return _spend(found, place, place + taken)


def _limited(found: Measures, name: str, value: float, limits: tuple[int, int], unit: str) -> None:
    if limits[0] <= value <= limits[1]:
        setattr(found, name, round(value))
    else:
        found.notes.append(
            f"{value:g} {unit} is not between {limits[0]} and {limits[1]}; the job's own counts"
        )


def _spend(found: Measures, start: int, stop: int) -> int:
    found.spent.update(range(start, stop))
    return stop - start


def _is_number(tokens: Sequence[Token], place: int) -> bool:
    return place < len(tokens) and (tokens[place].key in UNITS or tokens[place].key in TENS)


def _digits(text: str) -> float:
    if len(text) > 15:
        return 1e15
    parts = text.replace(",", ".").split(".")
    if len(parts) > 2 or (len(parts) == 2 and "," in text and len(parts[1]) == 3):
        return float("".join(parts))
    return float(".".join(parts)) if text.isascii() else float(int("".join(parts)))


def _even(value: float) -> int:
    return round(value / 2) * 2
