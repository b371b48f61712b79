"""Every window of a job as one cell, coloured and marked by its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from farm.tui.colours import mark_of, tone_of
from farm.tui.messages import WindowHighlighted, WindowOpened

if TYPE_CHECKING:
    from farm.ledger.views_job import WindowCell

_LABEL = 18


class WindowGrid(ScrollView, can_focus=True):
    """Cells in rows, a label before the first row of each stage; draws only what is on the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "Left", show=False, id="grid.left", tooltip="One window back"),
        Binding("right,l", "move(1)", "Right", show=False, id="grid.right",
                tooltip="One window on"),
        Binding("up,k", "row(-1)", "Up", show=False, id="grid.up", tooltip="One row up"),
        Binding("down,j", "row(1)", "Down", show=False, id="grid.down", tooltip="One row down"),
        Binding("f", "trouble", "Next failed", id="grid.trouble",
                tooltip="The next window that failed or is quarantined"),
        Binding("enter", "open", "Logs", id="grid.open", tooltip="The logs of the window"),
    ]  # fmt: skip

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._cells: Sequence[WindowCell] = ()
        self._rows: list[tuple[str, int, int]] = []
        self._cursor = 0

    @property
    def cursor(self) -> WindowCell | None:
        """The cell under the cursor."""
        return self._cells[self._cursor] if self._cursor < len(self._cells) else None

    def show(self, cells: Sequence[WindowCell]) -> None:
        """Show a job's windows, grouped by stage in the given order."""
        moved = [c.task_id for c in cells] != [c.task_id for c in self._cells]
        self._cells = cells
        if moved:
            self._lay_out()
        self.refresh()

    def go(self, stage: str) -> None:
        """Put the cursor on the first window of a stage."""
        for at, cell in enumerate(self._cells):
            if cell.stage == stage:
                self._go(at)
                return

    def on_resize(self, event: events.Resize) -> None:
        """Break the rows anew."""
        self._lay_out()

    def action_move(self, by: int) -> None:
        """Move by cells."""
        self._go(self._cursor + by)

    def action_row(self, by: int) -> None:
        """Move to the row above or below."""
        here = self._row_of(self._cursor)
        there = max(0, min(len(self._rows) - 1, here + by))
        if self._rows and there != here:
            column = self._cursor - self._rows[here][1]
            _, first, stop = self._rows[there]
            self._go(min(first + column, stop - 1))

    def action_trouble(self) -> None:
        """The next window that failed."""
        order = [*range(self._cursor + 1, len(self._cells)), *range(self._cursor + 1)]
        for at in order:
            if at < len(self._cells) and tone_of(self._cells[at].state).value == "bad":
                self._go(at)
                return

    def action_open(self) -> None:
        """Open the window's logs."""
        if self.cursor is not None:
            self.post_message(WindowOpened(self.cursor.task_id))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell about the cell under the mouse."""
        at = self._at(event.x, event.y)
        if at is not None and at != self._cursor:
            self._go(at)

    def on_click(self, event: events.Click) -> None:
        """Point at a cell; open it with the second click."""
        at = self._at(event.x, event.y)
        if at is not None:
            self._go(at)
            if event.chain == 2:
                self.action_open()

    def render_line(self, y: int) -> Strip:
        """One row of cells."""
        row = self.scroll_offset.y + y
        width = self.size.width
        if row >= len(self._rows):
            text = " Nothing is cut into windows yet." if row == 0 else ""
            return Strip([Segment(text.ljust(width))], width)
        stage, first, stop = self._rows[row]
        new = row == 0 or self._rows[row - 1][0] != stage
        label = (stage[: _LABEL - 2] if new else "").ljust(_LABEL)
        segments = [Segment(label, Style(bold=True))]
        colours = self.app.theme_variables
        for at in range(first, stop):
            cell = self._cells[at]
            colour = colours[f"state-{tone_of(cell.state).value}"]
            style = Style(color=colour, reverse=at == self._cursor, bold=cell.attempts > 1)
            segments.append(Segment(mark_of(cell.state), style))
            segments.append(Segment(" "))
        return Strip(segments).adjust_cell_length(width)

    def _lay_out(self) -> None:
        across = max(1, (self.size.width - _LABEL) // 2)
        self._rows = []
        for at, cell in enumerate(self._cells):
            if self._rows:
                stage, first, stop = self._rows[-1]
                if stage == cell.stage and stop - first < across:
                    self._rows[-1] = (stage, first, at + 1)
                    continue
            self._rows.append((cell.stage, at, at + 1))
        self.virtual_size = Size(self.size.width, len(self._rows))
        self.refresh()

    def _row_of(self, at: int) -> int:
        for index, (_, first, stop) in enumerate(self._rows):
            if first <= at < stop:
                return index
        return 0

    def _at(self, x: int, y: int) -> int | None:
        row = self.scroll_offset.y + y
        if row >= len(self._rows) or x < _LABEL:
            return None
        at = self._rows[row][1] + (x - _LABEL) // 2
        return at if at < self._rows[row][2] else None

    def _go(self, at: int) -> None:
        self._cursor = max(0, min(len(self._cells) - 1, at))
        if self.cursor is None:
            return
        row = self._row_of(self._cursor)
        if not self.scroll_offset.y <= row < self.scroll_offset.y + self.size.height:
            self.scroll_to(y=row, animate=False)
        self.refresh()
        self.post_message(WindowHighlighted(self.cursor.task_id))
