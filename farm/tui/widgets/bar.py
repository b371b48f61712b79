"""The top line: the farm, the tabs, its pulse; and beneath it the banner of a lost ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from farm.tui.tabs import TABS
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from farm.ledger.views_pulse import Pulse

_SILENT_S = 15.0


class Bar(Vertical):
    """Tabs to click, the farm's pulse, and a banner while the ledger is away."""

    def __init__(self, current: str) -> None:
        super().__init__()
        self.current = current
        self._said: tuple[str, str, str] | None = None

    def compose(self) -> ComposeResult:
        """One line, and a banner that is there only when needed."""
        yield Text(id="tabs", fixed=True)
        yield Text(id="banner")

    def on_mount(self) -> None:
        """Show the tabs at once."""
        self.told(None, None)

    def told(self, pulse: Pulse | None, lost: str | None) -> None:
        """Show the farm's pulse, or why there is none."""
        sign, style = sign_of(pulse, lost)
        text = lost or _trouble(pulse)
        said = (sign, text, lost or "")
        if said == self._said:
            return
        self._said = said
        parts: list[Content] = [Content.from_markup("[b $accent]farm[/] ")]
        for tab in TABS:
            look = "b reverse $primary" if tab.name == self.current else "$text-muted"
            parts.append(
                Content.from_markup(
                    f"[{look}][@click=app.tab('{tab.name}')] {tab.key} {tab.name} [/][/]"
                )
            )
        parts.append(Content("  "))
        parts.append(Content.styled(sign, style))
        self.query_one("#tabs", Text).update(Content("").join(parts))
        banner = self.query_one("#banner", Text)
        banner.display = bool(text)
        banner.set_class(bool(lost), "-lost")
        banner.update(Content(f" {text}"))


def sign_of(pulse: Pulse | None, lost: str | None) -> tuple[str, str]:
    """How the farm is, in two words, with their style."""
    if lost:
        return "✗ no ledger", "$state-bad"
    if pulse is None:
        return "", ""
    if not pulse.daemon:
        return "✗ no daemon", "$state-bad"
    if pulse.daemon_silent_s is not None and pulse.daemon_silent_s > _SILENT_S:
        return f"? daemon silent {pulse.daemon_silent_s:.0f} s", "$state-warn"
    if pulse.paused:
        return "‖ paused", "$state-warn"
    return "● up", "$state-good"


def _trouble(pulse: Pulse | None) -> str:
    """What keeps the whole farm from its work, with the mend, a line each; empty: nothing does."""
    if pulse is None:
        return ""
    if not pulse.daemon:
        return "No daemon is active: nothing is handed out. Start the farm with `farm up`."
    told = []
    if pulse.disk_full:
        told.append(f"Nothing new begins: {pulse.disk_full}.")
    if pulse.paused:
        told.append(f"The farm is paused: {pulse.paused}. On the queue (4), F lets it go on.")
    return "\n ".join(told)
