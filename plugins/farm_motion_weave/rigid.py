"""A net that bends as rigidly as it can: bones pull, and every square wants to keep its shape.

Invariant: knots that are pulled to where they are stay there; the answer follows from the pull alone,
never from the frame before, so that any frame can be made by itself.

Sources: O. Sorkine and M. Alexa, "As-Rigid-As-Possible Surface Modeling", 2007 (a step that finds each
knot's rotation, then one that finds all places); T. Igarashi et al., "As-Rigid-As-Possible Shape
Manipulation", 2005. On squares the cotangent weights leave the diagonals out.
"""

from __future__ import annotations

import numpy as np

from farm.media.compiled import kernel
from farm_motion_weave.joints import Points
from farm_motion_weave.lattice import Net

ROUNDS = 4
_GRAIN = 1024.0
"""Places are rounded to this part of a pixel: the last bits of sums differ between machines."""


class Rigid:
    """A net that is ready to be pulled. The places are found by an inverse that is made once."""

    def __init__(self, net: Net) -> None:
        """Factorise the net's equations."""
        count = len(net.knots)
        one, two = net.edges[:, 0], net.edges[:, 1]
        system = np.zeros((count, count))
        np.add.at(system, (one, one), 1.0)
        np.add.at(system, (two, two), 1.0)
        np.add.at(system, (one, two), -1.0)
        np.add.at(system, (two, one), -1.0)
        system[np.arange(count), np.arange(count)] += net.hold
        self._inverse = np.linalg.inv(system)
        self._net = net

    def pulled(self, goals: Points, shapes: Points) -> Points:
        """Places (N, 2) of the knots.

        goals (N, 2): where bones would have them. shapes (N, 2, 2): how each knot's surroundings
        are stretched before they are turned.
        """
        net = self._net
        places = np.empty_like(goals)
        _solve(net.knots, net.edges, net.hold, goals, shapes, self._inverse, ROUNDS, places)
        return np.round(places * _GRAIN) / _GRAIN


@kernel
def _solve(knots, edges, hold, goals, shapes, inverse, rounds, places):
    count = len(knots)
    rests = np.empty((len(edges), 2))
    for at in range(len(edges)):
        i, j = edges[at, 0], edges[at, 1]
        x, y = knots[i, 0] - knots[j, 0], knots[i, 1] - knots[j, 1]
        rests[at, 0] = 0.5 * ((shapes[i, 0, 0] + shapes[j, 0, 0]) * x)
        rests[at, 0] += 0.5 * ((shapes[i, 0, 1] + shapes[j, 0, 1]) * y)
        rests[at, 1] = 0.5 * ((shapes[i, 1, 0] + shapes[j, 1, 0]) * x)
        rests[at, 1] += 0.5 * ((shapes[i, 1, 1] + shapes[j, 1, 1]) * y)
    places[:] = goals
    right = np.empty((count, 2))
    spun, stood = np.empty(count), np.empty(count)
    for _ in range(rounds):
        spun[:] = 0.0
        stood[:] = 0.0
        for at in range(len(edges)):
            i, j = edges[at, 0], edges[at, 1]
            x, y = places[i, 0] - places[j, 0], places[i, 1] - places[j, 1]
            a, b = rests[at, 0], rests[at, 1]
            along, cross = a * x + b * y, a * y - b * x
            stood[i] += along
            stood[j] += along
            spun[i] += cross
            spun[j] += cross
        for at in range(count):
            size = np.sqrt(spun[at] ** 2 + stood[at] ** 2)
            if size > 1e-12:
                spun[at] /= size
                stood[at] /= size
            else:
                spun[at], stood[at] = 0.0, 1.0
            right[at, 0] = hold[at] * goals[at, 0]
            right[at, 1] = hold[at] * goals[at, 1]
        for at in range(len(edges)):
            i, j = edges[at, 0], edges[at, 1]
            cos, sin = 0.5 * (stood[i] + stood[j]), 0.5 * (spun[i] + spun[j])
            x = cos * rests[at, 0] - sin * rests[at, 1]
            y = sin * rests[at, 0] + cos * rests[at, 1]
            right[i, 0] += x
            right[i, 1] += y
            right[j, 0] -= x
            right[j, 1] -= y
        for row in range(count):
            x, y = 0.0, 0.0
            for column in range(count):
                x += inverse[row, column] * right[column, 0]
                y += inverse[row, column] * right[column, 1]
            places[row, 0] = x
            places[row, 1] = y
