"""Traces of ended jobs for OpenTelemetry, made from the ledger after the fact.

Invariant: nothing is traced while it runs, so tracing can neither slow a job down nor lose one; the
ids follow from the correlation and the attempt, so exporting a job twice gives the same trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from farm.domain.errors import MissingExtra
from farm.domain.states import JOB_ENDED
from farm.ledger.database import Database
from farm.ledger.event_feed import EventFeed
from farm.ledger.publishing import Publishing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_BATCH = 2000
_ENDS = frozenset(state.value for state in JOB_ENDED)


class Traces:
    """Follows the ledger and exports one trace for each job that ends.

    exporter : default: OTLP over HTTP to ``endpoint``.

    Raises
    ------
    MissingExtra : the OpenTelemetry packages are not installed.
    """

    def __init__(
        self, database: Database, farm: str, endpoint: str, exporter: SpanExporter | None = None
    ) -> None:
        try:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

            if exporter is None:
                from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

                processor: Any = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))
            else:
                processor = SimpleSpanProcessor(exporter)
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "the OpenTelemetry packages are not installed",
                where="otel_endpoint",
                mend="Run: pip install 'farm[otel]'",
            ) from error
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource({"service.name": "farm", "service.namespace": farm}),
            id_generator=cast(Any, self._ids),
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("farm")
        self._ledger = Publishing(database)
        self._feed = EventFeed(database)

    def tick(self) -> None:
        """Export the jobs that ended since the last call."""
        while events := self._feed.next(_BATCH):
            for event in events:
                if event.entity == "job" and event.target in _ENDS:
                    self.export(event.entity_id)
            if len(events) < _BATCH:
                return

    def close(self) -> None:
        """Send what is not sent yet."""
        self._provider.shutdown()

    def export(self, job_id: str) -> None:
        """One span for the job, one for each stage that ran, one for each attempt."""
        job = self._ledger.record(job_id)
        correlation = job["submission_id"] or job_id
        self._ids.trace = _number(correlation, 16)
        end_s = job["ended_at"] or max((e["at"] for e in job["events"]), default=0.0)
        facts = {
            "farm.job": job_id,
            "farm.correlation": correlation,
            "farm.pipeline": job["pipeline"],
            "farm.submitter": job["submitter"],
            "farm.state": job["state"],
        }
        root = self._span(
            None, f"job {job['pipeline']}", job_id, job["created_at"], end_s, facts, job["error"]
        )
        ready = {task["id"]: task["ready_at"] for task in job["tasks"]}
        for stage in job["stages"]:
            begun = [a for a in job["attempts"] if a["task_id"].split(".")[1] == stage["name"]]
            if not begun:
                continue
            starts = [ready[a["task_id"]] or a["sent_at"] for a in begun]
            ends = [a["ended_at"] or end_s for a in begun]
            name = f"{job_id}.{stage['name']}"
            here = self._span(
                root,
                f"stage {stage['stage_id']}",
                name,
                min(*starts, *(a["sent_at"] for a in begun)),
                max(ends),
                {"farm.stage": stage["stage_id"], "farm.version": stage["version"]},
            )
            for attempt in begun:
                self._attempt(here, attempt, end_s)

    def _attempt(self, stage: Any, attempt: Mapping[str, Any], end_s: float) -> None:
        facts = {
            "farm.task": attempt["task_id"],
            "farm.attempt": attempt["number"],
            "farm.node": attempt["node"],
            "farm.engine": attempt["slot"],
            "farm.outcome": attempt["state"],
            "farm.error_class": attempt["error_class"] or "",
        }
        name = f"{attempt['task_id']}#{attempt['number']}"
        start_s = attempt["started_at"] or attempt["sent_at"]
        end_s = attempt["ended_at"] or end_s
        self._span(stage, "attempt", name, start_s, end_s, facts, attempt["error"])

    def _span(
        self,
        parent: Any,
        name: str,
        id: str,
        start_s: float,
        end_s: float,
        facts: Mapping[str, Any],
        error: Mapping[str, Any] | None = None,
    ) -> Any:
        from opentelemetry.context import Context
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        self._ids.span = _number(id, 8)
        context = Context() if parent is None else set_span_in_context(parent, Context())
        span = self._tracer.start_span(
            name, context=context, start_time=int(start_s * 1e9), attributes=dict(facts)
        )
        if error:
            said = str(error.get("message") or error.get("what") or "")
            span.set_status(Status(StatusCode.ERROR, said))
        span.end(end_time=int(max(start_s, end_s) * 1e9))
        return span


class _Ids:
    """Hands out the ids that were set just before."""

    trace = 1
    span = 1

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span

    def is_trace_id_random(self) -> bool:
        return True


def _number(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") or 1
