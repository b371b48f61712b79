"""The fewest loads that any order of a mix could do with.

Invariant: :func:`least_loads` is exact for what it is given; :func:`bound` is never above it. Both
know all tasks beforehand, as no scheduler does, and neither charges for time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence

Held = tuple[tuple[str, ...], ...]
_LARGEST = 16


def bound(models: Iterable[str]) -> int:
    """Loads that no order can avoid: each model that is wanted is loaded at least once.

    The bound is reached where tasks may be held back for long enough: one model after another,
    each on one engine until nobody wants it any more.
    """
    return len(set(models))


def least_loads(models: Sequence[str], *, engines: int, room: int, most_skips: int) -> int:
    """The fewest loads over all orders in which no task is overtaken more than ``most_skips`` times.

    models : what each task wants, in the order they were asked for; at most 16 tasks. room : models
    that each engine has room for. A task is overtaken by each later one that is begun before it.

    Source: least-cost paths (E. W. Dijkstra, *A note on two problems in connexion with graphs*,
    1959) over (tasks done, models held); which model to give up is tried in every way, so L. A.
    Belady's rule (*A study of replacement algorithms*, 1966) is contained in it.
    """
    if len(models) > _LARGEST:
        raise ValueError(f"{len(models)} tasks; the exact search is for {_LARGEST} at most")
    start: tuple[int, Held] = (0, ((),) * engines)
    best = {start: 0}
    queue = [(0, 0, start)]
    pushed = 0
    while queue:
        loads, _, state = heapq.heappop(queue)
        if loads > best[state]:
            continue
        done, held = state
        if done == (1 << len(models)) - 1:
            return loads
        for index in _startable(done, len(models), most_skips):
            for cost, after in _placed(models[index], held, room):
                key = (done | 1 << index, after)
                if loads + cost < best.get(key, len(models) + 1):
                    best[key] = loads + cost
                    pushed += 1
                    heapq.heappush(queue, (loads + cost, pushed, key))
    raise AssertionError("unreachable: tasks can always be begun in order")


def _startable(done: int, count: int, most_skips: int) -> Iterator[int]:
    """Tasks that may be begun now; beginning one overtakes every open task before it."""
    for index in range(count):
        if done >> index & 1:
            continue
        yield index
        # Whoever comes later would overtake this one, too.
        if (done >> index).bit_count() >= most_skips:
            return


def _placed(model: str, held: Held, room: int) -> Iterator[tuple[int, Held]]:
    """Every way to run a task of ``model``: loads it costs (0 or 1), and what is held then."""
    seen = set()
    for engine, models in enumerate(held):
        if model in models:
            yield 0, held
            return  # Loading it elsewhere now is never better than loading it when it is needed.
        if models in seen:
            continue  # Equal engines are interchangeable.
        seen.add(models)
        kept = [models] if len(models) < room else _without_one(models)
        for rest in kept:
            changed = [*held[:engine], tuple(sorted([*rest, model])), *held[engine + 1 :]]
            yield 1, tuple(sorted(changed))


def _without_one(models: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [models[:i] + models[i + 1 :] for i in range(len(models))]
