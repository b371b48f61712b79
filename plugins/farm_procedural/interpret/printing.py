"""An instruction as people and programs read it: rows, a table, JSON.

Invariant: every decision is shown with what decided it; nothing that the prompt brought in can steer
the terminal or break the JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from farm_procedural.instruction import Decision, Instruction
from farm_procedural.interpret.concept import LearnedWord
from farm_procedural.interpret.quotes import shown
from farm_procedural.interpret.reading import interpret

LONGEST_WORDS = 32


class Row(NamedTuple):
    """One line of the explanation. when: the whole film or a part; sure: confidence 0 to 1."""

    when: str
    axis: str
    value: str
    amount: str
    words: str
    why: str
    sure: float


def explain(instruction: Instruction) -> list[Row]:
    """Every decision in the order of the film, then measures, counts and titles."""
    rows = [_row("film", decision) for decision in instruction.decisions]
    begin = 0.0
    for phase in instruction.phases:
        when = f"{begin:.0%} to {begin + phase.share:.0%}"
        rows += [_row(when, decision) for decision in phase.decisions]
        if not phase.decisions:
            rows.append(Row(when, "", "free", "", "", "nothing is said about this part", 0.0))
        begin += phase.share
    told: list[tuple[str, object]] = []
    if instruction.duration_s is not None:
        told.append(("duration", f"{instruction.duration_s:g} s"))
    if instruction.width is not None:
        told.append(("size", f"{instruction.width}x{instruction.height}"))
    if instruction.fps is not None:
        told.append(("frame rate", f"{instruction.fps} fps"))
    told += [("count", f"{number} {thing}") for thing, number in instruction.counts.items()]
    told += [("text", title) for title in instruction.titles]
    rows += [Row("film", axis, str(value), "", "", "rule: measures", 1.0) for axis, value in told]
    return rows


def table(instruction: Instruction) -> str:
    """The explanation as plain text in columns, with unknown words and notes below."""
    head = ("when", "what", "value", "strength", "words", "decided by", "sure")
    lines = [head, *(_cells(row) for row in explain(instruction))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown_lines = [_joined(line, widths) for line in lines]
    shown_lines.insert(1, "  ".join("-" * width for width in widths))
    if len(lines) == 1:
        shown_lines = ["Nothing is decided by the words: the film is free, and made from the seed."]
    if instruction.unknown:
        shown_lines += ["", "unknown: " + ", ".join(shown(word) for word in instruction.unknown)]
    shown_lines += [f"note: {shown(note)}" for note in instruction.notes]
    if instruction.language != "en":
        shown_lines.append(f"language: {instruction.language}")
    return "\n".join(shown_lines)


def main(text: str, as_json: bool, *, learned: Sequence[LearnedWord] = ()) -> str:
    """What ``farm interpret`` prints for a prompt."""
    instruction = interpret(text, learned=learned)
    if as_json:
        return json.dumps(instruction.record(), indent=2)
    return table(instruction)


def _row(when: str, decision: Decision) -> Row:
    amount = "" if decision.amount == 1.0 else f"x{decision.amount:g}"
    value = f"not {decision.value}" if decision.negated else decision.value
    why = f"{decision.by}: {decision.name}" if decision.name else decision.by
    return Row(when, decision.axis.value, value, amount, decision.words, why, decision.confidence)


def _cells(row: Row) -> tuple[str, ...]:
    words = shown(row.words)
    if len(words) > LONGEST_WORDS:
        words = words[: LONGEST_WORDS - 1] + "…"
    sure = f"{row.sure:.0%}" if row.axis else ""
    return (row.when, row.axis, shown(row.value), row.amount, words, shown(row.why), sure)


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
