"""The machines of the farm: what each is, does and may not do, and orders to it.

Invariant: an order is for the node under the cursor of the list of nodes, whichever list has the
focus; the lists below tell about that node only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from farm.domain.states import NodeState
from farm.tui.dialogs import Choose
from farm.tui.messages import RowHighlighted, RowOpened
from farm.tui.screens.node_cells import (
    BLOCKS,
    ENGINES,
    FIELDS,
    HISTORY,
    NODES,
    block_cells,
    engine_cells,
    event_cells,
    node_cells,
    node_row,
    trouble_of,
)
from farm.tui.screens.searched import SearchedScreen, explain
from farm.tui.source import Delta
from farm.tui.widgets.table import VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from farm.ledger.database import Database
    from farm.ledger.views_nodes import NodeLine
    from farm.ledger.views_nodes_console import NodeEvent


_FOLLOW_EVERY = 2
"""Looks between two readings of what only beat."""


@dataclass(frozen=True, slots=True)
class Park:
    """Every node at ``at_s``, and what the jobs are called that they work for."""

    nodes: list[NodeLine]
    jobs: dict[str, str]
    at_s: float = 0.0


class NodesScreen(SearchedScreen):
    """Tab 3."""

    TAB = "nodes"
    FIELDS = FIELDS
    HELP = (
        "Above every node, below what the one under the cursor runs, what it is not given and\n"
        "why, and what happened to it. Enter on an engine opens the job that it runs.\n"
        + explain(FIELDS)
    )
    WRITES = frozenset({"drain", "pause", "enable", "quarantine", "restart", "lift"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "drain", "Drain", id="nodes.drain",
                tooltip="Let the node finish what it runs and give it nothing more"),
        Binding("e", "enable", "Enable", id="nodes.enable",
                tooltip="Put the node back to work and lift its blocks"),
        Binding("p", "pause", "Pause", id="nodes.pause", show=False,
                tooltip="Give the node nothing more until it is enabled"),
        Binding("X", "quarantine", "Quarantine", id="nodes.quarantine",
                tooltip="Take a suspicious node out of the farm (asks for the reason)"),
        Binding("R", "restart", "Restart engine", id="nodes.restart",
                tooltip="End an engine and start it again; its task goes back to the queue"),
        Binding("l", "lift", "Lift block", id="nodes.lift", show=False,
                tooltip="Let the node run a stage again that it was blocked from"),
        Binding("tab", "app.focus_next", "Next list", show=False, id="nodes.next",
                tooltip="The next list"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._park = Park([], {})
        self._wanted: str | None = None
        self._moved: tuple[int, tuple[int, float]] | None = None
        self._still = 0

    def body(self) -> ComposeResult:
        """Nodes above, the chosen one below."""
        yield self.filter_line("state:lost stage:pose tag:big words")
        with _titled(Vertical(classes="panel", id="park"), "Nodes"):
            yield VirtualTable(NODES, id="nodes", empty="No node has joined: start `farm node`.")
        yield Text(id="matter")
        with Horizontal(id="one"):
            with _titled(Vertical(classes="panel main"), "Engines"):
                yield VirtualTable(ENGINES, id="engines", empty="It has no engines.")
            with Vertical(classes="side"):
                with _titled(Vertical(classes="panel"), "Services, and stages not offered"):
                    yield VirtualTable(BLOCKS, id="blocks", empty="It may run everything.")
                with _titled(Vertical(classes="panel"), "History"):
                    yield VirtualTable(HISTORY, id="history", empty="Nothing is known of it.")
        yield self.told_line()

    @property
    def nodes(self) -> VirtualTable:
        """The list of nodes."""
        return self.query_one("#nodes", VirtualTable)

    @property
    def node(self) -> NodeLine | None:
        """The node under the cursor."""
        key = self.nodes.cursor_key
        return next((node for node in self._park.nodes if node.name == key), None)

    def opened(self) -> None:
        """Look at every node."""
        if self.focused is None:
            self.nodes.focus()
        self.load("park", park)

    def show_node(self, name: str) -> None:
        """Put the cursor on a node as soon as it is known."""
        self._wanted = name
        self.clear_filter()
        self._point()

    def changed(self, delta: Delta) -> None:
        """Heartbeats make no events, so they are compared; history follows the events."""
        pulse = delta.pulse
        moved = (pulse.beats, pulse.working)
        self._still += 1
        if not delta.quiet or (moved != self._moved and self._still >= _FOLLOW_EVERY):
            self._moved, self._still = moved, 0
            self.load("park", park)
        else:
            self._show_silence()
        names = {change.entity_id for change in delta.changes if change.entity == "node"}
        if not delta.complete or (self.node is not None and self.node.name in names):
            self._ask_history()

    def loaded(self, key: str, value: Any) -> None:
        """Show what was found."""
        if key == "park":
            self._park = value
            self.nodes.put({node.name: node_cells(node) for node in value.nodes})
            self.narrow(stay=True)
        elif key == "history":
            name, events = value
            if self.node is not None and self.node.name == name:
                history = self.query_one("#history", VirtualTable)
                history.put({event.id: event_cells(event) for event in events})
                history.set_keys([event.id for event in events])

    def list_to_focus(self) -> VirtualTable:
        """The list of nodes."""
        return self.nodes

    def narrow(self, *, stay: bool) -> None:
        """Show the nodes that fit the filter."""
        rows = {node.name: node_row(node) for node in self._park.nodes}
        self.nodes.empty = (
            "None fits. Escape clears the filter."
            if rows
            else "No node has joined: start `farm node`."
        )
        self.nodes.set_keys(self.fitting(rows), stay=stay)
        self._point()
        if self.filtering:
            self.tell(len(self.nodes.keys), len(rows), "nodes")
        self._show_node()

    def on_row_highlighted(self, message: RowHighlighted) -> None:
        """Tell about another node."""
        if message.table is self.nodes:
            self._show_node()
            self._ask_history()

    def on_row_opened(self, message: RowOpened) -> None:
        """From a node to its engines, from an engine to the job that it runs."""
        if message.table is self.nodes:
            self.query_one("#engines").focus()
        elif message.table.id == "engines" and self.node is not None:
            engines = {engine.slot: engine for engine in self.node.engines}
            task_id = engines[str(message.key)].task_id
            if task_id:
                self.console_app.action_job(task_id.partition(".")[0])

    def action_drain(self) -> None:
        """Ask why, then let it finish what it runs."""
        self._order_with_reason("Drain", NodeState.DRAINING)

    def action_pause(self) -> None:
        """Ask why, then give it nothing more."""
        self._order_with_reason("Pause", NodeState.PAUSED)

    def action_quarantine(self) -> None:
        """Ask why, then take it out."""
        self._order_with_reason("Quarantine", NodeState.QUARANTINED)

    def action_enable(self) -> None:
        """Put it back to work."""
        if self.node is not None:
            name = self.node.name
            self.order(lambda acts: acts.enable(name))

    def action_restart(self) -> None:
        """Restart the engine under the cursor, or ask which one."""
        node = self.node
        if node is None or not node.engines:
            return
        at = self.query_one("#engines", VirtualTable)
        if at.has_focus and at.cursor_key is not None:
            self._restart(node, str(at.cursor_key))
        elif len(node.engines) == 1:
            self._restart(node, node.engines[0].slot)
        else:
            self.app.push_screen(
                Choose(
                    f"Which engine of {node.name} is restarted?",
                    [(e.slot, f"{e.slot}  {e.task_id or 'idle'}") for e in node.engines],
                ),
                lambda slot: self._restart(node, slot) if slot else None,
            )

    def action_lift(self) -> None:
        """Lift the block under the cursor, or every block of the node."""
        node = self.node
        if node is None:
            return
        at = self.query_one("#blocks", VirtualTable)
        stage_id = None if at.cursor_key is None or not at.has_focus else str(at.cursor_key)
        self.order(lambda acts: acts.unblock(node.name, stage_id))

    def _restart(self, node: NodeLine, slot: str) -> None:
        def act(acts: Any) -> Any:
            return acts.restart_engine(node.name, slot)

        busy = next((e.task_id for e in node.engines if e.slot == slot), None)
        if busy:
            self.confirm(
                f"Restart engine {slot} of {node.name}? {busy} goes back to the queue.", act
            )
        else:
            self.order(act)

    def _order_with_reason(self, verb: str, state: NodeState) -> None:
        if self.node is None:
            return
        name = self.node.name
        self.ask(
            f"{verb} {name}. Why? (may be left empty)",
            lambda reason: self.order(lambda acts: acts.node(name, state, reason)),
        )

    def _point(self) -> None:
        if self.ready and self._wanted is not None and self.nodes.go_to(self._wanted):
            self._wanted = None

    def _show_silence(self) -> None:
        """How long each node gave no sign goes on without a reading."""
        past_s = self.console_app.source.clock() - self._park.at_s
        now = [replace(node, silent_s=node.silent_s + past_s) for node in self._park.nodes]
        self.nodes.put({node.name: node_cells(node) for node in now})
        key = self.nodes.cursor_key
        self._show_matter(next((node for node in now if node.name == key), None))

    def _show_node(self) -> None:
        node = self.node
        engines = self.query_one("#engines", VirtualTable)
        blocks = self.query_one("#blocks", VirtualTable)
        self._show_matter(node)
        if node is None:
            engines.set_keys([])
            blocks.set_keys([])
            return
        names = self._park.jobs
        engines.put({e.slot: engine_cells(node, e, names) for e in node.engines})
        engines.set_keys([engine.slot for engine in node.engines])
        rows = block_cells(node)
        blocks.put(rows)
        blocks.set_keys(list(rows))
        panel = engines.parent
        assert panel is not None
        panel.border_title = f"Engines of {node.name}"  # type: ignore[attr-defined]

    def _show_matter(self, node: NodeLine | None) -> None:
        """What is the matter with the node and what mends it, in full; nothing when it is well."""
        matter = self.query_one("#matter", Text)
        what, mend = ("", "") if node is None else trouble_of(node)
        matter.display = bool(what)
        if node is not None:
            matter.update(
                Content.assemble(
                    (f"{node.name}: {what}  ", "$state-bad"), ("mend  ", "b $state-good"), mend
                )
            )

    def _ask_history(self) -> None:
        node = self.node
        if node is not None:
            name = node.name
            self.load("history", lambda database: (name, _history(database, name)))


def park(database: Database) -> Park:
    """Every node, with the names of the jobs they work for."""
    from farm.ledger.views_nodes import NodeViews
    from farm.ledger.views_nodes_console import NodeConsoleViews

    at_s = database.clock()
    nodes = NodeViews(database).nodes()
    at_work = {e.task_id.partition(".")[0] for n in nodes for e in n.engines if e.task_id}
    names = NodeConsoleViews(database).job_names(at_work) if at_work else {}
    return Park(nodes, names, at_s)


def _history(database: Database, name: str) -> list[NodeEvent]:
    from farm.ledger.views_nodes_console import NodeConsoleViews

    return NodeConsoleViews(database).history(name)


def _titled(widget: Any, title: str) -> Any:
    widget.border_title = title
    return widget
