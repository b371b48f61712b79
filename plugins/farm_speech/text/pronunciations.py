"""The project's own dictionary: words and phrases to another spelling, or to phones.

Invariant: a word is found whole, whatever the case of its letters; the longest entry wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from farm_speech.text.readers import Answer, Context, Reader
from farm_speech.text.words import ended, respelled


def reader_of(pronunciations: Mapping[str, str]) -> Reader | None:
    """The reader of a dictionary; ``None`` for an empty one."""
    if not pronunciations:
        return None
    entries = {" ".join(word.split()).casefold(): said for word, said in pronunciations.items()}
    longest = sorted(entries, key=len, reverse=True)
    words = "|".join(r"\s+".join(map(re.escape, word.split())) for word in longest)
    pattern = re.compile(rf"(?<!\w)(?P<word>{words})(?P<ending>['’]s)?(?!\w)", re.IGNORECASE)

    def asked(match: re.Match[str], _: Context) -> Answer:
        text = " ".join(match["word"].split())
        parts = respelled(entries[text.casefold()], text)
        return ended(parts) if match["ending"] else parts

    return pattern, asked
