"""What a simulation submits, through every front door, and what each must come back as.

Invariant: equal seeds give equal submissions.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from farm.planning.seeds import stage_seed
from farm.sim.plugin import expected_result

_DEFAULTS = (6, 2, 0.1)


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submission. name : as it arrives. seed : ``None``: the farm derives it."""

    name: str
    prompt: str
    seed: int | None
    frames: int
    size: int
    seconds: float

    def expected(self, seed: int) -> bytes:
        """The content of its ``result.txt``; ``seed`` is the job's."""
        return expected_result(
            self.prompt.encode(),
            seed=stage_seed(seed, "work"),
            frames=self.frames,
            size=self.size,
        )


def draw(chance: random.Random, index: int) -> Submitted:
    """Submission ``index``: a prompt file, a folder or a manifest, of a drawn length."""
    form = chance.choice(["file", "folder", ".yaml", ".json", ".toml"])
    prompt = f"{chance.choice(['dunes', 'rain', 'neon', 'fox'])} {index} {chance.random()}\n"
    if form == "file":
        return Submitted(f"file{index:04}.txt", prompt, None, *_DEFAULTS)
    name = f"folder{index:04}" if form == "folder" else f"manifest{index:04}{form}"
    size = chance.randint(1, 3)
    frames = chance.randint(1, 3 * size)
    seconds = chance.choice([0.0, 0.2, 0.8, 1.5])
    return Submitted(name, prompt, chance.randrange(2**31), frames, size, seconds)


def submit(one: Submitted, door: Path, inbox: Path) -> None:
    """Put it where it belongs in one rename, as a careful program does."""
    fields: dict[str, Any] = {
        "farm": 1,
        "seed": one.seed,
        "params": {"frames": one.frames, "size": one.size, "seconds": one.seconds},
    }
    kind = Path(one.name).suffix
    if kind == ".txt":
        hidden = door / f".{one.name}"
        hidden.write_bytes(one.prompt.encode())
        hidden.rename(door / one.name)
    elif not kind:
        hidden = door / f".{one.name}"
        hidden.mkdir()
        (hidden / "prompt.txt").write_bytes(one.prompt.encode())
        (hidden / "job.yaml").write_text(yaml.safe_dump(fields), encoding="utf-8")
        hidden.rename(door / one.name)
    else:
        hidden = inbox / f".{one.name}"
        fields |= {"pipeline": "sim", "prompt": one.prompt}
        hidden.write_text(_FORMATS[kind](fields), encoding="utf-8")
        hidden.rename(inbox / one.name)


def _toml(fields: dict[str, Any]) -> str:
    # A string or number of JSON is one of TOML, too; the one table comes last.
    plain = [f"{k} = {json.dumps(v)}" for k, v in fields.items() if not isinstance(v, dict)]
    table = [f"{k} = {json.dumps(v)}" for k, v in fields["params"].items()]
    return "\n".join([*plain, "[params]", *table]) + "\n"


_FORMATS: dict[str, Callable[[Any], str]] = {
    ".yaml": yaml.safe_dump,
    ".json": json.dumps,
    ".toml": _toml,
}
