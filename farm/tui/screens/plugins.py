"""Plugins, their stages and the pipelines: what can be asked of this farm, and where it can run.

Invariant: plugins are imported in a thread and once, after what the nodes offer is on the screen; what
they offer is read while the screen shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, ScrollableContainer, VerticalScroll
from textual.widgets import TabbedContent, TabPane

from farm.tui.catalogue import gather, offered
from farm.tui.messages import RowHighlighted, RowOpened
from farm.tui.plugin_search import FIELDS, Rows, catalogue_rows, offered_rows
from farm.tui.plugin_text import (
    about_pipeline,
    about_plugin,
    about_stage,
    drawing_of,
    head_of_pipeline,
)
from farm.tui.screens.searched import SearchedScreen, explain
from farm.tui.source import Delta
from farm.tui.widgets.table import Cell, Column, VirtualTable
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from farm.tui.catalogue import Catalogue, PipelineEntry, StageEntry

PARTS = ("stages", "pipelines", "plugins")
_LOOK_EVERY = 5


class PluginsScreen(SearchedScreen):
    """Tab 6."""

    TAB = "plugins"
    FIELDS = FIELDS
    HELP = (
        "The list at the left, what is under its cursor at the right; Enter goes there to scroll.\n"
        + explain(FIELDS)
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "part(1)", "Next part", id="plugins.next",
                key_display="]", tooltip="Stages, pipelines, plugins"),
        Binding("left_square_bracket", "part(-1)", "Part before", id="plugins.before", show=False,
                key_display="[", tooltip="The part before"),
        Binding("z", "wide", "Wide", id="plugins.wide",
                tooltip="Give what is told the whole width, or the list back"),
        Binding("escape", "back", "List", id="plugins.list", show=False,
                tooltip="Back to the list; there: clear the filter"),
    ]  # fmt: skip
    STAGES = (
        Column("stage", "STAGE", 0, keep=9),
        Column("version", "VER", 4, True, 6),
        Column("nodes", "NODES", 8, True, 8),
        Column("trouble", "", 2, keep=7),
    )
    PIPELINES = (
        Column("pipeline", "PIPELINE", 24, keep=9),
        Column("state", "", 2, keep=8),
        Column("title", "TITLE", 0, keep=3),
    )
    PLUGINS = (
        Column("plugin", "PLUGIN", 0, keep=9),
        Column("version", "VERSION", 14, keep=8),
        Column("stages", "STAGES", 6, True, 7),
    )

    def __init__(self) -> None:
        super().__init__()
        self._beats = 0
        self._early = False
        self._found: Catalogue | None = None
        self._ticks = 0
        self._rows: dict[str, Rows] = {part: {} for part in PARTS}

    def body(self) -> ComposeResult:
        """Three lists, each with what it tells at its side."""
        columns = {"stages": self.STAGES, "pipelines": self.PIPELINES, "plugins": self.PLUGINS}
        yield self.filter_line("stage:pose provider:vision state:missing words")
        with TabbedContent(id="parts", initial="stages"):
            for part in PARTS:
                with TabPane(part.capitalize(), id=part):
                    with Horizontal(classes="both"):
                        yield VirtualTable(
                            columns[part], id=f"{part}-list", empty="The plugins are being loaded …"
                        ).add_class("list")
                        with VerticalScroll(classes="about"):
                            yield Text(id=f"{part}-text")
                            if part == "pipelines":
                                with ScrollableContainer(id="drawing"):
                                    yield Text(id="graph")
                                yield Text(id="pipelines-more")
        yield self.told_line()

    @property
    def part(self) -> str:
        """The part that shows."""
        return self.query_one("#parts", TabbedContent).active

    @property
    def whole(self) -> bool:
        """Whether the plugins are loaded; until then it shows what the nodes tell."""
        return self._found is not None

    def opened(self) -> None:
        """Load the plugins the first time; look at the nodes each time."""
        self._look()
        self._focus()

    def changed(self, delta: Delta) -> None:
        """Nodes come and go without events; where none gave a sign, nothing is read."""
        self._ticks += 1
        if self._ticks % _LOOK_EVERY == 0 and not (
            delta.quiet and delta.pulse.beats == self._beats
        ):
            self._beats = delta.pulse.beats
            self._look()

    def loaded(self, key: str, value: Any) -> None:
        """Show what was found."""
        if key == "offered":
            if self._found is None:
                self._show_offered(*value)
                self._look()
            return
        found: Catalogue = value
        if found == self._found:
            return
        self._found = found
        rows: dict[str, dict[int | str, dict[str, Cell]]] = {
            "stages": {i: _stage_cells(i, e, found.nodes) for i, e in found.stages.items()},
            "pipelines": {r: _pipeline_cells(r, e) for r, e in found.pipelines.items()},
            "plugins": {
                n: {"plugin": ((n, "strong"),), "version": e.version, "stages": str(len(e.stages))}
                for n, e in found.plugins.items()
            },
        }
        for stage_id, nodes in found.foreign.items():
            rows["stages"][stage_id] = {
                "stage": ((stage_id, "dim"),), "nodes": str(len(nodes)), "trouble": (("?", "warn"),),
            }  # fmt: skip
        for part, cells in rows.items():
            self._list(part).put(cells)
        self._rows = catalogue_rows(found)
        self.narrow(stay=True)
        for part in PARTS:
            self._tell(part, self._list(part).cursor_key)

    def narrow(self, *, stay: bool) -> None:
        """Show the rows of every part that fit the filter."""
        for part, rows in self._rows.items():
            table = self._list(part)
            if self._found is not None:
                table.empty = (
                    "None fits. Escape clears the filter." if rows else f"No plugin brings {part}."
                )
            table.set_keys(sorted(self.fitting(rows)), stay=stay)
        self._count()

    def on_row_highlighted(self, message: RowHighlighted) -> None:
        """Tell about the row."""
        part = str(message.table.id).removesuffix("-list")
        self._tell(part, message.key)
        self.query_one(f"#{part} .about").scroll_home(animate=False)

    def on_row_opened(self, message: RowOpened) -> None:
        """Scroll in what is told."""
        self.query_one(f"#{self.part} .about").focus()

    def on_tabbed_content_tab_activated(self, event: TabbedContent.TabActivated) -> None:
        """Give the list the keyboard."""
        if event.pane.id == self.part:
            self._count()
            self._focus()

    def action_part(self, by: int) -> None:
        """The part beside."""
        parts = self.query_one("#parts", TabbedContent)
        parts.active = PARTS[(PARTS.index(self.part) + by) % len(PARTS)]
        # What was focused last decides which part shows, so an earlier focus that is still under way
        # must not have the last word.
        self._focus()

    def action_wide(self) -> None:
        """Hide or show the list."""
        self.toggle_class("-alone")
        if self.has_class("-alone"):
            self.query_one(f"#{self.part} .about").focus()
        else:
            self._focus()

    def action_back(self) -> None:
        """Back to the list."""
        self.remove_class("-alone")
        self._focus()

    def _look(self) -> None:
        desk = self.console_app.desk
        if self._found is None and desk.known is None and not self._early:
            self._early = True
            self.load("offered", offered)
        else:
            self.load("catalogue", lambda database: gather(desk.registry(), database))

    def _show_offered(self, found: dict[str, list[str]], nodes: int) -> None:
        """The stages as the nodes tell of them, while the plugins are being loaded."""
        self._list("stages").put(
            {
                stage_id: {"stage": ((stage_id, "strong"),), "nodes": f"{len(names)} of {nodes}"}
                for stage_id, names in found.items()
            }
        )
        self._rows["stages"] = offered_rows(found)
        self.narrow(stay=True)
        self.query_one("#stages-text", Text).update("The plugins are being loaded …")

    def list_to_focus(self) -> VirtualTable:
        """The list of the part that shows."""
        return self._list(self.part)

    def _list(self, part: str) -> VirtualTable:
        return self.query_one(f"#{part}-list", VirtualTable)

    def _focus(self) -> None:
        self.list_to_focus().focus()

    def _count(self) -> None:
        whole = len(self._rows[self.part])
        if whole:
            self.tell(len(self.list_to_focus().keys), whole, self.part)

    def _tell(self, part: str, key: int | str | None) -> None:
        found, name = self._found, str(key)
        if found is None:
            return
        text = self.query_one(f"#{part}-text", Text)
        if key is None:
            text.update("")
            if part == "pipelines":
                self.query_one("#graph", Text).update("")
                self.query_one("#pipelines-more", Text).update("")
        elif part == "plugins":
            text.update(about_plugin(found.plugins[name], found))
        elif part == "pipelines":
            entry = found.pipelines[name]
            text.update(head_of_pipeline(entry))
            self.query_one("#graph", Text).update(drawing_of(entry))
            self.query_one("#pipelines-more", Text).update(about_pipeline(entry))
        elif name in found.stages:
            text.update(about_stage(found.stages[name], found))
        else:
            nodes = ", ".join(found.foreign[name])
            text.update(
                f"{name}\n\nOn {nodes}; no plugin on this machine declares it.\n"
                "Install the same plugins on every machine of the farm."
            )


def _stage_cells(stage_id: str, entry: StageEntry, nodes: int) -> dict[str, Cell]:
    tone = "good" if entry.offered else "bad"
    trouble = entry.refused or entry.other or entry.blocked
    return {
        "stage": ((stage_id, "strong"),),
        "version": str(entry.stage.version),
        "nodes": ((f"{len(entry.offered)} of {nodes}", tone),),
        "trouble": (("✗", "bad"),) if trouble or not entry.offered else (("●", "good"),),
    }


def _pipeline_cells(ref: str, entry: PipelineEntry) -> dict[str, Cell]:
    bad = entry.complaint or entry.unserved
    return {
        "pipeline": ((ref, "strong"),),
        "state": (("✗", "bad"),) if bad else (("●", "good"),),
        "title": entry.pipeline.title,
    }
