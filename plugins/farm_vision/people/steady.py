"""Tracks made whole and calm: gaps filled, jitter taken out, nothing delayed.

Invariant: what is said of a frame depends on frames before and after it alike, so a motion is
neither late nor early; what was made up is flagged; nothing is taken from another shot.

Smoothing is a local parabola through the frames around each frame, weighted by nearness and by the
confidence of the points: A. Savitzky and M. Golay, "Smoothing and Differentiation of Data by
Simplified Least Squares Procedures", 1964, with the weights of W. Cleveland, "Robust Locally Weighted
Regression", 1979. A parabola keeps the height of a motion's turns, which a mean would cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from farm_vision.people.regions import Points
from farm_vision.people.tracks import Find


@dataclass(slots=True)
class Frame:
    """What one frame shows. cut : it begins another shot."""

    number: int
    cut: bool = False
    finds: list[Find] = field(default_factory=list)


def filled(frames: Iterable[Frame], longest: int) -> Iterator[Frame]:
    """Gaps of at most ``longest`` frames in a track are bridged straight, and flagged."""
    waiting: deque[Frame] = deque()
    last: dict[int, tuple[int, Find]] = {}
    for frame in frames:
        for find in frame.finds:
            before = last.get(find.number)
            if before is not None and 1 < frame.number - before[0] <= longest + 1:
                for missing in waiting:
                    if missing.number > before[0]:
                        share = (missing.number - before[0]) / (frame.number - before[0])
                        missing.finds.append(_between(before[1], find, share))
            last[find.number] = frame.number, find
        last = {key: seen for key, seen in last.items() if frame.number - seen[0] <= longest}
        waiting.append(frame)
        while len(waiting) > longest + 1:
            yield _sorted(waiting.popleft())
    while waiting:
        yield _sorted(waiting.popleft())


def smoothed(frames: Iterable[Frame], half: int) -> Iterator[Frame]:
    """Each frame by those up to ``half`` before and after it; 0 leaves them as they are."""
    window: deque[Frame] = deque()
    due = 0
    for frame in frames:
        window.append(frame)
        if len(window) - due > half:
            yield _smooth(window, due, half)
            due += 1
        if due > half:
            window.popleft()
            due -= 1
    while due < len(window):
        yield _smooth(window, due, half)
        due += 1


def _sorted(frame: Frame) -> Frame:
    frame.finds.sort(key=lambda find: find.number)
    return frame


def _between(one: Find, two: Find, share: float) -> Find:
    points = (1 - share) * one.points + share * two.points
    # Nobody saw them: half as sure as the less sure of both.
    points[:, 3] = 0.5 * np.minimum(one.points[:, 3], two.points[:, 3])
    world = None
    if one.world is not None and two.world is not None:
        world = (1 - share) * one.world + share * two.world
    facts = {name: (1 - share) * one.facts[name] + share * two.facts[name] for name in one.facts}
    score = 0.5 * min(one.score, two.score)
    return replace(one, points=points, world=world, facts=facts, score=score, filled=True)


def _smooth(window: deque[Frame], due: int, half: int) -> Frame:
    frame = window[due]
    if half < 1:
        return frame
    around = list(window)[max(0, due - half) : due + half + 1]
    finds = []
    for find in frame.finds:
        near = [
            (other.number - frame.number, known)
            for other in around
            for known in other.finds
            if known.number == find.number
        ]
        finds.append(_settled(find, near, half))
    return Frame(frame.number, frame.cut, finds)


def _settled(find: Find, near: list[tuple[int, Find]], half: int) -> Find:
    if len(near) < 4:
        return find
    steps = np.array([step for step, _ in near], np.float64)
    bell = np.exp(-0.5 * (steps / (0.6 * half)) ** 2)
    sure = np.stack([known.points[:, 3] for _, known in near])
    weight = bell[:, None] * (sure**2 + 0.01)
    points = find.points.copy()
    places = np.stack([known.points[:, :3] for _, known in near])
    points[:, :3] = _parabola(steps, weight, places)
    world = find.world
    if world is not None:
        worlds = [known.world for _, known in near if known.world is not None]
        world = _parabola(steps, weight, np.stack(worlds)) if len(worlds) == len(near) else world
    facts = find.facts
    if facts:
        values = np.array([[known.facts[name] for name in facts] for _, known in near])
        calm = _parabola(steps, bell[:, None].repeat(len(facts), 1), values[..., None])[:, 0]
        facts = dict(zip(facts, calm.tolist(), strict=True))
    return replace(find, points=points, world=world, facts=facts)


def _parabola(steps: Points, weight: Points, values: Points) -> Points:
    """The value at step 0 of parabolas through values (K, N, D) with weights (K, N)."""
    s0, s1, s2, s3, s4 = (weight.T @ steps**power for power in range(5))
    t0, t1, t2 = (np.einsum("kn,k,knd->nd", weight, steps**power, values).T for power in range(3))
    a, b, c = s2 * s4 - s3 * s3, s1 * s4 - s2 * s3, s1 * s3 - s2 * s2
    whole = s0 * a - s1 * b + s2 * c
    mean = t0 / s0
    fitted = (t0 * a - t1 * b + t2 * c) / np.where(whole > 1e-12, whole, 1.0)
    settled: Points = np.where(whole > 1e-12, fitted, mean).T
    return settled
