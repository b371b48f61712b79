"""The palette of a shot: the scene's colours, bent to every word about colour and light.

Invariant: colours that were asked for lead, colours that were refused are nowhere near, and words
of brightness, saturation and contrast move the palette itself by amounts that can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm_procedural.create import harmony
from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import SAID, Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.harmony import Lab, Stops, from_hex
from farm_procedural.create.palette import palette_for
from farm_procedural.instruction import Axis, Decision
from farm_procedural.interpret.palettes import PALETTES
from farm_procedural.interpret.vocabulary import BRIGHTNESSES, MOODS

COUPLERS = ("and", "to", "into", "&", "with")

MEANS = {-1.0: 0.15, -0.6: 0.27, -0.3: 0.36, 0.0: 0.53, 0.5: 0.76, 1.0: 0.90}
"""Mean OKLab lightness of a palette by how bright it shall be (``BRIGHTNESSES``)."""


@dataclass(frozen=True, slots=True)
class Colours:
    """palette, ground: five OKLab stops each, dark to light. shape: the colour of overlays, when
    the words gave them one of their own."""

    palette: Stops
    ground: Stops
    shape: Lab | None = None


def colours_for(
    asks: Asks, scene: str | None, scenery: str, chance: Chance, advice: Advice
) -> Colours:
    """The colours of a shot. scene : the place it shows, if any."""
    asked, shape = _asked(asks)
    choice = palette_for(asks, scene, scenery, chance, advice)
    stops, ground = choice.sky, choice.ground
    if asked and choice.said and all(harmony.chroma(colour) < harmony.NEUTRAL for colour in asked):
        # "Gold and black" is gold with black in it, not grey.
        stops, ground = (_with_greys(s, asked) for s in (stops, ground))
        asked = []
    if asked:
        share = 0.85 if not choice.name else 0.72
        above, below = _by_place(asks) or (asked, asked)
        stops = harmony.led(stops, above, share) if above else _of_sky(asks) or stops
        ground = harmony.led(ground, below, share) if below else ground
    elif shape is not None and not choice.said:
        # Only the shape has a colour: the field stays behind it, in a shade of the same.
        shade = harmony.coloured(harmony.of_colour(shape), 0.75)
        shade = harmony.lit(shade, 0.24 if shape[0] > 0.45 else 0.74)
        stops = ground = shade
    stops, ground = (_weathered(s, asks, bool(asked)) for s in (stops, ground))
    if asks.says(Axis.LIGHT, "backlit"):
        ground = harmony.lit(ground, 0.6 * sum(stop[0] for stop in ground) / len(ground))
    finished = [_finished(s, asks, asked, chance, advice) for s in (stops, ground)]
    return Colours(finished[0], finished[1], shape)


HINT = 0.6
"""An amount up to which a second colour is only a touch of it."""


def colours_refused(asks: Asks) -> list[Lab]:
    """The colours that must not be there."""
    return [from_hex(value) for value in sorted(asks.refused(Axis.COLOUR))]


def _asked(asks: Asks) -> tuple[list[Lab], Lab | None]:
    """The colours of the field and that of the shapes ("a red circle on blue")."""
    # A colour that was named outranks those that other words only bring along.
    field = list(asks.said(Axis.COLOUR) or asks.own(Axis.COLOUR))
    ranked = sorted(field[:5], key=_lead)
    colours = [from_hex(d.value) for d in ranked]
    if len(ranked) == 2 and ranked[1].amount <= HINT:
        # A hint of a colour is one stop of five.
        colours = [colours[0]] * 4 + colours[1:]
    decision = asks.of_shape()
    shape = _colour_of(decision) if decision is not None else None
    return colours + _coupled(asks, field), shape


def _by_place(asks: Asks) -> tuple[list[Lab], list[Lab]] | None:
    """The colours of the sky and of the land where the words tell them apart ("green hills under a
    blue sky"), else ``None``."""
    places = asks.said(Axis.SCENE)
    if not any(d.value == "sky" for d in places):
        return None
    parts: tuple[list[Lab], list[Lab]] = ([], [])
    for colour in asks.said(Axis.COLOUR):
        place = next((d for d in places if 0 <= d.start - colour.stop <= 2), None)
        if place is None:
            return None
        parts[place.value != "sky"].append(from_hex(colour.value))
    return parts if parts[1] else None


def _of_sky(asks: Asks) -> Stops | None:
    """The palette that came with the word for the sky, if any."""
    at = {d.start for d in asks.said(Axis.SCENE) if d.value == "sky"}
    own = next((d for d in asks.all(Axis.PALETTE) if d.start in at), None)
    return tuple(from_hex(c) for c in PALETTES[own.value].colours) if own else None


def _colour_of(decision: Decision) -> Lab:
    if decision.axis is Axis.COLOUR:
        return from_hex(decision.value)
    return max((from_hex(c) for c in PALETTES[decision.value].colours), key=harmony.chroma)


def _coupled(asks: Asks, colours: list[Decision]) -> list[Lab]:
    """Colours of palettes that stand beside a colour as its equal: "lavender and peach"."""
    text = asks.instruction.text
    found = []
    for palette in asks.said(Axis.PALETTE):
        for colour in colours:
            one, other = sorted((palette, colour), key=lambda d: d.start)
            if text[one.stop : other.start].strip(" ,").casefold() in COUPLERS:
                found.append(_colour_of(palette))
                break
    return found[:2]


def _with_greys(stops: Stops, greys: list[Lab]) -> Stops:
    """A palette whose shadows are black, or whose lights are white, as asked."""
    result = list(stops)
    for grey in greys:
        if grey[0] < 0.4:
            result[0] = harmony.lch(0.05, 0.0, 0.0)
            result[1] = harmony.lch(
                0.4 * result[1][0], harmony.chroma(result[1]), harmony.hue(result[1])
            )
        elif grey[0] > 0.8:
            result[4] = harmony.lch(0.97, 0.005, harmony.hue(result[4]))
            result[3] = harmony.mixed(result[3], result[4], 0.4)
    return tuple(result)


def _lead(decision: Decision) -> tuple[float, int]:
    return -decision.confidence * decision.amount, decision.start


def _weathered(stops: Stops, asks: Asks, asked: bool) -> Stops:
    """The palette in the weather: fog takes the depth out of it, a storm the light."""
    fog = asks.says(Axis.WEATHER, "fog")
    if fog:
        share = min(0.75, 0.5 * fog.amount)
        pale = tuple(
            harmony.lch(
                0.56 + 0.07 * i, (0.7 if asked else 0.45) * harmony.chroma(s), harmony.hue(s)
            )
            for i, s in enumerate(stops)
        )
        stops = harmony.blended(stops, pale, share)
    storm = asks.says(Axis.WEATHER, "storm", "blizzard")
    if storm and storm.value == "storm" and not asked:
        darker = 0.0 if asks.first(Axis.BRIGHTNESS) else -0.08
        stops = harmony.coloured(harmony.shifted(stops, darker), 0.75)
    if asks.says(Axis.WEATHER, "heat") and not asked:
        stops = harmony.tempered(stops, warm=True, amount=0.7)
    return stops


def _finished(stops: Stops, asks: Asks, asked: list[Lab], chance: Chance, advice: Advice) -> Stops:
    """The palette under words of temperature, saturation, contrast, brightness and refusal."""
    warmth = next(iter(asks.said(Axis.TEMPERATURE)), None)
    if warmth and warmth.value != "neutral" and not any(harmony.chroma(c) > 0.05 for c in asked):
        whole = warmth.value in ("hot", "cold")
        warm = warmth.value in ("warm", "hot")
        stops = harmony.tempered(stops, warm, warmth.amount, whole=whole)
    cold = asks.refused(Axis.TEMPERATURE)
    if not asked and cold & {"warm", "hot"}:
        stops = harmony.tempered(stops, warm=False)
    elif not asked and cold & {"cold", "cool"}:
        stops = harmony.tempered(stops, warm=True)
    stops = _saturated(stops, asks, asked, advice)
    stops = _contrasted(stops, asks, advice)
    stops = _lit(stops, asks, asked, advice)
    refused = colours_refused(asks)
    stops = harmony.steered(stops, refused) if refused else stops
    if asks.says(Axis.GRADIENT, "flat"):
        stops = harmony.spread(stops, 0.12)
    return stops


def _saturated(stops: Stops, asks: Asks, asked: list[Lab], advice: Advice) -> Stops:
    word = asks.first(Axis.SATURATION)
    refused = asks.refused(Axis.SATURATION)
    if asks.says(Axis.GRADE, "noir") and not asked:
        return harmony.coloured(stops, 0.0)
    if asks.says(Axis.GRADE, "sepia") and not asked:
        return tuple(harmony.lch(s[0], 0.055, 72.0) for s in stops)
    if asks.says(Axis.GRADE, "teal-orange") and not asked:
        stops = tuple(_teal_or_orange(stop, number) for number, stop in enumerate(stops))
    if word is not None:
        amount = word.amount if word.confidence >= SAID else 0.5 * word.amount
        if word.value == "grey" and word.confidence < SAID:
            return harmony.coloured(stops, 0.5)
        if word.value == "grey":
            return harmony.coloured(stops, 0.0)
        if word.value == "muted":
            return harmony.coloured(stops, max(0.12, 0.45 ** max(0.4, amount)))
        if word.value == "vivid":
            return harmony.vivid(stops, amount)
        if word.value == "pastel":
            lights = (0.70, 0.78, 0.85, 0.90, 0.95)
            return tuple(
                harmony.lch(light, min(0.075, max(0.03, harmony.chroma(s) * 0.6)), harmony.hue(s))
                for light, s in zip(lights, stops, strict=True)
            )
        return stops
    if refused & {"vivid"}:
        return harmony.coloured(stops, 0.45)
    if refused & {"grey", "muted"}:
        return harmony.coloured(stops, 1.35)
    if not asked:
        factor = advice.number(Axis.SATURATION, "factor")
        if factor is not None:
            return harmony.coloured(stops, min(1.5, max(0.5, factor)))
        mood = MOODS.get(asks.value(Axis.MOOD) or "")
        if mood is not None and mood.valence < -0.4:
            return harmony.coloured(stops, 0.8)
    return stops


def _teal_or_orange(stop: Lab, number: int) -> Lab:
    """The shadows are teal, the lights orange."""
    hue, least = (205.0, 0.075) if number < 3 else (60.0, 0.11)
    return harmony.lch(stop[0], max(least, 0.6 * harmony.chroma(stop)), hue)


def _contrasted(stops: Stops, asks: Asks, advice: Advice) -> Stops:
    word = asks.first(Axis.CONTRAST)
    refused = asks.refused(Axis.CONTRAST)
    if word is not None and word.value != "medium":
        if word.value == "low":
            return harmony.spread(stops, 0.5**word.amount)
        # Colours would drown in black and white; greys have nothing else.
        grey = all(harmony.chroma(stop) < harmony.GREY for stop in stops)
        return harmony.spread(stops, 1 + (0.6 if grey else 0.3) * word.amount)
    if "high" in refused:
        return harmony.spread(stops, 0.6)
    if "low" in refused:
        return harmony.spread(stops, 1.2)
    factor = advice.number(Axis.CONTRAST, "factor")
    return stops if factor is None else harmony.spread(stops, min(1.4, max(0.7, factor)))


def _ends_black(asks: Asks) -> bool:
    """Whether this is the last part of a sequence that "fades to black"."""
    phases = asks.instruction.phases
    if asks.phase is None or asks.phase != len(phases) - 1:
        return False
    return any(
        d.axis is Axis.TRANSITION and d.value == "fade" and "black" in d.words.casefold()
        for d in phases[-1].decisions
    )


def _lit(stops: Stops, asks: Asks, asked: list[Lab], advice: Advice) -> Stops:
    word = asks.first(Axis.BRIGHTNESS)
    if _ends_black(asks):
        return harmony.lit(harmony.coloured(stops, 0.6), 0.08)
    now = sum(stop[0] for stop in stops) / len(stops)
    if word is not None and not (word.value == "medium" and asked):
        target = 0.53 + (MEANS[BRIGHTNESSES[word.value]] - 0.53) * min(1.3, max(0.6, word.amount))
        # A colour that was asked for stays that colour: red is no red when it is very light. And
        # what another word only brings along does less.
        share = (0.6 if asked else 1.0) * (1.0 if word.confidence >= SAID else 0.5)
        target = now + (target - now) * share
        return harmony.lit(stops, min(0.93, max(0.07, target)))
    levels = {BRIGHTNESSES[value] for value in asks.refused(Axis.BRIGHTNESS)}
    if any(level < 0 for level in levels):
        return harmony.lit(stops, max(now, 0.56))
    if any(level > 0 for level in levels):
        return harmony.lit(stops, min(now, 0.42))
    if asked:
        return stops
    shift = advice.number(Axis.BRIGHTNESS, "shift")
    if shift is not None:
        return harmony.shifted(stops, min(0.15, max(-0.15, shift)))
    mood = MOODS.get(asks.value(Axis.MOOD) or "")
    return stops if mood is None else harmony.shifted(stops, 0.05 * mood.valence)
