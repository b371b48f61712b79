"""What arrives: the drop folders, what settles or lacks something, what was refused and why.

Invariant: it tells what the folders themselves say, so it is right without a running daemon; what is
submitted again goes through the door like anything else that arrives.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from farm.domain.errors import FarmError
from farm.tui.desk import Desk
from farm.tui.dialogs import Choose
from farm.tui.marks import count, duration, moment
from farm.tui.messages import RowHighlighted
from farm.tui.screens.searched import SearchedScreen, explain
from farm.tui.search import Row
from farm.tui.source import Delta
from farm.tui.widgets.table import Cell, Column, VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from farm.intake.standing import Rejected, Standing, Waiting
    from farm.ledger.database import Database

    Item = Waiting | Rejected

_FOLLOW_EVERY = 2
"""Looks without an event between two readings of the folders."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The doors with what stands there, and submissions by door and state from the ledger."""

    doors: list[Standing]
    counts: dict[str, dict[str, int]]


class IntakeScreen(SearchedScreen):
    """Tab 5."""

    TAB = "intake"
    FIELDS: ClassVar = {
        "name": "part of an entry's name",
        "state": "settling, waiting or refused",
        "reason": "words of what it lacks, or of why it was refused",
    }
    HELP = (
        "Above the drop folders, below what stands in the one under the cursor. Mend what was\n"
        "refused where it lies, then press r: it is put at the door again.\n" + explain(FIELDS)
    )
    WRITES = frozenset({"new", "resubmit"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New job", id="intake.new",
                tooltip="Submit a new job from a form of a pipeline"),
        Binding("r", "resubmit", "Submit again", id="intake.resubmit",
                tooltip="Put refused entries at their door again"),
        Binding("y", "copy", "Copy path", id="intake.copy", show=False,
                tooltip="Copy the path of the entry or the drop folder"),
        Binding("tab", "app.focus_next", "Next list", show=False, id="intake.next",
                tooltip="The next list"),
    ]  # fmt: skip
    DOORS = (
        Column("door", "DROP FOLDER", 18, keep=9),
        Column("pipeline", "PIPELINE", 16, keep=4),
        Column("settling", "SETTLING", 8, keep=5, right=True),
        Column("waiting", "WAITING", 7, keep=6, right=True),
        Column("taking", "TAKING", 6, keep=3, right=True),
        Column("made", "RUNNING", 7, keep=5, right=True),
        Column("refused", "REFUSED", 7, keep=8, right=True),
        Column("folder", "FOLDER", 0, keep=7),
    )
    ITEMS = (
        Column("state", "STATE", 11, keep=9),
        Column("name", "NAME", 26, keep=8),
        Column("since", "SINCE", 7, keep=4, right=True),
        Column("what", "WHAT", 0, keep=7),
    )

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._quiet = 0
        self._arrivals = Arrivals([], {})
        self._items: dict[str, Item] = {}
        self._wanted: str | None = None

    @property
    def desk(self) -> Desk:
        """The way to the intake, one for as long as the console runs."""
        return self.console_app.desk

    def body(self) -> ComposeResult:
        """Doors above, entries below, and the whole cause of one entry."""
        yield self.filter_line("state:refused words of the entries at the chosen door")
        with _titled(Vertical(classes="panel", id="where"), "Drop folders"):
            yield VirtualTable(
                self.DOORS, id="doors", empty="No drop folder: make dropbox/<pipeline>."
            )
        with _titled(Vertical(classes="panel", id="what"), "Entries"):
            yield VirtualTable(
                self.ITEMS, id="items", empty="Nothing stands here. Press n for a new job.",
                marking=True,
            )  # fmt: skip
        yield Text(id="cause")
        yield self.told_line()

    @property
    def doors(self) -> VirtualTable:
        """The drop folders."""
        return self.query_one("#doors", VirtualTable)

    @property
    def items(self) -> VirtualTable:
        """What stands at the door under the cursor."""
        return self.query_one("#items", VirtualTable)

    def opened(self) -> None:
        """Look at the folders."""
        if self.focused is None:
            self.doors.focus()
        self._look()

    def show_door(self, origin: str) -> None:
        """Put the cursor on a drop folder as soon as it is known."""
        self._wanted = origin
        self.clear_filter()
        self._point()

    def changed(self, delta: Delta) -> None:
        """Files make no events, so it looks at them; what the ledger knows changes with one."""
        self._quiet = self._quiet + 1 if delta.quiet else 0
        if self._quiet % _FOLLOW_EVERY == 0:
            self._look(counting=not delta.quiet)

    def loaded(self, key: str, value: Any) -> None:
        """Show what was found."""
        if key == "arrivals":
            self._show_arrivals(value)
            if not self._asked and not self.desk.sure:
                self._asked = True
                self.load("doors", lambda _database: _learn(self.desk))
        elif key == "doors":
            self._look()
        elif key == "pipelines":
            self._choose_pipeline(value)

    def on_row_highlighted(self, message: RowHighlighted) -> None:
        """Another door: its entries. Another entry: its cause."""
        if message.table is self.doors:
            self._show_items()
        self._show_cause()

    def on_row_opened(self, message: Any) -> None:
        """From a door to its entries."""
        if message.table is self.doors:
            self.items.focus()

    def action_new(self) -> None:
        """Ask which pipeline, then show its form."""
        desk = self.desk
        self.load("pipelines", lambda _database: _pipelines(desk))

    def action_resubmit(self) -> None:
        """Put what was refused at its door again."""
        from farm.intake.standing import Rejected

        chosen = [self._items[str(key)] for key in self.items.chosen if key in self._items]
        refused = [item for item in chosen if isinstance(item, Rejected)]
        if not refused:
            self.notify("Only what was refused can be submitted again.", severity="warning")
            return
        desk = self.desk
        self.order(lambda acts: acts.resubmit(desk, refused))
        self.items.action_unmark()

    def action_copy(self) -> None:
        """Copy the path of the entry under the cursor, or of the door."""
        item = self._items.get(str(self.items.cursor_key))
        door = self._door
        path = getattr(item, "path", None) or (door and door.door.folder)
        if path is not None:
            self.app.copy_to_clipboard(str(path))
            self.notify(f"Copied {path}", markup=False)

    @property
    def _door(self) -> Standing | None:
        key = self.doors.cursor_key
        return next((d for d in self._arrivals.doors if d.door.origin == key), None)

    def _look(self, *, counting: bool = True) -> None:
        counts = None if counting else self._arrivals.counts
        self.load("arrivals", partial(_arrivals, self.desk, counts))

    def _choose_pipeline(self, refs: list[tuple[str, str]]) -> None:
        def chosen(ref: str | None) -> None:
            if ref is not None:
                from farm.tui.screens.submit import SubmitScreen

                # Loaded a moment ago, so this does not wait.
                self.app.push_screen(SubmitScreen(self.desk, self.desk.registry().pipelines[ref]))

        self.app.push_screen(Choose("A new job of which pipeline?", refs), chosen)

    def _point(self) -> None:
        if self.ready and self._wanted is not None and self.doors.go_to(self._wanted):
            self._wanted = None

    def _show_arrivals(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self.doors.put(
            {d.door.origin: _door_cells(d, arrivals.counts) for d in arrivals.doors}
        )  # fmt: skip
        self.doors.set_keys([d.door.origin for d in arrivals.doors])
        self._point()
        self._show_items()
        self._show_cause()

    def _show_items(self) -> None:
        door = self._door
        now_s = self.console_app.source.clock()
        found: list[Item] = [] if door is None else [*door.waiting, *door.rejected]
        self._items = {_key(item): item for item in found}
        self.items.put({key: _item_cells(item, now_s) for key, item in self._items.items()})
        self.narrow(stay=True)
        self.query_one("#what").border_title = f"Entries of {door.door.origin}" if door else ""

    def list_to_focus(self) -> VirtualTable:
        """What stands at the door."""
        return self.items

    def narrow(self, *, stay: bool) -> None:
        """Show the entries that fit the filter."""
        rows = {key: _item_row(item) for key, item in self._items.items()}
        self.items.empty = (
            "None fits. Escape clears the filter."
            if rows
            else "Nothing stands here. Press n for a new job."
        )
        self.items.set_keys(self.fitting(rows), stay=stay)
        if self.filtering:
            self.tell(len(self.items.keys), len(rows), "entries")

    def _show_cause(self) -> None:
        from farm.intake.standing import Rejected

        item = self._items.get(str(self.items.cursor_key))
        door = self._door
        parts: list[str | tuple[str, str]] = []
        if door is not None and door.trouble:
            parts.append((door.trouble, "$state-bad"))
        elif item is not None:
            parts.append((item.name, "b"))
            if isinstance(item, Rejected):
                parts += [f"  {moment(item.at)}\n", (item.cause, "$state-bad")]
                if item.mend and item.mend not in item.cause:
                    parts.append(f"\n{item.mend}")
                parts.append((f"\n{item.path}", "$text-muted"))
            else:
                waits = ", ".join(item.waits_for)
                parts.append(f"\n{'waits for ' + waits if waits else 'is still being written'}")
        self.query_one("#cause", Text).update(Content.assemble(*parts))


def _arrivals(desk: Desk, counts: dict[str, dict[str, int]] | None, database: Database) -> Arrivals:
    from farm.ledger.views_console import ConsoleViews

    if counts is None:
        counts = ConsoleViews(database).submission_counts()
    return Arrivals(desk.standing(), counts)


def _learn(desk: Desk) -> None:
    """Load the plugins, by which it is known which folders are doors."""
    # A broken one is told on the screen of the plugins.
    with suppress(FarmError):
        desk.registry()


def _pipelines(desk: Desk) -> list[tuple[str, str]]:
    registry = desk.registry()
    cannot = registry.pipeline_complaints()
    width = max((len(ref) for ref in registry.pipelines), default=0)
    return [
        (ref, f"{ref:<{width}}  {pipeline.title}")
        for ref, pipeline in sorted(registry.pipelines.items())
        if ref not in cannot
    ]


def _key(item: Item) -> str:
    from farm.intake.standing import Rejected

    # Imported in functions: the thread that found an entry has loaded the intake by then.
    return str(item.path) if isinstance(item, Rejected) else f"{item.state} {item.name}"


def _door_cells(standing: Standing, counts: dict[str, dict[str, int]]) -> dict[str, Cell]:
    door = standing.door
    known = counts.get(door.origin, {})
    settling = sum(item.state == "settling" for item in standing.waiting)
    waiting = len(standing.waiting) - settling
    refused = len(standing.rejected)
    folder: Cell = str(door.folder)
    if standing.trouble:
        folder = ((standing.trouble, "bad"),)
    return {
        "door": ((door.origin, "strong"),),
        "pipeline": door.pipeline or ("manifests" if door.is_queue else ""),
        "settling": count(settling),
        "waiting": ((count(waiting), "warn" if waiting else ""),),
        "taking": count(known.get("claiming", 0) + known.get("claimed", 0)),
        "made": count(known.get("accepted", 0)),
        "refused": ((count(refused), "bad" if refused else ""),),
        "folder": folder,
    }


def _item_row(item: Item) -> Row:
    from farm.intake.standing import Rejected

    if isinstance(item, Rejected):
        return Row.of(name=item.name, state="refused", reason=item.cause)
    return Row.of(name=item.name, state=item.state, reason=" ".join(item.waits_for))


def _item_cells(item: Item, now_s: float) -> dict[str, Cell]:
    from farm.intake.standing import Rejected

    if isinstance(item, Rejected):
        return {
            "state": (("✗ refused", "bad"),),
            "name": ((item.name, "strong"),),
            "since": duration(now_s - item.at),
            "what": item.cause,
        }
    tone = {"settling": "work", "refused": "bad"}.get(item.state, "warn")
    return {
        "state": ((f"◷ {item.state}", tone),),
        "name": ((item.name, "strong"),),
        "since": duration(None if item.since is None else now_s - item.since),
        "what": ", ".join(item.waits_for) or "it is still being written",
    }


def _titled(widget: Any, title: str) -> Any:
    widget.border_title = title
    return widget
