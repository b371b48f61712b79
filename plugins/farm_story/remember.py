"""The stage ``story.remember``: the best pictures of a shot go into the project's memory.

Invariant: a kept picture is a frame of the film, as it is; what the memory holds of a shot depends on
the film, the prompt and the parameters only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from farm import Result, Task
from farm.media.film import film
from farm_story import faces
from farm_story.bank import Bank, Kept, Shot
from farm_story.choosing import diverse
from farm_story.looks import measures
from farm_story.looks.eyes import Eyes, descriptor, network
from farm_story.params import RememberParams
from farm_story.pictures import album, even, frames, jpeg, write_png

_GOOD = 0.5
"""Of the best picture's quality: what is less is not kept. A black frame is like no other, and would
be chosen for that."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A candidate, before it is known how good the others are."""

    frame: int
    sharpness: float
    exposure: float
    face: float | None
    look: list[float]


def classical(task: Task[RememberParams]) -> Result:
    """Remember ``video`` by the descriptor."""
    return remember(task, descriptor())


def learned(task: Task[RememberParams]) -> Result:
    """Remember ``video`` by the network."""
    return remember(task, network(task))


def remember(task: Task[RememberParams], eyes: Eyes) -> Result:
    """Look at frames even in time, keep the best different ones, write them and the document."""
    params, source = task.params, task.input("video")
    seen, fps = _look(task, eyes)
    faced = [one.face for one in seen if one.face is not None]
    worth = measures.qualities(
        [one.sharpness for one in seen], [one.exposure for one in seen], faced or None
    )
    good = [at for at, value in enumerate(worth) if value >= _GOOD * max(worth)]
    looks = np.array([seen[at].look for at in good])
    chosen = [good[at] for at in diverse([worth[at] for at in good], looks, params.keep)]
    kept = [
        Kept(
            frame=seen[at].frame,
            time_s=round(float(seen[at].frame / fps), 3),
            sharpness=round(seen[at].sharpness, 3),
            exposure=round(seen[at].exposure, 4),
            face=None if seen[at].face is None else round(seen[at].face or 0.0, 4),
            quality=round(worth[at], 4),
            look=seen[at].look,
        )
        for at in chosen
    ]
    shot = Shot(
        project=params.project,
        name=params.shot or source.hash[:12],
        parent=params.parent,
        prompt=prompt_of(task),
        film=source.hash,
        looks_by=eyes.name,
        kept=kept,
    )
    bank = Bank(task.documents, params.project)
    # Refused before anything is kept: a shot whose parent nobody knows has no branch.
    history = bank.history(shot)
    with film(source.path, "video") as opened:
        pictures = dict(frames(opened, sorted(one.frame for one in kept)))
    bank.keep(shot, [jpeg(pictures[one.frame]) for one in kept])
    files = [write_png(task.output("keyframes", ".png"), pictures[one.frame]) for one in kept]
    memory = task.output("memory", ".json")
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    record = {**shot.record(), "branch": [shot.name, *history], "files": hashes}
    memory.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    task.progress(1, 1, f"kept {len(kept)} of {len(seen)}")
    bound = album(task.output("album", ".zip"), files, "keyframe")
    return {"keyframes": files, "album": bound, "memory": memory}


def prompt_of(task: Task[RememberParams]) -> str:
    """The text at ``prompt``, in one line; empty without."""
    if not task.inputs.get("prompt"):
        return ""
    return " ".join(task.input("prompt").path.read_text(encoding="utf-8").split())[:2000]


def _look(task: Task[RememberParams], eyes: Eyes) -> tuple[list[_Seen], Fraction]:
    views = faces.views(task.input("faces").path) if task.inputs.get("faces") else None
    seen = []
    with film(task.input("video").path, "video") as opened:
        numbers = even(opened.count(), task.params.look_at)
        for number, pixels in frames(opened, numbers):
            seen.append(
                _Seen(
                    number,
                    measures.sharpness(pixels),
                    measures.exposure(pixels),
                    None if views is None else views.get(number, 0.0),
                    eyes.look(pixels),
                )
            )
            task.progress(len(seen), len(numbers) + 1, f"frame {number}")
        return seen, opened.fps
