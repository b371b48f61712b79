"""Every voice that can be asked for, with its language and its licence.

Invariant: light; a provider that is not installed lists nothing and says what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from farm import FarmError
from farm_speech.espeak import calling as espeak
from farm_speech.kokoro import voices as kokoro
from farm_speech.piper import program as piper

_GENDERS = {"f": "female", "m": "male"}


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of a provider of ``speech.say``. note : what it lacks here; empty if nothing."""

    provider: str
    name: str
    language: str
    licence: str
    description: str = ""
    note: str = ""

    def record(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)


def voices() -> Iterator[Voice]:
    """Those of every provider, the preferred ones first."""
    for name in kokoro.NAMES:
        first = ", the default" if name == kokoro.DEFAULT else ""
        language = kokoro.language_of(name)
        lacks = "" if language.startswith("en") or espeak.available() else f"needs {espeak.MEND}"
        yield Voice("kokoro", name, language, "Apache-2.0", _GENDERS[name[1]] + first, lacks)
    lacks = "" if piper.command() else f"needs Piper: {piper.MEND}"
    yield Voice("piper", "joe", "en-us", "CC0-1.0; the program GPL-3.0", "male", lacks)
    yield from _espeak()
    yield Voice(
        "clone",
        "reference",
        "en",
        "Apache-2.0",
        "the voice of a sample, with consent",
        "needs a model: farm models declare … --family dia --provides speech.say",
    )


def _espeak() -> Iterator[Voice]:
    try:
        codes = espeak.asked({"voices": True}, "speech.say/espeak")["voices"]
    except FarmError as error:
        yield Voice("espeak", "en-us", "en-us", "GPL-3.0", "plain", error.sentence())
        return
    for code in codes:
        yield Voice("espeak", code, code, "GPL-3.0", "plain")
