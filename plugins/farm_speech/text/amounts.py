"""Readers of money, measures, ordinals, ranges, fractions, versions and plain numbers.

Invariant: a number is never dropped: the last reader takes any digits.
"""

from __future__ import annotations

import re

from farm_speech.text import numerals
from farm_speech.text.readers import Answer, Context, Reader, plain, spelled
from farm_speech.text.said import Spoken
from farm_speech.text.units import UNITS

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_MINUS = r"(?:(?<![\w.,)])[-−])?"
_SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "t": "trillion"}
_MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_CODES = {
    "USD": ("US dollar", "US dollars"),
    "EUR": ("euro", "euros"),
    "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"),
    "CHF": ("Swiss franc", "Swiss francs"),
}
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_POWERS = {"2": "squared", "3": "cubed", "²": "squared", "³": "cubed"}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_FRACTIONS = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}


def _signed(text: str, context: Context) -> list[str]:
    sign = ["minus"] if text[:1] in "-−" else []
    return sign + numerals.number(text.lstrip("-−"), context.british)


def _is_one(text: str) -> bool:
    return text in ("1", "-1", "−1")


def _spoken(words: list[str]) -> list[Spoken]:
    """Words, in which ``US`` is spelled."""
    flat = " ".join(words).split()
    return [Spoken(word, spelled=word == "US") for word in flat]


def _money(match: re.Match[str], context: Context) -> Answer:
    one, many, cent, cents = _MONEY[match["sign"]]
    amount, scale = match["amount"], match["scale"]
    if scale:
        scale = _SCALES.get(scale.lower(), scale.lower())
        return _spoken([*_signed(amount, context), scale, many])
    whole, _, rest = amount.partition(".")
    words = numerals.number(whole or "0", context.british)
    if len(rest) != 2 or not cent:
        said = [*_signed(amount, context), one if _is_one(amount) else many]
        return _spoken(said)
    small = int(rest)
    coins = [*numerals.counted(small), cent if small == 1 else cents]
    if not small:
        return _spoken([*words, one if _is_one(whole) else many])
    if whole in ("", "0"):
        return _spoken(coins)
    return _spoken([*words, one if _is_one(whole) else many, "and", *coins])


def _currency(match: re.Match[str], context: Context) -> Answer:
    one, many = _CODES[match["code"]]
    amount = match["amount"]
    return _spoken([*_signed(amount, context), one if _is_one(amount) else many])


def _measure(match: re.Match[str], context: Context) -> Answer:
    one, many = UNITS[match["unit"]]
    if context.british:
        one, many = (
            name.replace("meter", "metre").replace("liter", "litre") for name in (one, many)
        )
    words = _signed(match["first"], context)
    if match["last"]:
        words += ["to", *_signed(match["last"], context)]
    single = _is_one(match["first"]) and not match["last"]
    power = _POWERS.get(match["power"] or "")
    return _spoken(
        [
            *words,
            *([power.replace("squared", "square").replace("cubed", "cubic")] if power else []),
            one if single else many,
        ]
    )


def _range(match: re.Match[str], context: Context) -> Answer:
    first, last = match["first"], match["last"]
    years = len(first) == 4 and len(last) in (2, 4) and 1100 <= int(first) < 2100
    if years:
        end = numerals.year(int(last)) if len(last) == 4 else numerals.counted(int(last))
        return plain([*numerals.year(int(first)), "to", *end])
    return plain([*numerals.number(first), "to", *numerals.number(last)])


def _ordinal(match: re.Match[str], context: Context) -> Answer:
    return plain(numerals.ordinal(int(match["digits"].replace(",", "")), context.british))


def _fraction(match: re.Match[str], _: Context) -> Answer:
    above, below = int(match["above"]), int(match["below"])
    if not below:
        return None
    words = numerals.fraction(above, below)
    return plain(
        [*numerals.counted(int(match["whole"])), "and", *words] if match["whole"] else words
    )


def _sign_fraction(match: re.Match[str], _: Context) -> Answer:
    words = numerals.fraction(*_FRACTIONS[match["sign"]])
    whole = match["whole"]
    return plain([*numerals.counted(int(whole)), "and", *words] if whole else words)


def _ratio(match: re.Match[str], _: Context) -> Answer:
    return plain([*numerals.counted(int(match["a"])), "to", *numerals.counted(int(match["b"]))])


def _size(match: re.Match[str], context: Context) -> Answer:
    parts = re.split(r"\s?[x×]\s?", match[0])
    words: list[str] = []
    for part in parts:
        words += [*(["by"] if words else []), *numerals.number(part, context.british)]
    return plain(words)


def _version(match: re.Match[str], _: Context) -> Answer:
    words: list[str] = ["version"] if match["v"] else []
    for at, part in enumerate(match["numbers"].split(".")):
        words += [*(["point"] if at else []), *numerals.counted(int(part))]
    return plain(words)


def _scientific(match: re.Match[str], context: Context) -> Answer:
    power = int(match["power"])
    words = [*_signed(match["base"], context), "times", "ten", "to", "the"]
    return plain([*words, *numerals.counted(power)])


def _power(match: re.Match[str], context: Context) -> Answer:
    power = (match["power"] or match["raised"].translate(_SUPERSCRIPTS)).strip("{}")
    base = match["base"]
    words = plain(numerals.number(base)) if base[0].isdecimal() else spelled(base)
    if power in ("2", "3"):
        return [*words, Spoken(_POWERS[power])]
    said = [Spoken("to"), Spoken("the")]
    if re.fullmatch(r"-?\d+", power):
        return words + said + plain(numerals.counted(int(power)))
    return words + said + spelled(power)


def _decade(match: re.Match[str], _: Context) -> Answer:
    return plain(numerals.decade(int(match["digits"] or match["short"])))


def _phone(match: re.Match[str], _: Context) -> Answer:
    return plain(numerals.one_by_one(re.sub(r"\D", "", match[0]), "oh"))


def _hexadecimal(match: re.Match[str], _: Context) -> Answer:
    parts: list[Spoken] = [Spoken("hex")]
    for sign in match["digits"]:
        parts += plain(numerals.one_by_one(sign)) if sign.isdecimal() else spelled(sign)
    return parts


def _number_of(match: re.Match[str], context: Context) -> Answer:
    text = match[0]
    if re.fullmatch(r"\d{4}", text) and (1100 <= int(text) < 2000 or 2010 <= int(text) < 2100):
        return plain(numerals.year(int(text)))
    return plain(_signed(text, context))


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


MARKED: tuple[Reader, ...] = (
    (_compiled(r"(?P<digits>\d{3}0)['’]?s\b|['’](?P<short>\d0)s\b"), _decade),
    (
        _compiled(
            rf"(?P<sign>US\$|[$€£¥₹])\s?(?P<amount>{_NUMBER})"
            r"(?:\s?(?P<scale>[kKmMbBtT]|bn|thousand|million|billion|trillion)\b)?(?![\d])"
        ),
        _money,
    ),
    (_compiled(rf"(?P<amount>{_NUMBER})\s?(?P<code>{'|'.join(_CODES)})\b"), _currency),
    (_compiled(rf"(?P<amount>{_NUMBER})\s?(?P<sign>[€£])(?P<scale>(?!))?"), _money),
    (_compiled(r"\d+(?:\s?[x×]\s?\d+)+\b"), _size),
    (_compiled(r"(?<![\w.])0x(?P<digits>[0-9A-Fa-f]+)\b"), _hexadecimal),
    (
        _compiled(
            rf"(?P<base>{_MINUS}(?:{_NUMBER}))(?:[eE]|\s?[x×*·]\s?10\^?)\{{?(?P<power>[-+]?\d+)\}}?\b"
        ),
        _scientific,
    ),
    (
        _compiled(
            r"(?P<base>\d+|\b[A-Za-z])(?:(?:\^|\*\*)(?P<power>-?\d+|[a-z]\b|\{-?\w+\})|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))"
        ),
        _power,
    ),
    (
        _compiled(
            rf"(?P<first>{_MINUS}(?:{_NUMBER}))(?:\s?[-–—]\s?(?P<last>{_NUMBER}))?\s?"
            rf"(?P<unit>{_UNIT})(?P<power>[23²³])?(?![\w/°])"
        ),
        _measure,
    ),
    (_compiled(r"(?P<digits>\d{1,3}(?:,\d{3})*)(?:st|nd|rd|th)\b"), _ordinal),
    (_compiled(r"(?P<whole>\d+)?\s?(?P<sign>[½¼¾⅓⅔⅛])"), _sign_fraction),
    (
        _compiled(r"\+?\d{1,3}[ -]\(?\d{3}\)?[ -]\d{3}[ -]\d{4}\b|\(?\d{3}\)?[ -]\d{3}-\d{4}\b"),
        _phone,
    ),
    (_compiled(r"(?P<v>\b[vV]\.?\s?)(?P<numbers>\d+(?:\.\d+)*)\b(?!%)"), _version),
)
"""Numbers with a sign, a unit or a form of their own."""
PLAIN: tuple[Reader, ...] = (
    (_compiled(r"(?P<v>)(?P<numbers>\d+(?:\.\d+){2,})\b"), _version),
    (
        _compiled(r"(?:(?P<whole>\d+)\s)?(?P<above>\d{1,3})/(?P<below>\d{1,3})(?![\d/])"),
        _fraction,
    ),
    (_compiled(r"(?P<a>\d+):(?P<b>\d+)(?![\d:])"), _ratio),
    (
        _compiled(r"(?P<first>\d+(?:\.\d+)?)\s?[–—-]\s?(?P<last>\d+(?:\.\d+)?)(?![\w-])"),
        _range,
    ),
    (_compiled(rf"{_MINUS}(?:{_NUMBER})"), _number_of),
)
"""Numbers with nothing but digits between their signs; the last takes any."""
