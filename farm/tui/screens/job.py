"""One job: graph, windows, timeline, files, parameters, events, error, logs.

Invariant: it reads its parts when they are first looked at and follows those that show; a large job
costs the same as a small one on every tab but the one that draws it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, ScrollableContainer, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, TabbedContent, TabPane

from farm.domain.states import JobState
from farm.tui.gantt import gantt
from farm.tui.job_text import (
    about_task,
    error_of,
    events_of,
    facts_of,
    files_of,
    head_of,
    params_of,
)
from farm.tui.log_reading import LogReading, compare
from farm.tui.messages import StageOpened, WindowHighlighted, WindowOpened
from farm.tui.screens.rerun import Ids, JobOrders
from farm.tui.source import Delta
from farm.tui.thumbnails import Picture, newest_preview, pictures, wanted
from farm.tui.widgets.graph import StageGraph
from farm.tui.widgets.grid import WindowGrid
from farm.tui.widgets.log_lines import LogLines
from farm.tui.widgets.picture import Thumbnails, box
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from farm.ledger.database import Database
    from farm.ledger.views_job import JobWhole

PARTS = ("graph", "windows", "timeline", "files", "params", "events", "error", "logs")


class JobScreen(JobOrders):
    """Pushed in front of any tab."""

    HELP = "Double-click or Enter on a window shows its logs; a click on a stage shows its windows."
    WRITES = JobOrders.WRITES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.leave", "Back", id="job.back", tooltip="Back to the list", show=False),
        Binding("right_square_bracket", "part(1)", "Next part", id="job.next", key_display="]",
                tooltip="The next part of the job"),
        Binding("left_square_bracket", "part(-1)", "Part before", id="job.before", show=False,
                tooltip="The part of the job before", key_display="["),
        Binding("g", "show('graph')", "Graph", id="job.graph", show=False,
                tooltip="The stage graph"),
        Binding("w", "show('windows')", "Windows", id="job.windows", tooltip="The window grid",
                show=False),
        Binding("t", "show('timeline')", "Timeline", id="job.timeline", show=False,
                tooltip="Attempts over time, by engine"),
        Binding("x", "show('error')", "Error", id="job.error", show=False,
                tooltip="The exact error and its mend"),
        Binding("L", "show('logs')", "Logs", id="job.logs", tooltip="The logs"),
        Binding("slash", "find", "Search", id="job.find", tooltip="Search in the logs", show=False),
        Binding("a", "all_logs", "All logs", id="job.all-logs", show=False,
                tooltip="The logs of every attempt of the job"),
        Binding("d", "compare", "Compare", id="job.compare", show=False,
                tooltip="The window's last two attempts against one another"),
    ]  # fmt: skip

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id
        self._whole: JobWhole | None = None
        self._pointed: str | None = None
        self._reading: LogReading | None = None
        self._logging = False
        self._pictured: list[str] = []
        self._previewed: float | None = None
        self._previewing = False

    def body(self) -> ComposeResult:
        """A head, and its parts."""
        yield Text(id="head")
        with TabbedContent(id="parts", initial="graph"):
            with TabPane("Graph", id="graph"):
                with ScrollableContainer(classes="scrolls"):
                    yield StageGraph(id="stages")
                    yield Thumbnails(id="preview")
                    yield Text(id="facts")
            with TabPane("Windows", id="windows"):
                with Vertical():
                    yield WindowGrid(id="grid")
                    yield Text(id="about")
            for name in ("timeline", "files", "params", "events", "error"):
                with TabPane(name.capitalize(), id=name):
                    with VerticalScroll(classes="scrolls"):
                        if name == "files":
                            yield Thumbnails(id="thumbnails")
                        yield Text(id=f"{name}-text")
            with TabPane("Logs", id="logs"):
                with Vertical():
                    with Horizontal(id="log-bar"):
                        yield Input(placeholder="/ search the log", id="log-find")
                        yield Text(id="log-file")
                    yield LogLines(id="lines", empty="No line has been written yet.")

    @property
    def part(self) -> str:
        """The part that shows."""
        return self.query_one("#parts", TabbedContent).active

    @property
    def _runs(self) -> bool:
        whole = self._whole
        return whole is not None and whole.detail.line.state == JobState.RUNNING.value

    def with_chosen(self, then: Callable[[Ids], None]) -> None:
        """Orders are for this job."""
        then([self.job_id])

    def opened(self) -> None:
        """Read the job, and the part that shows."""
        self._load_whole()
        self._load_part()
        if self.focused is None:
            self.query_one("#stages").parent.focus()  # type: ignore[union-attr]

    def on_mount(self) -> None:
        """Follow the logs while they show."""
        self.set_interval(0.5, self._follow)

    def changed(self, delta: Delta) -> None:
        """Follow the job while it has not ended."""
        touched = not delta.complete or self.job_id in delta.job_ids
        if touched or (self._whole is not None and not self._whole.detail.line.ended):
            self._load_whole()
            if touched or self.part == "timeline":
                self._load_part()

    def loaded(self, key: str, value: Any) -> None:
        """Show what was found."""
        if key == "whole":
            self._show_whole(value)
        elif key == "windows":
            grid = self.query_one(WindowGrid)
            grid.show(value)
            if self._pointed is None and grid.cursor is not None:
                self._point(grid.cursor.task_id)
        elif key == "task":
            self._tell("about", about_task(value, self.console_app.source.clock()))
        elif key == "attempts":
            width = max(40, self.query_one("#timeline-text").size.width or self.size.width - 4)
            now_s = self.console_app.source.clock()
            self._tell("timeline-text", gantt(value, now_s=now_s, width=width))
        elif key == "files":
            self._tell("files-text", files_of(value))
            self._picture(value)
        elif key == "pictures":
            self.run_worker(self.query_one("#thumbnails", Thumbnails).show(value), group="pictures")
        elif key == "preview":
            self._previewing = False
            if self._runs:
                self._show_preview(*value)
        elif key == "logs":
            self._show_logs(value)
        elif key == "compare":
            self._show_compared(value)
        else:
            super().loaded(key, value)

    def on_tabbed_content_tab_activated(self, event: TabbedContent.TabActivated) -> None:
        """Read the part that is looked at."""
        self._load_part()

    def on_window_highlighted(self, message: WindowHighlighted) -> None:
        """Tell about the window."""
        self._point(message.task_id)

    def on_window_opened(self, message: WindowOpened) -> None:
        """Its logs."""
        self._pointed = message.task_id
        self._reading = None
        self.action_show("logs")

    def on_stage_opened(self, message: StageOpened) -> None:
        """Its windows."""
        self.action_show("windows")
        self.query_one(WindowGrid).go(message.stage)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while it is typed."""
        self.query_one(LogLines).find(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the lines."""
        self.query_one(LogLines).focus()

    def action_show(self, part: str) -> None:
        """Show a part and give it the keyboard."""
        self.query_one("#parts", TabbedContent).active = part
        focus = {"windows": "#grid", "logs": "#lines"}.get(part)
        if focus is not None:
            self.query_one(focus).focus()
        self._load_part()

    def action_part(self, by: int) -> None:
        """The part beside."""
        self.action_show(PARTS[(PARTS.index(self.part) + by) % len(PARTS)])

    def action_find(self) -> None:
        """Search in the logs."""
        self.action_show("logs")
        self.query_one("#log-find").focus()

    def action_all_logs(self) -> None:
        """The logs of every attempt."""
        self._pointed, self._reading = None, None
        self.action_show("logs")

    def action_compare(self) -> None:
        """The last two tries of the window, against one another."""
        task = self._pointed
        if task is None:
            self.notify("Point at a window first (w).", severity="warning")
            return
        folder = self._log_folder()
        self.load("compare", lambda _database: compare(folder, task.partition(".")[2]))

    def _load_whole(self) -> None:
        from farm.ledger.views_job import JobParts

        self.load("whole", lambda database: JobParts(database).whole(self.job_id))

    def _load_preview(self) -> None:
        """Have the newest preview decoded, if it is another one."""
        known, (width, height), self._previewing = self._previewed, box(), True
        self.load(
            "preview",
            lambda database: newest_preview(database, self.job_id, known, width, height),
        )

    def _load_part(self) -> None:
        queries = {
            "windows": ("windows", _windows),
            "timeline": ("attempts", _attempts),
            "files": ("files", _files),
        }
        found = queries.get(self.part)
        if found is not None:
            key, query = found
            self.load(key, lambda database: query(database, self.job_id))
        elif self.part == "logs":
            self._follow()

    def _show_whole(self, whole: JobWhole) -> None:
        self._whole = whole
        now_s = self.console_app.source.clock()
        self._tell("head", head_of(whole, now_s))
        self.query_one(StageGraph).show(whole.detail.stages, whole.dependents)
        self._tell("facts", facts_of(whole))
        self._tell("params-text", params_of(whole))
        self._tell("events-text", events_of(whole.detail.events))
        self._tell("error-text", error_of(whole))
        if not self._runs:
            self._show_preview(None, None)
        elif not self._previewing:
            self._load_preview()

    def _show_preview(self, at: float | None, found: Picture | None) -> None:
        if at != self._previewed:
            self._previewed = at
            pictures = [] if found is None else [found]
            self.run_worker(self.query_one("#preview", Thumbnails).show(pictures), group="preview")

    def _picture(self, files: list[Mapping[str, Any]]) -> None:
        """Have thumbnails made, once for the same files."""
        chosen = wanted(files)
        hashes = [found["hash"] for found in chosen]
        if hashes != self._pictured:
            self._pictured = hashes
            url, (width, height) = self.console_app.source.settings.store_url, box()
            self.load("pictures", lambda _database: pictures(url, chosen, width, height))

    def _point(self, task_id: str) -> None:
        from farm.ledger.views_job import JobParts

        if task_id != self._pointed:
            self._pointed, self._reading = task_id, None
        self.load("task", lambda database: JobParts(database).task(task_id))

    def _follow(self) -> None:
        """Read on in the logs, when they show and the last reading is done."""
        if self.part != "logs" or self._logging or self.app.screen is not self:
            return
        if self._reading is None:
            name = None if self._pointed is None else self._pointed.partition(".")[2]
            self._reading = LogReading(self._log_folder(), name)
            self.query_one(LogLines).clear()
            self._tell("log-file", Content(f"{name or 'all attempts'} · following"))
        reading, self._logging = self._reading, True
        self.load("logs", lambda _database: (reading, reading.more()))

    def _show_logs(self, found: tuple[LogReading, list[str]]) -> None:
        self._logging = False
        reading, lines = found
        if reading is self._reading:
            self.query_one(LogLines).add(lines)

    def _show_compared(self, lines: list[str]) -> None:
        self.action_show("logs")
        self._reading = LogReading(self._log_folder(), "", done=True)
        view = self.query_one(LogLines)
        view.clear()
        view.add(lines)
        self._tell("log-file", Content("last two attempts compared · a: all logs"))

    def _log_folder(self) -> Any:
        return self.console_app.source.settings.spool_dir / "logs" / self.job_id

    def _tell(self, id: str, content: Content) -> None:
        self.query_one(f"#{id}", Text).update(content)


def _windows(database: Database, job_id: str) -> Any:
    from farm.ledger.views_job import JobParts

    return JobParts(database).windows(job_id)


def _attempts(database: Database, job_id: str) -> Any:
    from farm.ledger.views_job import JobParts

    return JobParts(database).attempts(job_id)


def _files(database: Database, job_id: str) -> Any:
    from farm.ledger.views_job import JobParts

    return JobParts(database).artifacts(job_id)
