"""The one factory of the console: ``farm tui``, ``farm tui --web`` and the tests all use it.

Invariant: whoever looks at the console in a test looks at the one that operators get.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from farm.config import Settings
from farm.tui.acts import Acts, Submit
from farm.tui.app import FarmConsole
from farm.tui.keys import read_taste
from farm.tui.source import Source


def build_console(
    settings: Settings,
    *,
    actor: str,
    clock: Callable[[], float] = time.time,
    ring: Callable[[], None] = lambda: None,
    submit: Submit | None = None,
    editor: str = "vi",
    read_only: bool = False,
    theme: str = "",
    taste_file: Path | None = None,
    poll_s: float = 1.0,
    first: str = "overview",
) -> FarmConsole:
    """A console that is ready to run.

    actor : who gives the orders. ring : wakes the scheduler. submit : accepts a manifest's fields.
    editor : the command that edits a manifest. taste_file : default ``console.toml`` in the root.

    Raises
    ------
    ConfigError : what ``console.toml`` says cannot be used.
    """
    taste = read_taste(taste_file or settings.root / "console.toml")
    source = Source(settings, clock)
    return FarmConsole(
        source,
        Acts(source, actor, ring, submit),
        theme=theme or taste.theme,
        keys=taste.keys,
        read_only=read_only or taste.read_only,
        editor=editor,
        poll_s=poll_s,
        first=first,
    )
