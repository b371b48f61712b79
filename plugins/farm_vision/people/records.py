"""The files of points: JSON lines, first what they are, then one line for each frame.

Invariant: line ``n + 1`` tells of frame ``n``, also when nothing was found in it; numbers are rounded
the same way each time, and never NaN.

``farm.pose/1``, ``farm.face/1`` and ``farm.hands/1`` are documented in the plugin's README.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from farm import InputError
from farm_vision.people.regions import Points, Region
from farm_vision.people.skeleton import HAND21, LAYOUTS, coco17, openpose18
from farm_vision.people.steady import Frame
from farm_vision.people.tracks import Find

KINDS = {"persons": "farm.pose/1", "faces": "farm.face/1", "hands": "farm.hands/1"}
"""What lines list, and the schema of the file."""


@dataclass(frozen=True, slots=True)
class Header:
    """of : ``persons``, ``faces`` or ``hands``. width, height : pixels of the film that was looked
    at. layout : which points, ``body33``, ``coco17``, ``wholebody133``, ``face468`` or ``hand21``."""

    of: str
    width: int
    height: int
    fps: Fraction
    layout: str
    provider: str

    def record(self) -> dict[str, Any]:
        """The first line."""
        names = (LAYOUTS | {"hand21": HAND21}).get(self.layout)
        record: dict[str, Any] = {
            "schema": KINDS[self.of],
            "width": self.width,
            "height": self.height,
            "fps": str(self.fps),
            "layout": self.layout,
            "provider": self.provider,
        }
        return record | ({"points": list(names)} if names else {})


class Written:
    """Writes a file of points, line by line, and remembers what its report tells."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.frames = 0
        self.empty = 0
        self.cuts: list[int] = []
        self.tracks: dict[int, dict[str, int]] = {}

    def write(self, path: Path, frames: Iterable[Frame]) -> None:
        """Write the header and a line for each frame."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(_line(self.header.record()))
            for frame in frames:
                file.write(_line(self._told(frame)))

    def report(self) -> dict[str, Any]:
        """What was found, schema ``farm.people-report/1``."""
        of, notes = self.header.of, []
        if not self.tracks:
            notes.append(f"no {of} were found in any frame")
        elif self.empty:
            notes.append(f"no {of} were found in {self.empty} of {self.frames} frames")
        return {
            "schema": "farm.people-report/1",
            "of": of,
            "frames": self.frames,
            "empty_frames": self.empty,
            "cuts": self.cuts,
            "tracks": [{"id": number, **track} for number, track in sorted(self.tracks.items())],
            "notes": notes,
        }

    def _told(self, frame: Frame) -> dict[str, Any]:
        self.frames += 1
        self.empty += not frame.finds
        if frame.cut:
            self.cuts.append(frame.number)
        for find in frame.finds:
            first = {"first": frame.number, "last": frame.number, "seen": 0, "filled": 0}
            track = self.tracks.setdefault(find.number, first)
            track["last"] = frame.number
            track["filled" if find.filled else "seen"] += 1
        told = [_find(find, self.header) for find in frame.finds]
        return {"frame": frame.number, "cut": frame.cut, self.header.of: told}


def read(path: Path, of: str, label: str) -> tuple[Header, Iterator[Frame]]:
    """The header and the frames of a file of points; frames are read as they are asked for.

    Raises
    ------
    InputError : it is no such file, or a line of it is damaged.
    """
    lines = _lines(path, label)
    first = next(lines, {})
    if first.get("schema") != KINDS[of]:
        raise InputError(
            "is not a file of points of this kind",
            where=label,
            expected=f"JSON lines, schema {KINDS[of]}",
            got=str(first.get("schema") or "no schema"),
            mend=f"Send the output of a stage that finds {of}.",
            code="points.schema",
        )
    try:
        header = Header(
            of,
            int(first["width"]),
            int(first["height"]),
            Fraction(first["fps"]),
            str(first["layout"]),
            str(first["provider"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(label, 1, f"{error}") from error
    if header.width < 1 or header.height < 1 or header.fps <= 0:
        raise _damaged(label, 1, "a size or rate of nothing")
    if of == "persons" and header.layout not in LAYOUTS:
        raise _damaged(label, 1, f"the layout {header.layout}")
    return header, _frames(lines, header, label)


def _frames(lines: Iterator[dict[str, Any]], header: Header, label: str) -> Iterator[Frame]:
    for number, line in enumerate(lines):
        try:
            finds = [_found(record, header) for record in line[header.of]]
            in_order = int(line["frame"]) == number
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise _damaged(label, number + 2, str(error)) from error
        if not in_order:
            raise _damaged(label, number + 2, f"frame {line['frame']} instead of {number}")
        yield Frame(number, bool(line.get("cut")), finds)


def _find(find: Find, header: Header) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": find.number,
        "score": round(find.score, 3),
        "filled": find.filled,
        "box": _rounded(find.box, 2),
    }
    decimals = np.array([2, 2, 2, 3])
    record["points"] = [
        [round(float(value), int(d)) for value, d in zip(point, decimals, strict=True)]
        for point in find.points
    ]
    if find.world is not None:
        record["world"] = _rounded(find.world, 4)
    if header.of == "persons":
        coco = coco17(find.points, header.layout)
        record["coco17"] = _rounded(coco, 3)
        record["openpose18"] = _rounded(openpose18(coco), 3)
    elif header.of == "faces":
        record["expression"] = _clipped(find.facts)
    else:
        right = min(max(find.facts["right"], 0.0), 1.0)
        record["side"] = "right" if right >= 0.5 else "left"
        record["side_score"] = round(max(right, 1 - right), 3)
    return record


def _clipped(facts: Mapping[str, float]) -> dict[str, float]:
    degrees = ("turn", "nod", "tilt")
    return {
        name: round(value, 1) if name in degrees else round(min(max(value, 0.0), 1.0), 3)
        for name, value in facts.items()
    }


def _found(record: Mapping[str, Any], header: Header) -> Find:
    points = np.array(record["points"], np.float64)
    count = len(LAYOUTS[header.layout]) if header.of == "persons" else len(points)
    if points.shape != (count, 4) or not np.isfinite(points).all():
        raise ValueError(f"{count} points of four numbers are due")
    world = np.array(record["world"], np.float64) if "world" in record else None
    if world is not None and (world.shape != (count, 3) or not np.isfinite(world).all()):
        raise ValueError(f"{count} world points of three numbers are due")
    facts = dict(record.get("expression", {}))
    if "side" in record:
        score = float(record["side_score"])
        facts["right"] = score if record["side"] == "right" else 1 - score
    region = Region(0.0, 0.0, 1.0, 1.0)
    number, score, made_up = int(record["id"]), float(record["score"]), bool(record["filled"])
    return Find(points, score, region, world, facts, made_up, number)


def _rounded(values: Points, decimals: int) -> Any:
    return (np.round(values, decimals) + 0.0).tolist()


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n"


def _lines(path: Path, label: str) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise _damaged(label, number, "no object")
                yield record
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _damaged(label, 0, str(error)) from error


def _damaged(label: str, number: int, got: str) -> InputError:
    return InputError(
        "a line of points cannot be read",
        where=f"{label}, line {number}" if number else label,
        expected="what the schema says",
        got=got,
        mend="Send the file as the stage wrote it.",
        code="points.damaged",
    )
