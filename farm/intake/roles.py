"""Which file is which input of a pipeline, told from names and, where that is clear, from kinds.

Invariant: a file is matched with an input only if there is one way to do so; everything else is
refused with the list of the pipeline's inputs. Pure: nothing here opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from farm.artifacts.endings import ending_of, promised_kinds
from farm.domain.errors import AssetError
from farm.intake.names import composed
from farm.pipelines import InputSpec, Pipeline

_DIGITS = re.compile(r"\d{1,6}$")
_NUMBERED = re.compile(r"^(?P<stem>.+?)[-_ .]?(?P<number>\d{1,6})$")


def assign(
    files: Iterable[str], pipeline: Pipeline, *, given: Collection[str] = (), where: str = ""
) -> dict[str, list[str]]:
    """Input name to relative paths, for the files of a set or for one dropped file.

    given : inputs that a manifest or the folder's defaults provide already; a file that is named
        after one of them is refused, and none is matched with them by its kind.

    Raises
    ------
    AssetError : ``set.unknown-file``, ``set.ambiguous``, ``set.twice``.
    """
    named: dict[str, list[tuple[int, str]]] = {}
    left: list[str] = []
    for file in sorted(files):
        role = _role_of(file, pipeline.inputs)
        if role is None:
            left.append(file)
        else:
            named.setdefault(role[0], []).append((role[1], file))
    found: dict[str, list[str]] = {}
    for name, numbered in named.items():
        paths = [path for _, path in sorted(numbered)]
        if name in given:
            raise _refused("this input is given in the manifest, too", paths[0], pipeline, where)
        if len(paths) > 1 and not pipeline.inputs[name].many:
            got = " and ".join(paths[:3])
            raise _refused(
                f'the input "{name}" takes one file', "", pipeline, where, "set.twice", got
            )
        found[name] = paths
    for name, paths in _by_kind(left, pipeline, {*given, *found}, where).items():
        found[name] = paths
    return found


def missing(pipeline: Pipeline, have: Collection[str]) -> list[str]:
    """Required inputs that are not there, for people: ``motion (video)``."""
    return [
        f"{name} ({spec.kind})"
        for name, spec in pipeline.inputs.items()
        if spec.required and name not in have
    ]


def inputs_of(pipeline: Pipeline) -> str:
    """The pipeline's inputs as one line for people."""
    shown = []
    for name, spec in pipeline.inputs.items():
        notes: list[str] = [spec.kind]
        notes += ["any number"] if spec.many else []
        notes += [] if spec.required else ["optional"]
        shown.append(f"{name} ({', '.join(notes)})")
    return ", ".join(shown) or "no files at all"


def _role_of(file: str, inputs: Mapping[str, InputSpec]) -> tuple[str, int] | None:
    """The input a file is named after, and its number among several."""
    path = PurePosixPath(file)
    by_name = {composed(name): name for name in inputs}
    if len(path.parts) == 2:
        # A folder named after an input that takes several files holds them.
        name = by_name.get(composed(path.parts[0]), "")
        digits = _DIGITS.search(path.stem)
        number = int(digits[0]) if digits else 0
        return (name, number) if name and inputs[name].many else None
    if len(path.parts) > 2:
        return None
    stem = composed(path.stem)
    if stem in by_name:
        return by_name[stem], 0
    match = _NUMBERED.match(stem)
    if match and (name := by_name.get(match["stem"], "")) and inputs[name].many:
        return name, int(match["number"])
    return None


def _by_kind(
    left: list[str], pipeline: Pipeline, taken: Collection[str], where: str
) -> dict[str, list[str]]:
    """Match files that are not named after an input with the only input that fits them."""
    wanted: dict[str, list[str]] = {}
    for file in left:
        fitting = [
            name
            for name, spec in pipeline.inputs.items()
            if name not in taken and "/" not in file and not spec.by_name and _fits(file, spec)
        ]
        if "prompt" in fitting and ending_of(file) == ".txt":
            texts = [name for name in fitting if pipeline.inputs[name].kind == "text"]
            fitting = texts if len(texts) == 1 else ["prompt"]
        required = [name for name in fitting if pipeline.inputs[name].required]
        # One required input beats optional ones: it is what the submitter cannot do without.
        choice = required if len(required) == 1 else fitting
        if not choice:
            raise _refused(
                "this file is none of the pipeline's inputs",
                file,
                pipeline,
                where,
                "set.unknown-file",
            )
        if len(choice) > 1:
            raise _refused(
                "this file could be more than one input",
                file,
                pipeline,
                where,
                "set.ambiguous",
                f"{' or '.join(choice)}",
            )
        wanted.setdefault(choice[0], []).append(file)
    for name, files in wanted.items():
        if len(files) > 1 and not pipeline.inputs[name].many:
            raise _refused(
                f'more than one file could be the input "{name}"',
                "",
                pipeline,
                where,
                "set.ambiguous",
                " and ".join(files[:3]),
            )
    return wanted


def _fits(file: str, spec: InputSpec) -> bool:
    ending = ending_of(file)
    if spec.accept and ending.lstrip(".") not in spec.accept:
        return False
    # The first kind only: a film may hold nothing but sound, but nobody means that by its name.
    return any(spec.media.accepts(kind) for kind in promised_kinds(ending)[:1])


def _refused(
    what: str, file: str, pipeline: Pipeline, where: str, code: str = "set.twice", got: str = ""
) -> AssetError:
    place = "/".join(part for part in (where, file) if part)
    return AssetError(
        what,
        where=place,
        expected=f"files named after the inputs of {pipeline.ref}: {inputs_of(pipeline)}",
        got=got,
        mend="Rename the file after the input it is, or take it out.",
        code=code,
    )
