"""Submitting a new job from a form that a pipeline's own description makes.

Invariant: while it is typed, each value is checked by the planner's functions, and a form that is
complete by the same check as ``farm validate``; nothing is submitted before that check has passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, DirectoryTree, Input, Label, Select

from farm.tui.desk import Desk
from farm.tui.forms import SEPARATOR, Entered, Field, enter, fields_of
from farm.tui.screens.screen import FarmScreen
from farm.tui.widgets.text import Text

if TYPE_CHECKING:
    from textual.widget import Widget

    from farm.pipelines import Pipeline

_PAUSE_S = 0.3


class SubmitScreen(FarmScreen):
    """Opened from the intake. pipeline : what is submitted."""

    HELP = "Tab goes to the next field; an empty field keeps what stands in it in grey."
    WRITES = frozenset({"submit"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Submit", id="submit.go", priority=True,
                tooltip="Submit the form as a new job"),
        Binding("ctrl+o", "pick", "Pick a file", id="submit.pick", priority=True,
                tooltip="Choose the file for the field with the cursor"),
        Binding("escape", "app.leave", "Leave", id="submit.leave",
                tooltip="Leave the form; nothing is submitted"),
    ]  # fmt: skip

    def __init__(self, desk: Desk, pipeline: Pipeline) -> None:
        super().__init__()
        self._desk = desk
        self.pipeline = pipeline
        self._fields = {_id(field.key): field for field in fields_of(pipeline)}
        self._entered = enter(pipeline, {})
        self._problems: list[dict[str, str]] | None = None
        self._checking: dict[str, Any] | None = None
        self._timer: Timer | None = None
        self._told: dict[str, str] = {}

    def body(self) -> ComposeResult:
        """One row for each field; what the check says below."""
        yield Text(
            Content.assemble(
                (f"New job: {self.pipeline.ref}", "b"), f"  {self.pipeline.title}"
            ),
            id="title",
        )  # fmt: skip
        with VerticalScroll(id="form", can_focus=False):
            for id, field in self._fields.items():
                with Horizontal(classes="row"):
                    mark = " *" if field.needed else ""
                    yield Label(Content(f"{field.label}{mark}"), classes="label")
                    yield _widget(id, field)
                    if field.kind == "file":
                        yield Button(
                            "…",
                            id=f"pick-{id}",
                            classes="pick",
                            tooltip="Pick a file",
                            compact=True,
                        )
                yield Text(Content(field.hint), id=f"hint-{id}", classes="hint")
        with Horizontal(id="foot"):
            yield Text(id="verdict")
            yield Button("Submit", id="submit", variant="primary", disabled=True, compact=True)

    def opened(self) -> None:
        """The cursor goes to the first field."""
        if self.focused is None:
            self.query("#form Input, #form Select").first().focus()
        self._check()

    def loaded(self, key: str, value: Any) -> None:
        """What the planner says to the complete form; asked again if it changed meanwhile."""
        checked, self._checking = self._checking, None
        if checked == self._entered.fields:
            self._problems = value
            self._tell()
        elif self._entered.complete:
            self._ask()

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self, event: Input.Changed | Select.Changed) -> None:
        self._check()

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        self.focus_next()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Submit, or pick the file of a row."""
        id = event.button.id or ""
        if id == "submit":
            self.action_submit()
        else:
            self._pick(id.removeprefix("pick-"))

    def action_pick(self) -> None:
        """Pick a file for the field with the cursor."""
        self._pick(self.focused.id or "" if self.focused is not None else "")

    def action_submit(self) -> None:
        """Submit what was checked."""
        if self._problems is None or self._problems:
            self.notify("The form is not complete yet.", severity="warning")
            return
        desk, fields = self._desk, dict(self._entered.fields)
        self.order(lambda acts: acts.place(desk, fields))
        self.console_app.pop_screen()

    def _pick(self, id: str) -> None:
        field = self._fields.get(id)
        if field is None or field.kind != "file":
            self.notify("This field takes no file.", severity="warning")
            return
        entry = self.query_one(f"#{id}", Input)
        last = entry.value.split(SEPARATOR)[-1].strip()
        start = Path(last).expanduser().parent if last else Path.cwd()

        def picked(path: Path | None) -> None:
            if path is not None:
                before = entry.value.strip()
                adds = field.many and before
                entry.value = f"{before}{SEPARATOR} {path}" if adds else str(path)
                entry.focus()

        self.app.push_screen(PickFile(start if start.is_dir() else Path.cwd()), picked)

    def _check(self) -> None:
        """Look at every value, and ask the planner soon when they are complete."""
        self._entered = enter(self.pipeline, self._values())
        self._problems = None
        if self._timer is not None:
            self._timer.stop()
        if self._entered.complete:
            self._timer = self.set_timer(_PAUSE_S, self._ask)
        self._tell()

    def _ask(self) -> None:
        if self._checking is None and self._entered.complete:
            desk, fields = self._desk, self._entered.fields
            self._checking = fields
            self.load("problems", lambda database: desk.validate(database, fields))

    def _values(self) -> dict[str, str]:
        values = {}
        for id, field in self._fields.items():
            widget = self.query_one(f"#{id}")
            if isinstance(widget, Input):
                values[field.key] = widget.value
            elif isinstance(widget, Select) and widget.value is not Select.NULL:
                values[field.key] = str(widget.value)
        return values

    def _tell(self) -> None:
        for id, field in self._fields.items():
            wrong = self._entered.wrong.get(field.key)
            if self._told.get(id, "") == (wrong or ""):
                continue
            self._told[id] = wrong or ""
            hint = self.query_one(f"#hint-{id}", Text)
            self.query_one(f"#{id}").set_class(wrong is not None, "-invalid")
            hint.set_class(wrong is not None, "-bad")
            hint.update(Content(wrong or field.hint))
        verdict, ready = _verdict(self._entered, self._problems)
        self.query_one("#verdict", Text).update(verdict)
        self.query_one("#submit", Button).disabled = not ready or self.console_app.read_only


class PickFile(ModalScreen[Path | None]):
    """A file of this machine. start : the folder it begins with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="pick.cancel", tooltip="Pick nothing"),
        Binding("backspace", "up", "Up", id="pick.up", tooltip="To the folder above"),
    ]

    def __init__(self, start: Path) -> None:
        super().__init__()
        self.start = start.absolute()

    def compose(self) -> ComposeResult:
        """The folder as a tree."""
        with VerticalScroll(classes="dialog tall", can_focus=False):
            yield Label(Content("Pick a file"), classes="question")
            yield Files(self.start)
            yield Label("Enter: pick, or open a folder · Backspace: up · Escape: leave",
                        classes="hint")  # fmt: skip

    def on_mount(self) -> None:
        """The cursor goes to the tree."""
        self.query_one(Files).focus()

    def on_directory_tree_file_selected(self, event: DirectoryTree.FileSelected) -> None:
        """Answer."""
        self.dismiss(event.path)

    def action_up(self) -> None:
        """Show the folder above."""
        tree = self.query_one(Files)
        tree.path = Path(tree.path).parent

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class Files(DirectoryTree):
    """Folders and files, without hidden ones."""

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """What a person would pick from."""
        return [path for path in paths if not path.name.startswith(".")]


def _id(key: str) -> str:
    return "field-" + key.replace(".", "-")


def _widget(id: str, field: Field) -> Widget:
    if field.kind == "choice":
        # Nothing chosen: the default holds, which a quality profile may change.
        shown = f"default: {field.empty}" if field.empty else "choose"
        return Select([(text, text) for text in field.choices], prompt=shown, id=id, compact=True)
    return Input(placeholder=field.empty, id=id, compact=True)


def _verdict(entered: Entered, problems: list[dict[str, str]] | None) -> tuple[Content, bool]:
    """What is said below the form, and whether it may be submitted."""
    if entered.wrong:
        return Content.assemble((f"{len(entered.wrong)} to mend above", "$state-bad")), False
    if entered.lacks:
        names = ", ".join(key.rpartition(".")[2] for key in entered.lacks)
        return Content.assemble(("still needed: ", "$text-muted"), names), False
    if problems is None:
        return Content.assemble(("checking …", "$text-muted")), False
    if problems:
        lines = "\n".join(str(problem.get("message", "")) for problem in problems[:4])
        return Content.assemble((lines, "$state-bad")), False
    return Content.assemble(("✓ it would be accepted", "$state-good"), "  ctrl+s submits it"), True
