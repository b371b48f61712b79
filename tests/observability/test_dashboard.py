"""The dashboard, the alert rules and the page about metrics speak of metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from farm.ledger.database import Database
from farm.metrics.node_metrics import NodeMetrics
from farm.metrics.refreshing import Refreshing
from farm.metrics.series import CAPS, Book, Series

DOCS = Path(__file__).parents[2] / "docs" / "observability"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "dashboard.json").read_text(encoding="utf-8"))
GROUPS = yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
    *(rule["expr"] for rule in RULES),
]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Series]:
    folder = tmp_path_factory.mktemp("known")
    book = Book()
    database = Database(f"sqlite:///{folder / 'ledger.sqlite3'}")
    Refreshing(database, book, folder)
    database.close()
    NodeMetrics(book, engines=list, gauges=dict, gpus=list, beat_age_s=float)
    found: dict[str, Series] = {}
    for series in book.series():
        if series.kind == "histogram":
            found.update({f"{series.name}_{end}": series for end in ("bucket", "sum", "count")})
        else:
            found[series.name] = series
    return found


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\bfarm_[a-z_]+", re.sub(r'"[^"]*"', "", expression)))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_is_asked_for_exists(expression: str, known: dict[str, Series]) -> None:
    asked = names_in(expression)
    assert asked
    assert asked <= known.keys()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_label_that_is_selected_by_exists(expression: str, known: dict[str, Series]) -> None:
    for name, selector in re.findall(r"\b(farm_[a-z_]+)\{([^}]*)\}", expression):
        asked = set(re.findall(r"([a-z]+)\s*(?:=~|!~|!=|=)", selector))
        assert asked <= set(known[name].labels) | {"le"}, (name, selector)
    grouped = {
        label.strip()
        for labels in re.findall(r"\bby \(([^)]*)\)", expression)
        for label in labels.split(",")
    }
    offered = {label for name in names_in(expression) for label in known[name].labels}
    assert grouped <= offered | {"le", "instance"}


def test_every_metric_has_its_line_in_the_documentation(known: dict[str, Series]) -> None:
    page = (DOCS / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(farm_\w+)`", page, flags=re.M))
    assert listed == {series.name for series in known.values()}


def test_the_documentation_lists_the_caps_of_the_labels() -> None:
    page = (DOCS / "README.md").read_text(encoding="utf-8").split("<!-- caps -->")[1]
    listed = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|$", page, flags=re.M))
    assert {label: int(cap) for label, cap in listed.items()} == dict(CAPS)


def test_nearly_every_metric_is_on_the_dashboard_or_in_a_rule(known: dict[str, Series]) -> None:
    used = {known[name].name for expression in EXPRESSIONS for name in names_in(expression)}
    # Facts to look up, not to watch.
    apart = {
        "farm_build_info",
        "farm_events_total",
        "farm_store_artifacts",
        "farm_node_tasks_total",
        "farm_node_task_duration_seconds",
        "farm_node_results_refused_total",
        "farm_node_fenced_total",
        "farm_node_engine_up",
        "farm_node_engine_memory_bytes",
        "farm_node_disk_free_bytes",
        "farm_node_vram_total_bytes",
    }
    assert {series.name for series in known.values()} - used == apart


def test_the_dashboard_is_whole() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in PANELS:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
    assert [v["name"] for v in DASHBOARD["templating"]["list"]] == ["datasource", "pipeline"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_is_wrong_and_how_to_mend_it(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert {"summary", "description", "mend"} <= rule["annotations"].keys()


def test_prometheus_accepts_the_rules_and_they_fire_when_they_should() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    for command in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
        done = subprocess.run(
            ["promtool", *command], cwd=DOCS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
