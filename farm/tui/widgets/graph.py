"""The stage graph as a widget: boxes with state and progress, lines between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.widgets import Static

from farm.tui.colours import mark_of, style_of
from farm.tui.graph_layout import Box, Drawing, lay_out
from farm.tui.marks import thin_bar
from farm.tui.messages import StageOpened

if TYPE_CHECKING:
    from farm.ledger.views import StageLine

_BAR = 10


class StageGraph(Static):
    """Draws stages; a click on a box posts :class:`StageOpened`."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._drawing: Drawing | None = None

    def show(self, stages: Sequence[StageLine], dependents: Mapping[str, Sequence[str]]) -> None:
        """Draw a job's stages."""
        lines = {stage.name: stage for stage in stages}
        inner = {name: max(len(name), _BAR + 5) for name in lines}
        drawing = self._drawing = lay_out(dependents, inner)
        grid = [[(" ", "")] * drawing.width for _ in range(drawing.height + 1)]
        for (row, column), text in drawing.lines.items():
            grid[row][column] = (text, "$secondary")
        for box in drawing.boxes:
            _paint(grid, box, lines[box.name])
        rows = [Content.assemble(*row) for row in grid]
        self.update(Content("\n").join(rows))

    def on_click(self, event: events.Click) -> None:
        """Open the stage under the mouse."""
        for box in self._drawing.boxes if self._drawing else ():
            if box.left <= event.x < box.left + box.width and box.top <= event.y < box.top + 3:
                self.post_message(StageOpened(box.name))


def stage_state(stage: StageLine) -> str:
    """One state for a stage, told by its tasks: what needs attention comes first."""
    counts = stage.counts
    if stage.approval and not stage.approved_by and counts.get("held"):
        return "held"
    for state in ("quarantined", "failed", "running", "sent", "delayed", "held", "ready",
                  "cancelled", "blocked"):  # fmt: skip
        if counts.get(state):
            return state
    if stage.total is None:
        return "blocked"
    return "cached" if counts.get("cached") and not counts.get("done") else "done"


def _paint(grid: list[list[tuple[str, str]]], box: Box, stage: StageLine) -> None:
    state = stage_state(stage)
    style = style_of(state)
    inner = box.width - 2
    title = f" {mark_of(state)} {stage.name} "[: inner - 1]
    full, rest = thin_bar(stage.progress, _BAR)
    done = sum(stage.counts.get(name, 0) for name in ("done", "cached"))
    total = "?" if stage.total is None else str(stage.total)
    share = f" {done}/{total}"
    pad = " " * max(0, inner - 2 - _BAR - len(share))
    _write(grid, box.top, box.left, [("╭─" + title + "─" * (inner - 1 - len(title)) + "╮", style)])
    _write(
        grid, box.top + 1, box.left,
        [("│ ", style), (full, style), (rest, "$text-muted"), (share, ""), (pad, ""), (" │", style)],
    )  # fmt: skip
    _write(grid, box.top + 2, box.left, [("╰" + "─" * inner + "╯", style)])


def _write(
    grid: list[list[tuple[str, str]]], row: int, left: int, pieces: list[tuple[str, str]]
) -> None:
    for text, style in pieces:
        for character in text:
            if left < len(grid[row]):
                grid[row][left] = (character, style)
            left += 1
