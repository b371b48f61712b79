"""The files that a lesson shows: found by the names its author wrote, and packed a scene at a time.

Invariant: an archive's bytes depend on the files that one scene shows and on nothing else, so a
changed picture changes the archives of its own scenes only.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from farm import InputFile, MediaKind
from farm_avatar.lesson.refusals import refused

_EPOCH = (1980, 1, 1, 0, 0, 0)
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as the author named it."""

    name: str
    path: Path
    hash: str
    kind: MediaKind

    @property
    def suffix(self) -> str:
        """The ending of its name, with the dot, in small letters."""
        return Path(self.name).suffix.lower() or self.path.suffix.lower()

    @property
    def is_pdf(self) -> bool:
        """Whether its pages are shown."""
        return self.suffix == ".pdf"


@dataclass
class Archive:
    """Files of one scene by the names they have in its archive."""

    members: dict[str, Path | bytes] = field(default_factory=dict)

    def add(self, asset: Asset) -> str:
        """The name of a whole file."""
        name = f"{asset.hash[:20]}{asset.suffix}"
        self.members[name] = asset.path
        return name

    def add_picture(self, png: bytes) -> str:
        """The name of a picture."""
        name = f"{hashlib.sha256(png).hexdigest()[:20]}.png"
        self.members[name] = png
        return name

    def write(self, path: Path, told: Callable[[], None]) -> None:
        """Write the archive, nothing in it compressed; told is called for every part."""
        index = {"schema": "farm.visuals/1", "files": sorted(self.members)}
        listed = json.dumps(index, sort_keys=True).encode()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo("index.json", _EPOCH), listed)
            for name, content in sorted(self.members.items()):
                info = zipfile.ZipInfo(name, _EPOCH)
                if isinstance(content, bytes):
                    archive.writestr(info, content)
                    continue
                with content.open("rb") as source:
                    info.file_size = content.stat().st_size
                    with archive.open(info, "w") as target:
                        while piece := source.read(_PIECE):
                            target.write(piece)
                            told()


class Shelf:
    """All files that came with a lesson."""

    def __init__(self, assets: Sequence[Asset], file: str) -> None:
        self._assets = {asset.name: asset for asset in assets}
        self._by_last: dict[str, list[Asset]] = {}
        self._file = file
        self.used: set[str] = set()
        for asset in assets:
            self._by_last.setdefault(_last(asset.name), []).append(asset)

    @classmethod
    def of(cls, files: Sequence[InputFile], names: Sequence[str], file: str) -> Shelf:
        """A shelf of files with their names in the same order."""
        if files and len(names) != len(files):
            raise refused(
                "has other names of assets than files", file,
                expected=f"{len(files)} names", got=str(len(names)),
                mend="Leave `asset_names` out: it then holds the names of the files.",
                code="lesson.asset-names",
            )  # fmt: skip
        return cls(
            [
                Asset(name, given.path, given.hash, given.kind)
                for name, given in zip(names, files, strict=True)
            ],
            file,
        )

    def find(self, name: str, line: int) -> Asset:
        """The file that an author means: by its path, or by its last name where that is clear.

        Raises
        ------
        InputError : there is none, or more than one.
        """
        found = self._assets.get(name)
        among = [found] if found else self._by_last.get(_last(name), [])
        if len(among) == 1:
            self.used.add(among[0].name)
            return among[0]
        if among:
            raise refused(
                f'"{name}" could be more than one file', self._file, line,
                got=", ".join(asset.name for asset in among[:4]),
                mend="Write its folder before it.", code="lesson.ambiguous-asset",
            )  # fmt: skip
        close = difflib.get_close_matches(_last(name), list(self._by_last), 1, 0.5)
        have = ", ".join(sorted(self._assets)[:6]) or "no files at all"
        raise refused(
            f'"{name}" is not there', self._file, line, expected="a file beside the lesson",
            got=have,
            mend=f'Did you mean "{close[0]}"?' if close
            else "Put the file into the lesson's folder or into its folder assets.",
            code="lesson.missing-asset",
        )  # fmt: skip

    def unused(self) -> list[str]:
        """Names of the files that nobody asked for."""
        return sorted(set(self._assets) - self.used)


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].casefold()
