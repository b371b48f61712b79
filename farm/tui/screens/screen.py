"""What every screen of the console is made of: bar, banner, body, footer; reading and ordering.

Invariant: a handler never waits. Reads and orders run in threads and come back as messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import work
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Footer
from textual.worker import get_current_worker

from farm.domain.errors import FarmError
from farm.tui.acts import Acts, Told
from farm.tui.dialogs import Ask, Confirm
from farm.tui.messages import LedgerLost, Loaded, Refused
from farm.tui.source import Delta, Outage
from farm.tui.widgets.bar import Bar

if TYPE_CHECKING:
    from farm.ledger.database import Database
    from farm.tui.app import FarmConsole

T = TypeVar("T")


class FarmScreen(Screen[None]):
    """A screen with the console's frame. See the package's docstring for how to write one."""

    WRITES: ClassVar[frozenset[str]] = frozenset()
    """Names of actions that change the farm; read-only mode turns them off."""
    TAB: ClassVar[str] = ""
    """Name of its tab; empty for one that is opened from another."""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    AUTO_FOCUS = ""

    @property
    def console_app(self) -> FarmConsole:
        """The console, typed."""
        return cast("FarmConsole", self.app)

    def compose(self) -> ComposeResult:
        """The frame around :meth:`body`."""
        yield Bar(self.TAB)
        with Container(id="body"):
            yield from self.body()
        yield Footer(show_command_palette=False)

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    def opened(self) -> None:
        """Called each time the screen is shown; a screen asks for its data here."""

    def changed(self, delta: Delta) -> None:
        """Called about once a second while the screen shows."""

    def loaded(self, key: str, value: Any) -> None:
        """Called with what a query of :meth:`load` found."""

    def load(self, key: str, query: Callable[[Database], T]) -> None:
        """Run a query in a thread; an unfinished one of the same key is forgotten."""
        self._read(key, query)

    def order(self, act: Callable[[Acts], Sequence[Told]]) -> None:
        """Give an order in a thread; toasts, undo and a fresh look follow."""
        self.console_app.order(act)

    def confirm(self, question: str, act: Callable[[Acts], Sequence[Told]]) -> None:
        """Ask before an order that destroys something."""

        def answered(yes: bool | None) -> None:
            if yes:
                self.order(act)

        self.app.push_screen(Confirm(question), answered)

    def ask(
        self, question: str, then: Callable[[str], None], *, value: str = "", kind: str = "text"
    ) -> None:
        """Ask for a line of text (``kind``: ``text`` or ``integer``); nothing happens on Escape."""

        def answered(text: str | None) -> None:
            if text is not None:
                then(text)

        self.app.push_screen(Ask(question, value=value, kind=kind), answered)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Actions that write are shown greyed, and do nothing, in read-only mode."""
        if action in self.WRITES and self.console_app.read_only:
            return None
        return super().check_action(action, parameters)

    def on_loaded(self, message: Loaded) -> None:
        """Hand a result to the screen."""
        self.loaded(message.key, message.value)

    def on_mount(self) -> None:
        """Shown for the first time."""
        self.ready = True
        self._show()

    def on_screen_resume(self) -> None:
        """Shown again; the first time this comes beside :meth:`on_mount`, before it or after."""
        if self.ready and not self._showing:
            self._show()

    def on_screen_suspend(self) -> None:
        """Another screen is in front."""
        self._showing = False

    def _show(self) -> None:
        self._showing = self.is_current
        self.query_one(Bar).told(self.console_app.pulse, self.console_app.lost)
        self.opened()

    @work(thread=True, exit_on_error=False)
    def _read(self, key: str, query: Callable[[Database], Any]) -> None:
        worker = get_current_worker()
        ticket = self._ticket(key)
        try:
            value = self.console_app.source.read(query)
        except Outage as error:
            self.app.post_message(LedgerLost(error.sentence()))
            return
        except FarmError as error:
            self.app.post_message(Refused(error.sentence()))
            return
        if not worker.is_cancelled and self._tickets.get(key) == ticket:
            self.post_message(Loaded(key, value))

    def _ticket(self, key: str) -> int:
        # Set from the threads themselves: the one that began last wins.
        self._tickets[key] = self._tickets.get(key, 0) + 1
        return self._tickets[key]

    def __init__(self) -> None:
        super().__init__()
        self._tickets: dict[str, int] = {}
        self._showing = False
        self.ready = False
        """Whether its widgets are there; the ledger may be looked at before that."""
