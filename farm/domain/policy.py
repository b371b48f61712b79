"""The failure policy: one row per error class says what happens after a failed attempt.

Invariant: whether, when and where a task is tried again is decided by this table and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm.domain.errors import ErrorClass


@dataclass(frozen=True, slots=True)
class FailureRule:
    """What follows a failed attempt of one class.

    retries : further tries that are allowed after the first one.
    backoff_s : wait before the next try; doubles with each further one.
    other_node : prefer a node that has not failed this task yet.
    charged : whether the attempt counts towards the job's failure threshold.
    quarantine : park the task for an operator instead of plain ``failed`` when tries run out, or as
        soon as it did this on two different nodes.
    blocks_node_after : this many *different* tasks of one stage failing on a node with this class
        put the (node, stage) pair on the block-list; 0 never.
    """

    retries: int
    backoff_s: float
    other_node: bool
    charged: bool = True
    quarantine: bool = False
    blocks_node_after: int = 0


FAILURE_POLICY: dict[ErrorClass, FailureRule] = {
    ErrorClass.INPUT: FailureRule(retries=0, backoff_s=0, other_node=False),
    ErrorClass.RESOURCE: FailureRule(retries=1, backoff_s=1, other_node=True, charged=False),
    ErrorClass.DISK: FailureRule(retries=8, backoff_s=10, other_node=True, charged=False),
    ErrorClass.BROKEN: FailureRule(retries=1, backoff_s=0, other_node=True),
    ErrorClass.TRANSIENT: FailureRule(retries=4, backoff_s=2, other_node=True, blocks_node_after=5),
    ErrorClass.LICENCE: FailureRule(retries=2, backoff_s=30, other_node=True, blocks_node_after=3),
    ErrorClass.CRASH: FailureRule(
        retries=3, backoff_s=0, other_node=True, quarantine=True, blocks_node_after=3
    ),
    ErrorClass.TIMEOUT: FailureRule(retries=1, backoff_s=0, other_node=True, blocks_node_after=3),
    ErrorClass.BUG: FailureRule(retries=0, backoff_s=0, other_node=False),
    ErrorClass.LOST: FailureRule(retries=8, backoff_s=0, other_node=False, charged=False),
    ErrorClass.CANCELLED: FailureRule(retries=0, backoff_s=0, other_node=False, charged=False),
}


def backoff_s(rule: FailureRule, failures: int) -> float:
    """Seconds to wait before try ``failures + 1``; ``failures`` counts from 1."""
    return float(min(rule.backoff_s * 2 ** max(0, failures - 1), 300.0))
