"""Traces made of ended jobs."""

from __future__ import annotations

from typing import Any

import pytest
from farmhand import Farmhand, plan, stage

from farm.domain.errors import ErrorClass
from farm.ledger.database import Database
from farm.ledger.publishing import Publishing

pytest.importorskip("opentelemetry.sdk")


@pytest.fixture
def spans() -> Any:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    return InMemorySpanExporter()


def test_a_job_that_ended_is_one_trace_of_job_stages_and_attempts(
    database: Database, spans: Any, clock: Any
) -> None:
    from farm.metrics.traces import Traces

    hand = Farmhand(database)
    traces = Traces(database, "studio", "", spans)
    hand.jobs.accept(plan(stage("draw"), stage("finish", ("draw",))), job_id="job1")
    clock.pass_s(5)
    task = hand.take()
    clock.pass_s(10)
    hand.finish(task)
    hand.finish(hand.take())
    traces.tick()
    assert spans.get_finished_spans() == ()
    Publishing(database).finish("job1", {})
    traces.tick()
    found = spans.get_finished_spans()
    assert len({span.context.trace_id for span in found}) == 1
    by_kind: dict[str, list[Any]] = {}
    for span in found:
        by_kind.setdefault(span.name.split()[0], []).append(span)
    [job] = by_kind["job"]
    assert job.parent is None
    assert job.attributes["farm.pipeline"] == "test@1"
    assert job.end_time - job.start_time == 15_000_000_000
    assert [span.parent.span_id for span in by_kind["stage"]] == [job.context.span_id] * 2
    first = by_kind["attempt"][0]
    assert first.end_time - first.start_time == 10_000_000_000
    assert first.attributes["farm.node"] == "n1"
    assert {span.parent.span_id for span in by_kind["attempt"]} == {
        span.context.span_id for span in by_kind["stage"]
    }
    traces.tick()
    assert len(spans.get_finished_spans()) == 5
    traces.close()


def test_a_failed_job_is_a_trace_with_the_error_and_the_same_ids_each_time(
    database: Database, spans: Any
) -> None:
    from farm.metrics.traces import Traces

    hand = Farmhand(database)
    traces = Traces(database, "studio", "", spans)
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    hand.fail(hand.take(), ErrorClass.INPUT)
    traces.tick()
    first = spans.get_finished_spans()
    spans.clear()
    traces.export("job1")
    assert [s.context.span_id for s in spans.get_finished_spans()] == [
        s.context.span_id for s in first
    ]
    by_name = {span.name.split()[0]: span for span in first}
    assert by_name["job"].status.description == "it failed (input)."
    assert by_name["attempt"].attributes["farm.error_class"] == "input"
    assert not by_name["attempt"].status.is_ok
    traces.close()
