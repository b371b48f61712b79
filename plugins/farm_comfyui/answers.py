"""What a server's answers about prompts mean: where one stands, how it ended, why it was refused.

Invariant: an interrupted run is told from a failed one, though both say ``error``; a refusal is told
by the types of its complaints, never by its wording.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from farm_comfyui import failures


class Standing(str, Enum):
    """Where a prompt stands on a server."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PromptState:
    """What a server knows of a prompt. outputs : by node, as the server lists them. messages : the
    last of each kind. started_ms, ended_ms : the server's own clock, 0 when unknown."""

    standing: Standing
    outputs: Mapping[str, Any] = field(default_factory=dict)
    messages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether it ended."""
        return self.standing in (Standing.DONE, Standing.FAILED, Standing.CANCELLED)

    @property
    def executed_s(self) -> float:
        """Seconds between the server's own start and end of it; 0 when it does not say."""
        times = [float(told["timestamp"]) for told in self.messages.values() if "timestamp" in told]
        return (max(times) - min(times)) / 1000 if len(times) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Queue:
    """Ids and graphs that run and wait, in the order in which they will run."""

    running: tuple[tuple[str, Mapping[str, Any]], ...]
    waiting: tuple[tuple[str, Mapping[str, Any]], ...]

    def ahead(self, prompt_id: str) -> int | None:
        """How many come before this one; ``None`` when it is not in the queue."""
        for place, (name, _) in enumerate((*self.running, *self.waiting)):
            if name == prompt_id:
                return place
        return None


_LACKS = {"missing_node_type", "value_not_in_list", "invalid_prompt"}
"""Complaints about what is not installed; the last one is how older servers name a missing node."""


def refusal(told: Any, cause: Mapping[str, Any]) -> failures.ComfyFailure:
    """What a refused prompt means: a missing node, model or file, or a graph that does not fit."""
    told = told if isinstance(told, dict) else {"error": {"message": str(told)}}
    error = told.get("error") or {}
    error = error if isinstance(error, dict) else {"message": str(error)}
    node_errors = told.get("node_errors") or {}
    kept = {**cause, "reply": told}
    where = str(cause.get("server", ""))
    complaints = [
        (str(node), str(one.get("class_type", "")), fault)
        for node, one in node_errors.items()
        for fault in one.get("errors", ())
    ]
    got = "; ".join(
        f"{kind} (node {node}): {fault.get('message')}: {fault.get('details')}"
        for node, kind, fault in complaints[:4]
    )
    got = (got or f"{error.get('message')}: {error.get('details')}")[:600]
    kinds = {str(fault.get("type")) for _, _, fault in complaints} or {str(error.get("type"))}
    if kinds <= _LACKS:
        return failures.Lacking(
            "the video server lacks a part that this workflow needs",
            where=where,
            got=got,
            mend="farm comfy check tells what to install where.",
            cause=kept,
        )
    if kinds <= {"custom_validation_failed"}:
        return failures.UploadFailed(
            "the video server no longer has a file that was sent to it",
            where=where,
            got=got,
            code="comfy.upload-gone",
            cause=kept,
        )
    return failures.BindingFailed(
        "the video server does not accept this workflow",
        where=where,
        got=got,
        mend="The workflow's version and the server's do not fit: farm comfy check tells more.",
        cause=kept,
    )


def queued(told: Any) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Ids and graphs of one half of the queue, in the order in which they run."""
    rows = [row for row in told or () if isinstance(row, list) and len(row) > 2]
    rows.sort(key=lambda row: row[0])
    return tuple((str(row[1]), row[2]) for row in rows)


_STANDINGS = {
    "pending": Standing.PENDING,
    "in_progress": Standing.RUNNING,
    "completed": Standing.DONE,
    "failed": Standing.FAILED,
    "cancelled": Standing.CANCELLED,
}


def state_of_job(told: Mapping[str, Any]) -> PromptState:
    """From ``/api/jobs/{id}``."""
    status = told.get("execution_status") or {}
    messages = _messages(status.get("messages"))
    if told.get("execution_error"):
        messages["execution_error"] = told["execution_error"]
    standing = _STANDINGS.get(str(told.get("status")), Standing.UNKNOWN)
    return PromptState(standing, told.get("outputs") or {}, messages)


def state_of_history(told: Mapping[str, Any]) -> PromptState:
    """From an entry of ``/history``."""
    status = told.get("status") or {}
    messages = _messages(status.get("messages"))
    if "execution_interrupted" in messages:
        standing = Standing.CANCELLED
    elif status.get("status_str") == "success" and "execution_error" not in messages:
        standing = Standing.DONE
    else:
        standing = Standing.FAILED
    return PromptState(standing, told.get("outputs") or {}, messages)


def _messages(told: Any) -> dict[str, Mapping[str, Any]]:
    return {str(one[0]): one[1] for one in told or () if len(one) == 2 and isinstance(one[1], dict)}
