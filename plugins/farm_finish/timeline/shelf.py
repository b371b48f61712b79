"""The media of a timeline by the names it uses for them.

Invariant: a name means one file or is refused; nothing is guessed from how many files there are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from farm import InputError, InputFile
from farm_finish.timeline.document import Document, MediaRef
from farm_finish.timeline.survey import Surveyed, Tick, survey


class Shelf:
    """Finds and surveys files, each once. ``found``: what was used, in the order of first use."""

    def __init__(
        self, files: Sequence[InputFile], names: Sequence[str], document: Document, tick: Tick
    ) -> None:
        self._files, self._tick = files, tick
        self._table: dict[str, MediaRef] = {}
        self._names = list(names)
        if isinstance(document.media, dict):
            self._table = document.media
        elif not {_basename(name) for name in names} & {_basename(n) for n in document.media}:
            # A list that has none of the files' names counts them.
            self._names = document.media or self._names
        if len(self._names) > len(files):
            raise InputError(
                "there are more names than media files",
                where="names" if self._names == list(names) else "media",
                expected=f"at most {len(files)} names, in the order of the files",
                got=str(len(self._names)),
                mend="Send the files that are missing, or mend the list.",
                code="timeline.names",
            )
        self.found: list[Surveyed] = []
        self._places: dict[int, int] = {}

    def place(self, name: str, where: str) -> int:
        """The place in ``found`` of the media of that name.

        Raises
        ------
        InputError : ``timeline.missing-media`` or ``timeline.ambiguous-media``; or the file is no
            media.
        """
        number = self._number(name, where)
        if number not in self._places:
            file = self._files[number]
            self._places[number] = len(self.found)
            self.found.append(survey(file, number, _basename(name) or name, self._tick))
        return self._places[number]

    def start(self, name: str) -> int | str | None:
        """The time code of its first picture, if the document gives one."""
        ref = self._table.get(name)
        return ref.start if ref else None

    def _number(self, name: str, where: str) -> int:
        ref = self._table.get(name)
        if ref is not None and ref.file is not None:
            if ref.file <= len(self._files):
                return ref.file - 1
            raise self._missing(name, where, f"file {ref.file}")
        sha256 = ref.sha256 if ref is not None else name.removeprefix("sha256:")
        for number, file in enumerate(self._files):
            if sha256 and file.hash == sha256:
                return number
        for wanted in (
            lambda known: _composed(known) == _composed(name),
            lambda known: _basename(known) == _basename(name),
        ):
            fitting = [number for number, known in enumerate(self._names) if wanted(known)]
            if len({self._files[number].hash for number in fitting}) == 1:
                return fitting[0]
            if fitting:
                raise InputError(
                    "could be more than one file",
                    where=where,
                    expected="one file of that name",
                    got=", ".join(self._names[number] for number in fitting)[:200],
                    mend="Name the media with their folders, in the timeline and in `names`.",
                    code="timeline.ambiguous-media",
                )
        raise self._missing(name, where, name)

    def _missing(self, name: str, where: str, got: str) -> InputError:
        known = ", ".join([*self._table, *self._names][:12])
        return InputError(
            "its media are missing",
            where=where,
            expected=f"one of {known}" if known else f"a name for each of {len(self._files)} files",
            got=got,
            mend="Send the file, and name the files in the order they are given: `names` of the "
            "job, or `media` of the plain form.",
            code="timeline.missing-media",
        )


def _basename(name: str) -> str:
    """The file name of a path or an address, whichever system wrote it."""
    text = name
    if "://" in name:
        text = unquote(urlsplit(name).path)
    return PurePosixPath(_composed(text).replace("\\", "/")).name


def _composed(name: str) -> str:
    # One system writes an accent as a letter of its own, another does not.
    return unicodedata.normalize("NFC", name)
