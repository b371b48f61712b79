"""The account of a binding: every choice and where it went, for the job's debug metadata.

Invariant: plain JSON, and enough to bind the same graph again by hand.
"""

from __future__ import annotations

from typing import Any

from farm_comfyui.bound import BoundGraph
from farm_comfyui.filling import chunk_seed
from farm_comfyui.lengths import Plan
from farm_comfyui.profiles import Settled
from farm_comfyui.requests import BindRequest
from farm_comfyui.words import Words


def account(
    bound: BoundGraph,
    request: BindRequest,
    words: Words,
    choice: Settled,
    length: Plan,
    precision: str,
) -> dict[str, Any]:
    """What ``debug_metadata.json`` keeps of a binding."""
    return {
        "workflow": bound.version_id,
        "graph_sha256": bound.digest,
        "quality": request.quality,
        "precision": precision,
        "aspect": request.aspect,
        "size": [choice.width, choice.height],
        "fps": bound.expected.fps,
        "frames_made": length.total,
        "frames_kept": length.kept,
        "duration_s": length.duration_s,
        "chunk_frames": length.length,
        "chunks": [
            {"index": at, "first_frame": start, "seed": chunk_seed(request.seed, at)}
            for at, start in enumerate(length.starts)
        ],
        "settings": dict(choice.values),
        "switches": sorted(choice.switches),
        "models": [f"{need.folder}/{need.name}" for need in bound.needs.models],
        "prompt": words.prompt,
        "negative": words.negative,
        "added_to_prompt": dict(words.added),
        "framing": request.framing,
        "adherence": request.adherence,
        "pose_sheets": [
            {"asset": name, "shows": shows, "guidance": "soft"}
            for name, shows in request.poses.items()
        ],
        "references": [{"asset": name, "guidance": "none"} for name in request.references],
        "warnings": _warnings(request),
    }


def _warnings(request: BindRequest) -> list[str]:
    told = []
    if request.poses:
        told.append(
            "pose sheets are soft guidance here: their poses are put in words, not met exactly; "
            "pose-control meets the poses of a control video"
        )
    if request.references:
        told.append("reference pictures are kept with the job; this workflow reads one picture")
    return told
