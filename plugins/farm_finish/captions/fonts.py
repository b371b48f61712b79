"""The fonts captions are set in: one that is always there, and one that may be sent along.

Invariant: the same text in the same size gives the same letters; what a font lacks is known before
it is drawn.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from functools import cached_property
from pathlib import Path

from PIL import Image, ImageFont, features

from farm import InputError

BUNDLED = Path(__file__).with_name("captions-semibold.ttf")
"""Noto Sans SemiBold with the Latin, Greek, Cyrillic, Arabic and Hebrew scripts."""
_LARGEST = 64_000_000
_ENDINGS = (".ttf", ".otf", ".ttc")
_PROBE_SIZE = 32


class Face:
    """A font at any size."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self._data = data
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self._known: dict[str, bool] = {}

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font with letters of ``size`` px."""
        if size not in self._sizes:
            layout = ImageFont.Layout.RAQM if shapes_text() else ImageFont.Layout.BASIC
            self._sizes[size] = ImageFont.truetype(
                io.BytesIO(self._data), size, layout_engine=layout
            )
        return self._sizes[size]

    def lacks(self, text: str) -> str:
        """The characters of ``text`` that the font has no picture of, each once."""
        return "".join(dict.fromkeys(c for c in text if not self._has(c)))

    @cached_property
    def _blank(self) -> tuple[tuple[int, int], bytes]:
        # A code point that no font may use shows what this one draws for unknown ones.
        return self._drawn("\U0010fffe")

    def _has(self, character: str) -> bool:
        if character not in self._known:
            kind = unicodedata.category(character)
            unseen = kind[0] in "ZC" or kind == "Mn"
            self._known[character] = unseen or self._drawn(character) != self._blank
        return self._known[character]

    def _drawn(self, character: str) -> tuple[tuple[int, int], bytes]:
        font = (
            ImageFont.truetype(
                io.BytesIO(self._data), _PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC
            )
            if _PROBE_SIZE not in self._sizes
            else self._sizes[_PROBE_SIZE]
        )
        self._sizes.setdefault(_PROBE_SIZE, font)
        mask = font.getmask(character)
        return mask.size, bytes(mask)


def shapes_text() -> bool:
    """Whether this machine joins Arabic letters and turns right-to-left text around."""
    return bool(features.check("raqm"))


def faces(given: Path | None) -> list[Face]:
    """The font of the archive ``given``, if any, and the bundled one.

    Raises
    ------
    InputError : the archive holds no font, more than one, or one that cannot be read.
    """
    found = [] if given is None else [_sent(given)]
    return [*found, Face(BUNDLED.read_bytes(), "Noto Sans")]


def best_face(found: list[Face], text: str) -> tuple[Face, str]:
    """The first font that lacks the fewest characters of ``text``, and those it lacks."""
    lacking = [(len(face.lacks(text)), number) for number, face in enumerate(found)]
    face = found[min(lacking)[1]]
    return face, face.lacks(text)


def _sent(path: Path) -> Face:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                entry
                for entry in archive.infolist()
                if entry.filename.lower().endswith(_ENDINGS) and "__MACOSX" not in entry.filename
            ]
            if len(members) != 1 or members[0].file_size > _LARGEST:
                raise _no_font(
                    f"{len(members)} fonts"
                    if len(members) != 1
                    else f"one of {members[0].file_size} bytes"
                )
            face = Face(archive.read(members[0]), Path(members[0].filename).name)
        face.at(_PROBE_SIZE)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise _no_font(str(error)) from error
    return face


def _no_font(got: str) -> InputError:
    return InputError(
        "holds no font that can be used",
        where="font",
        expected=f"a zip archive with one font ({', '.join(_ENDINGS)})",
        got=got,
        mend="Put the font file alone into a zip archive.",
        code="captions.bad-font",
    )


def solid(size: tuple[int, int], colour: tuple[int, int, int], mask: Image.Image) -> Image.Image:
    """A picture of one colour that is seen where ``mask`` is."""
    picture = Image.new("RGBA", size, (*colour, 0))
    picture.putalpha(mask)
    return picture
