"""A camera that follows what happens on a screen: calm, with a reason for every move.

Invariant: what changes is in view, the view lies inside the picture, moves ease in and out, and
between two of them the camera rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from farm_avatar.compose.resample import Window
from farm_avatar.compose.screen import Change, Survey
from farm_avatar.compose.tempo import Tempo

_STEP_S = 0.2
_MOVE_S, _REST_S = 0.8, 1.6
_AHEAD_S, _BEHIND_S = 2 * _MOVE_S + _REST_S + _STEP_S, 0.3
"""A view is chosen for all that happens until the camera may have moved again: what two views hold,
every view on the way from one to the other holds, too."""
_FIRST_S = 1.0
"""The whole screen is seen first, so that the viewer knows where he is."""
_LEAST, _MOST = 1.25, 2.0
_AROUND = 0.16
"""Room left around what changes, in shares of the picture."""


@dataclass(frozen=True, slots=True)
class Move:
    """From ``at_s`` on the camera goes to a view."""

    at_s: float
    view: Window


@dataclass(frozen=True, slots=True)
class Camera:
    """Views of a picture of ``size`` over time."""

    size: tuple[int, int]
    moves: tuple[Move, ...]

    def view(self, at_s: float) -> Window:
        """The part that is seen at a moment, px."""
        view: Window = (0.0, 0.0, float(self.size[0]), float(self.size[1]))
        for move in self.moves:
            if at_s < move.at_s:
                break
            share = eased(min(1.0, (at_s - move.at_s) / _MOVE_S))
            moved = [a + (b - a) * share for a, b in zip(view, move.view, strict=True)]
            view = (moved[0], moved[1], moved[2], moved[3])
        return view


def eased(share: float) -> float:
    """Smooth from 0 to 1, without a jerk at either end (Perlin's fifth-order curve)."""
    return share * share * share * (share * (share * 6 - 15) + 10)


def camera(seen: Survey, told: Tempo, out: tuple[int, int], length_s: float) -> Camera:
    """The moves for a recording. out : the size it is shown at."""
    most = min(_MOST, max(_LEAST, 1.6 * seen.size[0] / out[0]))
    times = [told.shown(change.at_s) for change in seen.changes]
    whole: Window = (0.0, 0.0, float(seen.size[0]), float(seen.size[1]))
    moves: list[Move] = []
    now, free_s = whole, _FIRST_S
    first = 0
    steps = int(length_s / _STEP_S) + 1
    for step in range(steps):
        at_s = step * _STEP_S
        while first < len(times) and times[first] < at_s - _BEHIND_S:
            first += 1
        stop = first
        while stop < len(times) and times[stop] <= at_s + _AHEAD_S:
            stop += 1
        if at_s < free_s:
            continue
        if first == stop:
            if now != whole:
                # Nothing more happens: the viewer sees all of it again.
                moves.append(Move(at_s, whole))
                now, free_s = whole, at_s + _MOVE_S + _REST_S
            continue
        wanted = _view(seen.changes[first:stop], seen.size, most)
        if _differs(wanted, now, whole, seen.changes[first:stop]):
            moves.append(Move(at_s, wanted))
            now, free_s = wanted, at_s + _MOVE_S + _REST_S
    return Camera(seen.size, tuple(moves))


def _view(changes: Sequence[Change], size: tuple[int, int], most: float) -> Window:
    wide, high = size
    left = min(change.left for change in changes) - wide * _AROUND
    right = max(change.right for change in changes) + wide * _AROUND
    top = min(change.top for change in changes) - high * _AROUND
    bottom = max(change.bottom for change in changes) + high * _AROUND
    zoom = min(most, wide / (right - left), high / (bottom - top))
    if zoom < _LEAST:
        return 0.0, 0.0, float(wide), float(high)
    across, down = wide / zoom, high / zoom
    x = min(max(0.0, (left + right - across) / 2), wide - across)
    y = min(max(0.0, (top + bottom - down) / 2), high - down)
    return x, y, across, down


def _differs(wanted: Window, now: Window, whole: Window, changes: Sequence[Change]) -> bool:
    inset = 0.03 * whole[2] if now != whole else 0.0
    outside = any(
        change.left < now[0] + inset * (now[0] > 0)
        or change.top < now[1] + inset * (now[1] > 0)
        or change.right > now[0] + now[2] - inset * (now[0] + now[2] < whole[2])
        or change.bottom > now[1] + now[3] - inset * (now[1] + now[3] < whole[3])
        for change in changes
    )
    closer = now[2] / wanted[2]
    return outside or closer > 1.35 or closer < 1 / 1.6
