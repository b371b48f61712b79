"""The newer view of prompts: ``/api/jobs``, as recorded.

Invariant: it says nothing that the queue and the history do not know.
"""

from __future__ import annotations

from typing import Any

from .prompts import Ended, Prompt, Prompts


def job(prompts: Prompts, prompt_id: str) -> dict[str, Any] | None:
    """One job in full, or ``None`` when nothing knows it."""
    for ended in prompts.history():
        if ended.prompt.id == prompt_id:
            told = _ended(ended)
            told["outputs"] = ended.outputs
            told["execution_status"] = ended.status
            told["workflow"] = {"prompt": ended.prompt.graph, "extra_data": ended.prompt.extra}
            return told
    running = prompts.running
    for prompt, status in [
        *([(running, "in_progress")] if running else []),
        *((waiting, "pending") for waiting in prompts.waiting()),
    ]:
        if prompt.id == prompt_id:
            told = _queued(prompt, status)
            told["outputs"] = {}
            told["workflow"] = {"prompt": prompt.graph, "extra_data": prompt.extra}
            return told
    return None


def listed(prompts: Prompts, limit: int | None, offset: int) -> dict[str, Any]:
    """Every job, the newest first, a page of them."""
    running = prompts.running
    jobs = [
        *(_queued(prompt, "pending") for prompt in prompts.waiting()),
        *([_queued(running, "in_progress")] if running else []),
        *(_ended(ended) for ended in prompts.history()),
    ]
    jobs.sort(key=lambda told: -told["create_time"])
    page = jobs[offset : None if limit is None else offset + limit]
    more = offset + len(page) < len(jobs)
    pagination = {"offset": offset, "limit": limit, "total": len(jobs), "has_more": more}
    return {"jobs": page, "pagination": pagination}


def _queued(prompt: Prompt, status: str) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "status": status,
        "priority": prompt.listed()[0],
        "create_time": prompt.extra["create_time"],
        "outputs_count": 0,
    }


def _ended(ended: Ended) -> dict[str, Any]:
    messages = dict(ended.status["messages"])
    files = [
        {**file, "nodeId": node, "mediaType": "images"}
        for node, told in ended.outputs.items()
        for value in told.values()
        for file in value
        if isinstance(file, dict)
    ]
    status = "completed"
    if "execution_interrupted" in messages:
        status = "cancelled"
    elif "execution_error" in messages:
        status = "failed"
    told = _queued(ended.prompt, status)
    told["execution_start_time"] = messages["execution_start"]["timestamp"]
    told["execution_end_time"] = ended.status["messages"][-1][1]["timestamp"]
    if status == "failed":
        told["execution_error"] = messages["execution_error"]
    told["outputs_count"] = told["previewable_outputs_count"] = len(files)
    if files:
        told["preview_output"] = files[0]
    return told
