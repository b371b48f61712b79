"""Small windows in front of a screen: confirm, ask for a line, choose from a list, help.

Invariant: Escape always closes one without doing anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from farm.tui.keys import HelpLine


class Confirm(ModalScreen[bool]):
    """Asks before something is destroyed; "No" has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes", tooltip="Do it"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no", tooltip="Leave it as it is"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        with Vertical(classes="dialog"):
            yield Label(Content(self.question), classes="question")
            with Horizontal(classes="answers"):
                yield Button("No (n)", id="no")
                yield Button("Yes (y)", id="yes", variant="error")

    def on_mount(self) -> None:
        """Enter alone never destroys."""
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer with a button."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer with a key."""
        self.dismiss(yes)


class Ask(ModalScreen[str | None]):
    """Asks for one line. kind : ``text`` or ``integer``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="ask.cancel", tooltip="Change nothing"),
    ]

    def __init__(self, question: str, *, value: str = "", kind: str = "text") -> None:
        super().__init__()
        self.question, self.value, self.kind = question, value, kind

    def compose(self) -> ComposeResult:
        """The question and a field."""
        with Vertical(classes="dialog"):
            yield Label(Content(self.question), classes="question")
            if self.kind == "integer":
                yield Input(self.value, type="integer")
            else:
                yield Input(self.value)
            yield Label("Enter: do it · Escape: leave it", classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        if event.validation_result is None or event.validation_result.is_valid:
            self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


_MANY = 12
"""From this many options on a list has a filter."""


class Choose(ModalScreen[str | None]):
    """One of several, with a filter where they are many. options : (value, what it says)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="choose.cancel", tooltip="Choose nothing"),
        Binding("slash", "filter", "Filter", id="choose.filter",
                tooltip="Type what the option must have; Enter goes to the list"),
    ]  # fmt: skip

    def __init__(self, question: str, options: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.question, self.options = question, options

    def compose(self) -> ComposeResult:
        """The question and the list."""
        with Vertical(classes="dialog"):
            yield Label(Content(self.question), classes="question")
            if len(self.options) >= _MANY:
                yield Input(placeholder="/ filter   words", id="filter", classes="filter")
            yield OptionList(*(Option(Content(text), id=value) for value, text in self.options))

    def on_mount(self) -> None:
        """The list has the keyboard until a filter is asked for."""
        self.query_one(OptionList).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow while it is typed."""
        words = event.value.casefold().split()
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(
            Option(Content(text), id=value)
            for value, text in self.options
            if all(word in f"{value} {text}".casefold() for word in words)
        )
        found.highlighted = 0 if found.option_count else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """To the list."""
        self.query_one(OptionList).focus()

    def action_filter(self) -> None:
        """Type a filter, where there is one."""
        for field in self.query(Input):
            field.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss(event.option_id)

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class Tick(ModalScreen[list[str] | None]):
    """Some of several. options : (value, what it says, whether it is ticked)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="tick.cancel", tooltip="Change nothing"),
        Binding("enter", "take", "Done", id="tick.done", tooltip="Use these", priority=True),
    ]

    def __init__(self, question: str, options: Sequence[tuple[str, str, bool]]) -> None:
        super().__init__()
        self.question, self.options = question, options

    def compose(self) -> ComposeResult:
        """The question and the list."""
        with Vertical(classes="dialog"):
            yield Label(Content(self.question), classes="question")
            yield SelectionList[str](
                *(Selection(Content(text), value, on) for value, text, on in self.options)
            )
            yield Label("Space: tick · Enter: use · Escape: leave", classes="hint")

    def action_take(self) -> None:
        """Answer with what is ticked, in the order of the options."""
        ticked = set(self.query_one(SelectionList).selected)
        self.dismiss([value for value, _, _ in self.options if value in ticked])

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class Help(ModalScreen[None]):
    """The keys that work now, made from the bindings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,question_mark,q", "leave", "Close", id="help.close", tooltip="Close the help"
        )
    ]

    def __init__(self, title: str, lines: Sequence[HelpLine], about: str = "") -> None:
        super().__init__()
        self.heading, self.lines, self.about = title, lines, about

    def compose(self) -> ComposeResult:
        """Sections of keys and what they do."""
        parts: list[Content | tuple[str, str]] = []
        section = ""
        width = max((len(line.keys) for line in self.lines), default=0)
        for line in self.lines:
            if line.section != section:
                section = line.section
                parts.append((f"\n{section}\n", "bold $accent"))
            parts.append((f"  {line.keys:<{width}}  ", "bold $primary"))
            parts.append((f"{line.text}", ""))
            parts.append((f"  {line.id}\n", "$text-muted"))
        with Vertical(classes="dialog tall"):
            yield Label(Content(self.heading), classes="question")
            with VerticalScroll():
                if self.about:
                    yield Static(Content(self.about))
                yield Static(Content.assemble(*parts))
            yield Label(
                Content("Remap a key by its id under [keys] in console.toml"), classes="hint"
            )

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)
