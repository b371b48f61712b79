"""Names for what was learned: pronounceable, the same on every node, never an English axis value.

Invariant: a name follows from the kind and the content; another content under the same name gets one
syllable more, and a name once given is never given to anything else, even when it was forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from farm_procedural.interpret.vocabulary import VALUES

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "fl",
           "gl", "kr", "pr", "sh", "st", "th", "tr")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ae", "ei", "io")
ENDINGS: Mapping[str, str] = {
    "colour": "ine",
    "palette": "ora",
    "gradient": "ade",
    "motion": "esko",
    "texture": "ulo",
    "rhythm": "ando",
    "camera": "aro",
}
"""What a name of each kind ends in, so that a reader can tell them apart."""

RESERVED = frozenset(
    word for values in VALUES.values() for value in values for word in (value, *value.split("-"))
)
"""Words that mean something already."""


def name_for(kind: str, content: str, taken: Mapping[str, str]) -> str:
    """The name of a content hash.

    taken : content hash by name, of every name ever given; the same content gets its own name back.
    """
    digest = hashlib.blake2b(f"{kind}:{content}".encode(), digest_size=32).digest()
    for syllables in range(3, len(digest) // 2):
        sounds = [
            (_ONSETS[digest[2 * k] % len(_ONSETS)], _VOWELS[digest[2 * k + 1] % len(_VOWELS)])
            for k in range(syllables)
        ]
        # The last vowel is that of the ending.
        name = (
            "".join(onset + vowel for onset, vowel in sounds[:-1]) + sounds[-1][0] + ENDINGS[kind]
        )
        if name not in RESERVED and taken.get(name, content) == content:
            return name
    return f"{content[:12]}{ENDINGS[kind]}"
