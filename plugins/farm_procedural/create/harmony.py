"""Colours that go together: palettes bent to the words of a prompt, in OKLab.

Invariant: every colour that leaves this module can be shown in sRGB; a colour that was asked for
leads, and one that was refused is nowhere near. Values are rounded to 7 decimals, well above what
mathematical libraries differ by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from farm_procedural.create.chance import Chance

Lab = tuple[float, float, float]
Stops = tuple[Lab, ...]

SPREAD = (-0.36, -0.21, -0.06, 0.06, 0.17)
"""Lightness of the five stops of a single colour's palette, around that of the colour."""
GREY = 0.035
"""A chroma under which hardly anybody sees a hue."""
NEUTRAL = 0.012
"""A chroma under which a colour that was named is black, grey or white; a pastel has more."""


def from_hex(text: str) -> Lab:
    """``#rrggbb`` (sRGB) as OKLab."""
    r, g, b = (_linear(int(text[i : i + 2], 16) / 255) for i in (1, 3, 5))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    mid = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return _rounded(
        0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short,
    )


def lch(lightness: float, chroma: float, degrees: float) -> Lab:
    """Lightness 0 to 1, chroma, hue in degrees as OKLab, made to fit sRGB by less chroma."""
    lightness = min(0.985, max(0.02, lightness))
    angle = math.radians(degrees)
    low, high = 0.0, max(0.0, chroma)
    if not _shown(lightness, high, angle):
        for _ in range(18):
            middle = (low + high) / 2
            low, high = (middle, high) if _shown(lightness, middle, angle) else (low, middle)
        high = low
    return _rounded(lightness, high * math.cos(angle), high * math.sin(angle))


def chroma(lab: Lab) -> float:
    """How colourful; 0 is grey."""
    return math.hypot(lab[1], lab[2])


def hue(lab: Lab) -> float:
    """Degrees, 0 to 360; of a grey it means nothing."""
    return math.degrees(math.atan2(lab[2], lab[1])) % 360


def apart(one: float, other: float) -> float:
    """Signed degrees from one hue to another, the short way round."""
    return (other - one + 180) % 360 - 180


def mixed(one: Lab, other: Lab, share: float) -> Lab:
    """``one`` moved by ``share`` (0 to 1) towards ``other``."""
    return _rounded(*(a + (b - a) * share for a, b in zip(one, other, strict=True)))


def blended(one: Stops, other: Stops, share: float) -> Stops:
    """Two palettes, stop by stop."""
    return tuple(mixed(a, b, share) for a, b in zip(one, other, strict=True))


def of_colour(colour: Lab, depth: float = 1.0) -> Stops:
    """Five stops of one colour, shadow to highlight, all of its hue. depth : of the contrast."""
    base, strength = colour[0], chroma(colour)
    # A light colour stays light: white with deep shadows would be grey.
    depth *= 1.0 - 0.62 * min(1.0, max(0.0, base - 0.62) / 0.36)
    degrees = hue(colour)
    stops = []
    for step in SPREAD:
        lightness = min(0.96, max(0.04, base + step * depth))
        # A pale or dark form of a strong colour stays as strong as the screen can show it.
        fade = 1.0 - 0.35 * max(0.0, step) / SPREAD[-1]
        # The shadow of a pastel is its colour, not grey.
        deep = 1.0 + 3.5 * max(0.0, -step) if NEUTRAL <= strength < 0.09 else 1.0
        stops.append(lch(lightness, strength * fade * deep, degrees))
    return tuple(stops)


def of_colours(colours: Sequence[Lab]) -> Stops:
    """Five stops in which each of one to five colours has its place; the first leads."""
    if len(colours) == 1:
        return of_colour(colours[0])
    chosen = list(colours[:5])
    # By lightness, so that the palette still runs from shadow to highlight.
    order = sorted(range(len(chosen)), key=lambda i: chosen[i][0])
    stops: list[Lab] = []
    for place in range(5):
        at = order[min(len(order) - 1, place * len(order) // 5)]
        step = SPREAD[place] * 0.35
        lightness = min(0.96, max(0.04, chosen[at][0] + step))
        stops.append(lch(lightness, chroma(chosen[at]), hue(chosen[at])))
    return tuple(sorted(stops, key=lambda stop: stop[0]))


def led(stops: Stops, colours: Sequence[Lab], share: float) -> Stops:
    """A scene's palette that a colour leads: its hue and strength, some of the scene's light.

    share : of the colour, 0 to 1.
    """
    wanted = of_colours(colours)
    result = []
    for own, asked in zip(stops, wanted, strict=True):
        lightness = own[0] + (asked[0] - own[0]) * share
        if chroma(asked) < NEUTRAL:
            result.append(lch(lightness, min(chroma(own), GREY) * (1 - share), hue(own)))
            continue
        result.append(lch(lightness, max(chroma(asked), 0.6 * chroma(own)), hue(asked)))
    return tuple(result)


def steered(stops: Stops, refused: Sequence[Lab], reach: float = 55.0) -> Stops:
    """The palette without the refused colours: hues near them turn away to the nearer side.

    reach : degrees that stay free on either side. A refused grey (black, white) moves lightness.
    """
    result = list(stops)
    greys = [colour for colour in refused if chroma(colour) < NEUTRAL]
    hues = [hue(colour) for colour in refused if chroma(colour) >= NEUTRAL]
    if hues:
        result = [_turned_away(stop, hues, reach) for stop in result]
        # From the strongest colour outwards, which keeps its side.
        lead = max(range(len(result)), key=lambda place: chroma(result[place]))
        for place in range(lead + 1, len(result)):
            result[place] = _on_the_same_side(result[place - 1], result[place], hues, reach)
        for place in reversed(range(lead)):
            result[place] = _on_the_same_side(result[place + 1], result[place], hues, reach)
    for colour in greys:
        if colour[0] < 0.3:
            result = [lch(max(stop[0], 0.30), chroma(stop), hue(stop)) for stop in result]
        elif colour[0] > 0.85:
            result = [
                lch(min(stop[0], 0.76), max(chroma(stop), 0.05), hue(stop)) for stop in result
            ]
        else:
            result = [lch(stop[0], max(chroma(stop), 0.09), hue(stop)) for stop in result]
    return tuple(result)


def _turned_away(stop: Lab, hues: Sequence[float], reach: float) -> Lab:
    if chroma(stop) < 0.01:
        return stop
    own = hue(stop)
    # Candidates by distance: the hue as it is, then the edges of every refused range.
    edges = [own, *(h + side * (reach + 2) for h in hues for side in (1, -1))]
    free = [h for h in edges if all(abs(apart(h, no)) >= reach for no in hues)]
    if not free:
        return lch(stop[0], 0.0, 0.0)
    best = min(free, key=lambda h: (abs(apart(own, h)), h))
    return stop if best == own else lch(stop[0], chroma(stop), best)


def _on_the_same_side(before: Lab, stop: Lab, hues: Sequence[float], reach: float) -> Lab:
    """``stop``, such that the way to it from the stop before does not lead through a refused hue."""
    if min(chroma(before), chroma(stop)) < 0.01:
        return stop
    start, way = hue(before), apart(hue(before), hue(stop))
    for no in hues:
        at = apart(start, no)
        if at * way > 0 and abs(at) < abs(way):
            edge = no - math.copysign(reach + 2, way)
            if all(abs(apart(edge, other)) >= reach for other in hues):
                return lch(stop[0], chroma(stop), edge)
            return lch(stop[0], 0.0, 0.0)
    return stop


def lit(stops: Stops, mean: float) -> Stops:
    """The palette with its mean lightness moved to ``mean``, order and hues kept."""
    now = sum(stop[0] for stop in stops) / len(stops)
    result = []
    for stop in stops:
        darker, lighter = stop[0] * mean / now, 1 - (1 - stop[0]) * (1 - mean) / (1 - now)
        lightness = darker if mean < now else lighter
        result.append(lch(lightness, chroma(stop), hue(stop)))
    return tuple(result)


def shifted(stops: Stops, lightness: float) -> Stops:
    """Every stop lighter or darker by so much."""
    return tuple(lch(s[0] + lightness, chroma(s), hue(s)) for s in stops)


def coloured(stops: Stops, factor: float) -> Stops:
    """Every stop more (over 1) or less colourful."""
    return tuple(lch(s[0], chroma(s) * factor, hue(s)) for s in stops)


def vivid(stops: Stops, amount: float = 1.0) -> Stops:
    """Pure colours: more chroma, and lightness drawn to where the screen has more of it."""
    result = []
    for stop in stops:
        if chroma(stop) < 0.012:
            result.append(stop)
            continue
        lightness = stop[0] + (0.64 - stop[0]) * min(0.5, 0.28 * amount)
        strength = max(chroma(stop) * (1 + 0.5 * amount), 0.13 * min(1.3, amount))
        result.append(lch(lightness, strength, hue(stop)))
    return tuple(result)


def spread(stops: Stops, factor: float) -> Stops:
    """Lightness farther from (over 1) or nearer to its mean."""
    mean = sum(stop[0] for stop in stops) / len(stops)
    return tuple(lch(mean + (s[0] - mean) * factor, chroma(s), hue(s)) for s in stops)


def turned(stops: Stops, degrees: float) -> Stops:
    """Every hue moved."""
    return tuple(lch(s[0], chroma(s), hue(s) + degrees) for s in stops)


def tempered(stops: Stops, warm: bool, amount: float = 1.0, *, whole: bool = False) -> Stops:
    """Hues drawn towards amber (warm) or azure; amount 0 to 2. whole : nothing but that."""
    centre, limit = (55.0, 42.0) if warm else (245.0, 48.0)
    if whole:
        centre, limit = (46.0, 22.0) if warm else (248.0, 22.0)
    share = min(1.0, amount)
    result = []
    for stop in stops:
        away = apart(centre, hue(stop))
        # Inside the range a hue keeps its place; outside it comes to the nearer edge.
        inside = max(-limit, min(limit, away))
        degrees = centre + away + (inside - away) * share
        strength = max(chroma(stop), (0.09 if whole else 0.05) * min(1.0, amount))
        result.append(lch(stop[0], strength, degrees))
    return tuple(result)


def invented(chance: Chance, valence: float = 0.0) -> Stops:
    """Five stops out of nothing, in one of six harmonies. valence : -1 (dark) to 1 (bright)."""
    base = 360 * chance.unit("hue")
    step = chance.between("step", 10, 30) * chance.sign("side")
    kind = chance.weighed(
        "harmony",
        {"analogous": 4.0, "complement": 3.0, "split": 2.5, "triad": 1.0, "mono": 1.0, "dusk": 2.0},
    )
    across = {
        "analogous": 2.6 * step,
        "complement": 180.0,
        "split": 180 - 2 * step,
        "triad": 120.0 * chance.sign("way"),
        "mono": 0.0,
        "dusk": 70.0 * chance.sign("way"),
    }[kind]
    walk = 0.0 if kind == "mono" else step
    depth, glow = chance.between("depth", 0.12, 0.22), chance.between("glow", 0.90, 0.96)
    rich = chance.between("rich", 0.85, 1.15)
    lift = 0.06 * valence
    return (
        _tasteful(depth + lift, 0.07 * rich, base),
        _tasteful(0.34 + lift, 0.125 * rich, base + walk),
        _tasteful(0.55 + lift, 0.165 * rich, base + 2 * walk),
        _tasteful(0.76 + lift / 2, 0.135 * rich, base + across),
        lch(glow, 0.055 * rich, base + across + walk / 2),
    )


def _tasteful(lightness: float, strength: float, degrees: float) -> Lab:
    """A colour that nobody asked for: dark yellows look like mud, so they turn to amber or fern."""
    degrees %= 360
    if lightness < 0.72 and 74 < degrees < 132:
        degrees = 68.0 if degrees < 98 else 138.0
    return lch(lightness, strength, degrees)


def _shown(lightness: float, strength: float, angle: float) -> bool:
    """Whether sRGB has this colour, with a hair of tolerance."""
    a, b = strength * math.cos(angle), strength * math.sin(angle)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    mid = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * mid + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * mid - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * mid + 1.7076147010 * short,
    )
    return all(-0.0005 <= value <= 1.0005 for value in rgb)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _rounded(*values: float) -> Lab:
    lightness, a, b = (round(value, 7) for value in values)
    return lightness, a, b
