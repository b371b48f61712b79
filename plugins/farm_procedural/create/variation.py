"""What sets the shots of one film apart: light, hue and framing by their part in the story.

Invariant: a variation never undoes a word; where colours, brightness or gradient were asked for,
they stay as they are in every shot.
"""

from __future__ import annotations

from dataclasses import replace

from farm_procedural.create import harmony
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.colouring import colours_refused
from farm_procedural.create.story import Beat
from farm_procedural.instruction import Axis
from farm_procedural.script import Shot

LIGHTER = {"opening": -0.035, "development": 0.0, "climax": 0.045, "ending": -0.02}


def varied(shot: Shot, ask: Asks, beat: Beat, section: int, chance: Chance) -> Shot:
    """The shot in its own variant; shots of one section share theirs."""
    own = chance.within(f"variant {section}")
    palette, ground = shot.palette, shot.ground
    if not ask.own(Axis.COLOUR):
        degrees = own.between("hue", -11, 11)
        palette, ground = harmony.turned(palette, degrees), harmony.turned(ground, degrees)
    if ask.first(Axis.BRIGHTNESS) is None and not ask.refused(Axis.BRIGHTNESS):
        shift = LIGHTER.get(beat.role, 0.0) + own.between("light", -0.03, 0.03)
        palette, ground = harmony.shifted(palette, shift), harmony.shifted(ground, shift)
    if ask.first(Axis.SATURATION) is None and not ask.own(Axis.COLOUR):
        factor = 0.94 + 0.16 * beat.tension
        palette, ground = harmony.coloured(palette, factor), harmony.coloured(ground, factor)
    refused = colours_refused(ask)
    if refused:
        palette, ground = (harmony.steered(stops, refused) for stops in (palette, ground))
    gradient = shot.gradient
    if not ask.all(Axis.GRADIENT) and shot.scenery not in ("sky", "aurora") and section:
        gradient = replace(gradient, angle=round((gradient.angle + own.between("a", -70, 70)), 3))
    texture = replace(
        shot.texture, scale=round(shot.texture.scale * own.between("s", 0.8, 1.25), 4)
    )
    return replace(shot, palette=palette, ground=ground, gradient=gradient, texture=texture)
