"""The documentation says what the code does."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from generated_tables import DOCS, TABLES, filled_in

import farm
from farm import hookspecs, stages
from farm.config import Settings
from farm.domain.errors import ErrorClass
from farm.domain.media import MediaKind

ROOT = DOCS.parent
PLUGIN_PAGE = (DOCS / "write-a-plugin.md").read_text(encoding="utf-8")
SYSTEMS = {"MW": 8, "MO": 10, "AX": 13, "VB": 24, "AV": 8}


def _pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split() if (ROOT / name).is_file()]


PAGES = _pages()


def _hooks() -> dict[str, str]:
    """Each hook's name and its signature as it stands in the source."""
    found = {}
    for node in ast.parse(inspect.getsource(hookspecs)).body:
        if isinstance(node, ast.FunctionDef):
            assert node.returns is not None
            found[node.name] = (
                f"def {node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
            )
    return found


def _anchor(heading: str) -> str:
    """The name under which a heading can be linked to."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


@pytest.mark.parametrize("page", TABLES)
def test_tables_of_states_settings_policy_and_errors_are_those_of_the_code(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text == filled_in(page, text), "run: python tests/docs/generated_tables.py"


@pytest.mark.parametrize("hook", _hooks())
def test_each_hook_is_documented_with_its_exact_signature(hook: str) -> None:
    assert _hooks()[hook] in PLUGIN_PAGE


def test_hooks_are_documented_in_the_order_in_which_they_happen() -> None:
    assert re.findall(r"^def (farm_\w+)\(.*[^:]$", PLUGIN_PAGE, flags=re.M) == list(_hooks())


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_each_setting_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "deploy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("error_class", [c.value for c in ErrorClass])
def test_each_error_class_is_documented_for_operators_and_for_plugin_authors(
    error_class: str,
) -> None:
    assert f"| `{error_class}` |" in (DOCS / "states.md").read_text(encoding="utf-8")
    assert f"`{error_class}`" in PLUGIN_PAGE


@pytest.mark.parametrize("kind", [k.value for k in MediaKind])
def test_each_media_kind_is_documented(kind: str) -> None:
    assert f"`{kind}`" in PLUGIN_PAGE


@pytest.mark.parametrize("field", list(stages.Stage.__dataclass_fields__))
def test_each_field_of_a_stage_is_documented(field: str) -> None:
    assert f"`{field}`" in PLUGIN_PAGE.split("## Declare a stage")[1].split("\n## ")[0]


@pytest.mark.parametrize("kind", [stages.Port, stages.Resources])
def test_fields_of_ports_and_resources_are_documented_in_their_order(kind: type) -> None:
    call = re.search(rf"`{kind.__name__}\((.*?)\)`", PLUGIN_PAGE)
    assert call is not None
    named = [part.split("=")[0].strip() for part in call[1].split(",")]
    assert named == list(kind.__dataclass_fields__)  # type: ignore[attr-defined]


def test_public_names_that_the_plugin_page_uses_exist() -> None:
    used = set(re.findall(r"\bfarm\.([A-Za-z_]+)\b", PLUGIN_PAGE)) - {"git", "media"}
    assert used, "the page names the public names as farm.NAME"
    assert used <= set(farm.__all__)


def test_each_row_of_the_production_systems_appears_exactly_once() -> None:
    text = (DOCS / "systems.md").read_text(encoding="utf-8")
    rows = Counter(re.findall(r"^\| ([A-Z]{2}\d+) \|", text, flags=re.M))
    wanted = {f"{name}{n}" for name, count in SYSTEMS.items() for n in range(1, count + 1)}
    assert set(rows) == wanted
    assert set(rows.values()) == {1}


def test_what_works_is_shown_by_something_that_exists() -> None:
    text = (DOCS / "systems.md").read_text(encoding="utf-8")
    for row in re.findall(r"^\| [A-Z]{2}\d+ \|.*\|$", text, flags=re.M):
        _, name, _, state, shown, _ = (cell.strip() for cell in row.split("|"))
        assert state in ("works", "not yet") or state.startswith("partly: "), name
        assert (state == "not yet") == (not shown), name
        for path in re.findall(r"`(tests/[^`]+)`", shown):
            assert (ROOT / path).is_file(), f"{name}: {path}"
    # Rows without a name, too.
    paths = re.findall(r"`(tests/[^`]+)`", text)
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def _is_there(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    if not anchor:
        return True
    headings = re.findall(r"^#{1,6} (.+)$", _prose(target), flags=re.M)
    return anchor in {_anchor(heading) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", _prose(page))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not _is_there(page, link)] == []


def test_the_front_page_leads_to_every_page_of_the_documentation() -> None:
    front = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in DOCS.glob("*.md") if f"docs/{page.name}" not in front] == []
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    assert [
        page.name for page in (DOCS / "decisions").glob("0*.md") if page.name not in index
    ] == []


def test_make_targets_that_the_front_page_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"demo", "up"} <= named
    assert [t for t in named if not re.search(rf"^{t}:", makefile, flags=re.M)] == []


def test_each_core_dependency_has_a_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[\w-]+", line)[0] for line in project["dependencies"]]  # type: ignore[index]
    page = (DOCS / "decisions" / "001-dependencies.md").read_text(encoding="utf-8")
    core = page.partition("| extra |")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", core, flags=re.M) == names
