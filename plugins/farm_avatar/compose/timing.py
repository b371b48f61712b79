"""When what is said: ``farm.timing/1`` as a scene's clock.

Invariant: a scene has exactly ``round(duration_s * fps)`` frames, at least one, and a moment that is
named by a sentence is the moment that sentence begins.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from farm import InputError
from farm_avatar.compose.scene import LowerThird, Scene, Visual

SCHEMA = "farm.timing/1"
LONGEST_S = 2 * 3600.0
Word = tuple[str, float, float]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence from ``start_s`` to ``end_s``, with its words (text, start, end)."""

    start_s: float
    end_s: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock of a scene."""

    duration_s: float
    sentences: tuple[Sentence, ...]

    def frames(self, fps: int) -> int:
        """Number of frames at that rate."""
        return max(1, round(self.duration_s * fps))


def read_timing(path: Path) -> Timing:
    """The clock in a JSON file.

    Raises
    ------
    InputError : it is another document, or the scene is longer than two hours.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r}")
        duration_s = float(document["duration_s"])
        words = [_word(record) for record in document.get("words", ())]
        sentences = tuple(
            _sentence(float(record["start_s"]), float(record["end_s"]), words)
            for record in document.get("sentences", ())
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "tells no times",
            where="timing",
            expected=f"a document of schema {SCHEMA}",
            got=str(error)[:80],
            mend="Send the file that lesson.narrate wrote.",
            code="compose.timing",
        ) from error
    if not 0 < duration_s <= LONGEST_S:
        raise InputError(
            "is no length of a scene",
            where="timing: duration_s",
            expected=f"more than 0 and at most {LONGEST_S:g} s",
            got=f"{duration_s:g} s",
            mend="Divide the lesson into scenes.",
            code="compose.timing",
        )
    return Timing(duration_s, sentences)


def _word(record: dict[str, object]) -> Word:
    return str(record["text"]), float(str(record["start_s"])), float(str(record["end_s"]))


def _sentence(start_s: float, end_s: float, words: list[Word]) -> Sentence:
    inside = tuple(word for word in words if start_s - 1e-6 <= word[1] < end_s - 1e-6)
    return Sentence(start_s, end_s, inside)


def moment(what: Visual | LowerThird, timing: Timing, where: str) -> float:
    """When something of a scene begins, seconds; 0 where it does not say.

    Raises
    ------
    InputError : there is no such sentence.
    """
    if what.at_sentence is not None:
        if what.at_sentence > len(timing.sentences):
            raise InputError(
                "is to come with a sentence that the scene does not have",
                where=f"{where}: at_sentence",
                expected=f"1 to {len(timing.sentences)}" if timing.sentences else "at_s",
                got=str(what.at_sentence),
                mend="Name a sentence of this scene, or a moment (at_s).",
                code="compose.no-sentence",
            )
        # The first thing on screen is there before the first word.
        return timing.sentences[what.at_sentence - 1].start_s if what.at_sentence > 1 else 0.0
    return what.at_s or 0.0


def schedule(scene: Scene, timing: Timing) -> list[tuple[int, float, float]]:
    """Numbers of visuals with the moments between which each is on screen, in order.

    The first is there from the beginning; one whose moment never comes is left out. Raises
    InputError.
    """
    begins = sorted(
        (moment(visual, timing, f"visual {number + 1}"), number)
        for number, visual in enumerate(scene.visuals)
    )
    begins = [begin for begin in begins if begin[0] < timing.duration_s] or begins[:1]
    edges = [*(at_s for at_s, _ in begins), timing.duration_s]
    return [
        (number, edges[place] if place else 0.0, edges[place + 1])
        for place, (_, number) in enumerate(begins)
        if edges[place + 1] > edges[place] or len(begins) == 1
    ]
