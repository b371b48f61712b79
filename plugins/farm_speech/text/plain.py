"""A text in a language whose numbers and signs the voice reads itself.

Invariant: every word of the text is kept as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from farm_speech.text.pronunciations import reader_of
from farm_speech.text.readers import Context
from farm_speech.text.said import Reading, Said, Spoken

_LINK = re.compile(r"!?\[(?P<text>[^\]]*)\]\([^)\s]*\)")
_ORDINAL = re.compile(r"\d{1,3}\.")
"""As in ``am 21. November``."""
_DRESS = '*_`~"“”«»()[]{}<>'
_MARKS = {".": ".", ",": ",", ";": ";", ":": ":", "!": "!", "?": "?", "…": "…", "।": "."}


def read_plainly(text: str, pronunciations: Mapping[str, str] | None = None) -> Reading:
    """The words as they stand, without what only dresses them."""
    own = reader_of(pronunciations or {})
    words: list[Said] = []
    script = _LINK.sub(lambda link: link["text"], text).split()
    for number, written in enumerate(script, 1):
        bare = written.strip(_DRESS)
        if _ORDINAL.fullmatch(bare) and number < len(script):
            words.append(Said(written, _spoken(bare, own)))
            continue
        mark = _MARKS.get(bare[-1:], "")
        bare = bare.rstrip("".join(_MARKS)).strip(_DRESS).lstrip("¡¿")
        if any(sign.isalnum() for sign in bare):
            words.append(Said(written, _spoken(bare, own), mark))
        elif words and (mark or set(written) <= set("-–—")):
            last = words[-1]
            words[-1] = Said(last.text, last.spoken, last.mark or mark or "—")
    return Reading(tuple(words))


def _spoken(word: str, own: object) -> tuple[Spoken, ...]:
    if isinstance(own, tuple):
        pattern, asked = own
        match = pattern.fullmatch(word)
        if match:
            return tuple(asked(match, Context()))
    return (Spoken(word),)
