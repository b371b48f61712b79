"""What a file is, found by looking into it.

Invariant: a submitted file that passes :func:`probe` decodes to its end, is what its name says,
and was never decoded before its header showed a size within the limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from farm.artifacts.documents import (
    archive_facts,
    check_size,
    data_facts,
    looks_like_text,
    model_facts,
    text_facts,
)
from farm.artifacts.endings import check_promise, ending_of, promised_kinds
from farm.artifacts.headers import PICTURES, Header, read_header
from farm.domain.errors import AssetError, PluginError
from farm.domain.media import MediaFacts, MediaKind

_READABLE = "video, picture, audio, UTF-8 text or JSON"
_MEDIA = (MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.IMAGE)
_LINES = (".jsonl", ".ndjson")
# A fine table of colours has a million numbers, a timeline of a film thousands of clips.
_LONG_TEXTS = (".cube", ".edl", ".xml")
# A document of more is not parsed just for the few facts it may have.
_SMALL_DOCUMENT = 4_000_000


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """What a submitted file may be at most.

    max_pixels : of one picture or frame. max_frames : of a clip.
    full_decode_pixels : a clip is decoded completely up to this many pixels (1.5e9 is 720 frames
        of 1080p); of the rest only the key frames are decoded, and packets are counted.
    """

    max_pixels: int = 200_000_000
    max_bytes: int = 20_000_000_000
    max_text_bytes: int = 1_000_000
    max_data_bytes: int = 64_000_000
    max_frames: int = 5_000_000
    full_decode_pixels: int = 1_500_000_000


def probe(
    path: Path, *, declared: str = "", limits: ProbeLimits | None = None
) -> tuple[MediaKind, MediaFacts]:
    """Find out what a submitted file is, and that it is whole.

    declared : the name (or ending) that the submitter gave it; empty: the path's own name.

    Raises
    ------
    AssetError : ``asset.empty``, ``asset.too-large``, ``asset.too-many-pixels``,
        ``asset.truncated``, ``asset.broken``, ``asset.mislabelled``, ``asset.not-utf8``,
        ``asset.not-text``, ``asset.not-json`` or ``asset.unknown-format``.
    """
    limits = limits or ProbeLimits()
    name = declared or path.name
    promised = promised_kinds(ending_of(name))
    if path.stat().st_size == 0:
        raise AssetError(
            "the file is empty",
            where=name,
            expected="at least one byte",
            got="0 bytes",
            mend="Copy it again, completely.",
            code="asset.empty",
        )
    check_size(path, name, limits.max_bytes, "file")
    header = read_header(path)
    if header.format in PICTURES:
        # An animated picture may be a clip, so its kind is settled after decoding.
        check_promise(name, MediaKind.IMAGE, header.format)
        return _submitted_media(path, name, header, limits)
    if header.format == "zip":
        check_promise(name, MediaKind.ARCHIVE, "zip")
        return MediaKind.ARCHIVE, archive_facts(path, name)
    if header.format == "pdf":
        check_promise(name, MediaKind.ARCHIVE, "pdf")
        if header.missing:
            raise _cut_off(name, f"a PDF with {header.missing}", "none")
        return MediaKind.ARCHIVE, MediaFacts(codec="pdf")
    if not header.format and MediaKind.MODEL in promised:
        return MediaKind.MODEL, model_facts(path, name)
    if not header.format and (looks_like_text(path) or _is_written(promised)):
        return _submitted_text(path, name, limits)
    return _submitted_media(path, name, header, limits)


def probe_output(path: Path) -> tuple[MediaKind, MediaFacts]:
    """The same facts, cheaply, for a file that a stage of this farm wrote: no media is decoded.

    A file that is neither media nor of a known ending is of kind ``any``. Of a JSON document the
    facts of the media it describes, its warnings and what other systems call it are read, if it is
    small.

    Raises
    ------
    PluginError : a media file that cannot be read, or an empty file.
    """
    from farm.artifacts.streams import Unreadable, count_streams

    if path.stat().st_size == 0:
        raise _bad_output(path, "0 bytes")
    ending = ending_of(path.name)
    header = read_header(path)
    if header.format in PICTURES and header.width and header.format != "gif":
        facts = MediaFacts(codec=header.format, width=header.width, height=header.height)
        return MediaKind.IMAGE, facts
    promised = promised_kinds(ending)
    if not header.format and len(promised) == 1 and promised[0] not in _MEDIA:
        if ending == ".json" and path.stat().st_size <= _SMALL_DOCUMENT:
            return promised[0], _written_facts(path)
        written = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}.get(ending)
        return promised[0], MediaFacts(codec=written)
    if header.format in ("zip", "pdf") or not (header.format or promised):
        return (MediaKind.ARCHIVE if header.format else MediaKind.ANY), MediaFacts()
    try:
        return count_streams(path, header.format)
    except Unreadable as error:
        raise _bad_output(path, str(error)) from error


def _written_facts(path: Path) -> MediaFacts:
    try:
        facts = data_facts(path, path.name, _SMALL_DOCUMENT, lines=False)
    except AssetError as error:
        raise _bad_output(path, error.got or error.what) from error
    told = {k: v for k, v in facts.extra.items() if k in ("warnings", "external")}
    return replace(facts, extra=told)


def _is_written(promised: tuple[MediaKind, ...]) -> bool:
    return promised in ((MediaKind.TEXT,), (MediaKind.DATA,))


def _submitted_text(path: Path, name: str, limits: ProbeLimits) -> tuple[MediaKind, MediaFacts]:
    ending = ending_of(name)
    if promised_kinds(ending) == (MediaKind.DATA,):
        lines = ending in _LINES
        return MediaKind.DATA, data_facts(path, name, limits.max_data_bytes, lines=lines)
    check_promise(name, MediaKind.TEXT)
    most = limits.max_data_bytes if ending in _LONG_TEXTS else limits.max_text_bytes
    return MediaKind.TEXT, text_facts(path, name, most)


def _submitted_media(
    path: Path, name: str, header: Header, limits: ProbeLimits
) -> tuple[MediaKind, MediaFacts]:
    from farm.artifacts.streams import TooManyPixels, Unreadable, decode_streams

    size = path.stat().st_size
    if header.width and header.height and header.width * header.height > limits.max_pixels:
        raise _too_many_pixels(name, header.width, header.height, limits)
    if header.promised_bytes is not None and header.promised_bytes > size:
        raise _cut_off(name, f"at least {header.promised_bytes} bytes", f"{size}")
    if header.missing:
        raise _cut_off(name, f"a {header.format} file with {header.missing}", "none")
    try:
        kind, facts = decode_streams(
            path,
            header.format,
            max_pixels=limits.max_pixels,
            max_frames=limits.max_frames,
            full_decode_pixels=limits.full_decode_pixels,
        )
    except TooManyPixels as error:
        raise _too_many_pixels(name, error.width, error.height, limits) from error
    except Unreadable as error:
        if error.truncated:
            raise _cut_off(name, error.expected, error.got) from error
        raise AssetError(
            "cannot be decoded",
            where=name,
            expected=error.expected
            or (f"a whole {header.format} file" if header.format else _READABLE),
            got=error.got,
            mend="Open it in a player to see whether it is whole; export or copy it again.",
            code="asset.broken" if header.format else "asset.unknown-format",
        ) from error
    check_promise(name, kind, header.format if header.format in PICTURES else "")
    return kind, facts


def _too_many_pixels(name: str, width: int, height: int, limits: ProbeLimits) -> AssetError:
    return AssetError(
        "the picture is too large",
        where=name,
        expected=f"at most {limits.max_pixels} pixels",
        got=f"{width}x{height} = {width * height}",
        mend="Scale it down, or ask the operator to raise `max_pixels`.",
        code="asset.too-many-pixels",
    )


def _cut_off(name: str, expected: str, got: str) -> AssetError:
    return AssetError(
        "the file was cut off",
        where=name,
        expected=expected,
        got=got,
        mend="Copy or export it again, completely.",
        code="asset.truncated",
    )


def _bad_output(path: Path, got: str) -> PluginError:
    return PluginError(
        "the stage wrote a file that cannot be read",
        where=path.name,
        expected="a complete file of the kind its ending says",
        got=got,
        mend="Close the container before the stage returns.",
        code="output.unreadable",
    )
