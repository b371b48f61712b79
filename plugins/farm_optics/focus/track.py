"""Where the focus is at each frame: the document ``farm.focus/1``.

Invariant: between two keys the focus goes evenly in 1/distance, which is how a focus ring is turned
and how a blur changes; before the first and after the last it stands still.

    {"schema": "farm.focus/1", "ease": "linear", "keys": [{"frame": 0, "distance_m": 2.0}, …]}

``distance_m`` is a number of metres or ``"infinity"``. Other fields are for people.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from farm import InputError
from farm_optics import measures
from farm_optics.lens import Lens

SCHEMA = "farm.focus/1"


@dataclass(frozen=True, slots=True)
class FocusTrack:
    """keys : (frame, 1/distance in 1/m), frames rising. smooth : whether it eases in and out."""

    keys: tuple[tuple[int, float], ...]
    smooth: bool = False

    def at(self, frame: int) -> float:
        """Distance in focus at a frame, metres, may be ``math.inf``."""
        after = bisect_right(self.keys, frame, key=lambda key: key[0])
        if after == 0 or after == len(self.keys):
            return _metres(self.keys[min(after, len(self.keys) - 1)][1])
        (first, one), (last, two) = self.keys[after - 1 : after + 1]
        part = (frame - first) / (last - first)
        if self.smooth:
            part = part * part * (3 - 2 * part)
        return _metres(one + (two - one) * part)

    @property
    def farthest(self) -> float:
        """The farthest focus of all, metres."""
        return _metres(min(power for _, power in self.keys))

    def check(self, lens: Lens) -> None:
        """Raise InputError if the lens cannot focus somewhere on the way."""
        lens.focused(_metres(max(power for _, power in self.keys)))


def still(distance_m: float) -> FocusTrack:
    """A focus that stays."""
    return FocusTrack(((0, power_of(distance_m)),))


def power_of(distance_m: float) -> float:
    """1/distance, 1/m."""
    return 0.0 if math.isinf(distance_m) else 1 / distance_m


def read_track(path: Path) -> FocusTrack:
    """The track in a document. Raises InputError (``focus.track``)."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refused(f"no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        schema = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise _refused(f"schema {schema!r}")
    keys, before = [], -1
    listed = document.get("keys")
    for number, key in enumerate(listed if isinstance(listed, list) else []):
        try:
            frame, distance = key["frame"], measures.distance_m(key["distance_m"])
            if isinstance(frame, bool) or not isinstance(frame, int) or frame <= before:
                raise ValueError(f"frame {frame!r}")
        except (TypeError, KeyError, ValueError) as error:
            raise _refused(f"key {number}: {error}") from error
        keys.append((frame, power_of(distance)))
        before = frame
    if not keys:
        raise _refused("no keys")
    return FocusTrack(tuple(keys), document.get("ease") == "smooth")


def document(track: FocusTrack, **more: object) -> str:
    """The track as the text of a document."""
    keys = [
        {"frame": frame, "distance_m": "infinity" if power <= 0 else round(1 / power, 5)}
        for frame, power in track.keys
    ]
    content = {
        "schema": SCHEMA,
        "ease": "smooth" if track.smooth else "linear",
        **more,
        "keys": keys,
    }
    return json.dumps(content, indent=1) + "\n"


def _metres(power: float) -> float:
    return math.inf if power <= 0 else 1 / power


def _refused(got: str) -> InputError:
    return InputError(
        "is no focus track",
        where="track",
        expected=f'a JSON object with schema "{SCHEMA}" and keys whose frames rise',
        got=got,
        mend="Give the track that focus.track wrote, or a list of pulls.",
        code="focus.track",
    )
