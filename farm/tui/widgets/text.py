"""Text on a screen.

Invariant: a text that says what it said is not drawn again, however often it is told.
"""

from __future__ import annotations

from textual.content import Content
from textual.visual import VisualType
from textual.widgets import Static


class Text(Static):
    """A :class:`Static` that compares before it draws.

    fixed : its place does not depend on what it says, so the screen is not laid out anew.
    """

    def __init__(
        self,
        content: VisualType = "",
        *,
        id: str | None = None,
        classes: str | None = None,
        fixed: bool = False,
    ) -> None:
        super().__init__(content, id=id, classes=classes)
        self._fixed = fixed

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show a text; the same text again costs nothing."""
        shown = self.content
        if isinstance(content, Content) and isinstance(shown, Content):
            same = shown.is_same(content)
        else:
            same = isinstance(content, str) and isinstance(shown, str) and shown == content
        if not same:
            super().update(content, layout=layout and not self._fixed)
