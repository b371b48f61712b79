"""Why things wait: every waiting task with its one reason, grouped, in the order of the queue.

Invariant: it holds the ids of the pages that were looked at and the rows near the screen, so a
hundred thousand waiting tasks cost what a screen of them costs. Orders are for the tasks' jobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from farm.tui.colours import mark_of, tone_of
from farm.tui.marks import count, duration
from farm.tui.mends import mend_of
from farm.tui.messages import RowHighlighted, RowOpened, RowsWanted
from farm.tui.screens.rerun import Ids, JobOrders
from farm.tui.source import Delta
from farm.tui.widgets.table import Cell, Column, VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.ledger.database import Database
    from farm.ledger.views_pulse import Pulse
    from farm.ledger.views_queue import Spot, WaitGroup, WaitLine
    from farm.ledger.views_reasons import Why

_PAGE = 500
_KEPT = 5_000
_NEAR_END = 100
_COUNTS_DOWN = frozenset({"back-off", "start-time"})
"""Reasons that tell a time which is different with each look."""
_SILENCE_S = 60.0
_TONES = {
    "farm-paused": "warn", "no-daemon": "bad", "placement": "bad", "approval": "warn",
    "paused": "warn", "back-off": "warn", "stage": "wait", "queue": "work", "start-time": "wait",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """Ids of a group. more : they follow those that are shown."""

    group: str
    ids: list[str]
    end: Spot | None
    more: bool


Farmwide = tuple[float, str | None, bool, int]


class QueueScreen(JobOrders):
    """Tab 4."""

    TAB = "queue"
    HELP = (
        "Above the reasons, below the tasks that wait for the one under the cursor, in the order\n"
        "of the queue. Hold, release and priority are for the job of each marked task."
    )
    WRITES = JobOrders.WRITES | {"farm_pause"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("K", "raise", "Move up", id="queue.up",
                tooltip="Raise the priority of the task's job by ten"),
        Binding("J", "lower", "Move down", id="queue.down", show=False,
                tooltip="Lower the priority of the task's job by ten"),
        Binding("F", "farm_pause", "Pause farm", id="queue.farm",
                tooltip="Hand out nothing more; once more: go on"),
        Binding("tab", "app.focus_next", "Next list", show=False, id="queue.next",
                tooltip="The next list"),
    ]  # fmt: skip
    GROUPS = (
        Column("count", "TASKS", 9, keep=8, right=True),
        Column("kind", "WAITS FOR", 13, keep=7),
        Column("why", "REASON", 0, keep=9),
    )
    TASKS = (
        Column("job", "JOB", 18, keep=8),
        Column("task", "TASK", 12, keep=7),
        Column("state", "STATE", 11, keep=5),
        Column("priority", "PRIO", 4, keep=6, right=True),
        Column("who", "BY", 12, keep=3),
        Column("since", "READY", 7, keep=4, right=True),
        Column("why", "REASON", 0, keep=9),
    )

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[str, WaitGroup] = {}
        self._group: str | None = None
        self._ids: list[str] = []
        self._end: Spot | None = None
        self._asked: Spot | None = None
        self._lines: dict[str, WaitLine] = {}
        self._why: Why | None = None
        self._quiet = 0
        self._standing: Farmwide | None = None

    def body(self) -> ComposeResult:
        """Reasons above, tasks below, and the whole story of one task."""
        with _titled(Vertical(classes="panel", id="reasons"), "Why things wait"):
            yield VirtualTable(self.GROUPS, id="groups", empty="Nothing waits.")
        with _titled(Vertical(classes="panel", id="waiting"), "Tasks"):
            yield VirtualTable(
                self.TASKS, id="tasks", empty="No task waits for this.", marking=True
            )
        yield Text(id="story")

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
        self.load("groups", _groups)

    def changed(self, delta: Delta) -> None:
        """Follow the events, the reasons, and the farm as a whole; a pause is told in seconds."""
        moved = self._standing is not None and _standing(delta.pulse) != self._standing
        if moved or not delta.quiet:
            self.load("groups", _groups)
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
        self.load(f"lines {ids[0]}", lambda database: _lines(database, ids))
        group = self._groups.get(self._group or "")
        near = bool(set(ids) & set(self._ids[-_NEAR_END:]))
        if near and group is not None and self._end is not None and self._asked != self._end:
            after = self._asked = self._end
            self.load("page", lambda database: _page(database, group, _PAGE, after))

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
        self.groups.put({group.key: _group_cells(group) for group in found})
        self.groups.set_keys(list(self._groups))
        if self._group not in self._groups:
            self._choose(next(iter(self._groups), None))
        else:
            self._refresh()

    def _choose(self, key: str | None) -> None:
        if key == self._group and self._ids:
            return
        self._group = key
        self._ids, self._end, self._asked = [], None, None
        self.tasks.set_keys([], stay=False)
        self._refresh()

    def _refresh(self) -> None:
        """Read the chosen group's pages anew, as far as they are shown and not very long."""
        group = self._groups.get(self._group or "")
        if group is None:
            self.tasks.set_keys([])
            self._show_story()
            return
        if len(self._ids) <= _KEPT:
            limit = max(_PAGE, len(self._ids))
            self.load("page", lambda database: _page(database, group, limit, None))
        self._refresh_lines()

    def _refresh_lines(self) -> None:
        shown = [str(key) for key in self.tasks.visible_keys()]
        if shown:
            self.load("lines again", lambda database: _lines(database, shown))

    def _show_page(self, page: Page) -> None:
        if page.group != self._group:
            return
        self._ids = [*self._ids, *page.ids] if page.more else page.ids
        self._end = page.end
        self._asked = None
        self.tasks.set_keys(self._ids)
        panel = self.query_one("#waiting")
        group = self._groups[page.group]
        shown = "" if self._end is None else f", the first {count(len(self._ids))}"
        tasks = "task" if group.count == 1 else "tasks"
        panel.border_title = f"{count(group.count)}{'+' if group.more else ''} {tasks}{shown}"
        self._ask_why()

    def _show_lines(self, lines: list[WaitLine]) -> None:
        now_s = self.console_app.source.clock()
        if len(self._lines) > _KEPT:
            self._lines.clear()
        self._lines.update((line.id, line) for line in lines)
        self.tasks.put({line.id: _task_cells(line, now_s) for line in lines})

    def _ask_why(self) -> None:
        task_id = self.tasks.cursor_key
        if task_id is None:
            self._why = None
            self._show_story()
        else:
            self.load("why", lambda database: _why(database, str(task_id)))

    def _show_story(self) -> None:
        story = self.query_one("#story", Text)
        why = self._why
        if why is None or why.entity != self.tasks.cursor_key:
            story.update("")
            return
        tone = _TONES.get(why.kind, "wait")
        story.update(
            Content.assemble(
                (why.entity.partition(".")[2], "b"), f"  of job #{why.number}  ",
                (f"{mark_of(why.state)} {why.state}", f"$state-{tone}"), "\n",
                why.reason, "\n", ("mend  ", "b $state-good"), mend_of(why.kind, why.reason),
            )
        )  # fmt: skip


def _groups(database: Database) -> tuple[list[WaitGroup], Farmwide]:
    from farm.ledger.views_console import ConsoleViews
    from farm.ledger.views_queue import QueueViews

    with database.snapshot():
        return QueueViews(database).groups(), _standing(ConsoleViews(database).pulse())


def _standing(pulse: Pulse) -> Farmwide:
    """What the reasons depend on besides the events."""
    silent_s = pulse.daemon_silent_s or 0.0
    told = int(silent_s) // 5 if silent_s > _SILENCE_S else 0
    return pulse.placed, pulse.paused, bool(pulse.daemon), told


def _page(database: Database, group: WaitGroup, limit: int, after: Spot | None) -> Page:
    from farm.ledger.views_queue import QueueViews

    ids, end = QueueViews(database).page(group, limit=limit, after=after)
    return Page(group.key, ids, end, after is not None)


def _lines(database: Database, ids: list[str]) -> list[WaitLine]:
    from farm.ledger.views_queue import QueueViews

    return QueueViews(database).lines(ids)


def _why(database: Database, task_id: str) -> Why:
    from farm.ledger.views_reasons import Reasons

    return Reasons(database).task(task_id)


def _group_cells(group: WaitGroup) -> dict[str, Cell]:
    tone = _TONES.get(group.kind, "wait")
    return {
        "count": f"{count(group.count)}{'+' if group.more else ''}",
        "kind": ((group.kind, tone),),
        "why": group.reason,
    }


def _task_cells(line: WaitLine, now_s: float) -> dict[str, Cell]:
    return {
        "job": ((f"#{line.job_number} ", "strong"), (line.job_name, "")),
        "task": f"{line.stage}.{line.window}",
        "state": ((f"{mark_of(line.state)} {line.state}", tone_of(line.state).value),),
        "priority": str(line.priority),
        "who": line.submitter,
        "since": duration(None if line.since is None else now_s - line.since),
        "why": line.reason,
    }


def _titled(widget: Any, title: str) -> Any:
    widget.border_title = title
    return widget
