"""Readers of dates and of the time of day.

Invariant: a date that no calendar has is not read as one.
"""

from __future__ import annotations

import datetime
import re

from farm_speech.text import numerals
from farm_speech.text.readers import Answer, Context, Reader, plain
from farm_speech.text.said import Spoken

_MONTHS_TEXT = """
January February March April May June July August September October November December
"""
_MONTHS = _MONTHS_TEXT.split()
_SHORT = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)}
_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\b\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"


def _date(month: int, day: int, year: int | None, british: bool) -> Answer:
    try:
        datetime.date(year or 2000, month, day)
    except ValueError:
        return None
    when = numerals.ordinal(day)
    name = _MONTHS[month - 1]
    words = ["the", *when, "of", name] if british else [name, *when]
    return plain([*words, *(numerals.year(year) if year else [])])


def _iso(match: re.Match[str], context: Context) -> Answer:
    return _date(int(match["month"]), int(match["day"]), int(match["year"]), context.british)


def _slashed(match: re.Match[str], context: Context) -> Answer:
    first, second = int(match["first"]), int(match["second"])
    day, month = (first, second) if context.british or first > 12 else (second, first)
    return _date(month, day, int(match["year"]), context.british)


def _named(match: re.Match[str], context: Context) -> Answer:
    month = _SHORT[match["month"][:3].lower()]
    return _date(
        month, int(match["day"]), int(match["year"]) if match["year"] else None, context.british
    )


def _month_year(match: re.Match[str], _: Context) -> Answer:
    name = _MONTHS[_SHORT[match["month"][:3].lower()] - 1]
    return plain([name, *numerals.year(int(match["year"]))])


def _time(match: re.Match[str], context: Context) -> Answer:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = re.sub(r"\W", "", match["half"] or "").upper()
    if hour > 23 or minute > 59 or (half and hour > 12):
        return None
    words = numerals.counted(hour)
    if minute:
        words += ["oh", *numerals.counted(minute)] if minute < 10 else numerals.counted(minute)
    elif not half:
        words = [*numerals.counted(hour), *(["o'clock"] if 0 < hour < 13 else ["hundred"])]
    said = plain(words)
    if match["second"]:
        said += plain(["and", *numerals.counted(int(match["second"])), "seconds"])
    return [*said, Spoken(half, spelled=True)] if half else said


READERS: tuple[Reader, ...] = (
    (re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?!\w)"), _iso),
    (re.compile(r"(?P<first>\d{1,2})/(?P<second>\d{1,2})/(?P<year>\d{4})\b"), _slashed),
    (re.compile(rf"(?P<month>{_MONTH})\s{_DAY}(?:,?\s(?P<year>\d{{4}}))?(?![\d:%-]|\.\d)"), _named),
    (
        re.compile(
            rf"(?:the\s)?{_DAY}\s(?:of\s)?(?P<month>{_MONTH})(?:,?\s(?P<year>\d{{4}}))?(?!\w)"
        ),
        _named,
    ),
    (re.compile(rf"(?P<month>{_MONTH}),?\s(?P<year>\d{{4}})\b"), _month_year),
    (
        re.compile(
            r"(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
            r"(?:\s?(?P<half>[aApP]\.[mM]\.|[aApP][mM]\b))?(?![\d:])"
        ),
        _time,
    ),
    (
        re.compile(
            r"(?P<hour>\d{1,2})(?P<minute>)(?P<second>)\s?(?P<half>[aApP]\.[mM]\.|[aApP][mM]\b)"
        ),
        _time,
    ),
)
