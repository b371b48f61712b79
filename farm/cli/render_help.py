"""``python -m farm.cli.render_help`` writes ``help.txt`` anew after a command was changed."""

from __future__ import annotations

from farm.cli.help_text import HELP_FILE, rendered

if __name__ == "__main__":
    HELP_FILE.write_text(rendered(), encoding="utf-8")
