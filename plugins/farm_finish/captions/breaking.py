"""Where text may be broken: how much each gap between two words holds together.

Invariant: sentences part before clauses, clauses before phrases; names, and numbers with what they
count, part last of all.

The order of the rules is that of the BBC's and Netflix's guides to timed text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import pairwise

from farm_finish.captions.words import Word

SENTENCE, CLAUSE, PHRASE, PLAIN, TIED, FAST = 0.0, 1.0, 2.0, 4.0, 8.0, 16.0
"""How dear a break is, from the end of a sentence to the midst of a name."""

_CLOSERS = "\"'”’»)]}"
_ENDS = ".?!…。？！؟۔।"
_CLAUSE_ENDS = ",;:–—，、；：،؛"
_NO_START = "、。，．！？；：」』）】〉》ー々」,.;:!?)]}”’»"
_TITLES_TEXT = (
    "mr mrs ms dr prof st sr jr vs no nos fig vol ch pp ca approx gen col lt sgt capt rev hon "
    "herr frau nr bzw hr fr dra sra m mme mlle sig dott doctor professor president"
)
_TITLES = frozenset(_TITLES_TEXT.split())
_ARTICLES_TEXT = (
    "a an the this that these those my your his her its our their some any no every each "
    "der die das den dem des ein eine einen einem einer eines mein dein sein ihr unser "
    "le la les un une des du au aux mon ton son ma ta sa mes tes ses notre votre leur "
    "el los las uno una unos unas del al mi tu su il lo gli i o os as um uma "
    "very too so more most not is are was were be been am has have had will would can could "
    "and or but und oder et ou y to of in on at by for with from into about as than zu von mit "
    "für auf bei nach "
    "de à en dans sur pour par avec con por para sin"
)
_ARTICLES = frozenset(_ARTICLES_TEXT.split())
_OPENERS_TEXT = (
    "and or but because that which who whom whose when where while if although though so then "
    "to of in on at by for with from into about after before until since as than "
    "und oder aber weil dass der die das wenn wo obwohl als mit von für auf bei nach zu "
    "et ou mais parce que qui quand où si car avec pour dans sur par de "
    "y e o u pero porque que quien cuando donde si con para por en de ma perché che"
)
_OPENERS = frozenset(_OPENERS_TEXT.split())
_INITIAL = re.compile(r"^\W*(\w\.)+$")
_NUMBER = re.compile(r"^[$€£¥#(]*[+-]?\d[\d.,:/]*[%°)]*$")
_COUNT_WORDS_TEXT = (
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
    "hundred thousand million billion trillion"
)
_COUNT_WORDS = frozenset(_COUNT_WORDS_TEXT.split())
_PAUSE_S = 0.35


def bonds(words: Sequence[Word], language: str = "") -> list[float]:
    """How dear a break after each word is; the last one's costs nothing."""
    held: list[float] = []
    for at in range(len(words) - 1):
        opens = at == 0 or held[at - 1] == SENTENCE
        cost = _bond(words[at].text, words[at + 1], opens, language)
        if words[at + 1].start_s - words[at].end_s >= _PAUSE_S and cost > CLAUSE:
            # Who pauses has come to the end of something, be it only a breath.
            cost = max(CLAUSE, cost - PHRASE)
        held.append(cost)
    return [*held, 0.0][: len(words)]


def _bond(left: str, word: Word, opens: bool, language: str) -> float:
    right = word.text
    bare = left.rstrip(_CLOSERS)
    plain = bare.strip("\"'“”‘’«»([{¿¡.,;:!?…").casefold()
    follows = right.lstrip("\"'“‘«([{¿¡")
    if not word.space:
        if right[0] in _NO_START or not (wide(right[0]) or wide(left[-1])):
            return FAST
        return _ending(bare, PLAIN)
    if _is_number(bare) and not bare.endswith(tuple(_CLAUSE_ENDS)):
        return FAST if follows[:1].islower() or _is_number(follows) else PLAIN
    if plain in _TITLES and (bare.endswith(".") or follows[:1].isupper()):
        return FAST
    if _INITIAL.match(bare) and follows[:1].isupper():
        return FAST
    ended = _ending(bare, PLAIN)
    if ended < PLAIN:
        return ended
    named = left[:1].isupper() and follows[:1].isupper() and not opens
    if named and not language.startswith("de"):
        return FAST
    if follows.strip(".,;:!?").casefold() in _OPENERS:
        # Before "the shop", "her" is an article; before "at the shop" it is somebody.
        return TIED if plain in _OPENERS else PHRASE
    return TIED if plain in _ARTICLES else PLAIN


def _ending(text: str, otherwise: float) -> float:
    if text.endswith(tuple(_ENDS)):
        return SENTENCE
    return CLAUSE if text.endswith(tuple(_CLAUSE_ENDS)) else otherwise


def _is_number(text: str) -> bool:
    return bool(_NUMBER.match(text)) or text.casefold() in _COUNT_WORDS


def wide(character: str) -> bool:
    """Whether a character takes the room of two, as Chinese, Japanese and Korean ones do."""
    return unicodedata.east_asian_width(character) in ("W", "F")


def columns(text: str) -> float:
    """Length of a line, in characters of the Latin alphabet; marks that are put on others count 0."""
    return sum(0 if unicodedata.combining(c) else 2 if wide(c) else 1 for c in text)


def broken(
    pieces: Sequence[str],
    spaces: Sequence[bool],
    held: Sequence[float],
    most: float,
    most_lines: int,
    measure: Callable[[str], float] = columns,
) -> list[str] | None:
    """Words as at most ``most_lines`` lines of at most ``most``; ``None`` where that cannot be.

    pieces, spaces : words, and whether a space stands before each. held : their bonds; infinity
    for where it must not be broken.
    The fewest lines that fit, of about equal length, a longer one below a shorter, broken where it
    costs least.
    """

    def line(start: int, stop: int) -> str:
        parts = [
            f" {piece}" if space else piece
            for piece, space in zip(pieces[start:stop], spaces[start:stop], strict=True)
        ]
        return "".join(parts).strip()

    cuts = cut(len(pieces), held, most, most_lines, lambda start, stop: measure(line(start, stop)))
    return None if cuts is None else [line(*part) for part in pairwise([0, *cuts, len(pieces)])]


def cut(
    count: int,
    held: Sequence[float],
    most: float,
    most_lines: int,
    length: Callable[[int, int], float],
) -> list[int] | None:
    """Where :func:`broken` breaks ``count`` words. length : of a line of words start to stop."""
    whole = length(0, count)
    if whole <= most:
        return []
    for lines in range(2, most_lines + 1):
        # A line that is filled from the front on would leave a single word for the last.
        best = _divided(count, lines, held, most, whole / lines, length)
        if best is not None:
            return best
    return None


def _divided(
    count: int,
    lines: int,
    held: Sequence[float],
    most: float,
    even: float,
    length: Callable[[int, int], float],
) -> list[int] | None:
    costs: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for number in range(lines):
        last = number == lines - 1
        found: dict[int, tuple[float, list[int]]] = {}
        for start, (cost, made) in costs.items():
            for stop in [count] if last else range(start + 1, count):
                if not last and math.isinf(held[stop - 1]):
                    continue
                long = length(start, stop)
                if long > most:
                    break
                uneven = (long - even) / most
                # Above the mean a first line costs a little more than a last one.
                weight = 14.0 if uneven > 0 and not last else 12.0
                total = cost + weight * uneven * uneven + (0.0 if last else held[stop - 1])
                if stop not in found or total < found[stop][0]:
                    found[stop] = (total, made if last else [*made, stop])
        costs = found
    return costs[count][1] if count in costs else None
