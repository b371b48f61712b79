"""``/metrics``, ``/healthz`` and ``/readyz`` over real HTTP, and the lines of the log."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from farm import machine
from farm.config import Settings
from farm.domain.errors import ConfigError
from farm.domain.wording import MB
from farm.ledger.database import Database
from farm.ledger.upgrade import upgrade
from farm.logs import about, formatter
from farm.metrics.node_metrics import EngineReading, NodeMetrics
from farm.metrics.series import Book
from farm.metrics.server import MetricsServer, Readiness, address, serve
from farm.metrics.serving import ServedDaemon, shared_checks


def get(port: int, path: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    state = {"well": True}

    def check() -> str:
        if not state["well"]:
            raise OSError("the disk is away\nwith a second line")
        return "it answers"

    book = Book()
    book.counter("farm_jobs_created_total", "Jobs.", "pipeline").add('odd"name\n')
    opened = MetricsServer("127.0.0.1:0", book.page, Readiness({"disk": check}, monotonic=_ever()))
    opened.start()
    opened.state = state  # type: ignore[attr-defined]
    yield opened
    opened.stop()


def _ever() -> Any:
    """A clock on which each question is asked long after the one before."""
    ticks = iter(range(0, 10**9, 100))
    return lambda: float(next(ticks))


def test_the_page_is_what_prometheus_reads(server: MetricsServer) -> None:
    status, kind, text = get(server.port, "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    [family] = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"pipeline": 'odd"name\n'}


def test_a_process_is_alive_whatever_is_away_and_ready_only_when_nothing_is(
    server: MetricsServer,
) -> None:
    status, _, text = get(server.port, "/readyz")
    assert status == 200
    assert json.loads(text)["checks"] == {"disk": {"state": "ok", "reason": "it answers"}}
    server.state["well"] = False  # type: ignore[attr-defined]
    status, kind, text = get(server.port, "/readyz")
    assert (status, kind) == (503, "application/json")
    assert json.loads(text)["state"] == "failed"
    assert json.loads(text)["checks"]["disk"] == {"state": "failed", "reason": "the disk is away"}
    assert get(server.port, "/healthz")[0] == 200
    assert get(server.port, "/secrets")[0] == 404


def test_a_check_that_hangs_is_a_failure_and_holds_nobody_up() -> None:
    release = threading.Event()

    def hang() -> str:
        release.wait(60)
        return "late"

    ready = Readiness({"ledger": hang, "broker": lambda: "answered"}, monotonic=_ever())
    start_s = time.monotonic()
    well, checks = ready.ask()
    assert not well
    assert checks["ledger"] == {"state": "failed", "reason": "no answer within 2 s"}
    assert checks["broker"]["state"] == "ok"
    # While the first question hangs, no second one is asked.
    assert not ready.ask()[0]
    assert time.monotonic() - start_s < 4
    release.set()


def test_a_client_that_says_nothing_keeps_nobody_else_waiting(server: MetricsServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        assert get(server.port, "/healthz")[0] == 200
        assert silent.fileno() >= 0


def test_a_port_that_is_taken_keeps_nothing_from_starting(server: MetricsServer) -> None:
    listen = f"127.0.0.1:{server.port}"
    assert serve(listen, lambda: b"", Readiness({})) is None
    assert serve("", lambda: b"", Readiness({})) is None


@pytest.mark.parametrize("listen", ["9470", "localhost", "localhost:x", "localhost:70000"])
def test_an_address_that_is_none_is_refused(listen: str) -> None:
    with pytest.raises(ConfigError, match="host:port"):
        address(listen)


def test_addresses_of_both_kinds_are_understood() -> None:
    assert address("127.0.0.1:9470") == ("127.0.0.1", 9470)
    assert address("[::1]:9470") == ("::1", 9470)


def test_everything_listens_on_the_loopback_only_unless_told_otherwise() -> None:
    settings = Settings()
    assert address(settings.metrics_listen)[0] == "127.0.0.1"
    assert address(settings.node_metrics_listen)[0] == "127.0.0.1"


def test_readiness_names_what_is_away(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path)
    database = Database(settings.database_url)
    checks = {**shared_checks(settings, database)}
    well, answers = Readiness(checks).ask()
    assert not well
    assert answers["schema"]["state"] == "failed"
    assert answers["broker"]["state"] == "failed"
    upgrade(database)
    _, answers = Readiness(checks).ask()
    assert (answers["ledger"]["state"], answers["schema"]["state"]) == ("ok", "ok")
    database.close()


def test_with_an_empty_listen_setting_nothing_is_counted(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, metrics_listen="")
    served = ServedDaemon(settings, Database(settings.database_url))
    served.start()
    served.lead()
    served.tried("ops", "delivered")
    assert served.refreshing is None
    assert list(served.book.series()) == []
    served.stop()


# --- a node ---------------------------------------------------------------------------------------


def test_a_node_shows_its_engines_models_memory_and_tasks(tmp_path: Path) -> None:
    import os

    readings = [
        EngineReading("cpu0", os.getpid(), True, starts=3, resident_mb=512),
        EngineReading("gpu0", None, False, starts=1, resident_mb=0),
    ]
    gpus = [{"index": 0, "vram_mb": 1000, "vram_used_mb": 250}]
    node = NodeMetrics(
        Book(),
        engines=lambda: readings,
        gauges=lambda: machine.gauges(tmp_path),
        gpus=lambda: gpus,
        beat_age_s=lambda: 0.5,
    )
    node.ended("image.draw/toy", "succeeded", 12.0)
    node.ended("image.draw/toy", "crash", 1.0)
    node.loaded("cpu0", [4.0, 2.0], 1)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(node.page().decode())
        for sample in family.samples
    }
    assert found["farm_node_engine_restarts_total", "cpu0"] == 2
    assert found["farm_node_engine_up", "gpu0"] == 0
    assert found["farm_node_engine_memory_bytes", "cpu0"] > 2**20
    assert found["farm_node_models_resident_bytes", "cpu0"] == 512 * MB
    assert found["farm_node_model_load_seconds_sum",] == 6
    assert found["farm_node_model_loads_total", "cpu0"] == 2
    assert found["farm_node_model_swaps_total", "cpu0"] == 1
    assert found["farm_node_tasks_total", "crash", "image.draw/toy"] == 1
    assert found["farm_node_vram_used_bytes", "0"] == 250 * MB
    assert found["farm_node_memory_used_bytes",] < found["farm_node_memory_total_bytes",]
    # Read again, what is counted elsewhere is taken over and not added.
    assert b'farm_node_engine_restarts_total{slot="cpu0"} 2.0' in node.page()


# --- log lines ------------------------------------------------------------------------------------


def _record(message: str, **more: Any) -> logging.LogRecord:
    return logging.LogRecord("farm.node", logging.WARNING, "x.py", 1, message, (), None, **more)


def test_a_json_line_is_one_object_with_the_correlation_of_its_submission() -> None:
    form = formatter("json")
    with about("sub1", job="job1", task="job1.draw.0", attempt=2):
        line = form.format(_record("two\nlines"))
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"] == "two\nlines"
    assert (found["level"], found["logger"]) == ("WARNING", "farm.node")
    assert (found["correlation"], found["job"], found["attempt"]) == ("sub1", "job1", 2)
    assert "correlation" not in json.loads(form.format(_record("later")))


def test_a_json_line_of_an_error_holds_its_traceback() -> None:
    import sys

    try:
        raise ValueError("wrong")
    except ValueError:
        record = _record("it failed")
        record.exc_info = sys.exc_info()
    assert "ValueError: wrong" in json.loads(formatter("json").format(record))["traceback"]


def test_a_line_for_people_ends_with_the_correlation() -> None:
    form = formatter("pretty")
    with about("sub1"):
        assert form.format(_record("it failed")).endswith(" it failed [sub1]")
    assert form.format(_record("it failed")).endswith(" it failed")
