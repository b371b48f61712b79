"""What a finished job leaves in writing: receipt, job manifest, debug metadata. Pure.

Invariant: what a submitter gets holds no traceback and no log of the farm; what is stamped into a
file depends on the job's content only, so that a replay makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from farm.ledger.views import external_in, warnings_in
from farm.manifest import job_manifest

Job = Mapping[str, Any]
"""``Publishing.record()``."""

_PRIVATE = ("traceback", "log", "cause")


def receipt(
    job: Job, *, state: str, now_s: float, folder: str | None, files: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The content of ``receipt.json``, also for a job that failed.

    files : of each output ``file``, ``sha256``, ``size_bytes``, ``artifact`` and ``kind``.
    """
    attempts = job["attempts"]
    started = job["started_at"]
    return {
        "farm_receipt": 1,
        "job": job["id"],
        "number": job["number"],
        "name": job["name"],
        "state": state,
        "submission": job["submission_id"],
        "submitter": job["submitter"],
        "tags": job["tags"],
        "pipeline": job["pipeline"],
        "quality": job["quality"],
        "seed": job["seed"],
        "content_key": job["content_key"],
        "draft": _kin(job["draft"]),
        "master": _kin(next(iter(job["masters"]), None)),
        "folder": folder,
        "outputs": [dict(file) for file in files],
        "created_at": moment(job["created_at"]),
        "started_at": moment(started),
        "ended_at": moment(job["ended_at"] or now_s),
        "waited_s": None if started is None else round(started - job["created_at"], 3),
        "ran_s": None if started is None else round((job["ended_at"] or now_s) - started, 3),
        "tasks": len(job["tasks"]),
        "cached": sum(task["state"] == "cached" for task in job["tasks"]),
        "attempts": len(attempts),
        "warnings": warnings_in((stage["name"], stage["outputs"]) for stage in job["stages"]),
        "error": public_error(job["error"]),
    }


def manifest_of(job: Job) -> dict[str, Any]:
    """The content of ``job_manifest.json``: the manifest, and a record of what happened."""
    manifest = dict(job["manifest"])
    if "decided" in manifest:
        # So that the same in another quality is known to be this job's.
        manifest["decided"] = {**manifest["decided"], "job": job["id"]}
    return job_manifest(
        manifest,
        inputs=job["inputs"],
        pipeline_hash=job["pipeline_hash"],
        plugins=job["plugins"],
        seeds={stage["name"]: stage["seed"] for stage in job["stages"]},
        timings={stage["name"]: _timing(job, stage["name"]) for stage in job["stages"]},
        nodes=sorted({attempt["node"] for attempt in job["attempts"]}),
        attempts=[_attempt(attempt) for attempt in job["attempts"]],
        more={
            "job": job["id"],
            "number": job["number"],
            "content_key": job["content_key"],
            "draft": _kin(job["draft"]),
            "stages": {
                stage["name"]: {
                    "stage": stage["stage_id"],
                    "version": stage["version"],
                    "params": stage["params"],
                    "seed": stage["seed"],
                }
                for stage in job["stages"]
            },
        },
    )


def debug_of(job: Job, notes: Sequence[str] = ()) -> dict[str, Any]:
    """The content of ``debug_metadata.json``: stages, tasks, attempts, cache hits, events,
    and what other systems call the work that they did."""
    return {
        "job": job["id"],
        "number": job["number"],
        "state": job["state"],
        "notes": list(notes),
        "stages": [
            {
                "name": stage["name"],
                "stage": stage["stage_id"],
                "version": stage["version"],
                "needs": stage["needs"],
                "model": stage["model_key"],
                "inputs": _hashes(stage["inputs"]),
                "outputs": _hashes(stage["outputs"]),
                "tasks": stage["total_tasks"],
                **_timing(job, stage["name"]),
            }
            for stage in job["stages"]
        ],
        "external": external_in((stage["name"], stage["outputs"]) for stage in job["stages"]),
        "cache_hits": [task["id"] for task in job["tasks"] if task["state"] == "cached"],
        "tasks": [
            {
                name: task[name]
                for name in (
                    "id",
                    "state",
                    "start",
                    "stop",
                    "attempts",
                    "failures",
                    "avoid",
                    "cache_key",
                )
            }
            for task in job["tasks"]
        ],
        "attempts": [_attempt(attempt) for attempt in job["attempts"]],
        "events": [
            {
                name: event[name]
                for name in ("at", "entity", "entity_id", "source", "target", "reason", "actor")
            }
            for event in job["events"]
        ],
    }


def stamp_of(job: Job) -> dict[str, str]:
    """Metadata for media containers; nothing in it differs between two runs of the same job."""
    return {
        "comment": f"farm {job['pipeline']} seed {job['seed']} content {job['content_key']}",
        "farm:pipeline": str(job["pipeline"]),
        "farm:seed": str(job["seed"]),
        "farm:job_content": str(job["content_key"]),
    }


def _kin(kin: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A receipt's word on the draft of a master, or the master of a draft."""
    if kin is None:
        return None
    return {name: kin[name] for name in ("job", "number", "quality")} | {"folder": kin["published"]}


def public_error(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An error as a submitter may see it."""
    if error is None:
        return None
    return {name: value for name, value in error.items() if name not in _PRIVATE}


def moment(at_s: float | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    if at_s is None:
        return None
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def _timing(job: Job, stage: str) -> dict[str, Any]:
    """Seconds: ``wall_s`` from first start to last end, ``busy_s`` summed over attempts."""
    prefix = f"{job['id']}.{stage}."
    spans = [
        (attempt["started_at"], attempt["ended_at"])
        for attempt in job["attempts"]
        if attempt["task_id"].startswith(prefix) and attempt["started_at"] and attempt["ended_at"]
    ]
    if not spans:
        return {"wall_s": 0.0, "busy_s": 0.0}
    wall_s = max(end for _, end in spans) - min(start for start, _ in spans)
    return {
        "wall_s": round(wall_s, 3),
        "busy_s": round(sum(end - start for start, end in spans), 3),
    }


def _attempt(attempt: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        name: attempt[name]
        for name in ("task_id", "number", "state", "node", "slot", "error_class")
        if attempt[name] is not None
    }
    for name in ("ram_mb", "vram_mb", "cpu_s"):
        if attempt[name] is not None:
            kept[name] = round(attempt[name], 3)
    started, ended = attempt["started_at"], attempt["ended_at"]
    if started is not None and ended is not None:
        kept["wall_s"] = round(ended - started, 3)
    return kept


def _hashes(files: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> dict[str, list[str]]:
    return {port: [file["hash"] for file in found] for port, found in (files or {}).items()}
