"""What was asked, as one document that travels from stage to stage.

Invariant: a run and its finishing bind the very request that was prepared and refused or accepted; a
workflow that is another one by then is refused instead of used in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any

from farm import ConfigError, MediaFacts
from farm_comfyui import binding, configured
from farm_comfyui.bound import BoundGraph
from farm_comfyui.params import PrepareParams
from farm_comfyui.requests import BindRequest
from farm_comfyui.validation import Files, Submitted

_WORD = re.compile(r"[^\W\d_]{2,}")
SCHEMA = "farm.comfyui-request/1"
_ASSETS = {"character": "image"}
"""What workflows call an input that the submitter knows under another name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """template, version : of the workflow. version_id : says its content, too. sources : SHA-256 of
    the submitted file by input. warnings : sentences for the submitter."""

    template: str
    version: str
    version_id: str
    request: BindRequest
    sources: Mapping[str, Sequence[str]]
    warnings: Sequence[str] = ()

    def choices(self) -> tuple[BoundGraph, ...]:
        """The graph in every form of its weights, the preferred one first.

        Raises
        ------
        ConfigError : the workflow changed, or is not installed here.
        """
        template = configured.templates().get(self.template, self.version)
        if template.version_id != self.version_id:
            raise ConfigError(
                "this workflow is not the one that the job was prepared with",
                where=f"{self.template}@{self.version}",
                expected=self.version_id,
                got=template.version_id,
                mend="A changed workflow needs a new version; submit the job again.",
                code="comfy.binding",
            )
        return tuple(binding.choices(template, self.request))

    def bound(self) -> BoundGraph:
        """The preferred choice; all choices ask for the same files and give the same film."""
        return self.choices()[0]

    def write(self, path: Path) -> None:
        """As JSON."""
        document = {
            "schema": SCHEMA,
            "template": self.template,
            "version": self.version,
            "version_id": self.version_id,
            "request": self.request.record(),
            "sources": {name: list(hashes) for name, hashes in self.sources.items()},
            "guidance": _guidance(self.request),
            "warnings": list(self.warnings),
        }
        path.write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Asked:
        """The inverse of :meth:`write`."""
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            template=document["template"],
            version=document["version"],
            version_id=document["version_id"],
            request=BindRequest.from_record(document["request"]),
            sources=document["sources"],
            warnings=document["warnings"],
        )


def asked_of(
    params: PrepareParams, files: Files, *, prompt: str, negative: str, seed: int
) -> BindRequest:
    """The request of a mode, from what was submitted.

    files : by input; a mask that the farm makes itself may be missing.
    """
    assets = {
        _ASSETS.get(name, name): found[0].facts
        for name, found in files.items()
        if name not in ("pose", "reference", "prompt", "negative")
    }
    if params.mix and "motion" in assets:
        assets.setdefault("mask", assets["motion"])
    poses = {
        f"pose{at}": _hint(params.pose_names, at)
        for at, _ in enumerate(files.get("pose", ()), start=1)
    }
    references = tuple(f"reference{at}" for at, _ in enumerate(files.get("reference", ()), 1))
    return BindRequest(
        prompt=prompt,
        negative=negative,
        assets=assets,
        duration_s=params.duration_s or None,
        fps=None if params.fps == "auto" else Fraction(params.fps),
        aspect=aspect_of(params, files),
        quality=params.profile,
        seed=seed,
        precision="" if params.precision == "auto" else params.precision,
        relight=_switch(params.relight, "on"),
        background=_switch(params.background, "keep"),
        framing="" if params.framing == "auto" else params.framing,
        adherence="" if params.adherence == "auto" else params.adherence,
        poses=poses,
        segments=params.segments or None,
        control=params.control_form,
        references=references,
    )


def template_of(params: PrepareParams) -> str:
    """The workflow that a mode needs."""
    if params.mode == "animate":
        return "animate-mix" if params.mix else "animate-move"
    return params.mode


def aspect_of(params: PrepareParams, files: Files) -> str:
    """The asked shape, or the one nearest to that of the picture (with mix: of the video)."""
    if params.aspect != "auto":
        return params.aspect
    order = ("motion", "character") if params.mix else ("character", "first", "control", "motion")
    facts = next((files[name][0].facts for name in order if files.get(name)), MediaFacts())
    width, height = facts.width or 1, facts.height or 1
    if facts.extra.get("rotation", 0) % 180:
        width, height = height, width
    shapes = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0}
    ratio = width / height
    return min(shapes, key=lambda name: max(shapes[name] / ratio, ratio / shapes[name]))


def sources_of(files: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """The submitted files by input, as their hashes."""
    return {name: [file.hash for file in found] for name, found in files.items() if found}


def _hint(names: Sequence[str], at: int) -> str:
    """``waving arms`` of ``waving-arms.png``; nothing of a name that only numbers the sheets."""
    stem = PurePosixPath(names[at - 1]).stem if at <= len(names) else ""
    words = " ".join(_WORD.findall(stem.replace("_", " ")))
    return "" if words.lower() in ("pose", "poses", "sheet", "pose sheet") else words


def _switch(value: str, on: str) -> bool | None:
    return None if value == "auto" else value == on


def _guidance(request: BindRequest) -> list[str]:
    told = [f"{name}: a pose sheet, taken as soft guidance" for name in request.poses]
    return told + [
        f"{name}: kept for the record, no workflow reads it" for name in request.references
    ]


__all__ = ["Asked", "Submitted", "asked_of", "aspect_of", "sources_of", "template_of"]
