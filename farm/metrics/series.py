"""Counters, gauges and histograms with a bounded number of series.

Invariant: a label has at most as many values as its cap says, and ``other`` besides; so no job name,
user or broken plugin can make the page grow without end. Everything belongs to a :class:`Book` of
its own process; nothing is global, so any number of processes may run side by side.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from prometheus_client.core import Metric

OTHER = "other"
CAPS: Mapping[str, int] = {
    "pipeline": 30,
    "stage": 40,
    "version": 20,
    "work": 40,
    "node": 100,
    "origin": 20,
    "channel": 20,
    "slot": 64,
    "gpu": 16,
    "service": 40,
    "what": 40,
}
"""Most values of a label. A label that is not here has a fixed set of values."""

SECONDS = (0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 7200)
"""Buckets, in seconds, from a cached stage to a long render."""

S = TypeVar("S", "Counter", "Gauge", "Histogram")
Labels = tuple[str, ...]


class Series:
    """One metric. ``labels``: names; values are given in the same order."""

    kind = "untyped"

    def __init__(self, book: Book, name: str, help: str, labels: Sequence[str]) -> None:
        self.book = book
        self.name = name
        self.help = help
        self.labels = tuple(labels)

    def _bounded(self, values: Sequence[object]) -> Labels:
        return tuple(
            self.book.bounded(label, str(value))
            for label, value in zip(self.labels, values, strict=True)
        )


class Counter(Series):
    """Only grows while its process lives. Its name ends in ``_total``."""

    kind = "counter"

    def __init__(self, book: Book, name: str, help: str, labels: Sequence[str]) -> None:
        super().__init__(book, name, help, labels)
        self._values: dict[Labels, float] = {} if labels else {(): 0.0}

    def add(self, *values: object, by: float = 1.0) -> None:
        """Count."""
        with self.book.lock:
            key = self._bounded(values)
            self._values[key] = self._values.get(key, 0.0) + by

    def reach(self, *values: object, total: float) -> None:
        """Take over a count that is kept elsewhere."""
        with self.book.lock:
            self._values[self._bounded(values)] = total

    def family(self) -> Metric:
        """As the client library has it."""
        from prometheus_client.core import CounterMetricFamily

        found = CounterMetricFamily(self.name, self.help, labels=self.labels)
        for key, value in sorted(self._values.items()):
            found.add_metric(key, value)
        return found


class Gauge(Series):
    """A reading; all its series are replaced together, so none outlives what it was read from."""

    kind = "gauge"

    def __init__(self, book: Book, name: str, help: str, labels: Sequence[str]) -> None:
        super().__init__(book, name, help, labels)
        self._values: dict[Labels, float] = {}

    def set(self, value: float) -> None:
        """The reading of a gauge without labels."""
        self.replace({(): value})

    def replace(self, readings: Mapping[Any, float]) -> None:
        """New readings by label values (a tuple, or the one value)."""
        with self.book.lock:
            values: dict[Labels, float] = {}
            for key, value in readings.items():
                bounded = self._bounded(key if isinstance(key, tuple) else (key,))
                values[bounded] = values.get(bounded, 0.0) + value
            self._values = values

    def family(self) -> Metric:
        """As the client library has it."""
        from prometheus_client.core import GaugeMetricFamily

        found = GaugeMetricFamily(self.name, self.help, labels=self.labels)
        for key, value in sorted(self._values.items()):
            found.add_metric(key, value)
        return found


class Histogram(Series):
    """Counts observations in seconds by bucket."""

    kind = "histogram"

    def __init__(
        self,
        book: Book,
        name: str,
        help: str,
        labels: Sequence[str],
        buckets: Sequence[float] = SECONDS,
    ) -> None:
        super().__init__(book, name, help, labels)
        self.buckets = tuple(buckets)
        self._values: dict[Labels, list[float]] = {}

    def observe(self, *values: object, seconds: float) -> None:
        """Count one observation."""
        with self.book.lock:
            key = self._bounded(values)
            counts = self._values.get(key)
            if counts is None:
                # One for each bucket, one for what is above, and the sum.
                counts = self._values[key] = [0.0] * (len(self.buckets) + 2)
            counts[bisect_left(self.buckets, seconds)] += 1
            counts[-1] += seconds

    def family(self) -> Metric:
        """As the client library has it."""
        from prometheus_client.core import HistogramMetricFamily

        found = HistogramMetricFamily(self.name, self.help, labels=self.labels)
        names = [*(f"{bound:g}" for bound in self.buckets), "+Inf"]
        for key, counts in sorted(self._values.items()):
            below = 0.0
            cumulative: list[tuple[str, float]] = []
            for name, count in zip(names, counts[:-1], strict=True):
                below += count
                cumulative.append((name, below))
            found.add_metric(key, cumulative, counts[-1])
        return found


class Book:
    """The metrics of one process, in the order in which they were declared."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._series: dict[str, Counter | Gauge | Histogram] = {}
        self._known: dict[str, set[str]] = {}

    def counter(self, name: str, help: str, *labels: str) -> Counter:
        """Declare a counter; ``name`` ends in ``_total``."""
        return self._add(Counter(self, name, help, labels))

    def gauge(self, name: str, help: str, *labels: str) -> Gauge:
        """Declare a gauge."""
        return self._add(Gauge(self, name, help, labels))

    def histogram(self, name: str, help: str, *labels: str) -> Histogram:
        """Declare a histogram of seconds."""
        return self._add(Histogram(self, name, help, labels))

    def series(self) -> Iterable[Counter | Gauge | Histogram]:
        """Every metric."""
        return self._series.values()

    def bounded(self, label: str, value: str) -> str:
        """``value``, or ``other`` once the label has as many values as its cap allows."""
        cap = CAPS.get(label)
        if cap is None:
            return value
        known = self._known.setdefault(label, set())
        if value in known:
            return value
        if len(known) >= cap:
            return OTHER
        known.add(value)
        return value

    def collect(self) -> Iterator[Metric]:
        """What a registry of the client library asks for."""
        with self.lock:
            families = [series.family() for series in self._series.values()]
        yield from families

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def _add(self, series: S) -> S:
        self._series[series.name] = series
        return series
