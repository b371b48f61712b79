"""The console: tabs, themes, keys, orders with undo, and one look at the ledger each second.

Invariant: the UI's thread never waits for the ledger; while the ledger is away the console says so in
a banner, keeps what it last showed, and comes back by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.screen import Screen

from farm.domain.errors import FarmError
from farm.tui.acts import Acts, Told
from farm.tui.desk import Desk
from farm.tui.dialogs import Help
from farm.tui.keys import clashes, help_lines
from farm.tui.messages import LedgerLost, Ordered, Refused, Ticked
from farm.tui.screens.screen import FarmScreen
from farm.tui.source import Outage, Source
from farm.tui.tabs import TABS
from farm.tui.themes import NAMES, THEMES
from farm.tui.widgets.bar import Bar

if TYPE_CHECKING:
    from farm.ledger.views_pulse import Pulse

_UNDOS = 50
_TOASTS = 3
Undo = Callable[[], Sequence[Told]]


class FarmConsole(App[None]):
    """The application. poll_s : seconds between looks at the ledger."""

    CSS_PATH = "farm.tcss"
    TITLE = "farm"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                tab.key, f"tab('{tab.name}')", tab.name.capitalize(), show=False,
                id=f"tab.{tab.name}", tooltip=tab.about,
            )
            for tab in TABS
        ),
        Binding("question_mark", "help", "Help", id="app.help", tooltip="Keys that work here"),
        Binding("u", "undo", "Undo", id="app.undo", tooltip="Take the last priority or hold back",
                show=False),
        Binding("ctrl+p", "command_palette", "Palette", id="app.palette",
                tooltip="Search for a command", show=False, priority=True),
        Binding("ctrl+t", "next_theme", "Theme", id="app.theme", tooltip="The next theme",
                show=False),
        Binding("ctrl+r", "reload", "Reload", id="app.reload", tooltip="Look at the ledger now",
                show=False),
        Binding("q", "leave", "Back", id="app.back", tooltip="Back, or leave from a tab"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Leave the console", show=False,
                priority=True),
    ]  # fmt: skip

    def __init__(
        self,
        source: Source,
        acts: Acts,
        *,
        theme: str = NAMES[0],
        keys: Mapping[str, str] | None = None,
        read_only: bool = False,
        editor: str = "vi",
        poll_s: float = 1.0,
        first: str = "overview",
    ) -> None:
        super().__init__()
        self.source = source
        self.acts = acts
        self.desk = Desk(source.settings)
        self.read_only = read_only
        self.pulse: Pulse | None = None
        self.lost: str | None = None
        self.editor = editor
        self._poll_s = poll_s
        self._first = first
        self._looking = False
        self._undos: list[Undo] = []
        self._clashes: set[str] = set()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        for tab in TABS:
            self.add_mode(tab.name, tab.make())
        if keys:
            self.set_keymap(keys)

    def on_mount(self) -> None:
        """Show the first tab and look at the ledger."""
        self.switch_mode(self._first)
        self.set_interval(self._poll_s, self.look)
        self.look()

    def on_unmount(self) -> None:
        """Give the connections back."""
        self.source.close()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every tab, every binding that works now, every theme."""
        for tab in TABS:
            yield SystemCommand(
                f"Go to {tab.name}", tab.about, lambda name=tab.name: self.action_tab(name)
            )
        # An action with two keys is active twice.
        active = {active.binding.id: active for active in screen.active_bindings.values()}
        for node, binding, enabled, _ in active.values():
            if enabled and binding.id and not binding.id.startswith("tab."):
                yield SystemCommand(
                    binding.description, f"{binding.tooltip} ({binding.id})",
                    lambda action=binding.action, at=node: self.run_worker(
                        self.run_action(action, at)
                    ),
                )  # fmt: skip
        for name in NAMES:
            yield SystemCommand(
                f"Theme {name}", "Colours of the console", lambda to=name: self._wear(to)
            )

    def action_tab(self, name: str) -> None:
        """Show a tab."""
        self.switch_mode(name)

    def action_leave(self) -> None:
        """Close the front screen; from a tab leave the console."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit()

    def action_help(self) -> None:
        """The keys that work here."""
        about = getattr(self.screen, "HELP", "")
        self.push_screen(Help("Keys", help_lines(self, self.screen), about))

    def action_next_theme(self) -> None:
        """The next theme."""
        at = NAMES.index(self.theme) if self.theme in NAMES else -1
        self._wear(NAMES[(at + 1) % len(NAMES)])

    def action_reload(self) -> None:
        """Look at the ledger now, and load the screen anew."""
        self.look()
        if isinstance(self.screen, FarmScreen):
            self.screen.opened()

    def action_undo(self) -> None:
        """Take the last priority or hold back."""
        if not self._undos:
            self.notify("There is nothing to take back.", severity="warning")
            return
        undo = self._undos.pop()
        self.order(lambda _acts: undo(), remember=False)

    def action_jobs(self, text: str) -> None:
        """Show the jobs that a filter chooses."""
        from farm.tui.screens.jobs import JobsScreen

        self.switch_mode("jobs")
        if isinstance(self.screen, JobsScreen):
            self.screen.filter_by(text)

    def action_node(self, name: str) -> None:
        """Show the nodes with the cursor on one."""
        from farm.tui.screens.nodes import NodesScreen

        self.switch_mode("nodes")
        if isinstance(self.screen, NodesScreen):
            self.screen.show_node(name)

    def action_door(self, origin: str) -> None:
        """Show the intake with the cursor on one drop folder."""
        from farm.tui.screens.intake import IntakeScreen

        self.switch_mode("intake")
        if isinstance(self.screen, IntakeScreen):
            self.screen.show_door(origin)

    def action_job(self, job_id: str) -> None:
        """Open one job."""
        from farm.tui.screens.job import JobScreen

        self.push_screen(JobScreen(job_id))

    def order(self, act: Callable[[Acts], Sequence[Told]], *, remember: bool = True) -> None:
        """Give an order in a thread, unless the console is read-only."""
        if self.read_only:
            self.notify("This console is read-only.", severity="warning")
            return
        self._order(act, remember)

    def look(self) -> None:
        """Look at the ledger in a thread; never twice at once."""
        if not self._looking:
            self._looking = True
            self._look()

    def on_ticked(self, message: Ticked) -> None:
        """Hand what changed to the screen that shows."""
        was_lost, self.lost = self.lost, None
        self.pulse = message.delta.pulse
        if was_lost:
            self.notify("The ledger is back.")
        for screen in self.screen_stack:
            if isinstance(screen, FarmScreen) and screen.ready:
                # While the console closes, its widgets go one by one.
                with suppress(NoMatches):
                    screen.query_one(Bar).told(message.delta.pulse, None)
                    screen.changed(message.delta)

    def on_ledger_lost(self, message: LedgerLost) -> None:
        """Say so above every screen; what was shown stays."""
        self.lost = message.sentence
        for screen in self.screen_stack:
            if isinstance(screen, FarmScreen) and screen.ready:
                with suppress(NoMatches):
                    screen.query_one(Bar).told(None, message.sentence)

    def on_refused(self, message: Refused) -> None:
        """A toast with the mend."""
        self.notify(message.sentence, severity="error", timeout=10, markup=False)

    def on_ordered(self, message: Ordered) -> None:
        """Toasts for what was done and refused."""
        done = [told for told in message.results if told.ok]
        refused = [told for told in message.results if not told.ok]
        if done:
            text = done[0].text if len(done) == 1 else f"{len(done)} orders done: {done[0].text}, …"
            takes_back = " · u takes it back" if any(told.undo for told in done) else ""
            self.notify(text + takes_back, markup=False)
        for told in refused[:_TOASTS]:
            self.notify(told.text, severity="error", timeout=10, markup=False)
        if len(refused) > _TOASTS:
            self.notify(f"{len(refused) - _TOASTS} more were refused.", severity="error")
        self.look()

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say once that a remapping gave one key to two actions."""
        text = clashes(clashed_bindings)
        if text not in self._clashes:
            self._clashes.add(text)
            self.notify(text, severity="warning", markup=False)

    def _wear(self, theme: str) -> None:
        self.theme = theme

    @work(thread=True, exit_on_error=False)
    def _look(self) -> None:
        try:
            self.post_message(Ticked(self.source.delta()))
        except Outage as error:
            self.post_message(LedgerLost(error.sentence()))
        finally:
            self._looking = False

    @work(thread=True, exit_on_error=False)
    def _order(self, act: Callable[[Acts], Sequence[Told]], remember: bool) -> None:
        try:
            results = act(self.acts)
        except Outage as error:
            self.post_message(LedgerLost(error.sentence()))
            return
        except FarmError as error:
            self.post_message(Refused(error.sentence()))
            return
        undos = [told.undo for told in results if told.ok and told.undo is not None]
        if remember and undos:
            self._undos.append(lambda: [told for undo in undos for told in undo()])
            del self._undos[:-_UNDOS]
        self.post_message(Ordered(results))
