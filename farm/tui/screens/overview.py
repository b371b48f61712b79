"""The farm at a glance: jobs, queue, throughput, nodes, newest failures, intake. All of it opens.

Invariant: it costs the same however many jobs wait; what it counts is counted up to a bound, and only
when something happened. Without events it follows the nodes and what runs, which beat in silence.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from farm.domain.states import JobState, TaskState
from farm.tui.colours import mark_of, style_of, tone_of
from farm.tui.gauges import gauges_of
from farm.tui.marks import bar, clock, compact, count, duration, spark
from farm.tui.messages import RowOpened
from farm.tui.screens.job_cells import COLUMNS, cells_of
from farm.tui.screens.node_cells import services_of
from farm.tui.screens.screen import FarmScreen
from farm.tui.source import Delta
from farm.tui.widgets.table import Cell, Column, VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from farm.ledger.database import Database
    from farm.ledger.views import JobLine
    from farm.ledger.views_console import Troubles
    from farm.ledger.views_nodes import NodeLine

_TREND = 60
_NARROW = 34
"""What a line of a panel holds on a screen of 80 columns."""
_FOLLOW_EVERY = 3
"""Looks between two readings of what makes no events: gauges, progress, times left."""
_AT_WORK = (JobState.RUNNING, JobState.PUBLISHING, JobState.FAILING, JobState.CANCELLING)


@dataclass(frozen=True, slots=True)
class Glance:
    """What the overview shows. typical_s : what a task takes; ``None``: unknown."""

    jobs: dict[str, int]
    tasks: dict[str, int]
    intake: dict[str, dict[str, int]]
    nodes: list[NodeLine]
    failures: list[Troubles]
    work: list[JobLine]
    typical_s: float | None

    @property
    def wait_s(self) -> float | None:
        """Until a task that came now would begin; ``None``: unknown."""
        engines = sum(len(node.engines) for node in self.nodes if node.state == "online")
        if not engines or self.typical_s is None:
            return None
        return self.tasks[TaskState.READY.value] * self.typical_s / engines


class OverviewScreen(FarmScreen):
    """Tab 1."""

    TAB = "overview"
    HELP = "Every number opens: click it, or Tab to a list and press Enter."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "app.jobs('state:active')", "Active jobs", id="overview.active",
                tooltip="Jobs that have not ended"),
        Binding("f", "app.jobs('state:failed')", "Failed jobs", id="overview.failed",
                tooltip="Jobs that failed, the newest first"),
        Binding("tab", "app.focus_next", "Next list", show=False, id="overview.next",
                tooltip="The next list"),
    ]  # fmt: skip
    NODES = (
        Column("node", "NODE", 12, keep=9),
        Column("state", "STATE", 13, keep=8),
        Column("busy", "BUSY", 5, keep=7, right=True),
        Column("cpu", "CPU", 7, keep=6),
        Column("ram", "RAM", 7, keep=5),
        Column("vram", "VRAM", 7, keep=4),
        Column("disk", "DISK", 7, keep=3),
        Column("warm", "WARM MODELS", 0, keep=1),
    )
    WORK = tuple(
        column for column in COLUMNS
        if column.name in ("number", "state", "name", "progress", "left", "tasks")
    )  # fmt: skip
    FAILURES = (
        Column("job", "JOB", 8, right=True, keep=8),
        Column("at", "AT", 8, keep=3),
        Column("why", "WHY", 0, keep=9),
    )
    INTAKE = (
        Column("door", "DROP FOLDER", 0, keep=9),
        Column("taking", "TAKING", 7, right=True),
        Column("made", "RUNNING", 7, right=True),
        Column("refused", "REFUSED", 8, right=True, keep=8),
    )

    def __init__(self) -> None:
        super().__init__()
        self._depth: deque[float] = deque(maxlen=_TREND)
        self._done: deque[float] = deque([0.0] * _TREND, maxlen=_TREND)
        self._ticked = False
        self._glance: Glance | None = None
        self._still = 0
        self._moved: tuple[int, tuple[int, float]] | None = None

    def body(self) -> ComposeResult:
        """Numbers above, lists below."""
        with Horizontal(id="facts"):
            yield _titled(Text(id="jobs", classes="panel", fixed=True), "Jobs")
            yield _titled(Text(id="queue", classes="panel", fixed=True), "Queue")
            yield _titled(Text(id="trend", classes="panel", fixed=True), "Throughput")
        with Horizontal(id="lists"):
            with Vertical(classes="main"):
                with _titled(Vertical(classes="panel"), "Nodes"):
                    yield VirtualTable(
                        self.NODES, id="nodes", empty="No node has joined: start `farm node`."
                    )
                with _titled(Vertical(classes="panel work"), "Jobs at work"):
                    yield VirtualTable(self.WORK, id="work", empty="No job is at work.")
            with Vertical(classes="side"):
                with _titled(Vertical(classes="panel"), "Newest failures"):
                    yield VirtualTable(self.FAILURES, id="failures", empty="Nothing has failed.")
                with _titled(Vertical(classes="panel"), "Intake"):
                    yield VirtualTable(
                        self.INTAKE, id="intake", empty="Nothing is under way or refused."
                    )

    def opened(self) -> None:
        """Look at everything, and put the cursor on the nodes."""
        self.load("glance", glance)
        if self.focused is None:
            self.query_one("#nodes").focus()

    def changed(self, delta: Delta) -> None:
        """Count again what the events tell of; else now and then follow what beats in silence."""
        ended = {TaskState.DONE.value, TaskState.CACHED.value}
        done = sum(c.entity == "task" and c.target in ended for c in delta.changes)
        self._done.append(float(done))
        self._ticked = True
        if not delta.quiet:
            self._still = 0
            self.load("glance", glance)
            return
        if self._glance is None:
            return
        moved = (delta.pulse.beats, delta.pulse.working)
        self._still += 1
        if moved != self._moved and self._still >= _FOLLOW_EVERY:
            self._moved, self._still = moved, 0
            self.load("moving", moving)
        self._draw(self._glance)

    def loaded(self, key: str, value: Any) -> None:
        """Show what was found."""
        if key == "moving":
            if self._glance is None:
                return
            value = replace(self._glance, nodes=value[0], work=value[1])
        assert isinstance(value, Glance)
        self._draw(value)

    def _draw(self, value: Glance) -> None:
        if self._ticked:
            self._ticked = False
            self._depth.append(value.tasks[TaskState.READY.value])
        fresh, self._glance = value is not self._glance, value
        self._show_queue(value)
        self._show_trend(value)
        if not fresh:
            return
        self._show_jobs(value)
        self._show_nodes(value.nodes)
        failures = self.query_one("#failures", VirtualTable)
        failures.put(
            {
                found.id: {
                    "job": f"#{found.number}",
                    "at": clock(found.ended_at) if found.ended_at else "",
                    "why": ((f"{found.name}  ", "strong"), (found.message, "bad")),
                }
                for found in value.failures
            }
        )
        failures.set_keys([found.id for found in value.failures])
        now_s = self.console_app.source.clock()
        work = self.query_one("#work", VirtualTable)
        work.put({line.id: cells_of(line, now_s) for line in value.work})
        work.set_keys([line.id for line in value.work])
        intake = self.query_one("#intake", VirtualTable)
        intake.put({door: _door(door, states) for door, states in value.intake.items()})
        intake.set_keys(sorted(value.intake))

    def on_row_opened(self, message: RowOpened) -> None:
        """Open what a row stands for."""
        if message.table.id in ("failures", "work"):
            self.console_app.action_job(str(message.key))
        elif message.table.id == "nodes":
            self.console_app.action_node(str(message.key))
        else:
            self.console_app.action_door(str(message.key))

    def _show_jobs(self, value: Glance) -> None:
        cells = []
        for state in JobState:
            number = value.jobs.get(state.value, 0)
            style = style_of(state.value) if number else "$text-muted"
            cells.append(
                Content.from_markup(
                    # A link has a colour of its own; mark and number keep the state's.
                    f"[{style}]{mark_of(state.value)} [/]"
                    f"[@click=app.jobs('state:{state.value}')]{state.value:<10}[/]"
                    f"[{style}]{compact(number):>5}[/]"
                )
            )
        rows = [Content("  ").join(cells[at : at + 2]) for at in range(0, len(cells), 2)]
        self.query_one("#jobs", Text).update(Content("\n").join(rows))

    def _show_queue(self, value: Glance) -> None:
        from farm.ledger.views_console import COUNTED

        def number(state: TaskState) -> tuple[str, str]:
            found = value.tasks.get(state.value, 0)
            return f"{count(found, COUNTED)} {state.value}", style_of(state.value)

        parts: list[str | tuple[str, str]] = [
            number(TaskState.RUNNING), " · ", number(TaskState.READY), " · ",
            number(TaskState.HELD), "\n", number(TaskState.BLOCKED), " · ",
            number(TaskState.DELAYED), "\n",
        ]  # fmt: skip
        trouble = _trouble(value.nodes)
        narrow = self.has_class("-narrow")
        if not (trouble and narrow):
            parts += [(spark(self._depth, 18), "$primary"), ("  ready, over time\n", "$text-muted")]
        if value.wait_s is None:
            parts.append(("wait unknown yet", "$text-muted"))
        elif value.wait_s > self.console_app.source.settings.saturation_s:
            parts.append((f"⚠ saturated: new tasks wait {duration(value.wait_s)}", "b $state-warn"))
        else:
            parts.append(f"new tasks wait {duration(value.wait_s)}")
        if trouble:
            text, style = trouble
            parts.append(("\n" + (_clipped(text) if narrow else text), style))
        self.query_one("#queue", Text).update(Content.assemble(*parts))

    def _show_trend(self, value: Glance) -> None:
        busy = sum(bool(engine.task_id) for node in value.nodes for engine in node.engines)
        engines = sum(len(node.engines) for node in value.nodes if node.state == "online")
        per_minute = sum(self._done)
        self.query_one("#trend", Text).update(
            Content.assemble(
                (spark(self._done, _TREND), "$state-good"),
                f"\n{per_minute:.0f} task{'' if per_minute == 1 else 's'} done in the last minute\n",
                (bar(busy / engines if engines else 0.0, 12), "$state-work"),
                f" {busy} of {engines} engines busy",
            )
        )

    def _show_nodes(self, nodes: list[NodeLine]) -> None:
        table = self.query_one("#nodes", VirtualTable)
        table.put({node.name: _node(node) for node in nodes})
        table.set_keys([node.name for node in nodes])


def glance(database: Database) -> Glance:
    """Everything the overview shows, each part bounded."""
    from farm.ledger.views_console import ConsoleViews
    from farm.ledger.views_jobs import JobViews
    from farm.ledger.views_nodes import NodeViews

    views = ConsoleViews(database)
    with database.snapshot():
        return Glance(
            views.job_counts(),
            views.task_counts(),
            views.submission_counts(),
            NodeViews(database).nodes(),
            views.failures(20),
            JobViews(database).page(limit=20, states=_AT_WORK),
            views.typical_task_s(),
        )


def moving(database: Database) -> tuple[list[NodeLine], list[JobLine]]:
    """Of that what changes without an event: the nodes and the jobs at work."""
    from farm.ledger.views_jobs import JobViews
    from farm.ledger.views_nodes import NodeViews

    with database.snapshot():
        work = JobViews(database).page(limit=20, states=_AT_WORK)
        return NodeViews(database).nodes(), work


def _trouble(nodes: list[NodeLine]) -> tuple[str, str] | None:
    """A line for a service that is down, else for one that works, but; the nodes tell of all."""
    found = [service for node in nodes if node.state == "online" for service in services_of(node)]
    down = sorted(s["name"] for s in found if s["state"] == "fail")
    if down:
        return f"⚠ {down[0]} is down", "b $state-bad"
    worse = sorted((s["name"], s["detail"]) for s in found if s["state"] == "warn")
    return (f"⚠ {worse[0][0]}: {worse[0][1]}", "b $state-warn") if worse else None


def _clipped(text: str) -> str:
    return text if len(text) <= _NARROW else f"{text[: _NARROW - 1]}…"


def _titled(widget: Any, title: str) -> Any:
    widget.border_title = title
    return widget


def _door(door: str, states: dict[str, int]) -> dict[str, Cell]:
    refused = states.get("rejected", 0) + states.get("rejecting", 0)
    return {
        "door": door,
        "taking": count(states.get("claiming", 0) + states.get("claimed", 0)),
        "made": count(states.get("accepted", 0)),
        "refused": ((count(refused), "bad" if refused else ""),),
    }


def _node(node: NodeLine) -> dict[str, Cell]:
    gauges = gauges_of(node)
    busy = sum(bool(engine.task_id) for engine in node.engines)
    warm = sorted({model for engine in node.engines for model in engine.resident})
    return {
        "node": ((node.name, "strong"),),
        "state": ((f"{mark_of(node.state)} {node.state}", tone_of(node.state).value),),
        "busy": f"{busy}/{len(node.engines)}",
        "cpu": _gauge(gauges.cpu),
        "ram": _gauge(gauges.ram),
        "vram": _gauge(gauges.vram),
        "disk": _gauge(gauges.disk),
        "warm": ", ".join(warm),
    }


def _gauge(share: float | None) -> Cell:
    """A share of what there is (0 to 1) as a bar and a number; empty where it is not known."""
    if share is None:
        return (("–", "dim"),)
    tone = "bad" if share > 0.95 else "warn" if share > 0.85 else "work"
    return ((bar(share, 3), tone), (f"{share:>4.0%}", ""))
