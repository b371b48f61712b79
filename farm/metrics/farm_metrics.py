"""What the active daemon counts about the farm, out of the ledger.

Invariant: an event is counted once, when it is first seen, and reading the page costs nothing in the
ledger. Counters begin at zero when a daemon takes over; Prometheus knows that as a reset.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from farm.ledger.event_feed import Event
from farm.ledger.views_metrics import MetricReads
from farm.metrics.series import Book

_MOST_JOBS = 5000
_ATTEMPT_ENDS = ("succeeded", "failed", "lost", "cancelled")
_JOB_ENDS = ("done", "failed", "cancelled")
_ARRIVALS = ("accepted", "rejected", "duplicate")


class FarmMetrics:
    """Declares the daemon's metrics and counts events into them."""

    def __init__(self, book: Book, reads: MetricReads) -> None:
        self.book = book
        self._reads = reads
        self._jobs: OrderedDict[str, str] = OrderedDict()
        self._stages: dict[tuple[str, str], tuple[str, int]] = {}
        counter, gauge, histogram = book.counter, book.gauge, book.histogram

        self.build = gauge("farm_build_info", "Version of this daemon; always 1.", "version")
        self.active = gauge("farm_daemon_active", "1 for the daemon that leads, 0 for a standby.")
        self.paused = gauge("farm_paused", "1 while the whole farm is paused.")
        self.seen_events = counter("farm_events_total", "Transitions counted.", "entity")
        self.refresh_s = gauge(
            "farm_metrics_refresh_seconds", "What the newest look at the ledger took."
        )
        self.refreshed_at = gauge(
            "farm_metrics_refreshed_timestamp_seconds", "When the ledger was last looked at."
        )

        self.jobs_created = counter("farm_jobs_created_total", "Jobs accepted.", "pipeline")
        self.jobs_ended = counter("farm_jobs_ended_total", "Jobs ended.", "pipeline", "state")
        self.jobs = gauge("farm_jobs", "Jobs that have not ended, by state.", "state")
        self.job_s = histogram(
            "farm_job_duration_seconds", "From acceptance to the published result.", "pipeline"
        )
        self.queue = gauge(
            "farm_queue_tasks", "Tasks that wait, by the one reason why.", "pipeline", "reason"
        )
        self.running = gauge("farm_running_tasks", "Tasks sent to or run by engines.", "pipeline")
        self.wait_s = histogram(
            "farm_task_wait_seconds", "From ready to running on an engine.", "pipeline"
        )
        stage = ("stage", "version")
        self.attempt_s = histogram(
            "farm_attempt_duration_seconds", "Running time of attempts that succeeded.", *stage
        )
        self.attempts = counter(
            "farm_attempts_total", "Attempts ended, by outcome.", *stage, "outcome"
        )
        self.failures = counter(
            "farm_attempt_failures_total", "Attempts failed or lost, by class.", *stage, "class"
        )
        self.work = counter(
            "farm_work_attempts_total",
            "Attempts ended, by what they count as: a workflow or a model with its version.",
            "work",
            "outcome",
        )
        self.work_s = histogram(
            "farm_work_duration_seconds",
            "Running time of attempts that succeeded, by what they count as.",
            "work",
        )
        self.tasks_quarantined = counter(
            "farm_tasks_quarantined_total", "Tasks that crashed engines too often.", *stage
        )
        self.lease_losses = counter(
            "farm_lease_losses_total", "Attempts whose lease lapsed.", "node"
        )
        self.node_losses = counter("farm_node_losses_total", "Nodes that fell silent.", "node")
        self.cache_hits = counter(
            "farm_cache_hits_total", "Tasks answered by the stage cache.", "stage"
        )
        self.cache_bytes = counter(
            "farm_cache_saved_bytes_total", "Size of outputs that were not made again.", "stage"
        )

        self.submissions = counter(
            "farm_submissions_total", "Submissions by what became of them.", "origin", "outcome"
        )
        self.intake_s = histogram(
            "farm_intake_duration_seconds", "From claimed to accepted.", "origin"
        )
        self.intake_lag = gauge(
            "farm_intake_lag_seconds", "Age of the oldest submission that is not accepted yet."
        )
        self.nodes = gauge("farm_nodes", "Nodes by state.", "state")
        self.node_up = gauge("farm_node_up", "1 while a node gives signs of life.", "node")
        self.node_blocked = gauge(
            "farm_node_blocked_stages", "Stages a node is not given any more.", "node"
        )
        self.store_bytes = gauge("farm_store_bytes", "Artifacts in the store.", "kind")
        self.store_count = gauge("farm_store_artifacts", "Artifacts in the store.", "kind")
        self.store_largest = gauge(
            "farm_store_largest_artifact_bytes", "The largest artifact.", "kind"
        )
        self.spool_free = gauge("farm_spool_free_bytes", "Free disk under the spool.")
        self.spool_size = gauge("farm_spool_size_bytes", "Disk under the spool.")
        self.notifications = gauge(
            "farm_notifications_pending", "Notifications to be delivered.", "channel"
        )
        self.deliveries = counter(
            "farm_notification_tries_total", "Tries to deliver, by outcome.", "channel", "outcome"
        )

    def count(self, events: Sequence[Event]) -> None:
        """Count events, looking up by key what they are about."""
        self._know({event.job_id for event in events if event.job_id is not None})
        for event in events:
            self.seen_events.add(event.entity)
        self._count_jobs([e for e in events if e.entity == "job"])
        self._count_tasks([e for e in events if e.entity == "task"])
        self._count_attempts(
            [e for e in events if e.entity == "attempt" and e.target in _ATTEMPT_ENDS]
        )
        self._count_submissions([e for e in events if e.entity == "submission"])
        for event in events:
            if event.entity == "node" and event.target == "lost":
                self.node_losses.add(event.entity_id)

    def _count_jobs(self, events: Sequence[Event]) -> None:
        ended = [e.entity_id for e in events if e.target == "done"]
        rows = self._reads.jobs(ended)
        for event in events:
            pipeline = self._pipeline(event.job_id)
            if event.target == "queued" and event.source is None:
                self.jobs_created.add(pipeline)
                for end in _JOB_ENDS:
                    # Prometheus sees no increase in a series that begins with 1.
                    self.jobs_ended.add(pipeline, end, by=0)
            elif event.target in _JOB_ENDS:
                self.jobs_ended.add(pipeline, event.target)
            if event.target == "done" and event.entity_id in rows:
                took_s = event.at - rows[event.entity_id].created_at
                self.job_s.observe(pipeline, seconds=max(0.0, took_s))

    def _count_tasks(self, events: Sequence[Event]) -> None:
        begun = [e for e in events if e.target == "running"]
        ready_at = self._reads.ready_at([e.entity_id for e in begun])
        for event in begun:
            at = ready_at.get(event.entity_id)
            # Later than its beginning: it was made ready again before it was looked at.
            if at is not None and at <= event.at:
                self.wait_s.observe(self._pipeline(event.job_id), seconds=event.at - at)
        cached = [e.entity_id for e in events if e.target == "cached"]
        for task, size in self._reads.saved_bytes(cached).items():
            stage, _ = self._stage(task)
            self.cache_hits.add(stage)
            self.cache_bytes.add(stage, by=size)
        for event in events:
            if event.target == "quarantined":
                self.tasks_quarantined.add(*self._stage(event.entity_id))

    def _count_attempts(self, events: Sequence[Event]) -> None:
        rows = self._reads.attempts(list({event.entity_id.rpartition("#")[0] for event in events}))
        for event in events:
            row = rows.get(event.entity_id)
            if row is None:
                continue
            stage = self._stage(row.task_id)
            self.attempts.add(*stage, event.target)
            if row.counts_as is not None:
                self._count_work(row, event)
            if event.target == "lost":
                self.lease_losses.add(row.node)
            if event.target in ("failed", "lost"):
                self.failures.add(*stage, row.error_class or "unknown")
            elif event.target == "succeeded" and row.started_at is not None:
                self.attempt_s.observe(*stage, seconds=max(0.0, event.at - row.started_at))

    def _count_work(self, row: Any, event: Event) -> None:
        for end in _ATTEMPT_ENDS:
            # So that the first failure of what has succeeded until now is seen as an increase.
            self.work.add(row.counts_as, end, by=0)
        self.work.add(row.counts_as, event.target)
        if event.target == "succeeded" and row.started_at is not None:
            self.work_s.observe(row.counts_as, seconds=max(0.0, event.at - row.started_at))

    def _count_submissions(self, events: Sequence[Event]) -> None:
        settled = [e for e in events if e.target in _ARRIVALS]
        rows = self._reads.submissions([e.entity_id for e in settled])
        for event in settled:
            row = rows.get(event.entity_id)
            if row is None:
                continue
            first = event.source == "claimed"
            returned = event.target == "rejected" and row.job_id is not None
            if (event.target != "accepted" or first) and not returned:
                self.submissions.add(row.origin, event.target)
            if first:
                self.intake_s.observe(row.origin, seconds=max(0.0, event.at - row.created_at))

    def _know(self, job_ids: Iterable[str]) -> None:
        """Look up pipelines and stages of jobs that are not known yet; forget the oldest."""
        missing = [id for id in job_ids if id not in self._jobs]
        if missing:
            for id, row in self._reads.jobs(missing).items():
                self._jobs[id] = row.pipeline
            self._stages.update(self._reads.stages(missing))
        if len(self._jobs) > _MOST_JOBS:
            for _ in range(len(self._jobs) // 2):
                self._jobs.popitem(last=False)
            self._stages = {key: v for key, v in self._stages.items() if key[0] in self._jobs}

    def _pipeline(self, job_id: str | None) -> str:
        return self._jobs.get(job_id or "", "unknown")

    def _stage(self, task_id: str) -> tuple[str, int]:
        job_id, stage, _ = task_id.split(".")
        return self._stages.get((job_id, stage), ("unknown", 0))
