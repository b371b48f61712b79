"""Screens with lists that are narrowed while a filter is typed, with the look and keys of the jobs.

Invariant: a filter hides rows and changes nothing else; while one hides rows the screen says how many
of how many it shows, and one that is refused leaves the rows as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from farm.domain.errors import InputError
from farm.tui.marks import count
from farm.tui.screens.screen import FarmScreen
from farm.tui.search import Row, Search, parse_search
from farm.tui.widgets.table import VirtualTable
from farm.tui.widgets.text import Text


def explain(fields: Mapping[str, str]) -> str:
    """The fields of a filter, for the help of its screen."""
    lines = [f"{name}: {about}" for name, about in fields.items()]
    return "Filter: " + "\n        ".join(["words, wherever they stand", *lines])


class SearchedScreen(FarmScreen):
    """A screen that yields :meth:`filter_line` and :meth:`told_line` in its body."""

    FIELDS: ClassVar[Mapping[str, str]] = {}
    """Name of each field of a row to what may stand after it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="list.filter",
                tooltip="Type what the rows must have; Escape shows all"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.search = Search()

    def filter_line(self, example: str) -> Input:
        """The line to type into. example : what may stand there."""
        return Input(placeholder=f"/ filter   {example}", id="filter", classes="filter")

    def told_line(self) -> Text:
        """The line that says how many rows show, or why a filter is refused."""
        line = Text(id="told", classes="told")
        line.display = False
        return line

    def narrow(self, *, stay: bool) -> None:
        """Show the rows that fit, and :meth:`tell` of them. stay : the cursor keeps its row."""
        raise AssertionError("a screen with a filter says what it narrows")

    def list_to_focus(self) -> VirtualTable:
        """The list that gets the keyboard when the filter is left."""
        raise AssertionError("a screen with a filter says which list it is for")

    def fitting(self, rows: Mapping[str, Row]) -> list[str]:
        """The keys of the rows that fit, in their order."""
        return [key for key, row in rows.items() if self.search.fits(row)]

    @property
    def filtering(self) -> bool:
        """Whether a filter is used now."""
        return self.search != Search()

    def tell(self, shown: int, whole: int, what: str) -> None:
        """Say how many rows show, unless the filter is refused. what : of what, in the plural."""
        if self.query_one("#filter").has_class("-invalid"):
            return
        many = f"{count(shown)} of {count(whole)}" if self.filtering else count(whole)
        self._say(f"{many} {what}")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow while it is typed."""
        field, told = self.query_one("#filter", Input), self.query_one("#told", Text)
        try:
            self.search = parse_search(event.value, self.FIELDS)
        except InputError as error:
            field.add_class("-invalid")
            told.add_class("-bad")
            self._say(error.sentence())
            return
        field.remove_class("-invalid")
        told.remove_class("-bad")
        told.display = False
        self.narrow(stay=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the list."""
        self.list_to_focus().focus()

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one("#filter", Input).focus()

    def key_escape(self) -> None:
        """Leave the filter; in a list clear it."""
        if self.focused is not None and self.focused.id == "filter":
            self.list_to_focus().focus()
        elif isinstance(self.focused, VirtualTable):
            self.clear_filter()

    def clear_filter(self) -> None:
        """Show every row again."""
        if self.ready:
            self.query_one("#filter", Input).value = ""

    def _say(self, text: str) -> None:
        told = self.query_one("#told", Text)
        told.update(Content(text))
        told.display = True
