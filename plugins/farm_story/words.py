"""How alike prompts are, by the words they share.

Invariant: a word that every shot's prompt has tells nothing; one that few have tells most.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[^\W\d_]{2,}")
_LITTLE = frozenset(
    _WORD.findall(
        "an and are as at be but by for from has he her his in into is it its of on or our she so "
        "that the their them then there they this to under up was we were while with you"
    )
)


def likeness(prompt: str, others: Sequence[str]) -> list[float]:
    """0 to 1 for each of ``others``: the cosine of weighted word counts (G. Salton and C. Buckley,
    "Term-weighting approaches in automatic text retrieval", 1988)."""
    counts = [_counts(text) for text in (prompt, *others)]
    texts = len(counts)
    holding = Counter(word for count in counts for word in count)
    rarity = {word: math.log((1 + texts) / (1 + held)) for word, held in holding.items()}
    asked, *told = [{w: n * rarity[w] for w, n in count.items()} for count in counts]
    return [_cosine(asked, one) for one in told]


def _counts(text: str) -> Counter[str]:
    words = (word.lower() for word in _WORD.findall(text))
    return Counter(word for word in words if word not in _LITTLE)


def _cosine(one: dict[str, float], two: dict[str, float]) -> float:
    lengths = math.hypot(*one.values(), 0.0) * math.hypot(*two.values(), 0.0)
    if not lengths:
        return 0.0
    return sum(value * two.get(word, 0.0) for word, value in one.items()) / lengths
