"""Every job: find, mark, steer. A hundred thousand of them scroll like ten.

Invariant: the table holds the numbers of the chosen jobs and the lines near the screen; what happens
in the ledger moves single rows, and a whole list is read again only when its order depends on more
than the number.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from farm.domain.errors import InputError
from farm.tui.dialogs import Choose, Tick
from farm.tui.filters import FIELDS, parse
from farm.tui.marks import count
from farm.tui.messages import RowHighlighted, RowOpened, RowsWanted, SortAsked
from farm.tui.screens.job_cells import COLUMNS, STANDARD, cells_of
from farm.tui.screens.job_glance import glance
from farm.tui.screens.job_pages import Moved, Page, read_ids, read_lines, read_moved, read_page
from farm.tui.screens.rerun import JobOrders
from farm.tui.source import Delta
from farm.tui.widgets.table import VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from farm.ledger.views import JobLine
    from farm.ledger.views_console import Place, Sort

_FIRST_PAGE, _PAGE = 120, 5_000
_FOLLOW_EVERY = 2
"""Looks without an event between two readings of what runs."""
_QUEUED = "queued"


class JobsScreen(JobOrders):
    """Tab 2."""

    TAB = "jobs"
    HELP = "Filter: " + "\n        ".join(f"{name}: {about}" for name, about in FIELDS.items())
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="jobs.filter",
                tooltip="Type a filter such as state:failed by:me age<2h"),
        Binding("s", "sort", "Sort", id="jobs.sort", tooltip="Sort by another column", show=False),
        Binding("S", "turn", "Reverse", id="jobs.reverse", tooltip="Reverse the order", show=False),
        Binding("o", "columns", "Columns", id="jobs.columns", tooltip="Choose the columns",
                show=False),
        Binding("m", "mine", "Mine", id="jobs.mine", tooltip="Only my own jobs", show=False),
        Binding("R", "retry_failed", "Retry failed", id="jobs.retry-failed", show=False,
                tooltip="Of the marked jobs run those again that failed"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._by, self._down = "number", True
        self._epoch = 0
        self._numbers: array[int] = array("q")
        self._whole = False
        self._lines: dict[int, JobLine] = {}
        self._stale = False
        self._still = 0

    def body(self) -> ComposeResult:
        """The filter, the table, and at the side what is under the cursor."""
        yield Input(
            placeholder="/ filter   state:failed pipeline:animate by:me age<2h words",
            id="filter", classes="filter",
        )  # fmt: skip
        with Horizontal(id="list"):
            yield VirtualTable(
                [c for c in COLUMNS if c.name in STANDARD],
                id="jobs", empty="No job fits. Escape clears the filter.", marking=True,
            )  # fmt: skip
            yield Text(id="glance")
        yield Text(id="told", classes="told")

    @property
    def table(self) -> VirtualTable:
        """The list."""
        return self.query_one("#jobs", VirtualTable)

    def opened(self) -> None:
        """Read the list anew."""
        if self.focused is None:
            self.table.focus()
        self._start(stay=True)

    def filter_by(self, text: str) -> None:
        """Choose other jobs."""
        if not self.ready:
            # Its tab was not opened yet: its widgets come with the next refresh.
            self.call_after_refresh(self.filter_by, text)
            return
        field = self.query_one("#filter", Input)
        with field.prevent(Input.Changed):
            field.value = text
        self._use(text)
        self.table.focus()

    def chosen_ids(self) -> list[str]:
        """The ids of the marked jobs, or of the one under the cursor."""
        return [self._lines[n].id for n in self._chosen_numbers() if n in self._lines]

    def _chosen_numbers(self) -> list[int]:
        return [int(key) for key in self.table.chosen]

    def with_chosen(self, then: Any) -> None:
        """Call ``then(ids)``; lines of marked jobs that are far from the screen are read first."""
        numbers = self._chosen_numbers()
        missing = [n for n in numbers if n not in self._lines]
        if not missing:
            if numbers:
                then(self.chosen_ids())
            return
        self._then = then
        self.load("chosen", lambda database: read_ids(database, numbers))

    def changed(self, delta: Delta) -> None:
        """Move the rows that something happened to; follow those that run."""
        if not delta.complete or (delta.job_ids and self._by != "number") or self._stale:
            self._start(stay=True)
            return
        if delta.job_ids:
            chosen, epoch, ids = self._filter(), self._epoch, sorted(delta.job_ids)
            if chosen is not None:
                self.load("moved", lambda database: read_moved(database, chosen, ids, epoch))
        elif self._filter_ages():
            self._stale = True
        visible = [int(key) for key in self.table.visible_keys()]
        live = [self._lines[n] for n in visible if n in self._lines and not self._lines[n].ended]
        self._still = self._still + 1 if delta.quiet else 0
        # What waits changes with an event; what runs goes on without one.
        going = [line.number for line in live if line.state != _QUEUED]
        if going and self._still % _FOLLOW_EVERY == 0:
            self.load("rows", lambda database: read_lines(database, going))
        now_s = self.console_app.source.clock()
        self.table.put({line.number: cells_of(line, now_s) for line in live})

    def loaded(self, key: str, value: Any) -> None:
        """Show what was found."""
        if key == "page":
            self._show_page(value)
        elif key == "moved":
            self._show_moved(value)
        elif key == "chosen":
            self._then(value)
        elif key.startswith("rows"):
            self._show_lines(value)
        else:
            super().loaded(key, value)

    def on_rows_wanted(self, message: RowsWanted) -> None:
        """Read the lines that came into view."""
        numbers = [int(key) for key in message.keys]
        self.load(f"rows {numbers[0]}", lambda database: read_lines(database, numbers))

    def on_row_opened(self, message: RowOpened) -> None:
        """Open the job."""
        line = self._lines.get(int(message.key))
        if line is not None:
            self.console_app.action_job(line.id)

    def on_row_highlighted(self, message: RowHighlighted) -> None:
        """Tell about the job under the cursor at the side."""
        self._show_glance()

    def on_sort_asked(self, message: SortAsked) -> None:
        """Sort by the heading that was clicked; a second click reverses."""
        self._sort(message.column)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self._use(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the list."""
        self.table.focus()

    def key_escape(self) -> None:
        """Leave the filter; in the list clear it."""
        if self.focused is not None and self.focused.id == "filter":
            self.table.focus()
        elif self._text:
            self.filter_by("")

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one("#filter", Input).focus()

    def action_mine(self) -> None:
        """Only my own jobs, or everybody's again."""
        words = self._text.split()
        rest = [word for word in words if word != "by:me"]
        self.filter_by(" ".join(rest if len(rest) < len(words) else [*rest, "by:me"]))

    def action_turn(self) -> None:
        """Reverse the order."""
        self._down = not self._down
        self._start(stay=False)

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        options = [(c.name, c.title.lower() or c.name) for c in COLUMNS if c.sortable]
        self.app.push_screen(
            Choose("Sort by", options), lambda name: self._sort(name) if name else None
        )

    def action_columns(self) -> None:
        """Choose the columns."""
        shown = {column.name for column in self.table.columns}
        options = [(c.name, c.about, c.name in shown) for c in COLUMNS]

        def use(names: list[str] | None) -> None:
            if names:
                self.table.use_columns([c for c in COLUMNS if c.name in names])

        self.app.push_screen(Tick("Columns", options), use)

    def action_retry_failed(self) -> None:
        """Of the marked jobs run those again that failed."""
        self.with_chosen(lambda ids: self.order(lambda acts: acts.retry_failed(ids)))

    def _sort(self, column: str) -> None:
        self._down = not self._down if column == self._by else column in ("number", "priority")
        self._by = column
        self._start(stay=False)

    def _use(self, text: str) -> None:
        self._text = text.strip()
        self._start(stay=False)

    def _filter(self) -> Any:
        field, told = self.query_one("#filter", Input), self.query_one("#told", Text)
        try:
            chosen = parse(
                self._text, me=self.console_app.acts.actor, now_s=self.console_app.source.clock()
            )
        except InputError as error:
            field.add_class("-invalid")
            told.add_class("-bad")
            told.update(Content(error.sentence()))
            return None
        field.remove_class("-invalid")
        told.remove_class("-bad")
        return chosen

    def _filter_ages(self) -> bool:
        return "age" in self._text and self._whole

    def _start(self, *, stay: bool) -> None:
        """Read the list of numbers from its beginning."""
        from farm.ledger.views_console import Sort

        chosen = self._filter()
        if chosen is None:
            return
        self._epoch += 1
        self._stale = False
        self._stay = stay
        sort = Sort(self._by, self._down)
        self.table.sorted_by = (self._by, self._down)
        self._ask(chosen, sort, None)

    def _ask(self, chosen: Any, sort: Sort, after: Place | None) -> None:
        epoch = self._epoch
        limit = _FIRST_PAGE if after is None and not self._numbers else _PAGE
        self.load("page", lambda database: read_page(database, chosen, sort, after, limit, epoch))
        self._asked_for = (chosen, sort)

    def _show_page(self, page: Page) -> None:
        if page.epoch != self._epoch:
            return
        if page.first:
            self._coming = array("q")
        self._coming.extend(page.numbers)
        # An unchanged list is shown when it is whole, so that it does not jump while it is read.
        whole = page.end is None
        if whole or not self._stay or len(self._coming) >= len(self._numbers):
            stay = self._stay or not page.first
            self._numbers = self._coming if whole else self._coming[:]
            self.table.set_keys(self._numbers, stay=stay)
            if page.first:
                self._refresh_visible()
        self._whole = whole
        if page.end is not None:
            self._ask(*self._asked_for, page.end)
        self._tell()

    def _show_moved(self, moved: Moved) -> None:
        if moved.epoch != self._epoch:
            return
        # A copy, by which the table sees where its cursor's row went.
        shown = self._numbers[:]
        fit = set(moved.chosen)
        newest = shown[0 if self._down else -1] if shown else 0
        changed = False
        for number in moved.known:
            if number not in fit and number in self._lines and number in shown:
                shown.remove(number)
                changed = True
        for number in sorted(fit):
            if number > newest:
                shown.insert(0 if self._down else len(shown), number)
                changed = True
            elif number not in self._lines and number not in shown:
                # It came back into the middle of a filtered list: rare, so the list is read again.
                self._stale = True
        if changed:
            self._numbers = shown
            self.table.set_keys(shown)
            self._tell()
        self._refresh_visible(moved.known)

    def _refresh_visible(self, only: list[int] | None = None) -> None:
        visible = [int(key) for key in self.table.visible_keys()]
        wanted = visible if only is None else [n for n in visible if n in set(only)]
        if wanted:
            self.load("rows again", lambda database: read_lines(database, wanted))

    def _show_lines(self, lines: list[JobLine]) -> None:
        now_s = self.console_app.source.clock()
        for line in lines:
            self._lines[line.number] = line
        self.table.put({line.number: cells_of(line, now_s) for line in lines})
        if len(self._lines) > 2 * 2000:
            near = {int(key) for key in self.table.visible_keys()} | set(self._chosen_numbers())
            self._lines = {
                n: line for n, line in self._lines.items()
                if n in near or self.table.cells(n) is not None
            }  # fmt: skip
        self._show_glance()

    def _tell(self) -> None:
        marked = len(self.table.marked)
        parts = [
            f"{count(len(self._numbers))}{'' if self._whole else '…'} "
            f"{'job' if len(self._numbers) == 1 else 'jobs'}",
            f"sorted by {self._by} {'↓' if self._down else '↑'}",
        ]
        if marked:
            parts.append(f"{count(marked)} marked")
        self.query_one("#told", Text).update(Content("   ".join(parts)))

    def _show_glance(self) -> None:
        panel = self.query_one("#glance", Text)
        key = self.table.cursor_key
        line = self._lines.get(int(key)) if key is not None else None
        panel.update(Content("") if line is None else glance(line))
