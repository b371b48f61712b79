"""The log: one record for every film that was made and looked at.

Invariant: a record is written once and never changed; its id follows from its content, so that a task
that runs twice logs one film.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from farm_procedural.analyse.schema import Analysis
from farm_procedural.create.knowledge import keywords_of
from farm_procedural.instruction import Instruction
from farm_procedural.learn.registry import Entry, Origin, Registry
from farm_procedural.learn.taste import Rating, rate
from farm_procedural.learn.traits import longest_shot, traits_of
from farm_procedural.script import CameraMove, Script

SCHEMA = "farm.procedural.run/1"
MOST_SHOTS = 12
"""Shots of a script that are kept in the log; a long film's first ones stand for it."""

_MOVES = {
    "zoom": ("zoom-in", "zoom-out"), "pan": ("pan-right", "pan-left"),
    "tilt": ("tilt-up", "tilt-down"), "rotate": ("rotate-left", "rotate-right"),
    "dolly": ("dolly-in", "dolly-out"), "handheld": ("handheld", "handheld"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One film.

    choices : vocabulary values that its script used, by axis. numbers : by axis and name.
    features : what was measured, in short. met, grown : names. knowledge : the snapshot it was made
    with. explained : what that changed. round : plan of a loop's round, if it was one.
    """

    id: str
    prompt: str
    keywords: tuple[str, ...]
    palette: str
    rating: Rating
    features: Mapping[str, float]
    choices: Mapping[str, Sequence[str]]
    numbers: Mapping[str, Mapping[str, float]]
    met: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()
    knowledge: str = ""
    explained: tuple[str, ...] = ()
    round: Mapping[str, Any] = field(default_factory=dict)
    instruction: Mapping[str, Any] | None = None
    script: Mapping[str, Any] | None = None
    analysis: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As JSON, with its schema's name."""
        own = {
            name: getattr(self, name) for name in self.__slots__ if name not in ("rating", "script")
        }
        script = dict(self.script) if self.script is not None else None
        if script is not None:
            script["shots"] = script["shots"][:MOST_SHOTS]
        plain = {"schema": SCHEMA, **own, "rating": self.rating.record(), "script": script}
        return json.loads(json.dumps(plain))  # type: ignore[no-any-return]


def log_run(
    registry: Registry,
    analysis: Analysis,
    *,
    prompt: str = "",
    instruction: Instruction | None = None,
    script: Script | None = None,
    plan: Mapping[str, Any] | None = None,
) -> tuple[Run, list[Entry]]:
    """Rate a film, let the registry grow by it, and write it down.

    A film that is rated under 0.4 is logged, but teaches no names: what flickers is not worth one.
    """
    rating = rate(analysis, instruction)
    keywords = keywords_of(instruction) if instruction is not None else ()
    spec = script.record() if script is not None else None
    brief = json.loads(json.dumps(analysis.brief()))
    content = json.dumps([prompt, spec, brief], sort_keys=True).encode()
    number = hashlib.blake2b(content, digest_size=10).hexdigest()
    source = Origin(number, prompt, keywords, rating.score)
    met: list[str] = []
    grown: list[Entry] = []
    if rating.score >= 0.4:
        met, grown = registry.grow(traits_of(analysis, script), source)
    run = Run(
        id=number,
        prompt=prompt[:2000],
        keywords=keywords[:12],
        palette=analysis.colour.palette,
        rating=rating,
        features=features_of(analysis),
        choices=choices_of(script) if script is not None else {},
        numbers=numbers_of(script) if script is not None else {},
        met=tuple(met),
        grown=tuple(f"{entry.kind}:{entry.name}" for entry in grown),
        knowledge=script.knowledge if script is not None else "",
        explained=script.explained if script is not None else (),
        round=dict(plan or {}),
        instruction=instruction.record() if instruction is not None else None,
        script=spec,
        analysis=brief,
    )
    return run, grown


def features_of(analysis: Analysis) -> dict[str, float]:
    """The six numbers that films are compared by."""
    return {
        "brightness": analysis.brightness.mean,
        "contrast": analysis.contrast.span,
        "saturation": analysis.colour.saturation,
        "warmth": analysis.colour.warmth,
        "motion": analysis.motion.level,
        "busyness": analysis.texture.busyness,
    }


def choices_of(script: Script) -> dict[str, list[str]]:
    """Vocabulary values that a script uses, each once."""
    found: dict[str, dict[str, None]] = {}
    for shot in script.shots:
        values = {
            "gradient": [shot.gradient.kind],
            "camera": [_move(move) for move in shot.camera] or ["static"],
            "shape": [overlay.kind for overlay in shot.overlays],
            "particles": [particles.kind for particles in shot.particles],
            "transition": [shot.transition.kind] if shot is not script.shots[-1] else [],
            "light": [shot.light.orb] if shot.light.orb != "none" else [],
        }
        for axis, names in values.items():
            for name in names:
                found.setdefault(axis, {})[name] = None
    return {axis: sorted(names) for axis, names in found.items()}


def numbers_of(script: Script) -> dict[str, dict[str, float]]:
    """Numbers of a script by axis, named as in ``create.knowledge``; those of its longest shot."""
    shot = longest_shot(script)
    seconds = script.frames / script.fps
    found: dict[str, dict[str, float]] = {
        "gradient": {"angle": shot.gradient.angle, "strength": shot.gradient.strength},
        "texture": {
            "amount": shot.texture.amount,
            "scale": shot.texture.scale,
            "warp": shot.texture.warp,
        },
        "motion": {
            "level": shot.motion.level,
            "swell": shot.energy_to / max(0.1, shot.energy_from),
        },
        "tempo": {"bpm": script.score.bpm},
        "cuts": {"shot_s": seconds / len(script.shots)},
        "light": {
            "bloom": shot.light.bloom,
            "beams": shot.light.beams,
            "rim": shot.light.rim,
            "key": shot.light.key,
        },
        "grade": {
            "grain": shot.grade.grain,
            "vignette": shot.grade.vignette,
            "halation": shot.grade.halation,
        },
    }
    if shot.motion.direction is not None:
        found["direction"] = {"degrees": shot.motion.direction}
    if shot.overlays:
        found["shape"] = {"size": shot.overlays[0].size, "count": float(shot.overlays[0].count)}
    if shot.particles:
        found["particles"] = {
            "density": shot.particles[0].density,
            "speed": shot.particles[0].speed,
        }
    return {
        axis: {name: round(float(value), 4) for name, value in numbers.items()}
        for axis, numbers in found.items()
    }


def _move(move: CameraMove) -> str:
    forward, back = _MOVES[move.move]
    return forward if move.amount >= 0 else back
