"""A table that shows a hundred thousand rows as fast as ten: it draws only the lines on the screen.

Invariant: it holds every key but only the rows near the screen; a row that it does not have is asked
for with :class:`RowsWanted` and drawn when it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from farm.tui.messages import Key, RowHighlighted, RowOpened, RowsWanted, SortAsked

Piece = tuple[str, str]
Cell = str | tuple[Piece, ...]
"""Text, or pieces of text each with a tone (``good``, ``bad``, … ``dim``, ``accent``) or none."""

_MARGIN = 40
_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Column:
    """A column. width : cells; 0 takes what is left. keep : the lowest go first when it is narrow."""

    name: str
    title: str
    width: int
    right: bool = False
    keep: int = 5
    sortable: bool = False


class VirtualTable(ScrollView, can_focus=True):
    """Rows under a fixed heading, with a cursor and marks."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--heading", "table--cursor", "table--marked", "table--row",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="table.up", tooltip="One row up"),
        Binding("down,j", "move(1)", "Down", show=False, id="table.down", tooltip="One row down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up",
                tooltip="One page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="table.page-down",
                tooltip="One page down"),
        Binding("home,g", "edge(False)", "First", show=False, id="table.first",
                tooltip="The first row"),
        Binding("end,G", "edge(True)", "Last", show=False, id="table.last", tooltip="The last row"),
        Binding("enter", "open", "Open", id="table.open", tooltip="Open the row"),
    ]  # fmt: skip
    MARKING: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", id="table.mark", tooltip="Mark the row for an action"),
        Binding("ctrl+a", "mark_all", "Mark all", show=False, id="table.mark-all",
                tooltip="Mark every row of the list"),
        Binding("escape", "unmark", "Clear marks", show=False, id="table.unmark",
                tooltip="Take all marks away"),
    ]  # fmt: skip

    def __init__(
        self, columns: Sequence[Column], *, id: str, empty: str = "", marking: bool = False
    ) -> None:
        super().__init__(id=id)
        self.columns: Sequence[Column] = columns
        self.empty = empty
        self.marked: set[Key] = set()
        self.sorted_by: tuple[str, bool] | None = None
        self._marking = marking
        self._keys: Sequence[Key] = ()
        self._cursor = 0
        self._rows: dict[Key, Mapping[str, Cell]] = {}
        self._asked: set[Key] = set()
        self._strips: dict[Key, Strip] = {}
        self._shown: list[Column] = []
        self._styles: dict[str, Style] = {}
        if marking:
            for binding in self.MARKING:
                assert isinstance(binding, Binding)
                for key in binding.key.split(","):
                    self._bindings.key_to_bindings.setdefault(key, []).append(
                        replace(binding, key=key)
                    )

    @property
    def keys(self) -> Sequence[Key]:
        """Every key, in order."""
        return self._keys

    @property
    def cursor_key(self) -> Key | None:
        """The key under the cursor."""
        return self._keys[self._cursor] if 0 <= self._cursor < len(self._keys) else None

    @property
    def chosen(self) -> list[Key]:
        """The marked keys in order, or else the one under the cursor."""
        if self.marked:
            return [key for key in self._keys if key in self.marked]
        return [] if self.cursor_key is None else [self.cursor_key]

    def set_keys(self, keys: Sequence[Key], *, stay: bool = True) -> None:
        """Show these rows; with ``stay`` the cursor stays on its row wherever that went.

        keys : not to be changed afterwards.
        """
        if stay and keys == self._keys:
            self._want()
            return
        before = self.cursor_key
        self._keys = keys
        at = 0
        if stay and before is not None and self._cursor > 0:
            try:
                at = keys.index(before)
            except ValueError:
                at = min(self._cursor, max(0, len(keys) - 1))
        offset = at - self._cursor
        self._cursor = at
        self.virtual_size = Size(self.size.width, len(keys) + 1)
        if stay and offset and self.scroll_offset.y:
            self.scroll_to(y=self.scroll_offset.y + offset, animate=False)
        elif not stay:
            self.scroll_to(y=0, animate=False)
        if self.marked:
            self.marked &= set(keys)
        self.refresh()
        self._want()
        if self.cursor_key != before:
            self.post_message(RowHighlighted(self, self.cursor_key))

    def go_to(self, key: Key) -> bool:
        """Put the cursor on a row; false when there is none of that key."""
        if key not in self._keys:
            return False
        self._go(self._keys.index(key))
        return True

    def put(self, rows: Mapping[Key, Mapping[str, Cell]]) -> None:
        """Give it rows: for each key its cells by column name."""
        changed = False
        for key, cells in rows.items():
            if self._rows.get(key) != cells:
                self._strips.pop(key, None)
                changed = True
            self._rows.pop(key, None)
            self._rows[key] = cells
            self._asked.discard(key)
        if len(self._rows) > _KEPT:
            for key in list(self._rows)[: len(self._rows) - _KEPT]:
                del self._rows[key]
                self._strips.pop(key, None)
        if changed:
            self.refresh()

    def cells(self, key: Key) -> Mapping[str, Cell] | None:
        """The cells of a row that it has."""
        return self._rows.get(key)

    def visible_keys(self) -> Sequence[Key]:
        """The keys on the screen."""
        top = self.scroll_offset.y
        return self._keys[top : top + max(1, self.size.height - 1)]

    def use_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns."""
        self.columns = columns
        self._lay_out()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns to the width."""
        self._lay_out()

    def on_mount(self) -> None:
        """Follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._lay_out())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for the rows that came into view."""
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move by a screen of rows."""
        self._go(self._cursor + by * max(1, self.size.height - 2))

    def action_edge(self, last: bool) -> None:
        """To the first or last row."""
        self._go(len(self._keys) - 1 if last else 0)

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self.cursor_key is not None:
            self.post_message(RowOpened(self, self.cursor_key))

    def action_mark(self) -> None:
        """Mark or unmark the row, and go on to the next."""
        if self.cursor_key is not None:
            self.marked ^= {self.cursor_key}
            self._strips.pop(self.cursor_key, None)
            self._go(self._cursor + 1)
            self.refresh()

    def action_mark_all(self) -> None:
        """Mark every row."""
        self.marked = set(self._keys)
        self.refresh()

    def action_unmark(self) -> None:
        """Take all marks away."""
        self.marked = set()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row, open it on the second click, sort by a heading."""
        at = event.get_content_offset(self)
        if at is None:
            return
        if at.y == 0:
            left = 2 if self._marking else 0
            for column in self._shown:
                if left <= at.x < left + column.width and column.sortable:
                    self.post_message(SortAsked(self, column.name))
                left += column.width + 1
            return
        row = self.scroll_offset.y + at.y - 1
        if row < len(self._keys):
            self._go(row)
            if event.chain == 2:
                self.action_open()

    def render_line(self, y: int) -> Strip:
        """One line: the heading, a row, or nothing."""
        width = self.size.width
        if y == 0:
            return self._heading(width)
        row = self.scroll_offset.y + y - 1
        ground = self.get_component_rich_style("table--row")
        if row >= len(self._keys):
            text = f" {self.empty}" if y == 2 and not self._keys else ""
            return Strip([Segment(set_cell_size(text, width), ground + self._style("dim"))], width)
        key = self._keys[row]
        strip = self._row(key, width)
        if row == self._cursor and self.has_focus:
            return strip.apply_style(self._tint("table--cursor"))
        if row == self._cursor or key in self.marked:
            return strip.apply_style(self._tint("table--marked"))
        return strip.apply_style(ground)

    def _tint(self, name: str) -> Style:
        """A ground mixed with the one beneath, so that every tone can be read on it."""
        styles = self.get_component_styles(name)
        ground = self.background_colors[1] + styles.background
        return styles.text_style + Style(bgcolor=ground.rich_color)

    def _row(self, key: Key, width: int) -> Strip:
        strip = self._strips.get(key)
        if strip is not None:
            return strip
        cells = self._rows.get(key)
        segments: list[Segment] = []
        if self._marking:
            segments.append(Segment("◆ " if key in self.marked else "  ", self._style("accent")))
        if cells is None:
            segments.append(Segment("…", self._style("dim")))
            return Strip(segments).adjust_cell_length(width)
        for column in self._shown:
            segments.extend(self._cell(cells.get(column.name, ""), column))
            segments.append(Segment(" "))
        strip = Strip(segments).adjust_cell_length(width)
        if key not in self.marked:
            self._strips[key] = strip
        return strip

    def _cell(self, cell: Cell, column: Column) -> Iterable[Segment]:
        pieces: tuple[Piece, ...] = ((cell, ""),) if isinstance(cell, str) else cell
        length = sum(cell_len(text) for text, _ in pieces)
        left = column.width
        if column.right and length < left:
            yield Segment(" " * (left - length))
            left = length
        for text, tone in pieces:
            text = text.replace("\n", " ")
            if cell_len(text) > left:
                text = set_cell_size(text, left - 1) + "…" if left > 0 else ""
            if text:
                yield Segment(text, self._style(tone))
                left -= cell_len(text)
        if left > 0:
            yield Segment(" " * left)

    def _heading(self, width: int) -> Strip:
        style = self.get_component_rich_style("table--heading")
        text = "  " if self._marking else ""
        for column in self._shown:
            title = column.title
            if self.sorted_by and self.sorted_by[0] == column.name:
                title += "↓" if self.sorted_by[1] else "↑"
            title = set_cell_size(title, min(cell_len(title), column.width))
            pad = " " * (column.width - cell_len(title))
            text += (pad + title if column.right else title + pad) + " "
        return Strip([Segment(set_cell_size(text, width), style)], width)

    def _style(self, tone: str) -> Style:
        style = self._styles.get(tone)
        if style is None:
            names = {"dim": "secondary", "accent": "accent", "strong": "foreground"}
            name = names.get(tone, f"state-{tone}")
            colour = self.app.theme_variables.get(name) if tone else None
            style = Style(color=colour, bold=tone == "strong") if colour else Style()
            self._styles[tone] = style
        return style

    def _lay_out(self) -> None:
        """Choose the columns that fit, and give the open ones what is left."""
        width = self.size.width - (2 if self._marking else 0)
        chosen = list(self.columns)

        def needed() -> int:
            return sum((column.width or 14) + 1 for column in chosen)

        while len(chosen) > 1 and needed() > width:
            chosen.remove(min(chosen, key=lambda column: column.keep))
        spare = width - sum(column.width + 1 for column in chosen)
        open_ones = sum(column.width == 0 for column in chosen)
        share = max(1, spare // open_ones) if open_ones else 0
        self._shown = [c if c.width else replace(c, width=share) for c in chosen]
        self._strips.clear()
        self._styles.clear()
        self.virtual_size = Size(self.size.width, len(self._keys) + 1)
        self.refresh()
        self._want()

    def _go(self, row: int) -> None:
        row = max(0, min(row, len(self._keys) - 1))
        if row != self._cursor:
            self._cursor = row
            self.post_message(RowHighlighted(self, self.cursor_key))
        top, height = self.scroll_offset.y, max(1, self.size.height - 1)
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False)
        self.refresh(Region(0, 0, self.size.width, self.size.height))

    def _want(self) -> None:
        """Ask for the rows near the screen that it does not have."""
        top = max(0, self.scroll_offset.y - _MARGIN)
        near = self._keys[top : self.scroll_offset.y + self.size.height + _MARGIN]
        missing = [key for key in near if key not in self._rows and key not in self._asked]
        if missing and self.is_mounted:
            self._asked.update(missing)
            self.post_message(RowsWanted(self, missing))

    def forget(self) -> None:
        """Drop every row; those on the screen are asked for again."""
        self._rows.clear()
        self._asked.clear()
        self._strips.clear()
        self._want()
