"""Which voice speaks an utterance, and whether it can.

Invariant: a voice never speaks a language that it does not know; the refusal names those that do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm import InputError
from farm_speech.params import SayParams
from farm_speech.utterance import Utterance

_SHOWN = 12
_FASTEST, _SLOWEST = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Role:
    """Who speaks. language : the voice's own code for it."""

    voice: str
    language: str
    speed: float


def cast(
    utterance: Utterance,
    params: SayParams,
    voices: Mapping[str, str],
    default: str,
    provider: str,
) -> Role:
    """The role of an utterance. voices : each with its language, those preferred first.

    Raises
    ------
    InputError : there is no such voice, or it does not speak the language.
    """
    language = (utterance.language or params.language).lower()
    name = utterance.voice or params.voice
    speed = min(_FASTEST, max(_SLOWEST, utterance.speed * params.speed))
    if not name:
        fitting = _speaking(voices, language)
        if not fitting:
            raise _refused(
                f"no voice of {provider} speaks this language",
                "language",
                ", ".join(sorted(set(voices.values()))),
                language,
                "Use a language that it speaks, or another provider of speech.say.",
                "speech.no-voice",
            )
        exact = [one for one in fitting if voices[one].lower() == language]
        among = exact or fitting
        name = default if default in among else among[0]
        return Role(name, voices[name], speed)
    if name not in voices:
        raise _refused(
            f"{provider} has no voice of this name",
            "voice",
            _some(_speaking(voices, language) or list(voices)),
            name,
            "List the voices with: farm voices",
            "speech.unknown-voice",
        )
    if language and _base(language) != _base(voices[name]):
        raise _refused(
            "the voice does not speak the language of the text",
            "voice",
            _some(_speaking(voices, language)) or f"no voice of {provider} speaks {language}",
            f"{name}, which speaks {voices[name]}, for a text in {language}",
            "Take a voice of that language, or mend the language.",
            "speech.wrong-language",
        )
    return Role(name, voices[name], speed)


def _speaking(voices: Mapping[str, str], language: str) -> list[str]:
    """The voices for a language, those of its own country first."""
    if not language:
        return list(voices)
    same = [name for name, spoken in voices.items() if _base(spoken) == _base(language)]
    return sorted(same, key=lambda name: voices[name].lower() != language)


def _base(language: str) -> str:
    return language.lower().partition("-")[0]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _refused(what: str, where: str, expected: str, got: str, mend: str, code: str) -> InputError:
    return InputError(
        what, where=f"utterance: {where}", expected=expected, got=got, mend=mend, code=code
    )
