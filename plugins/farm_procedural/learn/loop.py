"""One round of the loop: think of a prompt, make a small film, look at it, learn, write it down.

Invariant: a round depends on its number, the seed, the state of the round before and what is kept;
it writes nothing before it is done, so a round that is cut off is simply done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from farm import window_seed
from farm_procedural.analyse.meter import Meter
from farm_procedural.analyse.schema import Analysis
from farm_procedural.create.script import compose
from farm_procedural.instruction import Instruction
from farm_procedural.interpret.reading import interpret
from farm_procedural.learn.keeping import Documents, Memory, keep, recall, save
from farm_procedural.learn.prompts import coverage, next_plan, worded
from farm_procedural.learn.runs import features_of, log_run
from farm_procedural.learn.suggest import Snapshot
from farm_procedural.learn.taste import rate
from farm_procedural.learn.words import learned_words
from farm_procedural.render.film import Film
from farm_procedural.render.planes import Planes
from farm_procedural.script import Script

STATE = "farm.procedural.loop/1"
Looked = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Size:
    """Of the small films. control_every: each so many rounds the film is also made without what was
    learned, to see what that changes; 0 for never."""

    width: int = 160
    height: int = 90
    fps: int = 12
    duration_s: float = 3.0
    control_every: int = 4


def first_state() -> dict[str, Any]:
    """Before the first round. runs : ids of the rounds so far, in order; the log has the rest."""
    return {"schema": STATE, "runs": [], "stopped": ""}


def play(
    documents: Documents,
    state: Mapping[str, Any],
    number: int,
    *,
    seed: int,
    size: Size,
    looked: Looked,
) -> dict[str, Any]:
    """Do round ``number``; the next state.

    looked : is told each frame that was rendered; may raise to stop the round.
    """
    memory = recall(documents)
    snapshot = memory.snapshot()
    own = window_seed(seed, number)
    before = coverage(memory.plans)
    plan = next_plan(memory.plans, own)
    prompt = worded(plan)
    names = learned_words(memory.registry.entries.values())
    instruction = interpret(prompt, learned=names)
    script = _script(instruction, own, size, snapshot)
    analysis = watched(script, looked)
    after = coverage([*memory.plans, plan])
    told: dict[str, Any] = {
        "number": number,
        "plan": list(plan),
        "pairs": after.pairs,
        "new_pairs": after.pairs - before.pairs,
        "coverage": round(after.share, 6),
    }
    if snapshot.id and size.control_every and number % size.control_every == 0:
        control = _control(instruction, own, size, script, analysis, looked)
        if control is not None:
            told["control"] = control
    run, grown = log_run(
        memory.registry, analysis, prompt=prompt, instruction=instruction, script=script
    )
    told["known"] = len(memory.registry.entries)
    run = replace(run, round=told)
    keep(documents, memory, run, grown)
    return {**state, "runs": [*state["runs"], run.id]}


def rounds_of(documents: Documents, state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the log says about a loop's rounds; those that somebody removed are left out."""
    found = []
    for number in state["runs"]:
        run = documents.get("run", number)
        if run is None:
            continue
        found.append(
            {
                **{name: value for name, value in run["round"].items() if name != "plan"},
                "run": run["id"],
                "prompt": run["prompt"],
                "unknown": run["instruction"]["unknown"],
                "rating": run["rating"]["score"],
                "verdicts": {v["rule"]: v["score"] for v in run["rating"]["verdicts"]},
                "features": run["features"],
                "palette": run["palette"],
                "met": run["met"],
                "grown": run["grown"],
                "knowledge": run["knowledge"],
                "explained": run["explained"] if run["knowledge"] else [],
            }
        )
    return found


def finish(documents: Documents) -> Memory:
    """Write the memory after the last round, so that readers find it caught up."""
    memory = recall(documents)
    save(documents, memory)
    return memory


def watched(script: Script, looked: Looked) -> Analysis:
    """The analysis of a script's film, measured on its planes while it is rendered."""
    film = Film(script)
    planes = Planes.blank(script.width, script.height)
    meter = Meter(script.width, script.height, script.fps)
    for number in range(script.frames):
        looked(number)
        film.frame(number, planes)
        meter.add(planes.luma, planes.cb, planes.cr)
    return meter.analysis()


def _script(instruction: Instruction, seed: int, size: Size, knowledge: Snapshot | None) -> Script:
    return compose(
        instruction,
        seed=seed,
        width=size.width,
        height=size.height,
        fps=size.fps,
        duration_s=size.duration_s,
        knowledge=knowledge,
    )


def _control(
    instruction: Instruction,
    seed: int,
    size: Size,
    script: Script,
    analysis: Analysis,
    looked: Looked,
) -> dict[str, Any] | None:
    """The same film without what was learned; ``None`` when that changes nothing."""
    plain = _script(instruction, seed, size, None)
    changed = changes(plain, script)
    if not changed:
        return None
    other = watched(plain, looked)
    with_, without = features_of(analysis), features_of(other)
    rating = rate(other, instruction)
    return {
        "changed": changed[:20],
        "rating": rating.score,
        "verdicts": {verdict.rule: verdict.score for verdict in rating.verdicts},
        "features": {name: round(with_[name] - without[name], 4) for name in with_},
    }


def changes(one: Script, other: Script) -> list[str]:
    """Where two scripts differ, as paths such as ``shots[0].gradient.kind``."""
    found: list[str] = []
    skipped = ("explained", "knowledge", "media", "schema")
    pairs = (
        {key: value for key, value in one.record().items() if key not in skipped},
        {key: value for key, value in other.record().items() if key not in skipped},
    )
    _compare("", *pairs, found)
    return found


def _compare(path: str, one: Any, other: Any, found: list[str]) -> None:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            _compare(f"{path}.{key}" if path else key, one.get(key), other.get(key), found)
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other) or not any(isinstance(v, (dict, list, tuple)) for v in one):
            if list(one) != list(other):
                found.append(path)
            return
        for k, (a, b) in enumerate(zip(one, other, strict=True)):
            _compare(f"{path}[{k}]", a, b, found)
    elif one != other:
        found.append(path)
