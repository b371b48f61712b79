"""Help, completion and start-up of the ``farm`` command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from farm.cli.app import app
from farm.cli.help_text import HELP_FILE, rendered
from farm.cli.start import run

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"


def commands(group: Any = None, prefix: str = "farm") -> Iterator[tuple[str, Any]]:
    """Every command with its full name."""
    for name, command in (group or get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


ALL = dict(commands())


def test_the_packaged_help_is_what_the_command_renders() -> None:
    assert HELP_FILE.read_text() == rendered(), "run: python -m farm.cli.render_help"
    assert max(map(len, rendered().splitlines())) <= 80


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_is_printed_without_arguments_too(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 0
    assert capsys.readouterr().out == rendered()


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_has_help_with_an_example_of_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*name.split()[1:], "--help"]) == 0
    out = capsys.readouterr().out
    examples = out.partition("Examples:")[2]
    assert re.search(rf"{name}(\s|$)|farm --root \S+ {name.split()[-1]}", examples), out
    assert (ALL[name].help or "").strip()


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_example_is_a_line_that_the_command_understands(name: str) -> None:
    import shlex

    context = get_command(app).make_context("farm", ["ls"])
    for line in (ALL[name].epilog or "").splitlines():
        if not line.strip().startswith(("farm", "FARM_")):
            continue
        words = [word for word in shlex.split(line) if not word.startswith("FARM_")]
        if words[1] == "--root":
            del words[1:3]
        words = words[len(name.split()) :]
        ALL[name].make_context(name, words, parent=context).close()


def test_every_command_that_prints_data_can_print_json() -> None:
    runs_on = {"farm up", "farm daemon", "farm node", "farm tui"}
    for name, command in ALL.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert ("--json" in options) == (name not in runs_on), name


def test_the_operators_page_describes_every_command_with_its_own_words() -> None:
    page = OPERATE.read_text()
    for name, command in ALL.items():
        first = " ".join((command.help or "").split("\n\n")[0].split())
        assert f"| `{name}` | {first} |" in page, name


def test_help_answers_in_less_than_three_times_an_empty_python() -> None:
    def fastest(*command: str) -> float:
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - begun)
        return min(times)

    assert fastest("-m", "farm", "--help") < 3 * fastest("-c", "pass")


def test_help_imports_neither_typer_nor_anything_heavier() -> None:
    code = (
        "import sys\n"
        "from farm.cli.start import run\n"
        "run(['--help'])\n"
        "print(sorted({'typer', 'rich', 'pydantic', 'sqlalchemy', 'av', 'pathlib'} & set(sys.modules)),"
        " file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stderr.strip() == "[]"


def test_a_farm_is_supervised_without_database_broker_or_plugins() -> None:
    code = (
        "import sys\n"
        "import farm.up\n"
        "from farm.cli.start import run\n"
        "from farm.config import load_settings\n"
        "load_settings()\n"
        "run(['up', '--help'])\n"
        "heavy = {'sqlalchemy', 'alembic', 'redis', 'dramatiq', 'pluggy', 'yaml', 'textual', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_list_of_jobs_imports_no_media_library_and_no_broker(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from farm.cli.start import run\n"
        "run(['db', 'upgrade']); run(['ls'])\n"
        "print(sorted({'av', 'numba', 'numpy', 'dramatiq'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FARM_ROOT": str(tmp_path)},
    )
    assert done.stderr.strip() == "[]"


def test_the_shell_completes_commands_and_jobs(tmp_path: Path) -> None:
    from farmhand import Farmhand, plan, stage

    from farm.ledger.database import Database
    from farm.ledger.upgrade import upgrade

    database = Database(f"sqlite:///{tmp_path / 'spool' / 'ledger.sqlite3'}")
    upgrade(database)
    Farmhand(database).jobs.accept(plan(stage("a"), name="dunes"), job_id="job1")
    database.close()

    def completed(words: str, count: int) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "farm"],
            capture_output=True,
            text=True,
            check=True,
            env={
                **os.environ,
                "FARM_ROOT": str(tmp_path),
                "_FARM_COMPLETE": "complete_bash",
                "COMP_WORDS": words,
                "COMP_CWORD": str(count),
            },
        )
        return done.stdout

    assert "drain" in completed("farm dr", 1).split()
    assert completed("farm show ", 2).split() == ["1"]
    assert completed("farm drain ", 2).split() == ["n1"]
