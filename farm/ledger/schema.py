"""Tables of the ledger, the same on SQLite and PostgreSQL.

Invariant: every state column holds a value of its own enum and nothing else. Times are seconds
since 1970 (float, from the writer's clock, for people to read; no decision about a lease depends
on comparing two clocks). Sizes are bytes or MB as the name says.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from farm.domain.states import AttemptState, JobState, NodeState, SubmissionState, TaskState
from farm.ledger.columns import JsonColumn, NumberColumn, StateColumn

NO_DEADLINE = 9.0e15
"""``tasks.due`` of a task without a deadline: it sorts after every real one."""
_NAMED = text("known_as IS NOT NULL")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(14), primary_key=True),
    Column("origin", String(64), nullable=False, doc="drop folder's name, `queue` or `cli`"),
    Column("name", Text, nullable=False, doc="name of the file or folder as it arrived"),
    Column("state", StateColumn(SubmissionState), nullable=False),
    Column("arrived", Text, nullable=False, doc="path where it was found"),
    Column("location", Text, nullable=False, doc="path where it is now"),
    Column("fingerprint", Text, nullable=False, doc="what was seen when it had settled"),
    Column("content_key", String(64), doc="equal for submissions that would make the same thing"),
    Column("job_id", String(14)),
    Column("error", JsonColumn, doc="the complaint of a rejected one"),
    Column("returned_to", Text, doc="path it is published or returned to, decided before the move"),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("ix_submissions_state", "state", "created_at"),
    Index("ix_submissions_job_id", "job_id"),
    Index("ix_submissions_content_key", "content_key"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", NumberColumn, Identity(), primary_key=True, doc="short name for people: #42"),
    Column("id", String(14), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", StateColumn(JobState), nullable=False),
    Column("pipeline", String(128), nullable=False, doc="name@version"),
    Column("pipeline_hash", String(64), nullable=False),
    Column("content_key", String(64), nullable=False),
    Column("submission_id", String(14)),
    Column("manifest", JsonColumn, nullable=False, doc="complete and normalised"),
    Column("inputs", JsonColumn, nullable=False, doc="input name to artifacts"),
    Column("outputs", JsonColumn, nullable=False, doc="published file name to [stage, port]"),
    Column("plugins", JsonColumn, nullable=False, doc="plugin name to version"),
    Column("priority", Integer, nullable=False),
    Column("submitter", String(128), nullable=False),
    Column("tags", JsonColumn, nullable=False),
    Column("quality", String(16), nullable=False),
    Column("draft_id", String(14), doc="the draft this job is the master of"),
    Column("seed", BigInteger, nullable=False),
    Column("deadline", Float),
    Column("start_after", Float),
    Column("paused", Boolean, nullable=False),
    Column("open_stages", Integer, nullable=False, doc="stages that are not done yet"),
    Column("failures", Integer, nullable=False, doc="charged failures so far"),
    Column("notify", JsonColumn),
    Column("output_dir", Text, doc="folder the manifest asked for, under the outputs root"),
    Column("published", Text, doc="path of the finished folder, decided before the rename"),
    Column("error", JsonColumn, doc="why it failed or was cancelled"),
    Column("ended_hook", Boolean, nullable=False, doc="whether farm_job_ended was called"),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Index("ix_jobs_state", "state", "number"),
    Index("ix_jobs_content_key", "content_key"),
    Index("ix_jobs_ended_hook", "ended_hook", "state"),
    Index("ix_jobs_priority", "priority", "number"),
    Index("ix_jobs_pipeline", "pipeline", "number"),
    Index("ix_jobs_submitter", "submitter", "number"),
    Index("ix_jobs_created_at", "created_at"),
    Index("ix_jobs_ended_at", "ended_at"),
    Index("ix_jobs_draft_id", "draft_id"),
    Index("ix_jobs_quality", "quality", "state", "number"),
)

stages = Table(
    "stages",
    metadata,
    Column("job_id", String(14), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("stage_id", String(160), nullable=False, doc="capability/provider"),
    Column("version", Integer, nullable=False),
    Column("params", JsonColumn, nullable=False),
    Column("bindings", JsonColumn, nullable=False, doc="input port to sources"),
    Column("dependents", JsonColumn, nullable=False, doc="names of stages that wait for this one"),
    Column("waits_for", Integer, nullable=False, doc="stages that are not done yet before it"),
    Column("inputs", JsonColumn, doc="input port to artifacts, once known"),
    Column("outputs", JsonColumn, doc="output port to artifacts, once done"),
    Column("seed", BigInteger, nullable=False),
    Column("needs", JsonColumn, nullable=False),
    Column("shape", Text, nullable=False),
    Column("windowed", Boolean, nullable=False),
    Column("expanded", Boolean, nullable=False, doc="whether its tasks exist"),
    Column("chained", Boolean, nullable=False),
    Column("carry", JsonColumn, nullable=False),
    Column("each", JsonColumn, nullable=False, server_default="[]", doc="ports handed out by file"),
    Column("approval", Boolean, nullable=False, doc="an operator must approve before it starts"),
    Column("approved_by", Text),
    Column("cacheable", Boolean, nullable=False),
    Column("model_key", Text),
    Column("timeout_s", Float, nullable=False),
    Column("stall_s", Float, nullable=False),
    Column("open_tasks", Integer, nullable=False, doc="tasks that are not done yet"),
    Column("total_tasks", Integer, nullable=False),
    Index("ix_stages_expanded", "expanded", "waits_for"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(96), primary_key=True, doc="job.stage.window"),
    Column("job_id", String(14), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("stage", String(64), nullable=False),
    Column("window", Integer, nullable=False),
    Column("start", Integer, nullable=False, doc="first frame"),
    Column("stop", Integer, nullable=False, doc="one past the last frame"),
    Column("state", StateColumn(TaskState), nullable=False),
    Column("shape", Text, nullable=False),
    Column("urgency", Integer, nullable=False, doc="minus the job's priority, so it sorts first"),
    Column("submitter", String(128), nullable=False),
    Column("due", Float, nullable=False),
    Column("job_number", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False, doc="order inside the job"),
    Column("model_key", Text),
    Column("not_before", Float, doc="earliest start of a delayed task"),
    Column("wait_reason", Text, doc="why a held or delayed task waits"),
    Column("fence", Integer, nullable=False, doc="raised by each hand-out and each loss"),
    Column("attempts", Integer, nullable=False, doc="number of the newest attempt"),
    Column("failures", JsonColumn, nullable=False, doc="failed attempts by class"),
    Column("avoid", JsonColumn, nullable=False, doc="nodes that failed it"),
    Column("skips", Integer, nullable=False, doc="times a warm task overtook it"),
    Column("overtaken_at", Float, doc="when a warm task first overtook it"),
    Column("cache_key", String(64)),
    Column("outputs", JsonColumn, doc="output port to artifacts, once done"),
    Column("error", JsonColumn),
    Column("ready_at", Float),
    Column("ended_at", Float),
    Index("ix_tasks_job_id", "job_id", "stage", "window"),
    Index(
        "ix_tasks_placement",
        "state",
        "shape",
        "urgency",
        "submitter",
        "due",
        "job_number",
        "ordinal",
    ),
    Index("ix_tasks_order", "state", "urgency", "submitter", "due", "job_number", "ordinal"),
    Index("ix_tasks_not_before", "state", "not_before"),
    Index(
        "ix_tasks_model",
        "state",
        "urgency",
        "due",
        "job_number",
        "ordinal",
        "model_key",
        sqlite_where=text("model_key IS NOT NULL"),
        postgresql_where=text("model_key IS NOT NULL"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("task_id", String(96), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("job_id", String(14), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("state", StateColumn(AttemptState), nullable=False),
    Column("node", String(64), nullable=False),
    Column("slot", String(16), nullable=False, doc="engine on the node"),
    Column("incarnation", String(14), nullable=False, doc="start of the node it was handed to"),
    Column("lease", Integer, nullable=False, doc="raised by each heartbeat that names it"),
    Column("stop_reason", Text, doc="set when a running attempt is asked to stop"),
    Column("error_class", String(16)),
    Column("error", JsonColumn),
    Column("progress", Float, nullable=False, doc="0 to 1"),
    Column("note", Text),
    Column("log", Text, doc="path of its log"),
    Column("ram_mb", Float),
    Column("vram_mb", Float),
    Column("cpu_s", Float),
    Column("counts_as", String(80), doc="what it counts as in metrics, such as animate-move@1.0.0"),
    Column("known_as", String(200), doc="what a service outside calls its work"),
    Column("sent_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Index("ix_attempts_state", "state", "node"),
    Index("ix_attempts_job_id", "job_id"),
    Index("ix_attempts_known_as", "known_as", sqlite_where=_NAMED, postgresql_where=_NAMED),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("suffix", String(32), nullable=False),
    Column("facts", JsonColumn, nullable=False),
    Column("missing", Boolean, nullable=False, doc="collected, or found to be gone"),
    Column("created_at", Float, nullable=False),
    Index("ix_artifacts_created_at", "created_at"),
)

artifact_uses = Table(
    "artifact_uses",
    metadata,
    Column("job_id", String(14), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("hash", String(64), primary_key=True),
    Column("role", String(16), primary_key=True, doc="input, between or output"),
    Index("ix_artifact_uses_hash", "hash"),
)

cache = Table(
    "cache",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("task_id", String(96), nullable=False, doc="whose outputs these are"),
    Column("outputs", JsonColumn, nullable=False),
    Column("created_at", Float, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("state", StateColumn(NodeState), nullable=False),
    Column("incarnation", String(14), nullable=False),
    Column("beat", Integer, nullable=False, doc="raised by each heartbeat"),
    Column("beat_at", Float, nullable=False),
    Column("offers", JsonColumn, nullable=False, doc="stage id to version"),
    Column("complaints", JsonColumn, nullable=False, doc="stage id to why it is not offered"),
    Column("engines", JsonColumn, nullable=False, doc="list of slot, device, resident models, pid"),
    Column(
        "facts",
        JsonColumn,
        nullable=False,
        doc="cores, ram_mb, gpus, versions, gauges, restarts, …",
    ),
    Column("tags", JsonColumn, nullable=False),
    Column("reason", Text, doc="why it is paused, draining or quarantined"),
    Column("started_at", Float, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("node", String(64), primary_key=True),
    Column("stage_id", String(160), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

shapes = Table(
    "shapes",
    metadata,
    Column("shape", Text, primary_key=True),
    Column("needs", JsonColumn, nullable=False),
    Column("reason", Text, doc="why none of its tasks can be placed now; empty: next free engine"),
    Column("updated_at", Float, nullable=False),
)

peaks = Table(
    "peaks",
    metadata,
    Column("id", NumberColumn, Identity(), primary_key=True),
    Column("stage_id", String(160), nullable=False),
    Column("version", Integer, nullable=False),
    Column(
        "size", String(32), nullable=False, doc="of the task, as its stage names it, and its model"
    ),
    Column("ram_mb", Float, nullable=False),
    Column("vram_mb", Float, nullable=False),
    Column("wall_s", Float, nullable=False),
    Index("ix_peaks_stage_id", "stage_id", "version", "size", "id"),
)

model_loads = Table(
    "model_loads",
    metadata,
    Column("model_key", Text, primary_key=True),
    Column("load_s", Float, nullable=False, doc="what loading it took of late"),
    Column("size_mb", Float, nullable=False, doc="on the device, when last loaded"),
    Column("loads", Integer, nullable=False, doc="how often it was loaded"),
    Column("loaded_at", Float, nullable=False),
)

previews = Table(
    "previews",
    metadata,
    Column("task_id", String(96), primary_key=True),
    Column("job_id", String(14), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("picture", LargeBinary, nullable=False, doc="a PNG or JPEG of at most 256 KiB"),
    Column("at", Float, nullable=False),
    Index("ix_previews_job_id", "job_id"),
)

documents = Table(
    "documents",
    metadata,
    Column("plugin", String(64), primary_key=True),
    Column("collection", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("document", JsonColumn, nullable=False),
    Column("updated_at", Float, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", JsonColumn, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", NumberColumn, Identity(), primary_key=True),
    Column("key", String(160), nullable=False, doc="what is told; told once on each channel"),
    Column("channel", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("job_id", String(14)),
    Column("body", JsonColumn, nullable=False, doc="the event as it is told"),
    Column("tries", Integer, nullable=False),
    Column("due_at", Float, doc="time of the next try; NULL once delivered or given up"),
    Column("delivered_at", Float),
    Column("error", Text, doc="why the newest try failed"),
    Column("created_at", Float, nullable=False),
    Index("ix_notifications_key", "key", "channel", unique=True),
    Index("ix_notifications_channel", "channel", "due_at"),
)

leader = Table(
    "leader",
    metadata,
    Column("role", String(16), primary_key=True),
    Column("holder", Text, nullable=False, doc="host and process of the active daemon"),
    Column("epoch", Integer, nullable=False, doc="raised by each take-over; fences the old one"),
    Column("beat", Integer, nullable=False),
    Column("beat_at", Float, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", NumberColumn, Identity(), primary_key=True),
    Column("at", Float, nullable=False),
    Column("entity", String(16), nullable=False),
    Column("entity_id", String(96), nullable=False),
    Column("job_id", String(14)),
    Column("source", String(16)),
    Column("target", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", String(64), nullable=False),
    Index("ix_events_entity_id", "entity_id", "id"),
    Index("ix_events_job_id", "job_id", "id"),
)
