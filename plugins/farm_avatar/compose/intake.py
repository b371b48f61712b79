"""Pictures, pages and clips that somebody sent: looked at before they are opened, refused by name.

Invariant: the size of a picture is known and allowed before one of its pixels is decoded, and a page
is drawn no larger than it is needed.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageOps, UnidentifiedImageError

from farm import InputError, MissingExtra
from farm.media.source import opened, video_stream
from farm_avatar.compose.scene import Visual

LARGEST_PIXELS = 80_000_000
"""A picture with more is refused: no lesson shows them, and decoding takes their memory."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_PAGE_LARGEST = 4096


def check_visual(path: Path, visual: Visual, where: str) -> None:
    """Look at the file of a visual without decoding more of it than its head, or one frame.

    Raises
    ------
    InputError : it is empty, no picture, too large, has no such page, a password, or no frames.
    """
    check_bytes(path, where)
    if visual.kind in ("slide", "image"):
        check_picture(path, where)
    elif visual.kind == "pdf":
        with _page(path, visual.page, where):
            pass
    elif visual.kind in ("clip", "screen"):
        check_clip(path, visual, where)


def check_bytes(path: Path, where: str) -> None:
    """Raises InputError for a file without a byte."""
    if path.stat().st_size == 0:
        raise InputError(
            "is empty",
            where=where,
            expected="a picture, a page or a film",
            got="0 bytes",
            mend="Send the file again.",
            code="compose.empty-file",
        )


def check_picture(path: Path, where: str) -> tuple[int, int]:
    """Size of a picture, from its head. Raises InputError."""
    with _still(path, where) as picture:
        return picture.size


def open_picture(path: Path, where: str, size: tuple[int, int]) -> Image.Image:
    """A picture, RGB, upright, transparency on white; no larger than twice ``size`` needs.

    Raises
    ------
    InputError : it is no picture, damaged or too large.
    """
    check_bytes(path, where)
    with _still(path, where) as picture:
        picture.draft("RGB", (size[0] * 2, size[1] * 2))
        turned = ImageOps.exif_transpose(picture)
        if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
            seen = turned.convert("RGBA")
            white = Image.new("RGBA", seen.size, (255, 255, 255, 255))
            white.alpha_composite(seen)
            return white.convert("RGB")
        if turned.mode.startswith(("I", "F")):
            # Sixteen bits a sample: their high byte.
            turned = turned.convert("I").point(lambda value: value * (1 / 257)).convert("L")
        return turned.convert("RGB")


def pdf_pages(path: Path, label: str = "") -> int:
    """Number of pages of a PDF. Raises InputError."""
    where = label or path.name
    check_bytes(path, where)
    with _document(path, where) as document:
        return len(document)


def open_page(path: Path, page: int, size: tuple[int, int], where: str) -> Image.Image:
    """A page of a PDF (counted from 1), RGB on white, as large as fits into ``size``.

    Raises
    ------
    InputError : it has a password, is damaged, or has no such page.
    """
    check_bytes(path, where)
    with _page(path, page, where) as found:
        width, height = found.get_size()
        scale = min(size[0] / width, size[1] / height, _PAGE_LARGEST / max(width, height))
        picture: Image.Image = found.render(scale=scale).to_pil().convert("RGB")
        return picture


def page_png(path: Path, page: int, size: tuple[int, int], label: str = "") -> bytes:
    """The same as a PNG file."""
    held = io.BytesIO()
    open_page(path, page, size, label or path.name).save(held, "PNG", compress_level=6)
    return held.getvalue()


def check_clip(path: Path, visual: Visual, where: str) -> None:
    """Decode one frame of a clip. Raises InputError."""
    with opened(path, where) as container:
        stream = video_stream(container, where)
        try:
            found = next(container.decode(stream), None)
        except av.error.FFmpegError as error:
            raise _no_frames(where, str(error.strerror or error)) from error
        if found is None:
            raise _no_frames(where, "none")
        length_s = float((container.duration or 0) / 1_000_000)
    if length_s and visual.start_s >= length_s:
        raise InputError(
            "has nothing there",
            where=f"{where}: start_s",
            expected=f"a moment before its end at {length_s:.2f} s",
            got=f"{visual.start_s:.2f} s",
            mend="Give an earlier moment.",
            code="compose.clip-too-short",
        )


def has_sound(path: Path, where: str) -> bool:
    """Whether a film has sound of its own. Raises InputError."""
    with opened(path, where) as container:
        return bool(container.streams.audio)


def _no_frames(where: str, got: str) -> InputError:
    return InputError(
        "has no frames that can be decoded",
        where=where,
        expected="a film with at least one picture",
        got=got,
        mend="Check that it plays, and send it again.",
        code="compose.no-frames",
    )


@contextmanager
def _still(path: Path, where: str) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures; the limit here is our own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                _check_size(picture, where)
                yield picture
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(
            "is no picture that can be read",
            where=where,
            expected=", ".join(FORMATS),
            got=str(error).replace(str(path), path.name)[:120],
            mend="Save it as PNG, and send it again.",
            code="compose.bad-picture",
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_large(where, str(error)[:120]) from error


def _check_size(picture: Image.Image, where: str) -> None:
    width, height = picture.size
    if width * height > LARGEST_PIXELS:
        raise _too_large(where, f"{width}x{height}")


def _too_large(where: str, got: str) -> InputError:
    return InputError(
        "is too large a picture",
        where=where,
        expected=f"at most {LARGEST_PIXELS // 1_000_000} million pixels",
        got=got,
        mend="Make it smaller: a screen shows two to eight million.",
        code="compose.picture-too-large",
    )


@contextmanager
def _page(path: Path, page: int, where: str) -> Iterator[Any]:
    with _document(path, where) as document:
        count = len(document)
        if not 1 <= page <= count:
            raise InputError(
                "has no such page",
                where=where,
                expected=f"a page from 1 to {count}",
                got=str(page),
                mend="Name a page that it has.",
                code="compose.no-page",
            )
        found = document[page - 1]
        try:
            yield found
        finally:
            found.close()


@contextmanager
def _document(path: Path, where: str) -> Iterator[Any]:
    try:
        import pypdfium2
    except ImportError as error:
        raise MissingExtra(
            "pages of a PDF need pypdfium2", where=where, mend="pip install 'farm[avatar]'"
        ) from error
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise InputError(
            "has a password" if locked else "is no PDF that can be read",
            where=where,
            expected="a PDF that opens without one" if locked else "a PDF",
            got=str(error)[:120],
            mend="Save it without a password." if locked else "Export it again.",
            code="compose.pdf-password" if locked else "compose.bad-pdf",
        ) from error
    try:
        yield document
    finally:
        document.close()
