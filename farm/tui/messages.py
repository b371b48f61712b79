"""Every message that crosses from one widget to another, or from a thread to the screen.

Invariant: a thread never touches a widget; it posts one of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from farm.tui.acts import Told
    from farm.tui.source import Delta

Key = int | str


@dataclass
class Loaded(Message):
    """A screen's query came back. ``key``: the name it was asked under."""

    key: str
    value: Any


@dataclass
class Ticked(Message):
    """What changed in the ledger since the last time it was looked at."""

    delta: Delta


@dataclass
class LedgerLost(Message):
    """The ledger cannot be read now; ``sentence`` says why and what mends it."""

    sentence: str


@dataclass
class Refused(Message):
    """A query or an order was refused; ``sentence`` says why and what mends it."""

    sentence: str


@dataclass
class Ordered(Message):
    """An order was carried out, wholly or in part."""

    results: Sequence[Told]


@dataclass
class RowsWanted(Message):
    """A virtual table shows keys whose rows it has not been given yet."""

    table: Widget
    keys: Sequence[Key]

    @property
    def control(self) -> Widget:
        """The table."""
        return self.table


@dataclass
class RowHighlighted(Message):
    """The cursor of a virtual table moved to a row."""

    table: Widget
    key: Key | None

    @property
    def control(self) -> Widget:
        """The table."""
        return self.table


@dataclass
class RowOpened(Message):
    """A row was opened with Enter or a double click."""

    table: Widget
    key: Key

    @property
    def control(self) -> Widget:
        """The table."""
        return self.table


@dataclass
class SortAsked(Message):
    """The heading of a column was clicked."""

    table: Widget
    column: str

    @property
    def control(self) -> Widget:
        """The table."""
        return self.table


@dataclass
class WindowHighlighted(Message):
    """A cell of the window grid was pointed at; ``task_id`` names its task."""

    task_id: str


@dataclass
class WindowOpened(Message):
    """A cell of the window grid was opened."""

    task_id: str


@dataclass
class StageOpened(Message):
    """A stage of the graph was clicked."""

    stage: str
