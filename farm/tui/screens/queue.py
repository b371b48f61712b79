"""Why things wait: every waiting task with its one reason, grouped, in the order of the queue.

Invariant: it holds the ids of the pages that were looked at and the rows near the screen, so a
hundred thousand waiting tasks cost what a screen of them costs; a filter looks at the first
``SOUGHT`` of a reason. Orders are for the tasks' jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from farm.tui.colours import mark_of
from farm.tui.marks import count
from farm.tui.mends import mend_of
from farm.tui.messages import RowHighlighted, RowOpened, RowsWanted
from farm.tui.screens.queue_cells import (
    FIELDS,
    GROUPS,
    TASKS,
    group_cells,
    task_cells,
    wait_tone,
)
from farm.tui.screens.queue_reading import (
    SOUGHT,
    Farmwide,
    Page,
    Sought,
    read_groups,
    read_lines,
    read_page,
    read_sought,
    read_why,
    standing,
)
from farm.tui.screens.rerun import Ids, JobOrders
from farm.tui.screens.searched import SearchedScreen, explain
from farm.tui.source import Delta
from farm.tui.widgets.table import VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.ledger.views_queue import Spot, WaitGroup, WaitLine
    from farm.ledger.views_reasons import Why

_PAGE = 500
_KEPT = 5_000
_NEAR_END = 100
_COUNTS_DOWN = frozenset({"back-off", "start-time"})
"""Reasons that tell a time which is different with each look."""


class QueueScreen(JobOrders, SearchedScreen):
    """Tab 4."""

    TAB = "queue"
    FIELDS = FIELDS
    HELP = (
        "Above the reasons, below the tasks that wait for the one under the cursor, in the order\n"
        "of the queue. Hold, release and priority are for the job of each marked task.\n"
        + explain(FIELDS)
    )
    WRITES = JobOrders.WRITES | {"farm_pause"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("K", "raise", "Move up", id="queue.up", show=False,
                tooltip="Raise the priority of the task's job by ten"),
        Binding("J", "lower", "Move down", id="queue.down", show=False,
                tooltip="Lower the priority of the task's job by ten"),
        Binding("F", "farm_pause", "Pause farm", id="queue.farm",
                tooltip="Hand out nothing more; once more: go on"),
        Binding("tab", "app.focus_next", "Next list", show=False, id="queue.next",
                tooltip="The next list"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[str, WaitGroup] = {}
        self._group: str | None = None
        self._ids: list[str] = []
        self._end: Spot | None = None
        self._asked: Spot | None = None
        self._sought: Sought | None = None
        self._lines: dict[str, WaitLine] = {}
        self._why: Why | None = None
        self._quiet = 0
        self._standing: Farmwide | None = None

    def body(self) -> ComposeResult:
        """Reasons above, tasks below, and the whole story of one task."""
        yield self.filter_line("stage:render pipeline:animate words of the tasks under the reason")
        with _titled(Vertical(classes="panel", id="reasons"), "Why things wait"):
            yield VirtualTable(GROUPS, id="groups", empty="Nothing waits.")
        with _titled(Vertical(classes="panel", id="waiting"), "Tasks"):
            yield VirtualTable(TASKS, id="tasks", empty="No task waits for this.", marking=True)
        yield Text(id="story")
        yield self.told_line()

    @property
    def groups(self) -> VirtualTable:
        """The reasons."""
        return self.query_one("#groups", VirtualTable)

    @property
    def tasks(self) -> VirtualTable:
        """The tasks that wait for the reason under the cursor."""
        return self.query_one("#tasks", VirtualTable)

    def opened(self) -> None:
        """Look at the reasons."""
        if self.focused is None:
            self.groups.focus()
        self.load("groups", read_groups)

    def changed(self, delta: Delta) -> None:
        """Follow the events, the reasons, and the farm as a whole; a pause is told in seconds."""
        moved = self._standing is not None and standing(delta.pulse) != self._standing
        if moved or not delta.quiet:
            self.load("groups", read_groups)
            return
        self._quiet += 1
        group = self._groups.get(self._group or "")
        if group is not None and group.kind in _COUNTS_DOWN and self._quiet % 3 == 0:
            self._refresh_lines()
            self._ask_why()
        else:
            visible = [self._lines[str(k)] for k in self.tasks.visible_keys() if k in self._lines]
            self._show_lines(visible)

    def with_chosen(self, then: Callable[[Ids], None]) -> None:
        """The jobs of the marked tasks, or of the one under the cursor."""
        ids = [str(key).partition(".")[0] for key in self.tasks.chosen]
        if ids:
            then(list(dict.fromkeys(ids)))

    def loaded(self, key: str, value: Any) -> None:
        """Show what was found."""
        if key == "groups":
            found, self._standing = value
            self._quiet = 0
            self._show_groups(found)
        elif key == "page":
            self._show_page(value)
        elif key == "sought":
            if self.filtering and value.group == self._group:
                known, self._sought = self._sought is not None, value
                self.narrow(stay=known)
        elif key.startswith("lines"):
            self._show_lines(value)
        elif key == "why":
            self._why = value
            self._show_story()
        else:
            super().loaded(key, value)

    def on_row_highlighted(self, message: RowHighlighted) -> None:
        """Another reason: its tasks. Another task: its story."""
        if message.table is self.groups:
            self._choose(None if message.key is None else str(message.key))
        else:
            self._why = None
            self._ask_why()

    def on_row_opened(self, message: RowOpened) -> None:
        """From a reason to its tasks, from a task to its job."""
        if message.table is self.groups:
            self.tasks.focus()
        else:
            self.console_app.action_job(str(message.key).partition(".")[0])

    def on_rows_wanted(self, message: RowsWanted) -> None:
        """Read the tasks that came into view, and the next page when its end comes near."""
        if message.table is not self.tasks:
            return
        ids = [str(key) for key in message.keys]
        self.load(f"lines {ids[0]}", lambda database: read_lines(database, ids))
        group = self._groups.get(self._group or "")
        near = not self.filtering and bool(set(ids) & set(self._ids[-_NEAR_END:]))
        if near and group is not None and self._end is not None and self._asked != self._end:
            after = self._asked = self._end
            self.load("page", lambda database: read_page(database, group, _PAGE, after))

    def list_to_focus(self) -> VirtualTable:
        """The tasks."""
        return self.tasks

    def narrow(self, *, stay: bool) -> None:
        """Show the tasks of the chosen reason that fit the filter, once they are read."""
        if self.filtering and self._sought is not None:
            self._show_fitting(self._sought, stay=stay)
            return
        self._sought = None
        self._refresh()
        if not self.filtering:
            self._show_ids(stay=stay)

    def action_farm_pause(self) -> None:
        """Pause the whole farm, or let it go on."""
        pulse = self.console_app.pulse
        if pulse is not None and pulse.paused is not None:
            self.order(lambda acts: acts.resume_farm())
        else:
            self.ask(
                "Pause the whole farm; what runs finishes. Why?",
                lambda reason: self.order(lambda acts: acts.pause_farm(reason)),
            )

    def _show_groups(self, found: list[WaitGroup]) -> None:
        self._groups = {group.key: group for group in found}
        self.groups.put({group.key: group_cells(group) for group in found})
        self.groups.set_keys(list(self._groups))
        if self._group not in self._groups:
            self._choose(next(iter(self._groups), None))
        else:
            self._refresh()

    def _choose(self, key: str | None) -> None:
        if key == self._group and (self._ids or self._sought):
            return
        self._group = key
        self._ids, self._end, self._asked, self._sought = [], None, None, None
        self.tasks.set_keys([], stay=False)
        self._refresh()

    def _refresh(self) -> None:
        """Read the chosen group's pages anew, as far as they are shown and not very long."""
        group = self._groups.get(self._group or "")
        if group is None:
            self.tasks.set_keys([])
            if self.filtering:
                self.tell(0, 0, "tasks")
            self._show_story()
            return
        if self.filtering:
            self.load("sought", lambda database: read_sought(database, group))
        elif len(self._ids) <= _KEPT:
            limit = max(_PAGE, len(self._ids))
            self.load("page", lambda database: read_page(database, group, limit, None))
        self._refresh_lines()

    def _refresh_lines(self) -> None:
        shown = [str(key) for key in self.tasks.visible_keys()]
        if shown:
            self.load("lines again", lambda database: read_lines(database, shown))

    def _show_page(self, page: Page) -> None:
        if page.group != self._group:
            return
        self._ids = [*self._ids, *page.ids] if page.more else page.ids
        self._end = page.end
        self._asked = None
        if not self.filtering:
            self._show_ids(stay=True)

    def _show_ids(self, *, stay: bool) -> None:
        """Every task of the reason, as far as its pages were read."""
        self.tasks.empty = "No task waits for this."
        self.tasks.set_keys(self._ids, stay=stay)
        self._show_count("" if self._end is None else f", the first {count(len(self._ids))}")
        self._ask_why()

    def _show_fitting(self, sought: Sought, *, stay: bool) -> None:
        """Those that fit the filter."""
        self.tasks.empty = "None fits. Escape clears the filter."
        self.tasks.set_keys(self.fitting(sought.rows), stay=stay)
        first = ", the first that wait" if len(sought.rows) == SOUGHT else ""
        self.tell(len(self.tasks.keys), len(sought.rows), f"tasks{first}")
        self._show_count()
        self._ask_why()

    def _show_count(self, shown: str = "") -> None:
        group = self._groups.get(self._group or "")
        if group is not None:
            tasks = "task" if group.count == 1 else "tasks"
            many = f"{count(group.count)}{'+' if group.more else ''}"
            self.query_one("#waiting").border_title = f"{many} {tasks}{shown}"

    def _show_lines(self, lines: list[WaitLine]) -> None:
        now_s = self.console_app.source.clock()
        if len(self._lines) > _KEPT:
            self._lines.clear()
        self._lines.update((line.id, line) for line in lines)
        self.tasks.put({line.id: task_cells(line, now_s) for line in lines})

    def _ask_why(self) -> None:
        task_id = self.tasks.cursor_key
        if task_id is None:
            self._why = None
            self._show_story()
        else:
            self.load("why", lambda database: read_why(database, str(task_id)))

    def _show_story(self) -> None:
        story = self.query_one("#story", Text)
        why = self._why
        if why is None or why.entity != self.tasks.cursor_key:
            story.update("")
            return
        tone = wait_tone(why.kind)
        story.update(
            Content.assemble(
                (why.entity.partition(".")[2], "b"), f"  of job #{why.number}  ",
                (f"{mark_of(why.state)} {why.state}", f"$state-{tone}"), "\n",
                why.reason, "\n", ("mend  ", "b $state-good"), mend_of(why.kind, why.reason),
            )
        )  # fmt: skip


def _titled(widget: Any, title: str) -> Any:
    widget.border_title = title
    return widget
