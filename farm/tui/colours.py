"""What each state of the transition table looks like: a tone, and a mark that needs no colour.

Invariant: every state that a move of the table names has a tone and a mark, so no state is ever told
by colour alone; a test walks the table.
"""

from __future__ import annotations

from enum import Enum

from farm.domain.states import (
    MOVES,
    AttemptState,
    JobState,
    NodeState,
    State,
    SubmissionState,
    TaskState,
)


class Tone(str, Enum):
    """How a thing stands. Each theme gives each tone a colour: ``$state-<tone>`` in styles."""

    WAIT = "wait"
    WORK = "work"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    GONE = "gone"


_FINAL_GOOD = {"done", "cached", "succeeded", "online", "accepted", "duplicate"}
_BAD = {"failed", "failing", "lost", "quarantined", "rejected", "rejecting"}
_GONE = {"cancelled", "cancelling", "offline"}
_WARN = {"paused", "draining", "held", "delayed"}
_WORK = {"running", "publishing", "sent", "claiming", "claimed", "duplicating"}
_MARKS = {
    "queued": "·", "blocked": "·", "ready": "○", "sent": "◔", "running": "▶", "publishing": "⇪",
    "delayed": "◷", "held": "‖", "paused": "‖", "draining": "▽", "done": "✓", "cached": "≡",
    "succeeded": "✓", "online": "●", "failed": "✗", "failing": "✗", "quarantined": "☣",
    "lost": "?", "cancelled": "–", "cancelling": "–", "offline": "○", "claiming": "◔",
    "claimed": "◑", "accepted": "✓", "rejecting": "✗", "rejected": "✗", "duplicating": "=",
    "duplicate": "=",
}  # fmt: skip


def states() -> frozenset[State]:
    """Every state that the transition table knows, with those that nothing leads out of."""
    named = {state for move in MOVES for state in (move.source, move.target)}
    kinds = (JobState, TaskState, AttemptState, NodeState, SubmissionState)
    return frozenset(named | {state for kind in kinds for state in kind})


def _tone(value: str) -> Tone:
    for tone, values in (
        (Tone.GOOD, _FINAL_GOOD), (Tone.BAD, _BAD), (Tone.GONE, _GONE),
        (Tone.WARN, _WARN), (Tone.WORK, _WORK),
    ):  # fmt: skip
        if value in values:
            return tone
    return Tone.WAIT


_TONES = {state.value: _tone(state.value) for state in states()}


def tone_of(state: str) -> Tone:
    """The tone of a state by its value; what is no state counts as waiting."""
    return _TONES.get(state, Tone.WAIT)


def mark_of(state: str) -> str:
    """One character for a state, readable without colour."""
    return _MARKS.get(state, "·")


def style_of(state: str) -> str:
    """A style for a state that follows the theme, such as ``$state-good``."""
    return f"$state-{tone_of(state).value}"
