"""Following what was found from picture to picture, each under a number of its own.

Invariant: a number means one person, face or hand within one shot, also after a moment out of sight;
nothing is followed across a cut, and a number is never given twice.

As in V. Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020: the costly
search runs only now and then and when something was lost; between, the points that were found tell
where to look next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from farm.media.planes import Picture
from farm_vision.people.regions import Region

Points = NDArray[np.float64]

_SAME = 0.12
"""Mean distance of the points of two finds, in sizes of them, below which they are one."""
_AGAIN = 0.6
"""Distance in sizes within which what was lost is taken up again."""


@dataclass(frozen=True, slots=True)
class Find:
    """One person, face or hand in one picture.

    points (N, 4): x, y in pixels, z in pixels towards the back, confidence 0 to 1.
    world (N, 3): metres, from the middle of the hips or the hand; ``None`` where it is not known.
    score: that it is one at all. region: where to look in the next picture.
    facts: numbers of its kind, such as coefficients of an expression. filled: made up from the
    pictures around. number: of its track; 0 before it has one.
    """

    points: Points
    score: float
    region: Region
    world: Points | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    filled: bool = False
    number: int = 0

    @property
    def box(self) -> Points:
        """left, top, right, bottom of the sure points; of all if none is sure."""
        sure = self.points[self.points[:, 3] > 0.5]
        chosen = sure if len(sure) > 1 else self.points
        return np.concatenate([chosen[:, :2].min(axis=0), chosen[:, :2].max(axis=0)])

    @property
    def size(self) -> float:
        """Diagonal of the box in pixels, at least 1."""
        return max(1.0, float(np.hypot(*(self.box[2:] - self.box[:2]))))


class Finder(Protocol):
    """Knows one kind of thing."""

    def search(self, picture: Picture) -> list[Region]:
        """Where in the whole picture one may be, the surest first."""

    def look(self, picture: Picture, region: Region) -> Find | None:
        """What is in a region, or that none is there."""


@dataclass(slots=True)
class _Track:
    number: int
    find: Find
    seen: int


class Tracker:
    """Follows at most ``most`` things. rescan, memory : frames between searches while something is
    followed, and after which what was lost is forgotten."""

    def __init__(self, finder: Finder, most: int, rescan: int, memory: int) -> None:
        self._finder, self._most = finder, most
        self._rescan, self._memory = max(1, rescan), memory
        self._tracks: list[_Track] = []
        self._given = 0
        self._frame = -1
        self._searched = -(10**9)

    def step(self, picture: Picture, cut: bool = False) -> list[Find]:
        """What is in the next picture, by rising number. cut : it begins another shot."""
        self._frame += 1
        if cut:
            self._tracks = []
            self._searched = -(10**9)
        seen: list[Find] = []
        missed = lost = False
        for track in self._tracks:
            if track.seen != self._frame - 1:
                lost = True
                continue
            find = self._finder.look(picture, track.find.region)
            if find is None or any(alike(find, other) for other in seen):
                missed = True
                continue
            seen.append(self._keep(track, find))
        if self._due(len(seen), missed, lost):
            self._searched = self._frame
            seen += self._newcomers(picture, seen)
        oldest = self._frame - self._memory
        self._tracks = [track for track in self._tracks if track.seen >= oldest]
        return sorted(seen, key=lambda find: find.number)

    def _due(self, seen: int, missed: bool, lost: bool) -> bool:
        if seen >= self._most:
            return False
        # Who was lost may come back, and where nobody is somebody may come; others come less often.
        patience = self._rescan // 4 if lost or not seen else self._rescan
        return missed or self._frame - self._searched >= patience

    def _newcomers(self, picture: Picture, seen: list[Find]) -> list[Find]:
        found: list[Find] = []
        for region in self._finder.search(picture):
            known = [*seen, *found]
            if len(known) >= self._most:
                break
            if any(_covers(find.region, region) for find in known):
                continue
            find = self._finder.look(picture, region)
            if find is None or any(alike(find, other) for other in known):
                continue
            # Looked at once more from where its own points say that it is.
            find = self._finder.look(picture, find.region)
            if find is None or any(alike(find, other) for other in known):
                continue
            found.append(self._keep(self._track_for(find), find))
        return found

    def _track_for(self, find: Find) -> _Track:
        """The lost track that it goes on with, or a new one."""
        lost = [track for track in self._tracks if track.seen < self._frame]
        near = [(_distance(track.find, find), track) for track in lost]
        near = [(apart, track) for apart, track in near if apart < _AGAIN]
        if near:
            return min(near, key=lambda pair: (pair[0], pair[1].number))[1]
        self._given += 1
        track = _Track(self._given, find, self._frame)
        self._tracks.append(track)
        return track

    def _keep(self, track: _Track, find: Find) -> Find:
        numbered = Find(
            find.points, find.score, find.region, find.world, find.facts, number=track.number
        )
        track.find, track.seen = numbered, self._frame
        return numbered


def alike(one: Find, two: Find) -> bool:
    """Whether two finds are the same thing found twice."""
    apart = np.hypot(*(one.points[:, :2] - two.points[:, :2]).T).mean()
    return bool(apart < _SAME * min(one.size, two.size))


def _distance(one: Find, two: Find) -> float:
    """Between the middles, in sizes; infinite where the sizes have nothing in common."""
    if not 0.4 < one.size / two.size < 2.5:
        return float("inf")
    middles = [(find.box[:2] + find.box[2:]) / 2 for find in (one, two)]
    return float(np.hypot(*(middles[0] - middles[1]))) / max(one.size, two.size)


def _covers(one: Region, two: Region) -> bool:
    sides = max(one.width, one.height), max(two.width, two.height)
    apart = float(np.hypot(one.x - two.x, one.y - two.y))
    return apart < 0.15 * min(sides) and 0.5 < sides[0] / max(sides[1], 1e-6) < 2.0
