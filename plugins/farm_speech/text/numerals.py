"""Numbers as English words.

Invariant: pure; digits in, words of small letters out.
"""

from __future__ import annotations

_SMALL_TEXT = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_SMALL = _SMALL_TEXT.split()
_TENS_TEXT = """
zero ten twenty thirty forty fifty sixty seventy eighty ninety
"""
_TENS = _TENS_TEXT.split()
_GROUPS = (
    (10**15, "quadrillion"),
    (10**12, "trillion"),
    (10**9, "billion"),
    (10**6, "million"),
    (1000, "thousand"),
)
_MOST = 10**18
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_PARTS = {2: "half", 4: "quarter"}


def counted(value: int, british: bool = False) -> list[str]:
    """A number as it is counted: ``one hundred five``, in Britain ``one hundred and five``."""
    if value < 0:
        return ["minus", *counted(-value, british)]
    if value >= _MOST:
        return one_by_one(str(value))
    if value < 20:
        return [_SMALL[value]]
    if value < 100:
        return [_TENS[value // 10], *([_SMALL[value % 10]] if value % 10 else [])]
    if value < 1000:
        words = [_SMALL[value // 100], "hundred"]
        return words + _rest(value % 100, british)
    for size, name in _GROUPS:
        if value >= size:
            rest = value % size
            words = [*counted(value // size, british), name]
            return words + (_rest(rest, british) if rest < 100 else counted(rest, british))
    raise AssertionError(value)


def _rest(value: int, british: bool) -> list[str]:
    if not value:
        return []
    return (["and"] if british else []) + counted(value, british)


def ordinal(value: int, british: bool = False) -> list[str]:
    """``twenty first``."""
    *before, last = counted(value, british)
    ending = f"{last.removesuffix('y')}{'ie' * last.endswith('y')}th"
    return [*before, _ORDINALS.get(last, ending)]


def one_by_one(digits: str, zero: str = "zero") -> list[str]:
    """Each digit by itself; ``oh`` is another zero."""
    return [zero if digit == "0" else _SMALL[int(digit)] for digit in digits]


def year(value: int) -> list[str]:
    """A year of four digits: ``nineteen eighty four``, ``two thousand six``."""
    high, low = divmod(value, 100)
    if 2000 <= value < 2010 or not 1000 <= value < 10_000:
        return counted(value)
    if low == 0:
        return counted(value) if high % 10 == 0 else [*counted(high), "hundred"]
    return [*counted(high), *(["oh", _SMALL[low]] if low < 10 else counted(low))]


def plural(word: str) -> str:
    """More than one: ``twenties``, ``hundreds``, ``sixes``."""
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("x", "s", "ch", "sh", "z")) else "s")


def number(text: str, british: bool = False) -> list[str]:
    """Digits with commas and a point: ``three point one four``; a leading zero is said."""
    whole, _, rest = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole[0] == "0":
        words = one_by_one(whole)
    else:
        words = counted(int(whole or 0), british)
    return [*words, "point", *one_by_one(rest)] if rest else words


def fraction(above: int, below: int) -> list[str]:
    """``three quarters``, ``one half``, ``two over one hundred one``."""
    if below < 2 or below > 100:
        return [*counted(above), "over", *counted(below)]
    name = [_PARTS[below]] if below in _PARTS else ordinal(below)
    if above != 1:
        name[-1] = "halves" if name[-1] == "half" else plural(name[-1])
    return [*counted(above), *name]


def decade(value: int) -> list[str]:
    """``nineteen nineties``."""
    words = year(value) if value > 99 else counted(value)
    return [*words[:-1], plural(words[-1])]
