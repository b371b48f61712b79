"""How well a face can be seen in each frame, out of a file of points of faces.

Invariant: a frame the file says nothing of shows no face; a face made up between frames counts less
than one that was seen.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from farm import InputError

SCHEMA = "farm.face/1"
_LARGE = 0.35
"""A face this high, in heights of the picture, is as good as a larger one."""


def views(path: Path) -> dict[int, float]:
    """Frame number to how well its best face is seen, 0 to 1: large, turned to us, and certain.

    Raises
    ------
    InputError : it is no file of points of faces, or a line of it is damaged.
    """
    found: dict[int, float] = {}
    try:
        with path.open(encoding="utf-8") as file:
            header = json.loads(next(file, "{}"))
            if not isinstance(header, dict) or header.get("schema") != SCHEMA:
                raise _refused(f"schema {header.get('schema')!r}" if header else "nothing")
            for line in file:
                told = json.loads(line)
                seen = [_view(face, float(header["height"])) for face in told["faces"]]
                found[int(told["frame"])] = max(seen, default=0.0)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(f"{type(error).__name__}: {error}") from error
    return found


def _view(face: dict[str, Any], height: float) -> float:
    _, top, _, bottom = face["box"]
    size = min(1.0, max(0.0, bottom - top) / height / _LARGE)
    turn = math.radians(min(90.0, abs(float(face.get("expression", {}).get("turn", 0.0)))))
    sure = float(face.get("score", 1.0)) * (0.5 if face.get("filled") else 1.0)
    return float(size * math.cos(turn) * min(1.0, sure))


def _refused(got: str) -> InputError:
    return InputError(
        "is not a file of points of faces",
        where="faces",
        expected=f"JSON lines, schema {SCHEMA}",
        got=got,
        mend="Send the output `face` of face.landmarks.",
        code="story.faces",
    )
