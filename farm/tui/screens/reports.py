"""Reports: what a period used, stored and saved, as a table and a plot; exported as CSV or JSON.

Invariant: a report is read when it is asked for, in a thread, and says when and in how long; the look
at the ledger each second never makes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from farm.domain.errors import InputError
from farm.tui.acts import Acts, Told
from farm.tui.dialogs import Ask, Choose
from farm.tui.marks import clock, duration, size
from farm.tui.messages import RowOpened
from farm.tui.plots import columns
from farm.tui.screens.report_cells import (
    FIELDS,
    LARGEST,
    USAGE,
    file_cells,
    hours,
    ordered,
    usage_cells,
    usage_row,
)
from farm.tui.screens.searched import SearchedScreen, explain
from farm.tui.widgets.table import Column, VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.ledger.database import Database
    from farm.ledger.views_reports import UsageLine
    from farm.reports import Report

_ABOUT = {
    "version": "pipeline and version",
    "pipeline": "pipeline",
    "submitter": "submitter",
    "model": "model",
    "day": "day",
}
_STALE_S = 60.0
_SOME_DATE = "another…"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something a day has a number of. say : the number in words."""

    title: str
    of: Callable[[UsageLine], float]
    say: Callable[[float], str]


_MEASURES = (
    Measure("Jobs ended", lambda line: float(line.jobs), "{:g}".format),
    Measure("Engine hours", lambda line: line.engine_s, hours),
    Measure("GPU hours", lambda line: line.gpu_s, hours),
    Measure("CPU hours", lambda line: line.cpu_s, hours),
    Measure("Mean wait", lambda line: line.wait_s or 0.0, duration),
    Measure("Mean run", lambda line: line.run_s or 0.0, duration),
    Measure("Failure rate", lambda line: line.failure_rate or 0.0, "{:.0%}".format),
    Measure("Saved by the cache", lambda line: line.saved_s, hours),
)
_STORED = "Stored"


class ReportsScreen(SearchedScreen):
    """Tab 7."""

    TAB = "reports"
    FIELDS = FIELDS
    HELP = (
        "A report speaks of the jobs that ended in its period. Wait: from submission to start; "
        "run: from start to end of those done; rate: failed of those done or failed. "
        "Enter on a row shows its jobs.\n" + explain(FIELDS)
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "period", "Period", id="reports.period", tooltip="Choose the period"),
        Binding("b", "by", "By", id="reports.by",
                tooltip="By version, pipeline, submitter, model or day"),
        Binding("m", "measure(1)", "Plot", id="reports.measure", tooltip="Plot the next measure"),
        Binding("M", "measure(-1)", "Plot before", id="reports.measure-before", show=False,
                tooltip="Plot the measure before"),
        Binding("l", "side", "Files", id="reports.files",
                tooltip="Largest files or the plot, where there is room for one"),
        Binding("e", "export", "Export", id="reports.export",
                tooltip="Write the report as CSV or JSON into the spool"),
        Binding("r", "again", "Again", id="reports.again", tooltip="Make the report again"),
        Binding("tab", "app.focus_next", "Next list", show=False, id="reports.next",
                tooltip="The next list"),
    ]  # fmt: skip
    WRITES = frozenset({"export"})

    def __init__(self) -> None:
        super().__init__()
        self.since, self.by = "7d", "version"
        self._measure = 0
        self._report: Report | None = None
        self._made_at = 0.0

    def body(self) -> ComposeResult:
        """What it is about, the table, and beneath it the plot and the largest files."""
        yield self.filter_line("words of the table's lines; plot, files and export stay whole")
        yield Text(id="about")
        yield VirtualTable(USAGE, id="usage", empty="The report is being made …")
        with Horizontal(id="below"):
            with Vertical(classes="panel plot"):
                yield Text(id="plot")
            with Vertical(classes="panel files"):
                yield VirtualTable(LARGEST, id="largest", empty="No file was made in this period.")
        yield self.told_line()

    def on_mount(self) -> None:
        """Titles of the panels."""
        self.query_one(".files").border_title = "Largest files"

    def opened(self) -> None:
        """Make the report, unless the last one is fresh."""
        if self.focused is None:
            self.query_one("#usage").focus()
        if self.console_app.source.clock() - self._made_at > _STALE_S:
            self.action_again()

    def loaded(self, key: str, value: Any) -> None:
        """Show the report, or say that it was written."""
        if key == "report":
            self._report, self._made_at = value, self.console_app.source.clock()
            self._show_report(value)

    def on_resize(self, event: events.Resize) -> None:
        """Draw the plot anew."""
        self.call_after_refresh(self._show_plot)

    def on_row_opened(self, message: RowOpened) -> None:
        """The jobs behind a row; the job of a file."""
        report = self._report
        if report is None:
            return
        key = str(message.key)
        if message.table.id == "largest":
            job = next((f.job_id for f in report.largest if f.hash == key), None)
            if job is not None:
                self.console_app.action_job(job)
            return
        field = {"submitter": "by", "pipeline": "pipeline", "version": "pipeline"}.get(report.by)
        if field is None:
            self.notify(f"The jobs table cannot be filtered by {_ABOUT[report.by]}.")
        else:
            value = f'"{key}"' if " " in key else key
            self.console_app.action_jobs(f"state:ended {field}:{value}")

    def list_to_focus(self) -> VirtualTable:
        """The table."""
        return self.query_one("#usage", VirtualTable)

    def narrow(self, *, stay: bool) -> None:
        """Show the lines of the table that fit the filter."""
        report = self._report
        if report is None:
            return
        rows = {line.key: usage_row(line) for line in ordered(report)}
        table = self.list_to_focus()
        table.empty = (
            "None fits. Escape clears the filter."
            if rows
            else f"No job ended in {_period(report.since)}. p chooses another period."
        )
        table.set_keys(self.fitting(rows), stay=stay)
        if self.filtering:
            self.tell(len(table.keys), len(rows), "lines")

    def action_again(self) -> None:
        """Make the report."""
        since, by = self.since, self.by
        self._tell(f"Making the report of {_period(since)} by {_ABOUT[by]} …")
        self.load("report", lambda database: _made(database, since, by))

    def action_period(self) -> None:
        """Choose the period."""
        from farm.reports import PERIODS, period_of

        def chosen(since: str | None) -> None:
            if since == _SOME_DATE:
                question = "Since when? Such as 36h, 2w or 2026-11-01"
                self.app.push_screen(Ask(question, value=self.since), use)
            else:
                use(since)

        def use(since: str | None) -> None:
            if not since:
                return
            try:
                period_of(since, self.console_app.source.clock())
            except InputError as error:
                self.notify(error.sentence(), severity="error", timeout=10, markup=False)
                return
            self.since = since
            self.action_again()

        options = [(known, _period(known)) for known in PERIODS]
        self.app.push_screen(
            Choose("Jobs that ended in …", [*options, (_SOME_DATE, "since another time …")]), chosen
        )

    def action_by(self) -> None:
        """Group by the next key."""
        keys = list(_ABOUT)
        self.by = keys[(keys.index(self.by) + 1) % len(keys)]
        self.action_again()

    def action_measure(self, by: int) -> None:
        """Plot another measure."""
        self._measure = (self._measure + by) % (len(_MEASURES) + 1)
        self._show_plot()

    def action_side(self) -> None:
        """Where only one has room: the plot or the largest files."""
        self.toggle_class("-files")
        if not self.has_class("-files") and self.has_class("-narrow"):
            self.query_one("#usage").focus()

    def action_export(self) -> None:
        """Write the report that shows."""
        report = self._report
        if report is None:
            self.notify("There is no report yet.", severity="warning")
            return

        def chosen(form: str | None) -> None:
            if form is not None:
                self.order(lambda acts: _export(acts, report, form))

        self.app.push_screen(
            Choose(
                "Export the report as …",
                [("csv", "CSV: the table"), ("json", "JSON: everything, days and files too")],
            ),
            chosen,
        )

    def _show_report(self, report: Report) -> None:
        rate = report.failure_rate
        self._tell(
            Content.assemble(
                (f"{_period(report.since)} by {_ABOUT[report.by]}", "b $accent"),
                f" · {report.jobs:,} jobs ended",
                f" · {rate:.1%} failed" if rate is not None else "",
                f" · engines {hours(report.total('engine_s'))}" if report.jobs else "",
                f", of it GPU {hours(report.total('gpu_s'))}" if report.total("gpu_s") else "",
                f" · cache answered {report.total('cached'):,.0f} tasks and saved"
                f" {hours(report.total('saved_s'))}"
                if report.total("cached")
                else "",
                (f" · as of {clock(self._made_at)}, in {report.took_s:.1f} s", "$text-muted"),
            )
        )
        table = self.list_to_focus()
        first, *rest = USAGE
        title = report.by.upper()
        table.use_columns([Column(first.name, title, 0, keep=first.keep), *rest])
        table.put({line.key: usage_cells(line) for line in report.lines})
        self.narrow(stay=True)
        files = self.query_one("#largest", VirtualTable)
        files.put({file.hash: file_cells(file) for file in report.largest})
        files.set_keys([file.hash for file in report.largest])
        self._show_plot()

    def _show_plot(self) -> None:
        report = self._report
        if report is None:
            return
        panel, plot = self.query_one(".plot"), self.query_one("#plot", Text)
        if self._measure < len(_MEASURES):
            measure = _MEASURES[self._measure]
            title, say = measure.title, measure.say
            values = {line.key: measure.of(line) for line in report.days}
        else:
            title, say = f"{_STORED} per day, {size(report.kept_bytes)} in all", size
            values = {day.day: float(day.made_bytes) for day in report.stored}
        panel.border_title = f"{title} · m next"
        width, height = panel.content_size
        lines = columns(_every_day(values), width, height, say)
        plot.update(
            Content.styled("\n".join(lines), "$primary")
            if lines
            else Content("Nothing to plot in this period.")
        )

    def _tell(self, text: Content | str) -> None:
        about = text if isinstance(text, Content) else Content(text)
        self.query_one("#about", Text).update(about)


def _made(database: Database, since: str, by: str) -> Report:
    from farm.reports import make_report

    return make_report(database, since, by)


def _export(acts: Acts, report: Report, form: str) -> list[Told]:
    """Write ``spool/reports/<by>-<since>-<time>.<form>``; nothing that is there is overwritten."""
    import time

    from farm.reports import as_csv, as_json

    folder = acts.source.settings.spool_dir / "reports"
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(acts.source.clock()))
    file = folder / f"{report.by}-{report.since}-{stamp}.{form}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(as_csv(report) if form == "csv" else as_json(report), encoding="utf-8")
    except OSError as error:
        return [Told(False, f"The report could not be written to {file}: {error.strerror}.")]
    return [Told(True, f"The report is in {file}")]


def _period(since: str) -> str:
    if since == "all":
        return "all time"
    units = {"h": "hours", "d": "days", "w": "weeks"}
    if since[:-1].isdigit() and since[-1] in units:
        return f"the last {since[:-1]} {units[since[-1]]}"
    return f"the time since {since}"


def _every_day(values: dict[str, float]) -> list[tuple[str, float]]:
    """Days in order, those without a value as zero."""
    from datetime import date, timedelta

    if not values:
        return []
    day, last = date.fromisoformat(min(values)), date.fromisoformat(max(values))
    days = []
    while day <= last:
        days.append((day.isoformat()[5:], values.get(day.isoformat(), 0.0)))
        day += timedelta(days=1)
    return days
