"""Which model is given up first: the order of evictions.

Invariant: the order is a pure function of what is known about the models; no clock and no chance.
"""

from __future__ import annotations

_LEAST_RELOAD_S = 0.1
"""Loads that are faster than this are not told apart: their differences are noise."""

_HALF_LIFE_TASKS = 4.0


def demand(soon: int, age: int) -> float:
    """How often a model will be wanted, as far as can be told.

    soon : tasks of the scheduler's look-ahead that need it. age : tasks that this engine has begun
    since one used it; what is not known to come counts for less with each of them.
    """
    return float(soon + 0.5 ** (age / _HALF_LIFE_TASKS))


def worth(size_mb: int, reload_s: float, wanted: float) -> float:
    """Seconds of loading that keeping the model is expected to save, for each MB that it takes.

    The model of least worth goes first: bytes over (reload seconds x demand), from the other side.

    Source: frequency x cost / size of GreedyDual-Size-Frequency (L. Cherkasova, *Improving WWW
    Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy*, HP Laboratories report
    HPL-98-69R1, 1998). Its frequency of the past is replaced by the tasks that are known to come,
    and its inflating clock by the exponential decay of LRFU (Lee et al., IEEE Transactions on
    Computers 50(12), 2001), so that models of equal size and cost that nobody waits for go in the
    order of their last use.
    """
    return max(reload_s, _LEAST_RELOAD_S) * wanted / max(size_mb, 1)
