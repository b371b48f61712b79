"""Services outside of the farm: asked again, shown where people look, and what they call our work."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from farm.artifacts.probe import probe_output
from farm.config import Settings
from farm.domain.errors import PluginError
from farm.ledger.views import external_in
from farm.ledger.views_nodes import NodeLine
from farm.metrics.node_metrics import NodeMetrics
from farm.metrics.series import Book
from farm.models.store import open_models
from farm.offering import ASK_EVERY_S, Offering
from farm.plugins import load_plugins
from farm.publish.records import public_error
from farm.stages import Service
from farm.tui.screens.node_cells import block_cells

PLUGIN = """
from farm import MediaKind, Port, Service, Stage, hookimpl

state = "fail"

@hookimpl
def farm_stages():
    return [Stage("lab.far", "away", 1, "faraway:run", {}, {"out": Port(MediaKind.DATA)})]

@hookimpl
def farm_checks():
    if state == "fail":
        yield "lab.far/away", "far a: it does not answer"

@hookimpl
def farm_services():
    return [Service("far a", state, "nobody answers" if state == "fail" else "2 wait", {"waiting": 2})]

@hookimpl
def farm_limits():
    return {"far": 3}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "faraway.py").write_text(PLUGIN, encoding="utf-8")
    return plugins


def test_a_service_that_comes_back_is_noticed_when_it_is_asked_again(
    folder: Path, tmp_path: Path
) -> None:
    registry = load_plugins(folder)
    now_s = [100.0]
    offering = Offering(registry, open_models(Settings(root=tmp_path)), [], lambda: now_s[0])
    assert "lab.far/away" in offering.look().complaints
    registry.pm.get_plugin("faraway").state = "ok"  # type: ignore[union-attr]
    now_s[0] += ASK_EVERY_S / 2
    assert "lab.far/away" in offering.look().complaints
    assert offering.services[0].state == "fail"
    now_s[0] += ASK_EVERY_S
    assert "lab.far/away" in offering.look().stages
    assert offering.services[0] == Service("far a", "ok", "2 wait", {"waiting": 2})


def test_the_size_of_a_limit_comes_from_the_plugin_that_knows_it(folder: Path) -> None:
    assert load_plugins(folder).limits() == {"far": 3}
    (folder / "further.py").write_text(
        "from farm import hookimpl\n@hookimpl\ndef farm_limits():\n    return {'far': 5}\n"
    )
    assert load_plugins(folder).limits() == {"far": 5}
    (folder / "further.py").write_text(
        "from farm import hookimpl\n@hookimpl\ndef farm_limits():\n    return {'far': 'many'}\n"
    )
    with pytest.raises(PluginError, match="far"):
        load_plugins(folder).limits()


def test_services_stand_in_the_nodes_metrics() -> None:
    services = [
        Service("far a", "ok", "", {"waiting": 2, "running": 1}),
        Service("far b", "fail", "gone"),
    ]
    metrics = NodeMetrics(
        Book(),
        engines=list,
        gauges=lambda: {"cpu_percent": 1.0, "disk_free_mb": 1},
        gpus=list,
        beat_age_s=lambda: 0.0,
        services=lambda: services,
    )
    page = metrics.page().decode()
    assert 'farm_node_service_up{service="far a"} 1.0' in page
    assert 'farm_node_service_up{service="far b"} 0.0' in page
    assert 'farm_node_service{service="far a",what="waiting"} 2.0' in page


def test_services_stand_above_what_a_node_cannot_do_in_the_console() -> None:
    facts = {"gauges": {"services": [asdict(Service("far a", "warn", "every place is taken"))]}}
    node = NodeLine(
        "atlas", "online", None, 0.0, 0.0, (), {}, {"lab.far/away": "gone"}, {}, facts, ()
    )
    cells = block_cells(node)
    assert list(cells) == ["service far a", "lab.far/away"]
    assert cells["service far a"]["why"] == "every place is taken"
    assert cells["service far a"]["kind"] == (("works, but", "warn"),)


def test_what_another_system_calls_a_stages_work_is_kept(tmp_path: Path) -> None:
    document = {
        "schema": "lab.run/1",
        "external": {"server": "a", "id": "3f9c" * 100, "Bad Name": "x", "number": 3, "void": " "},
    }
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    _, facts = probe_output(path)
    assert facts.extra == {"external": {"server": "a", "id": ("3f9c" * 100)[:200]}}
    outputs = {"run": [{"facts": facts.record()}], "again": [{"facts": facts.record()}]}
    [told] = external_in([("render", outputs), ("other", None)])
    assert told == {"stage": "render", "server": "a", "id": ("3f9c" * 100)[:200]}


def test_the_exact_cause_of_a_failure_is_for_operators_only() -> None:
    told = {"code": "far.lost", "what": "the server is gone", "cause": {"reply": "502 Bad Gateway"}}
    assert public_error(told) == {"code": "far.lost", "what": "the server is gone"}
