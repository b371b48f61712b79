"""Small graphs as SVG.

Invariant: plain text that stands by itself; however long the film, a graph has a few hundred points,
and no extreme is lost on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from farm_finish.quality.finding import Span

WIDTH, HEIGHT = 720, 90
_POINTS = 360


@dataclass(frozen=True, slots=True)
class Graph:
    """One line. times_s, values : of equal length. limit : drawn across. low, high : the scale."""

    title: str
    times_s: NDArray[np.float64]
    values: NDArray[np.float64]
    low: float
    high: float
    limit: float | None = None
    spans: Sequence[Span] = ()
    unit: str = ""


def svg(graph: Graph, length_s: float) -> str:
    """The graph as one ``<svg>`` element."""
    length_s = max(length_s, 1e-6)

    def across(time_s: float) -> float:
        return round(min(max(time_s / length_s, 0.0), 1.0) * WIDTH, 1)

    def down(value: float) -> float:
        share = (value - graph.low) / (graph.high - graph.low)
        return round((1 - min(max(share, 0.0), 1.0)) * (HEIGHT - 4) + 2, 1)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 16}" role="img" aria-label="{escape(graph.title)}">',
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
    ]
    for span in graph.spans:
        left = across(span.start_s)
        wide = max(2.0, round(across(span.end_s) - left, 1))
        parts.append(f'<rect class="bad" x="{left}" width="{wide}" height="{HEIGHT}"/>')
    if graph.limit is not None and graph.low <= graph.limit <= graph.high:
        y = down(graph.limit)
        parts.append(f'<line class="limit" x1="0" x2="{WIDTH}" y1="{y}" y2="{y}"/>')
    points = " ".join(
        f"{across(time)},{down(value)}" for time, value in _thinned(graph.times_s, graph.values)
    )
    parts.append(f'<polyline points="{points}"/>')
    unit = f" {graph.unit}" if graph.unit else ""
    parts.append(f'<text x="4" y="12">{graph.high:g}{escape(unit)}</text>')
    parts.append(f'<text x="4" y="{HEIGHT - 4}">{graph.low:g}</text>')
    parts.append(f'<text x="0" y="{HEIGHT + 13}">0 s</text>')
    parts.append(f'<text x="{WIDTH}" y="{HEIGHT + 13}" class="end">{length_s:.2f} s</text></svg>')
    return "".join(parts)


def _thinned(times: NDArray[np.float64], values: NDArray[np.float64]) -> list[tuple[float, float]]:
    if len(values) <= 2 * _POINTS:
        return list(zip(times.tolist(), values.tolist(), strict=True))
    made = []
    for part in np.array_split(np.arange(len(values)), _POINTS):
        low, high = part[values[part].argmin()], part[values[part].argmax()]
        for at in sorted({int(low), int(high)}):
            made.append((float(times[at]), float(values[at])))
    return made
