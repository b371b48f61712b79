"""Which events are told, and in which words.

Invariant: every notice has a key that follows from what happened, so reading the same events again
tells nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from farm.ledger.event_feed import Event
from farm.ledger.outbox import Entry, Outbox

VERSION = 1


def notices(events: Sequence[Event], outbox: Outbox, farm: str) -> list[Entry]:
    """What is to be told about these events, in their order."""
    told = [(event, kind) for event in events if (kind := kind_of(event)) is not None]
    if not told:
        return []
    jobs = outbox.job_facts(sorted({e.job_id for e, _ in told if e.job_id is not None}))
    arrived = outbox.submission_facts([e.entity_id for e, kind in told if kind == "rejected"])
    return [
        _entry(event, kind, farm, jobs, arrived)
        for event, kind in told
        # What had a job is told as the failure of that job.
        if kind != "rejected" or arrived.get(event.entity_id, {}).get("job_id") is None
    ]


def kind_of(event: Event) -> str | None:
    """The kind of notice an event gives, if any."""
    match event.entity, event.target:
        case "job", "queued" if event.source is None:
            return "accepted"
        case "job", ("done" | "failed") as ended:
            return ended
        case "task", "held" if event.reason == "waits for approval":
            return "approval"
        case "submission", "rejected":
            return "rejected"
        case "node", "lost" | "quarantined" | "blocked":
            return "trouble"
        case "task", "quarantined":
            return "trouble"
        case "farm", "trouble" | "recovered":
            return "trouble"
    return None


def _entry(
    event: Event,
    kind: str,
    farm: str,
    jobs: Mapping[str, Mapping[str, Any]],
    arrived: Mapping[str, Mapping[str, Any]],
) -> Entry:
    facts = jobs.get(event.job_id or "")
    stage = event.entity_id.split(".")[1] if event.entity == "task" else None
    key = f"{kind}/{event.entity_id}/{event.id}"
    if kind == "approval":
        # One for the stage, however many windows it has.
        key = f"{kind}/{event.job_id}/{stage}"
    error = (facts or {}).get("error") if kind == "failed" else None
    if kind == "rejected":
        error = arrived.get(event.entity_id, {}).get("error")
    body: dict[str, Any] = {
        "version": VERSION,
        "id": key,
        "kind": kind,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event.at)),
        "farm": farm,
        "title": _title(event, kind, facts, stage, arrived),
        "reason": str((error or {}).get("message") or event.reason),
        "mend": str((error or {}).get("mend") or _mend(event, kind, facts, stage)),
        "subject": {"entity": event.entity, "id": event.entity_id},
        "correlation": (facts or {}).get("submission_id") or event.job_id or event.entity_id,
        "job": None,
    }
    if facts is not None:
        body["job"] = {
            "id": facts["id"],
            "number": facts["number"],
            "name": facts["name"],
            "pipeline": facts["pipeline"],
            "submitter": facts["submitter"],
            "outputs": facts["published"] if kind == "done" else None,
        }
    return Entry(key[:160], kind, event.job_id, body)


def _title(
    event: Event,
    kind: str,
    facts: Mapping[str, Any] | None,
    stage: str | None,
    arrived: Mapping[str, Mapping[str, Any]],
) -> str:
    job = f"job #{facts['number']} {facts['name']}" if facts is not None else event.entity_id
    match kind:
        case "accepted":
            return f"{job} was accepted"
        case "approval":
            return f"{job} waits for approval of {stage}"
        case "done" | "failed":
            return f"{job} is done" if kind == "done" else f"{job} failed"
        case "rejected":
            row = arrived.get(event.entity_id, {})
            return f"{row.get('name', event.entity_id)} was rejected by {row.get('origin', '')}"
    match event.entity, event.target:
        case "node", "blocked":
            return f"node {event.entity_id} is blocked from a stage"
        case "node", state:
            return f"node {event.entity_id} is {state}"
        case "task", _:
            return f"{job}: stage {stage} crashes its engines"
        case _, "recovered":
            return f"{event.entity_id}: all is well again"
    return f"{event.entity_id}: trouble"


def _mend(event: Event, kind: str, facts: Mapping[str, Any] | None, stage: str | None) -> str:
    number = facts["number"] if facts is not None else ""
    match kind, event.entity, event.target:
        case "approval", _, _:
            return f"farm approve {number} {stage}"
        case "failed", _, _:
            return f"farm why {number}; farm retry {number}"
        case "trouble", "node", "lost":
            return "Look at the machine and its `farm node`; its tasks run elsewhere meanwhile."
        case "trouble", "node", _:
            return f"farm nodes; farm enable {event.entity_id}"
        case "trouble", "task", _:
            return f"farm logs {number}.{stage}; farm retry {number}"
        case "trouble", "farm", "trouble":
            return "farm doctor; farm gc"
    return ""
