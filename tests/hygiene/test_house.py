"""The house rules that a reader would otherwise have to watch."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path
    for top in ("farm", "plugins")
    for path in (ROOT / top).rglob("*.py")
    if "__pycache__" not in path.parts
)
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}
LONGEST = 400
# Who may look at the environment besides the settings, and why.
ENVIRONMENT = {
    "farm/config.py": "settings are read from it",
    "farm/cli/start.py": "the shell asks for completions through it",
    "farm/cli/demo.py": "a demo's farm logs less unless told otherwise",
    "farm/cli/console.py": "Textual asks it for the terminal's colours",
    "farm/up.py": "the parts of a farm inherit it",
    "farm/engine/spawn.py": "an engine inherits it without the farm's settings",
    "farm/media/service.py": "a service's address and key are the node's own",
    "plugins/farm_diffusion/runtime/libraries.py": "model libraries are kept offline through it",
    "plugins/farm_comfyui/servers.py": "a secret may be kept in it; the table names which",
    "farm/sim/farmlet.py": "a simulated farm inherits it without the farm's settings",
}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_its_duty(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert path.stem not in VAGUE
    assert len(text.splitlines()) <= LONGEST, "two nouns in one module; split it by noun"
    if text.strip() and "migrations" not in path.parts:
        assert ast.get_docstring(ast.parse(text)), "the first lines say what the module is for"


def test_only_those_who_must_look_at_the_environment() -> None:
    looking = {
        named(path)
        for path in MODULES
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8"))
    }
    assert looking <= set(ENVIRONMENT)


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"raise NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b")
    assert [named(p) for p in MODULES if later.search(p.read_text(encoding="utf-8"))] == []
