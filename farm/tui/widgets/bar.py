"""The top line: the farm, the tabs, its pulse; and beneath it the banner of a lost ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from farm.tui.tabs import TABS

if TYPE_CHECKING:
    from farm.ledger.views_console import Pulse

_SILENT_S = 15.0


class Bar(Vertical):
    """Tabs to click, the farm's pulse, and a banner while the ledger is away."""

    def __init__(self, current: str) -> None:
        super().__init__()
        self.current = current

    def compose(self) -> ComposeResult:
        """One line, and a banner that is there only when needed."""
        yield Static(id="tabs")
        yield Static(id="banner")

    def on_mount(self) -> None:
        """Show the tabs at once."""
        self.told(None, None)

    def told(self, pulse: Pulse | None, lost: str | None) -> None:
        """Show the farm's pulse, or why there is none."""
        parts: list[Content] = [Content.from_markup("[b $accent]farm[/] ")]
        for tab in TABS:
            style = "b reverse $primary" if tab.name == self.current else "$text-muted"
            parts.append(
                Content.from_markup(
                    f"[{style}][@click=app.tab('{tab.name}')] {tab.key} {tab.name} [/][/]"
                )
            )
        parts.append(Content("  "))
        parts.append(self._pulse(pulse, lost))
        self.query_one("#tabs", Static).update(Content("").join(parts))
        banner = self.query_one("#banner", Static)
        text = lost or _trouble(pulse)
        banner.display = bool(text)
        banner.set_class(bool(lost), "-lost")
        banner.update(Content(f" {text}"))

    def _pulse(self, pulse: Pulse | None, lost: str | None) -> Content:
        if lost:
            return Content.from_markup("[$state-bad]✗ no ledger[/]")
        if pulse is None:
            return Content("")
        if not pulse.daemon:
            return Content.from_markup("[$state-bad]✗ no daemon[/]")
        if pulse.daemon_silent_s is not None and pulse.daemon_silent_s > _SILENT_S:
            return Content.from_markup(
                "[$state-warn]? daemon silent $since s[/]", since=f"{pulse.daemon_silent_s:.0f}"
            )
        if pulse.paused:
            return Content.from_markup("[$state-warn]‖ paused[/]")
        return Content.from_markup("[$state-good]● up[/]")


def _trouble(pulse: Pulse | None) -> str:
    """What keeps the whole farm from its work, with the mend, a line each; empty: nothing does."""
    if pulse is None:
        return ""
    if not pulse.daemon:
        return "No daemon is active: nothing is handed out. Start the farm with `farm up`."
    told = []
    if pulse.disk_full:
        told.append(f"The disk is full: {pulse.disk_full}. Free some room, or run `farm gc`.")
    if pulse.paused:
        told.append(f"The farm is paused: {pulse.paused}. On the queue (4), F lets it go on.")
    return "\n ".join(told)
