"""The text of ``farm --help``, rendered from the command itself.

Invariant: ``help.txt`` is what :func:`rendered` returns; a test holds the two together.
"""

from __future__ import annotations

from pathlib import Path

HELP_FILE = Path(__file__).parent / "help.txt"


def rendered() -> str:
    """The help of the whole command as plain text, 80 columns wide."""
    from typer import Context
    from typer.main import get_command

    from farm.cli.app import app

    command = get_command(app)
    settings = {**command.context_settings, "terminal_width": 80, "max_content_width": 80}
    context = Context(command, info_name="farm", **settings)
    return command.get_help(context).rstrip() + "\n"
