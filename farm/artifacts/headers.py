"""What a file's own header says it is: its format, its size in pixels, how long it must be.

Invariant: nothing is decoded and only header bytes are read, so this is safe on any file, however
hostile, and fast on any file, however large.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

PICTURES = frozenset({"png", "jpeg", "webp", "gif", "bmp", "tiff", "avif", "heic"})

_MOST_PARTS = 1_000_000
"""More chunks or boxes than this are hostile; counting on would only cost time."""


@dataclass(frozen=True, slots=True)
class Header:
    """Empty or ``None`` is: the header does not tell.

    format : ``png``, ``jpeg``, ``mp4``, ``matroska``, …; width, height : pixels of a picture.
    promised_bytes : the file is at least this long, or it was cut off.
    missing : what a complete file of this format has and this one has not.
    """

    format: str = ""
    width: int | None = None
    height: int | None = None
    promised_bytes: int | None = None
    missing: str = ""


def read_header(path: Path) -> Header:
    """Recognise the file by its first bytes and read what its header promises."""
    with path.open("rb") as file:
        head = file.read(64)
        for format, recognise, read in _FORMATS:
            if recognise(head):
                try:
                    return replace(read(file, head, path.stat().st_size), format=format)
                except (struct.error, IndexError):
                    return Header(format=format, missing="the rest of its header")
    return Header()


def _png(file: BinaryIO, head: bytes, size: int) -> Header:
    width, height = struct.unpack(">II", head[16:24])
    at = 8
    for _ in range(_MOST_PARTS):
        file.seek(at)
        part = file.read(8)
        if len(part) < 8:
            return Header(width=width, height=height, promised_bytes=max(at, size) + 12)
        length, kind = struct.unpack(">I4s", part)
        at += 12 + length
        if kind == b"IEND":
            return Header(width=width, height=height, promised_bytes=at)
    return Header(width=width, height=height, missing="its end mark")


def _jpeg(file: BinaryIO, head: bytes, size: int) -> Header:
    at, width, height = 2, None, None
    for _ in range(_MOST_PARTS):
        file.seek(at)
        marker, length = struct.unpack(">HH", file.read(4))
        if marker & 0xFF00 != 0xFF00:
            raise IndexError
        if marker == 0xFFFF:  # a fill byte
            at += 1
            continue
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack(">xHH", file.read(5))
        if marker == 0xFFDA:
            break
        at += 2 + length
    # The end mark may be followed by what cameras append; an earlier one belongs to a thumbnail.
    file.seek(max(at, size - (1 << 20)))
    ended = b"\xff\xd9" in file.read()
    return Header(width=width, height=height, missing="" if ended else "its end mark")


def _webp(file: BinaryIO, head: bytes, size: int) -> Header:
    promised = struct.unpack("<I", head[4:8])[0] + 8
    width = height = None
    if head[12:16] == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
    elif head[12:16] == b"VP8L":
        bits = struct.unpack("<I", head[21:25])[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif head[12:16] == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", head[26:30]))
    return Header(width=width, height=height, promised_bytes=promised)


def _gif(file: BinaryIO, head: bytes, size: int) -> Header:
    width, height = struct.unpack("<HH", head[6:10])
    file.seek(max(0, size - 64))
    ended = file.read().rstrip(b"\0").endswith(b";")
    return Header(width=width, height=height, missing="" if ended else "its end mark")


def _bmp(file: BinaryIO, head: bytes, size: int) -> Header:
    length, width, height = struct.unpack("<I12xii", head[2:26])
    return Header(width=abs(width), height=abs(height), promised_bytes=length or None)


def _tiff(file: BinaryIO, head: bytes, size: int) -> Header:
    order = "<" if head[:2] == b"II" else ">"
    file.seek(struct.unpack(f"{order}I", head[4:8])[0])
    count = struct.unpack(f"{order}H", file.read(2))[0]
    sides: dict[int, int] = {}
    for _ in range(count):
        entry = file.read(12)
        tag, kind = struct.unpack(f"{order}HH", entry[:4])
        if tag in (256, 257):
            field = f"{order}H" if kind == 3 else f"{order}I"
            sides[tag] = struct.unpack_from(field, entry, 8)[0]
    return Header(width=sides.get(256), height=sides.get(257))


def _riff(file: BinaryIO, head: bytes, size: int) -> Header:
    length = struct.unpack("<I", head[4:8])[0]
    # A writer that cannot seek leaves 0 or the highest number.
    return Header(promised_bytes=length + 8 if 0 < length < 0xFFFFFFF0 else None)


def _boxes(file: BinaryIO, head: bytes, size: int) -> Header:
    """ISO base media (MP4, MOV): the top-level boxes must fit, one of them is the index."""
    at, kinds = 0, set()
    for _ in range(_MOST_PARTS):
        if at + 8 > size:
            break
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = struct.unpack(">Q", file.read(8))[0]
        kinds.add(kind)
        if length == 0:  # to the end of the file
            at = size
        elif length < 8:
            raise IndexError
        else:
            at += length
    picture = head[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1")
    index = b"meta" if picture else b"moov"
    missing = "" if index in kinds else f"its index ({index.decode()})"
    return Header(promised_bytes=at, missing=missing)


def _matroska(file: BinaryIO, head: bytes, size: int) -> Header:
    at = 4
    width, length = _ebml_length(head[at:])
    at += width + length
    file.seek(at)
    segment = file.read(12)
    if segment[:4] != b"\x18\x53\x80\x67":
        raise IndexError
    width, length = _ebml_length(segment[4:])
    unknown = length == (1 << 7 * width) - 1  # a live stream
    return Header(promised_bytes=None if unknown else at + 4 + width + length)


def _ebml_length(data: bytes) -> tuple[int, int]:
    """(bytes it takes, value) of a variable-length number."""
    width = 9 - data[0].bit_length()
    if width > 8 or len(data) < width:
        raise IndexError
    return width, int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)


def _ogg(file: BinaryIO, head: bytes, size: int) -> Header:
    start = max(0, size - (1 << 17))
    file.seek(start)
    tail = file.read()
    page = tail.rfind(b"OggS")
    if page < 0:
        raise IndexError
    segments = tail[page + 26]
    table = tail[page + 27 : page + 27 + segments]
    return Header(promised_bytes=start + page + 27 + segments + sum(table))


def _mp3(file: BinaryIO, head: bytes, size: int) -> Header:
    """MPEG audio; only one with a Xing or Info block in its first frame tells its length."""
    at = 0
    if head[:3] == b"ID3":  # a tag, its length in 7-bit bytes
        at = 0
        for byte in head[6:10]:
            at = at << 7 | byte & 0x7F
        at += 10
    file.seek(at)
    frame = file.read(256)
    block = max(frame.find(b"Xing"), frame.find(b"Info"))
    if frame[:1] != b"\xff" or block < 0:
        return Header()
    flags = struct.unpack_from(">I", frame, block + 4)[0]
    if not flags & 2:
        return Header()
    length = struct.unpack_from(">I", frame, block + 8 + (4 if flags & 1 else 0))[0]
    return Header(promised_bytes=at + length)


def _plain(file: BinaryIO, head: bytes, size: int) -> Header:
    return Header()


def _pdf(file: BinaryIO, head: bytes, size: int) -> Header:
    # What mail programs append after the end mark is no fault of the document's.
    file.seek(max(0, size - (1 << 16)))
    return Header(missing="" if b"%%EOF" in file.read() else "its end mark")


_FORMATS: tuple[
    tuple[str, Callable[[bytes], bool], Callable[[BinaryIO, bytes, int], Header]], ...
] = (
    ("png", lambda h: h.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    ("jpeg", lambda h: h.startswith(b"\xff\xd8\xff"), _jpeg),
    ("webp", lambda h: h[:4] == b"RIFF" and h[8:12] == b"WEBP", _webp),
    ("gif", lambda h: h[:6] in (b"GIF87a", b"GIF89a"), _gif),
    ("bmp", lambda h: h[:2] == b"BM" and h[6:10] == b"\0\0\0\0", _bmp),
    ("tiff", lambda h: h[:4] in (b"II*\0", b"MM\0*"), _tiff),
    ("wav", lambda h: h[:4] == b"RIFF" and h[8:12] == b"WAVE", _riff),
    ("avi", lambda h: h[:4] == b"RIFF" and h[8:12] == b"AVI ", _riff),
    ("avif", lambda h: h[4:12] in (b"ftypavif", b"ftypavis"), _boxes),
    ("heic", lambda h: h[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"), _boxes),
    ("mp4", lambda h: h[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"), _boxes),
    ("matroska", lambda h: h.startswith(b"\x1a\x45\xdf\xa3"), _matroska),
    ("ogg", lambda h: h.startswith(b"OggS"), _ogg),
    ("flac", lambda h: h.startswith(b"fLaC"), _plain),
    ("mp3", lambda h: h[:3] == b"ID3" or h[:2] in (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3"), _mp3),
    ("pdf", lambda h: h.startswith(b"%PDF-"), _pdf),
    ("zip", lambda h: h.startswith((b"PK\x03\x04", b"PK\x05\x06")), _plain),
)
