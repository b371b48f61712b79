"""The filter language of the jobs table: ``state:failed pipeline:animate by:me age<2h dusk``.

Invariant: a filter either means something or is refused with what would have been right; words that
name no field are searched for in full text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from farm.domain.errors import InputError, nearest
from farm.domain.states import JOB_ENDED, JobState
from farm.ledger.views_console import JobFilter

FIELDS = {
    "state": "a state of a job, active, ended, paused or unapproved; several with commas",
    "pipeline": "a pipeline's name, or name@version",
    "by": "who submitted it, or me",
    "tag": "a tag",
    "quality": "draft, standard or high",
    "age": "since it was submitted: age<2h, age>3d (s, m, h, d, w)",
    "priority": "priority>50, priority<20, or priority:50",
    "job": "a number; several with commas",
}
"""Every field and what may stand after it."""

_NO_STATES = ("paused", "unapproved")
TERM = re.compile(r"(?P<name>[a-z_]+)(?P<sign>:|<=|>=|<|>|=)(?P<value>.*)", re.IGNORECASE)
"""A word of a filter that is about one field."""

_AGE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(slots=True)
class _Found:
    states: set[JobState] = field(default_factory=set)
    paused: bool | None = None
    unapproved: bool = False
    lists: dict[str, list[str]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def parse(text: str, *, me: str, now_s: float) -> JobFilter:
    """The jobs a filter chooses. me : the operator's name, for ``by:me``; now_s : for ages.

    Raises
    ------
    InputError : an unknown field, state, sign or value.
    """
    found, limits = _Found(), JobFilter()
    for word in split_words(text):
        match = TERM.fullmatch(word)
        if match is None:
            found.words.append(word.removeprefix("#") if _is_number(word) else word)
            if _is_number(word):
                found.words.pop()
                found.numbers.append(int(word[1:]))
            continue
        name, sign, value = match["name"].lower(), match["sign"], match["value"]
        if name not in FIELDS:
            raise InputError(
                f'no field is called "{name}"', where=word, mend=nearest(name, FIELDS),
                code="filter.unknown-field",
            )  # fmt: skip
        if not value:
            raise InputError(
                "nothing stands after it", where=word, expected=FIELDS[name], code="filter.empty"
            )
        if name == "age":
            limits = _age(limits, word, sign, value, now_s)
        elif name == "priority":
            limits = _priority(limits, word, sign, value)
        else:
            if sign not in (":", "="):
                raise InputError(
                    f"{name} is not compared", where=word, expected=f"{name}:…", got=sign,
                    mend=f"Write {name}:{value}.", code="filter.sign",
                )  # fmt: skip
            _listed(found, name, value.split(","), word, me)
    return replace(
        limits,
        states=frozenset(found.states),
        paused=found.paused,
        unapproved=found.unapproved,
        pipelines=tuple(found.lists.get("pipeline", ())),
        submitters=tuple(found.lists.get("by", ())),
        tags=tuple(found.lists.get("tag", ())),
        qualities=tuple(found.lists.get("quality", ())),
        numbers=tuple(found.numbers),
        words=tuple(found.words),
    )


def split_words(text: str) -> list[str]:
    """The words of a filter; quotation marks hold several together."""
    try:
        return shlex.split(text)
    except ValueError:
        # A quotation mark that is still open while it is being typed.
        return text.replace('"', " ").replace("'", " ").split()


def _is_number(word: str) -> bool:
    return word.startswith("#") and word[1:].isdecimal()


def _listed(found: _Found, name: str, values: Iterable[str], word: str, me: str) -> None:
    for value in filter(None, values):
        if name == "state":
            _state(found, value.lower(), word)
        elif name == "job":
            if not value.removeprefix("#").isdecimal():
                raise InputError("not a job's number", where=word, got=value, code="filter.number")
            found.numbers.append(int(value.removeprefix("#")))
        elif name == "by" and value == "me":
            found.lists.setdefault(name, []).append(me)
        else:
            found.lists.setdefault(name, []).append(value)


def _state(found: _Found, value: str, word: str) -> None:
    known = {state.value: {state} for state in JobState}
    known["active"] = set(JobState) - JOB_ENDED
    known["ended"] = set(JOB_ENDED)
    if value == "paused":
        found.paused = True
    elif value == "unapproved":
        found.unapproved = True
    elif value in known:
        found.states |= known[value]
    else:
        raise InputError(
            f'no job has a state "{value}"', where=word, mend=nearest(value, [*known, *_NO_STATES]),
            code="filter.unknown-state",
        )  # fmt: skip


def _age(limits: JobFilter, word: str, sign: str, value: str, now_s: float) -> JobFilter:
    match = _AGE.fullmatch(value)
    if match is None or sign in (":", "="):
        raise InputError(
            "not an age", where=word, expected=FIELDS["age"], got=f"{sign}{value}",
            mend="Write age<2h for the last two hours.", code="filter.age",
        )  # fmt: skip
    at_s = now_s - float(match["number"]) * _UNITS[match["unit"]]
    if sign.startswith("<"):
        return replace(limits, created_after=max(at_s, limits.created_after or at_s))
    return replace(limits, created_before=min(at_s, limits.created_before or at_s))


def _priority(limits: JobFilter, word: str, sign: str, value: str) -> JobFilter:
    if not value.isdecimal() or int(value) > 100:
        raise InputError(
            "not a priority", where=word, expected="0 to 100", got=value, code="filter.priority"
        )
    number = int(value)
    least = {":": number, "=": number, ">=": number, ">": number + 1}.get(sign)
    most = {":": number, "=": number, "<=": number, "<": number - 1}.get(sign)
    return replace(
        limits,
        least_priority=limits.least_priority if least is None else least,
        most_priority=limits.most_priority if most is None else most,
    )
