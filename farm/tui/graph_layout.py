"""A stage graph laid out in layers and drawn with box characters: pure text, no widget.

Invariant: every stage has one box, every edge one unbroken line from the right side of its source to
the left side of its target; lines pass between boxes, never through one.

The layout is Sugiyama's in small: layers by the longest path, one bend point per layer that an edge
skips, order inside a layer by the mean place of the neighbours (two sweeps each way).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_N, _E, _S, _W = 1, 2, 4, 8
_LINES = {
    _E | _W: "─", _N | _S: "│", _S | _E: "╭", _S | _W: "╮", _N | _E: "╰", _N | _W: "╯",
    _N | _S | _E: "├", _N | _S | _W: "┤", _E | _W | _S: "┬", _E | _W | _N: "┴",
    _N | _E | _S | _W: "┼", _E: "─", _W: "─", _N: "│", _S: "│",
}  # fmt: skip
_HEIGHT, _GAP = 4, 1


@dataclass(frozen=True, slots=True)
class Box:
    """Where a stage stands: left, top and width in cells; three lines high with its frame."""

    name: str
    left: int
    top: int
    width: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes, and the lines between them as characters by (row, column)."""

    boxes: tuple[Box, ...]
    lines: Mapping[tuple[int, int], str]
    width: int
    height: int


def lay_out(dependents: Mapping[str, Sequence[str]], inner: Mapping[str, int]) -> Drawing:
    """Draw a graph.

    dependents : stage to those that wait for it, in the order of the plan. inner : text width of
    each box.
    """
    layers, edges = _layers(dependents)
    widths = [
        max((inner[name] + 4 for name in layer if name in inner), default=0) for layer in layers
    ]
    # The channel between two layers has a lane for each source that must bend there.
    channels = [
        max(3, 2 + len({a for a, _ in edges if a in set(layer)})) for layer in layers[:-1]
    ] + [0]
    lefts, left = [], 0
    for width, channel in zip(widths, channels, strict=True):
        lefts.append(left)
        left += width + channel
    deepest = max((len(layer) for layer in layers), default=0)
    rows: dict[str, int] = {}
    boxes = []
    for at, layer in enumerate(layers):
        top = (deepest - len(layer)) * (_HEIGHT + _GAP) // 2
        for name in layer:
            rows[name] = top + 1
            if name in inner:
                boxes.append(Box(name, lefts[at], top, widths[at]))
            top += _HEIGHT - 1 + _GAP
    marks: dict[tuple[int, int], int] = {}
    where = {name: at for at, layer in enumerate(layers) for name in layer}
    for at, layer in enumerate(layers[:-1]):
        for lane, source in enumerate(n for n in layer if any(a == n for a, _ in edges)):
            bend = lefts[at] + widths[at] + 1 + lane
            for target in (b for a, b in edges if a == source):
                _edge(marks, rows, lefts, widths, where, source, target, bend)
    lines = {place: _LINES[mark] for place, mark in marks.items()}
    for name in (b for _, b in edges if b in inner):
        lines[rows[name], lefts[where[name]] - 1] = "▶"
    height = max((box.top + 3 for box in boxes), default=0)
    return Drawing(
        tuple(boxes), lines, left, max(height, *(r for r, _ in lines), 0) if lines else height
    )


def _edge(
    marks: dict[tuple[int, int], int],
    rows: Mapping[str, int],
    lefts: Sequence[int],
    widths: Sequence[int],
    where: Mapping[str, int],
    source: str,
    target: str,
    bend: int,
) -> None:
    """Right from the source to the bend, up or down, right to the target."""
    here, there = rows[source], rows[target]
    start = lefts[where[source]] + widths[where[source]]
    if not isinstance(source, str) or source.startswith("\0"):
        start = lefts[where[source]]
    stop = lefts[where[target]]
    for column in range(start, bend):
        _add(marks, here, column, _E | _W)
    if here == there:
        for column in range(bend, stop):
            _add(marks, here, column, _E | _W)
        return
    down = there > here
    _add(marks, here, bend, _W | (_S if down else _N))
    for row in range(min(here, there) + 1, max(here, there)):
        _add(marks, row, bend, _N | _S)
    _add(marks, there, bend, _E | (_N if down else _S))
    for column in range(bend + 1, stop):
        _add(marks, there, column, _E | _W)


def _add(marks: dict[tuple[int, int], int], row: int, column: int, mark: int) -> None:
    marks[row, column] = marks.get((row, column), 0) | mark


def _layers(
    dependents: Mapping[str, Sequence[str]],
) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """Layers of names with bend points (names that begin with NUL), and edges between neighbours."""
    depth = dict.fromkeys(dependents, 0)
    for _ in dependents:
        for name, after in dependents.items():
            for waits in after:
                depth[waits] = max(depth[waits], depth[name] + 1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in dependents:
        layers[depth[name]].append(name)
    edges: list[tuple[str, str]] = []
    for name, after in dependents.items():
        for waits in after:
            before = name
            for at in range(depth[name] + 1, depth[waits]):
                # One bend point for all edges that leave a stage for further layers.
                point = f"\0{name}\0{at}"
                if point not in layers[at]:
                    layers[at].append(point)
                if (before, point) not in edges:
                    edges.append((before, point))
                before = point
            if (before, waits) not in edges:
                edges.append((before, waits))
    for _ in range(2):
        _order(layers, edges, forward=True)
        _order(layers, edges, forward=False)
    return layers, edges


def _order(layers: list[list[str]], edges: list[tuple[str, str]], *, forward: bool) -> None:
    indices = range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1)
    for at in indices:
        beside = layers[at - 1 if forward else at + 1]
        place = {name: index for index, name in enumerate(beside)}

        def mean(name: str, place: Mapping[str, int] = place) -> float:
            if forward:
                found = [place[a] for a, b in edges if b == name and a in place]
            else:
                found = [place[b] for a, b in edges if a == name and b in place]
            return sum(found) / len(found) if found else 0.0

        layers[at].sort(key=mean)
