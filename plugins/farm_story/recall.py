"""The stage ``story.recall``: pictures of earlier shots that the next one is to be held to.

Invariant: a reference is a kept picture of a shot on the branch that is gone on from, never of
another branch; the same memory, prompt and parameters recall the same pictures in the same order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm_story.bank import Bank, Kept, Shot
from farm_story.choosing import diverse
from farm_story.looks.eyes import Eyes, descriptor, network
from farm_story.params import RecallParams
from farm_story.pictures import album, read, write_png
from farm_story.words import likeness

SCHEMA = "farm.story.recall/1"
_QUALITY = 0.25
"""Share of how good a picture is in what it is worth."""
_VARIETY = 0.3
_SINK_FROM = 3
"""From this many references on, one is of the shot that set the look of the story (the memory sink
of streaming models)."""


@dataclass(frozen=True, slots=True)
class _Memory:
    """A kept picture with what speaks for it, 0 to 1 each."""

    shot: Shot
    at: int
    kept: Kept
    look: float
    words: float
    worth: float


def classical(task: Task[RecallParams]) -> Result:
    """Recall by the descriptor."""
    return recall(task, descriptor())


def learned(task: Task[RecallParams]) -> Result:
    """Recall by the network."""
    return recall(task, network(task))


def recall(task: Task[RecallParams], eyes: Eyes) -> Result:
    """Weigh every picture of the branch, choose, and write the references and their weights."""
    params = task.params
    bank = Bank(task.documents, params.project)
    shots = list(bank.branch(params.parent, params.reach))
    task.checkpoint()
    prompt = ""
    if task.inputs.get("prompt"):
        prompt = task.input("prompt").path.read_text(encoding="utf-8")
    chosen = _chosen(task, bank, shots, prompt, eyes) if shots else []
    most = max((memory.worth for memory in chosen), default=1.0) or 1.0
    result: dict[str, object] = {}
    files = []
    for memory in chosen:
        pixels = read(bank.picture(memory.shot.name, memory.at), "a kept picture")
        files.append(write_png(task.output("references", ".png"), pixels))
        if len(files) == 1:
            result["best"] = write_png(task.output("best", ".png"), pixels)
    if files:
        result["references"] = files
        result["album"] = album(task.output("album", ".zip"), files, "reference")
    weights = task.output("weights", ".json")
    record = {
        "schema": SCHEMA,
        "project": params.project,
        "parent": params.parent,
        "branch": [shot.name for shot in shots],
        "consistency": params.consistency,
        "looks_by": eyes.name,
        "references": [
            {
                "file": at,
                "shot": memory.shot.name,
                "frame": memory.kept.frame,
                "time_s": memory.kept.time_s,
                "weight": round(params.consistency * memory.worth / most, 4),
                "look": round(memory.look, 4),
                "words": round(memory.words, 4),
                "quality": memory.kept.quality,
            }
            for at, memory in enumerate(chosen)
        ],
    }
    weights.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    task.progress(1, 1, f"{len(chosen)} references of {len(shots)} shots")
    return {**result, "weights": weights}  # type: ignore[dict-item]


def _chosen(
    task: Task[RecallParams], bank: Bank, shots: list[Shot], prompt: str, eyes: Eyes
) -> list[_Memory]:
    looks = _looks(bank, shots, eyes)
    if task.inputs.get("image"):
        anchor = np.array(eyes.look(read(task.input("image").path, "image")))
    else:
        # How the shot before ended: the last of its pictures in time.
        parent = shots[0]
        last = max(range(len(parent.kept)), key=lambda at: parent.kept[at].frame)
        anchor = looks[parent.name, last]
    words = likeness(prompt, [shot.prompt for shot in shots])
    memories = []
    for shot, spoken in zip(shots, words, strict=True):
        for at, kept in enumerate(shot.kept):
            look = max(0.0, float(looks[shot.name, at] @ anchor))
            hold = task.params.consistency
            relevance = hold * look + (1 - hold) * spoken
            worth = (1 - _QUALITY) * relevance + _QUALITY * kept.quality
            memories.append(_Memory(shot, at, kept, look, spoken, worth))
    chosen = _picked(memories, looks, task.params.keep)
    return sorted(chosen, key=lambda memory: -memory.worth)


def _picked(
    memories: list[_Memory], looks: dict[tuple[str, int], NDArray[np.float64]], keep: int
) -> list[_Memory]:
    every = np.array([looks[memory.shot.name, memory.at] for memory in memories])
    worth = [memory.worth for memory in memories]
    first = memories[-1].shot
    found = diverse(worth, every, keep, variety=_VARIETY)
    if keep >= _SINK_FROM and not any(memories[at].shot is first for at in found):
        roots = [at for at, memory in enumerate(memories) if memory.shot is first]
        sink = max(roots, key=lambda at: (worth[at], -at))
        found = diverse(worth, every, keep, variety=_VARIETY, taken=[sink])
    return [memories[at] for at in found]


def _looks(bank: Bank, shots: list[Shot], eyes: Eyes) -> dict[tuple[str, int], NDArray[np.float64]]:
    """The embedding of each kept picture; taken anew where another way of looking wrote it."""
    return {
        (shot.name, at): np.array(
            kept.look
            if shot.looks_by == eyes.name
            else eyes.look(read(bank.picture(shot.name, at), "a kept picture"))
        )
        for shot in shots
        for at, kept in enumerate(shot.kept)
    }
