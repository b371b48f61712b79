"""Where the camera stands in a moment of a shot.

Invariant: a view follows in closed form from the shot's moves and its progress; without moves the
camera does not move at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from farm_procedural.render.motion import direction, eased, glide
from farm_procedural.script import CameraMove


@dataclass(frozen=True, slots=True)
class View:
    """The camera. Lengths in frame heights.

    zoom : factor on all lengths. cos, sin : of its roll, counter-clockwise. x, y : where it looks,
    to the right and down. dolly : how far it went in, 0 to 1; near layers grow more than far ones.
    """

    zoom: float = 1.0
    degrees: float = 0.0
    cos: float = 1.0
    sin: float = 0.0
    x: float = 0.0
    y: float = 0.0
    dolly: float = 0.0

    def reach(self, near: float) -> float:
        """Factor on lengths of a layer that is ``near`` (0 horizon, 1 at the lens)."""
        return self.zoom * (1.0 + self.dolly * (0.15 + 0.85 * near))

    def onto(self, u: float, v: float, near: float) -> tuple[float, float]:
        """Where a point of a layer is on the screen, from the middle, in frame heights."""
        share = 0.35 + 0.65 * near
        zoom = self.reach(near)
        du, dv = (u - self.x * share) * zoom, (v - self.y * share) * zoom
        return self.cos * du + self.sin * dv, self.cos * dv - self.sin * du


def view_at(moves: Sequence[CameraMove], p: float, t: float, pulse: float) -> View:
    """The view at progress ``p`` (0-1) of a shot, ``t`` seconds into it.

    pulse : how hard the beat hits now, 0 to 1; it pushes the camera in by a hair.
    """
    zoom, degrees, x, y, dolly = 1.0 + 0.02 * pulse, 0.0, 0.0, 0.0, 0.0
    for move in moves:
        way, amount = eased(move.easing, p), move.amount
        if move.move == "zoom":
            zoom *= 1.0 + (amount * way if amount > 0 else -amount * (1.0 - way))
        elif move.move == "pan":
            x += amount * (way - 0.5)
        elif move.move == "tilt":
            y -= amount * (way - 0.5)
        elif move.move == "rotate":
            degrees += amount * (way - 0.5)
        elif move.move == "dolly":
            dolly += amount * way
        else:
            x += 0.016 * amount * (glide(t, 1.9, 0.13) + 0.35 * glide(t, 0.47, 0.71))
            y += 0.013 * amount * (glide(t, 1.5, 0.57) + 0.35 * glide(t, 0.41, 0.29))
            degrees += 0.9 * amount * glide(t, 2.6, 0.41)
            zoom *= 1.0 + 0.012 * amount
    cos, sin = direction(degrees)
    return View(max(zoom, 0.2), degrees, cos, sin, x, y, max(dolly, -0.8))
