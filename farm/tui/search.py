"""The filter of lists whose rows are all at hand: ``provider:wan state:missing dusk``.

Invariant: it is written like the filter of the jobs table, and means something or is refused; case
never matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm.domain.errors import InputError, nearest
from farm.tui.filters import TERM, split_words


@dataclass(frozen=True, slots=True)
class Row:
    """What a row can be found by. text : where words are looked for; fields : by their names."""

    text: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, *unsaid: str, **fields: str) -> Row:
        """A row that is found by its fields, and by words of them and of what is ``unsaid``."""
        return cls(" ".join((*fields.values(), *unsaid)), fields)


@dataclass(frozen=True, slots=True)
class Search:
    """A filter that was understood. fields : name to the values of which one must be part of it."""

    words: tuple[str, ...] = ()
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def fits(self, row: Row) -> bool:
        """Whether every word and every field is found in a row."""
        text = row.text.casefold()
        return all(word in text for word in self.words) and all(
            any(value in row.fields.get(name, "").casefold() for value in values)
            for name, values in self.fields
        )


def parse_search(text: str, fields: Mapping[str, str]) -> Search:
    """Understand a filter. fields : name of each to what may stand after it.

    Raises
    ------
    InputError : an unknown field, another sign than ``:``, or no value.
    """
    words: list[str] = []
    found: list[tuple[str, tuple[str, ...]]] = []
    for word in split_words(text):
        match = TERM.fullmatch(word)
        if match is None:
            words.append(word.casefold())
            continue
        name, sign = match["name"].lower(), match["sign"]
        if name not in fields:
            raise InputError(
                f'no field is called "{name}"', where=word, mend=nearest(name, fields),
                code="filter.unknown-field",
            )  # fmt: skip
        if sign not in (":", "="):
            raise InputError(
                f"{name} is not compared", where=word, expected=f"{name}:…", got=sign,
                mend=f"Write {name}:{match['value']}.", code="filter.sign",
            )  # fmt: skip
        values = tuple(filter(None, match["value"].casefold().split(",")))
        if not values:
            raise InputError(
                "nothing stands after it", where=word, expected=fields[name], code="filter.empty"
            )
        found.append((name, values))
    return Search(tuple(words), tuple(found))
