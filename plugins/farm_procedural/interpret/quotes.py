"""Texts to show: what stands in quotation marks, or after "titled", "that says" and the like.

Invariant: the characters that make a title are blanked for the reader of the rest, character for
character, so that every span still points into the prompt as it was typed.
"""

from __future__ import annotations

import re
import unicodedata

from farm_procedural.interpret.grammar import words

LONGEST, MOST = 120, 12

_QUOTED = re.compile(
    r"""“([^“”\n]{1,400})”|„([^„“”\n]{1,400})[“”]|«([^«»\n]{1,400})»|「([^「」\n]{1,400})」
    |"([^"\n]{1,400})"|(?<!\w)‘([^‘’\n]{1,400})’(?!\w)|(?<!\w)'([^'\n]{1,400})'(?!\w)
    |(?<!\w)`([^`\n]{1,400})`""",
    re.VERBOSE,
)
_SAID = re.compile(
    r"""\b(?:titled|entitled|(?:title|caption|headline|text|lower[ ]third|subtitle|slogan)\s?:
    |(?:with[ ]the[ ](?:title|text|words|caption|headline|slogan)|(?:that|which)[ ](?:says|reads|spells)
    |text[ ]saying|text[ ]reading|the[ ]words?|saying)\b)
    \s+((?:[^\W_][\w'’&-]{0,40})(?:[ ][\w'’&-]{1,40}){0,7})""",
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = words("in on over with and at for then while as against under appears fades by")


def titles(text: str) -> tuple[str, list[tuple[str, int, int]], list[str]]:
    """(text with the titles blanked, [(title, start, stop)], notes).

    A prompt that stands in quotation marks as a whole is a prompt, not a title.
    """
    notes: list[str] = []
    found: list[tuple[str, int, int]] = []
    stripped = text.strip()
    for match in _QUOTED.finditer(text):
        number = match.lastindex or 1
        start, stop = match.span(number)
        if match.group() == stripped:
            notes.append("the whole prompt is quoted; it is read as a prompt, not as a title")
            break
        title = shown(match.group(number))
        if not title:
            continue
        if len(title) > LONGEST:
            notes.append(f"a quoted text of {len(title)} characters is too long for a title")
        elif len(found) == MOST:
            notes.append(f"only the first {MOST} titles are shown")
            break
        else:
            found.append((title, start, stop))
    if not found and len(text) < 20_000:
        found = _said(text)
    blanked = text
    for _, start, stop in found:
        blanked = blanked[:start] + "\x00" * (stop - start) + blanked[stop:]
    return blanked, found, notes


def shown(text: str) -> str:
    """A text as it can be set: one line, without control characters."""
    kept = (
        " " if c.isspace() else c for c in text if unicodedata.category(c)[0] != "C" or c.isspace()
    )
    return " ".join("".join(kept).split())


def _said(text: str) -> list[tuple[str, int, int]]:
    found = []
    for match in _SAID.finditer(text):
        said = match.group(1).split(" ")
        names = [word[:1].isupper() or word.isdigit() for word in said]
        if names[0]:
            # "titled Ocean Dreams in gold": the name goes on as long as its capitals do.
            small = {"of", "the", "and", "a", "in", "&", "to", "for"}
            count = 1
            for place in range(1, len(said)):
                if names[place]:
                    count = place + 1
                elif said[place] not in small:
                    break
        else:
            count = next((i for i, word in enumerate(said) if word.lower() in _ENDS), len(said))
            lead = match.group()[: match.start(1) - match.start()].strip().lower()
            if (
                lead.startswith(("the word", "saying", "with the title", "with the text"))
                and count > 4
            ):
                continue
        if count:
            title = " ".join(said[:count])
            found.append((title, match.start(1), match.start(1) + len(title)))
    return found[:MOST]
