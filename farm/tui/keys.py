"""Keys: the help that follows from the bindings, and remapping them from ``console.toml``.

Invariant: a key that is remapped is called by an id that exists; a wrong one is refused with the
nearest right one.
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import Screen

from farm.domain.errors import ConfigError, nearest
from farm.tui.themes import NAMES


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One binding as the help shows it."""

    section: str
    keys: str
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class Taste:
    """What an operator may choose in ``console.toml``. keys : binding id to keys."""

    theme: str = NAMES[0]
    keys: Mapping[str, str] = field(default_factory=dict)
    read_only: bool = False


def read_taste(file: Path) -> Taste:
    """Read ``console.toml``; an absent one is an empty one.

    Raises
    ------
    ConfigError : not TOML, an unknown setting, theme or binding id.
    """
    if not file.is_file():
        return Taste()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            "not readable as TOML", where=str(file), got=str(error), mend="Mend that line."
        ) from error
    known = {"theme", "keys", "read_only"}
    for name in content:
        if name not in known:
            raise ConfigError(
                f'no setting of the console is called "{name}"',
                where=str(file), mend=nearest(name, known),
            )  # fmt: skip
    theme = content.get("theme", NAMES[0])
    if theme not in NAMES:
        raise ConfigError(
            f'no theme is called "{theme}"', where=f"{file}: theme", mend=nearest(str(theme), NAMES)
        )
    keys = content.get("keys", {})
    if keys:
        ids = set(catalogue())
        for name in keys:
            if name not in ids:
                raise ConfigError(
                    f'no key binding has the id "{name}"',
                    where=f"{file}: keys", mend=nearest(name, ids),
                )  # fmt: skip
    return Taste(theme, {k: str(v) for k, v in keys.items()}, bool(content.get("read_only", False)))


def own_classes() -> Iterator[type[DOMNode]]:
    """Every class of the console that has bindings of its own."""
    import farm.tui

    for found in pkgutil.walk_packages(farm.tui.__path__, "farm.tui."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, DOMNode)
                and value.__module__ == module.__name__
                and "BINDINGS" in vars(value)
            ):
                yield value


def catalogue() -> dict[str, tuple[type[DOMNode], Binding]]:
    """Every binding of the console by its id, with the class that has it."""
    return {
        binding.id: (owner, binding)
        for owner in own_classes()
        # Marks are a list's own, bound only where rows can be marked.
        for binding in (*owner.BINDINGS, *getattr(owner, "MARKING", ()))
        if isinstance(binding, Binding) and binding.id
    }


def help_lines(app: App[Any], screen: Screen[Any]) -> list[HelpLine]:
    """The bindings that work now: those of the focused widget, the screen and the console."""
    lines: dict[str, HelpLine] = {}
    keys: dict[str, list[str]] = {}
    for node, binding, _, _ in screen.active_bindings.values():
        if not binding.id or not type(node).__module__.startswith("farm.tui"):
            continue
        keys.setdefault(binding.id, []).append(
            binding.key_display or format_key(app.get_key_display(binding))
        )
        text = binding.tooltip or binding.description
        lines[binding.id] = HelpLine(_section(node, app, screen), "", text, binding.id)
    order = {"Here": 0, "This screen": 1, "Everywhere": 2}
    found = [
        HelpLine(line.section, " ".join(keys[line.id]), line.text, line.id)
        for line in lines.values()
    ]
    return sorted(found, key=lambda line: order[line.section])


def _section(node: DOMNode, app: App[Any], screen: Screen[Any]) -> str:
    if node is app:
        return "Everywhere"
    return "This screen" if node is screen else "Here"


def clashes(bindings: Iterable[Binding]) -> str:
    """A sentence about bindings that a remapping gave the same key."""
    ids = sorted(binding.id or binding.action for binding in bindings)
    return f"one key is bound to {' and '.join(ids)}; mend [keys] in console.toml"
