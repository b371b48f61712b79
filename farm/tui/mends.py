"""What mends a wait: for each reason of the queue, the operator's next step.

Invariant: every kind of reason has a mend, or is one that ends by itself and says so.
"""

from __future__ import annotations

_BY_KIND = {
    "farm-paused": "F lets the farm go on.",
    "no-daemon": "Start the farm with `farm up`, or `farm daemon` where it runs on its own.",
    "paused": "P resumes the job.",
    "approval": "Look at the job (Enter) and approve it with A.",
    "back-off": "It goes on by itself; Enter shows the error of the last try.",
    "start-time": "It goes on by itself.",
    "stage": "It goes on by itself when that is done.",
    "queue": "It goes on by itself; K moves it up.",
}
_BY_PLACEMENT = (
    ("no node offers", "Install its plugin and models on a node; plugins (6) says what is missing "
     "where."),
    ("is blocked on every node", "Lift the block: nodes (3), l."),
    ("carries", "Give a node that label: `tags` in its farm.toml."),
    ("is paused, draining", "Put a node back to work: nodes (3), e."),
    ("is not configured", "Give the limit a size: `limits` in farm.toml."),
    ("is full", "It goes on when a task that holds it ends; a larger size in `limits` of farm.toml "
     "lets more run at once."),
    ("of limit", "Raise its size: `limits` in farm.toml."),
    ("needs", "Start a node that has as much, or submit it smaller or in a lower quality."),
)  # fmt: skip


def mend_of(kind: str, reason: str) -> str:
    """The next step for a task that waits; empty for one that does not."""
    if kind != "placement":
        return _BY_KIND.get(kind, "")
    return next((mend for words, mend in _BY_PLACEMENT if words in reason), "")
