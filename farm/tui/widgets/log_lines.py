"""Log lines: follow, search, levels, jump to the error. Draws only what is on the screen.

Invariant: while it follows, the last line shows; scrolling up stops it and the end key starts it anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

_LEVELS = ("debug", "info", "warning", "error")
_ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL|Traceback|[A-Z]\w*(Error|Exception)\b)")
_WARNING = re.compile(r"\bWARN(ING)?\b", re.IGNORECASE)
_DEBUG = re.compile(r"\bDEBUG\b")
_MOST = 50_000


def level_of(line: str) -> int:
    """0 debug, 1 info, 2 warning, 3 error; told by the words in the line."""
    if _ERROR.search(line):
        return 3
    if _WARNING.search(line):
        return 2
    return 0 if _DEBUG.search(line) else 1


class LogLines(ScrollView, can_focus=True):
    """Lines with a level each."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(-1)", "Up", show=False, id="log.up", tooltip="One line up"),
        Binding("down,j", "go(1)", "Down", show=False, id="log.down", tooltip="One line down"),
        Binding("pageup", "go(-20)", "Page up", show=False, id="log.page-up", tooltip="A page up"),
        Binding("pagedown", "go(20)", "Page down", show=False, id="log.page-down",
                tooltip="A page down"),
        Binding("home,g", "first", "First", show=False, id="log.first", tooltip="The first line"),
        Binding("end,G", "follow", "Follow", id="log.follow", tooltip="The end; follow what comes"),
        Binding("e", "error", "Next error", id="log.error", tooltip="The next line with an error"),
        Binding("v", "level", "Level", id="log.level", tooltip="Show only graver lines"),
        Binding("n", "match(1)", "Next match", show=False, id="log.next",
                tooltip="The next line that matches the search"),
        Binding("N", "match(-1)", "Match before", show=False, id="log.before",
                tooltip="The line before that matches the search"),
    ]  # fmt: skip

    def __init__(self, *, id: str, empty: str) -> None:
        super().__init__(id=id)
        self.empty = empty
        self.following = True
        self.least = 0
        self._lines: list[tuple[int, str]] = []
        self._shown: list[tuple[int, str]] = []
        self._find = ""
        self._at = -1

    @property
    def lines(self) -> list[str]:
        """The lines that are shown."""
        return [text for _, text in self._shown]

    def clear(self) -> None:
        """Forget everything."""
        self._lines, self._shown, self._at = [], [], -1
        self._measure()

    def add(self, lines: Iterable[str]) -> None:
        """Lines that came."""
        new = [(level_of(line), line.expandtabs(4)) for line in lines]
        if not new:
            return
        self._lines.extend(new)
        del self._lines[:-_MOST]
        self._shown.extend(entry for entry in new if entry[0] >= self.least)
        del self._shown[:-_MOST]
        self._measure()

    def find(self, text: str) -> None:
        """Mark what matches, and go to the first match from here."""
        self._find = text.lower()
        self._at -= 1
        if text:
            self.action_match(1)
        self.refresh()

    def action_go(self, by: int) -> None:
        """Scroll."""
        self.scroll_to(y=max(0, self.scroll_offset.y + by), animate=False)
        self.following = self.scroll_offset.y + by >= self.max_scroll_y

    def action_first(self) -> None:
        """The first line."""
        self.following = False
        self.scroll_to(y=0, animate=False)

    def action_follow(self) -> None:
        """The last line, and what comes."""
        self.following = True
        self.scroll_end(animate=False)

    def action_level(self) -> None:
        """Only graver lines; after the gravest all again."""
        self.least = (self.least + 1) % len(_LEVELS)
        self._shown = [entry for entry in self._lines if entry[0] >= self.least]
        self._at = -1
        self.border_subtitle = "" if not self.least else f"{_LEVELS[self.least]} and graver"
        self._measure()

    def action_error(self) -> None:
        """The next line with an error."""
        self._seek(lambda level, _text: level == 3, 1)

    def action_match(self, by: int) -> None:
        """The next line that matches."""
        if self._find:
            self._seek(lambda _level, text: self._find in text.lower(), by)

    def render_line(self, y: int) -> Strip:
        """One line."""
        row = self.scroll_offset.y + y
        width = self.size.width
        if row >= len(self._shown):
            text = f" {self.empty}" if row == 0 and not self._shown else ""
            return Strip([Segment(set_cell_size(text, width))], width)
        level, text = self._shown[row]
        colours = self.app.theme_variables
        name = ("secondary", "", "state-warn", "state-bad")[level]
        style = Style(color=colours[name] if name else None, reverse=row == self._at)
        left = int(self.scroll_offset.x)
        strip = Strip([Segment(text, style)])
        if self._find and self._find in text.lower():
            at = text.lower().index(self._find)
            end = at + len(self._find)
            found = style + Style(bgcolor=colours["accent"], color=colours["background"])
            strip = Strip(
                [
                    Segment(text[:at], style),
                    Segment(text[at:end], found),
                    Segment(text[end:], style),
                ]
            )
        return strip.crop(left, left + width).adjust_cell_length(width)

    def _seek(self, fits: object, by: int) -> None:
        assert callable(fits)
        count = len(self._shown)
        for step in range(1, count + 1):
            at = (self._at + by * step) % count
            if fits(*self._shown[at]):
                self._at = at
                self.following = False
                self.scroll_to(y=max(0, at - self.size.height // 2), animate=False)
                self.refresh()
                return

    def _measure(self) -> None:
        longest = max((len(text) for _, text in self._shown[-2000:]), default=0)
        self.virtual_size = Size(max(longest, 1), len(self._shown))
        self.refresh()
        if self.following:
            self.call_after_refresh(self.scroll_end, animate=False)
