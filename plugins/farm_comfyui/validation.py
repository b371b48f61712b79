"""What is refused before anything is queued, in words that say which mode can do it instead.

Invariant: a request that a mode cannot honour is never half honoured. Everything here follows from the
parameters and the facts of the files; no file is opened and no server is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from farm import AssetError, InputError, MediaFacts, ParameterError
from farm_comfyui.params import PrepareParams


class Submitted(Protocol):
    """An artifact or an input file."""

    @property
    def facts(self) -> MediaFacts:
        """What decoding told."""


Files = Mapping[str, Sequence[Submitted]]

SMALLEST_SIDE = 256
"""Pixels of the shorter side of a ground truth; below, a face has too few to be recognised."""
WIDEST = 2.4
"""Longer side over shorter side; beyond, more than half would be cropped away."""
SHORTEST_S = 0.25
MOST_POSES = 4
MOST_REFERENCES = 4


@dataclass(frozen=True, slots=True)
class Rule:
    """A mode's inputs."""

    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()


RULES = {
    "animate": Rule(("character", "motion"), ("mask", "reference", "pose")),
    "audio-performance": Rule(("character", "audio"), ("reference", "pose")),
    "start-end-frame": Rule(("first", "last"), ("reference", "pose")),
    "pose-control": Rule(("control",), ("character", "reference", "pose")),
    "plumbing": Rule(("character", "motion")),
}
_TITLES = {
    "character": "the picture of the character",
    "motion": "the motion video",
    "audio": "the sound",
    "first": "the first frame",
    "last": "the last frame",
    "control": "the control video",
    "mask": "the mask video",
    "reference": "reference pictures",
    "pose": "pose sheets",
}
# Who can honour what another mode cannot.
_INSTEAD = {
    "audio": ("lip movement that follows a sound", "audio-performance"),
    "motion": ("motion taken from a video of a person", "animate"),
    "first": ("an exact first frame", "start-end-frame"),
    "last": ("an exact last frame", "start-end-frame"),
    "control": ("poses that are met exactly", "pose-control"),
    "mask": ("a mask of what is replaced", "animate"),
}
_ONLY_OF = {
    "mix": "animate",
    "relight": "animate",
    "background": "animate",
    "segments": "animate",
    "framing": "audio-performance",
    "control_form": "pose-control",
}


def check(params: PrepareParams, files: Files) -> None:
    """Refuse what cannot be honoured.

    Raises
    ------
    AssetError : a file that is missing, too small, too long, or of an odd shape.
    InputError : what this mode cannot do, with the mode that can.
    ParameterError : parameters that contradict one another.
    """
    rule = RULES[params.mode]
    _only_what_it_can(params, rule, files)
    _nothing_missing(params, rule, files)
    _no_contradiction(params, files)
    if params.mode == "plumbing":
        return  # Anything goes through a pipe.
    for name in ("character", "first", "last"):
        for file in files.get(name, ()):
            _picture(name, file.facts)
    for name in ("motion", "control", "mask"):
        for file in files.get(name, ()):
            _film(name, file.facts)
    for file in files.get("audio", ()):
        _length("audio", file.facts)


def file(name: str, kind: str, facts: MediaFacts, *, sized: bool) -> None:
    """Refuse one file of a workflow. sized : whether small and oddly shaped ones are refused, too.

    Raises
    ------
    AssetError : too short; with ``sized`` too small, or of a shape that no film has.
    """
    if kind == "image":
        if sized:
            _picture(name, facts)
    elif kind == "video" and sized:
        _film(name, facts)
    else:
        _length(name, facts)


def _only_what_it_can(params: PrepareParams, rule: Rule, files: Files) -> None:
    for name in files:
        if name in (*rule.needs, *rule.takes) or name not in _INSTEAD:
            continue
        what, mode = _INSTEAD[name]
        raise InputError(
            f"{params.mode} cannot give {what}",
            where=name,
            expected=f"no {_TITLES[name].removeprefix('the ')} here",
            mend=f"Use {mode}, which can; or take the file out.",
            code="comfy.wrong-mode",
        )
    if params.poses == "exact" and files.get("pose"):
        raise InputError(
            "a pose sheet is soft guidance, its poses are not met exactly",
            where="pose",
            mend="Use pose-control with a control video, which can; or leave poses at soft.",
            code="comfy.wrong-mode",
        )
    for name, mode in _ONLY_OF.items():
        if mode != params.mode and getattr(params, name) not in (False, 0, "auto", "ready"):
            raise ParameterError(
                f"{params.mode} has no {name}",
                where=f"params.{name}",
                mend=f"Use {mode}, which can; or leave {name} out.",
                code="comfy.wrong-mode",
            )


def _nothing_missing(params: PrepareParams, rule: Rule, files: Files) -> None:
    for name in rule.needs:
        if not files.get(name):
            raise AssetError(
                f"{_TITLES[name]} is missing",
                where=name,
                expected=f"{params.mode} needs {' and '.join(_TITLES[n] for n in rule.needs)}",
                mend=f"Add a file called {name} with its usual ending.",
                code="comfy.missing-asset",
            )
    for name, most in (("pose", MOST_POSES), ("reference", MOST_REFERENCES)):
        if len(files.get(name, ())) > most:
            raise AssetError(
                f"there are too many {_TITLES[name]}",
                where=name,
                expected=f"at most {most}",
                got=str(len(files[name])),
                mend="Keep the ones that matter most.",
                code="comfy.too-many",
            )


def _no_contradiction(params: PrepareParams, files: Files) -> None:
    if params.mode != "animate" or params.mix:
        if params.mix and params.background == "replace":
            raise ParameterError(
                "mix keeps the background of the video",
                where="params.background",
                expected="auto or keep",
                got="replace",
                mend="Leave mix out, or leave background out.",
                code="comfy.conflict",
            )
        return
    if files.get("mask"):
        raise ParameterError(
            "a mask says what is replaced in the video, and without mix nothing is",
            where="mask",
            mend="Set mix to true, or take the mask out.",
            code="comfy.conflict",
        )
    if params.relight == "on":
        raise ParameterError(
            "relighting fits the character into the scene of the video, which needs mix",
            where="params.relight",
            mend="Set mix to true, or leave relight out.",
            code="comfy.conflict",
        )
    if params.background == "keep":
        raise ParameterError(
            "without mix the background is that of the picture, the video's is not kept",
            where="params.background",
            mend="Set mix to true, or leave background out.",
            code="comfy.conflict",
        )


def _picture(name: str, facts: MediaFacts) -> None:
    width, height = facts.width or 0, facts.height or 0
    if min(width, height) < SMALLEST_SIDE:
        raise AssetError(
            f"{_TITLES.get(name, name)} is too small",
            where=name,
            expected=f"at least {SMALLEST_SIDE} pixels on its shorter side",
            got=f"{width}x{height}",
            mend="Send a larger picture; enlarging a small one adds nothing.",
            code="comfy.too-small",
        )
    _shape(name, width, height)


def _film(name: str, facts: MediaFacts) -> None:
    width, height = facts.width or 0, facts.height or 0
    if min(width, height) < SMALLEST_SIDE // 2:
        raise AssetError(
            f"{_TITLES.get(name, name)} is too small",
            where=name,
            expected=f"at least {SMALLEST_SIDE // 2} pixels on its shorter side",
            got=f"{width}x{height}",
            mend="Send the original, not a thumbnail.",
            code="comfy.too-small",
        )
    _shape(name, width, height)
    _length(name, facts)


def _shape(name: str, width: int, height: int) -> None:
    if max(width, height) > WIDEST * min(width, height):
        raise AssetError(
            f"{_TITLES.get(name, name)} has a shape that no film has",
            where=name,
            expected=f"a longer side of at most {WIDEST} times the shorter one",
            got=f"{width}x{height}",
            mend="Crop it to about 16:9, 9:16 or 1:1.",
            code="comfy.aspect",
        )


def _length(name: str, facts: MediaFacts) -> None:
    seconds = facts.duration_s or 0.0
    if seconds < SHORTEST_S:
        raise AssetError(
            f"{_TITLES.get(name, name)} is too short",
            where=name,
            expected=f"at least {SHORTEST_S} s",
            got=f"{seconds:.2f} s",
            mend="Send a longer one.",
            code="comfy.too-short",
        )
