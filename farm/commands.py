"""Commands that plugins add to ``farm``: their declaration, and what a run of one is given.

Invariant: declaring a command imports nothing heavy; its function is imported when somebody runs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from farm.stages import Documents


@dataclass(frozen=True, slots=True)
class Command:
    """A command ``farm NAME``.

    name : one lower-case word that is no command of the farm's own.
    run : ``"package.module:function"``; ``function(context: CommandContext) -> int`` returns the exit
        code, 0 when it worked. A raised ``FarmError`` is printed as its one sentence.
    help : one line for ``farm plugins`` and ``farm NAME --help``.
    """

    name: str
    run: str
    help: str


class CommandContext(Protocol):
    """What a plugin's command is given.

    arguments : the words after the command's name.
    """

    arguments: tuple[str, ...]

    @property
    def documents(self) -> Documents:
        """The plugin's documents in the ledger; a write counts at once, ``None`` removes one."""

    def echo(self, text: str) -> None:
        """Print a line on standard output."""
