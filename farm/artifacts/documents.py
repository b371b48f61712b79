"""Checks of submitted files that are no audio-visual media: text, data, models, archives.

Invariant: a file that passes can be read whole by whoever needs it: the text is UTF-8, the JSON
parses, the model has all of its tensors, the archive has its directory.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from farm.domain.errors import AssetError
from farm.domain.media import MediaFacts

MOST_WARNINGS = 32
MOST_EXTERNAL = 8
_EXTERNAL_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def looks_like_text(path: Path) -> bool:
    """Whether the first 4 kB may be UTF-8 text."""
    with path.open("rb") as file:
        head = file.read(4096)
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end >= len(head) - 3 and len(head) == 4096  # cut inside a character
    return True


def read_text(path: Path, name: str, max_bytes: int) -> str:
    """All of a text file; refuses what is no UTF-8, has a NUL, or is over ``max_bytes``."""
    check_size(path, name, max_bytes, "text")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AssetError(
            "is not UTF-8 text",
            where=name,
            expected="UTF-8",
            got=f"byte 0x{data[error.start]:02x} at {error.start}",
            mend="Save it as UTF-8.",
            code="asset.not-utf8",
        ) from error
    if "\0" in text:
        raise AssetError(
            "is not text",
            where=name,
            expected="UTF-8 without NUL",
            got=f"NUL at {data.index(0)}",
            mend="Save it as plain UTF-8 text.",
            code="asset.not-text",
        )
    return text


def text_facts(path: Path, name: str, max_bytes: int) -> MediaFacts:
    """Facts of a text: ``extra`` has ``characters`` and ``lines``."""
    text = read_text(path, name, max_bytes)
    if not text.strip():
        raise AssetError(
            "the text is blank",
            where=name,
            mend="Write at least one word into it.",
            code="asset.empty",
        )
    extra = {"characters": len(text), "lines": len(text.splitlines())}
    return MediaFacts(codec="utf-8", extra=extra)


def data_facts(path: Path, name: str, max_bytes: int, *, lines: bool) -> MediaFacts:
    """Facts of JSON, or of JSON lines: ``extra`` has ``records``, and ``schema`` when it names one.

    A document that describes media may say so under ``media`` (``frames``, ``fps``, ``width``,
    ``height``, ``duration_s``): the stages that read it can then be cut into windows. A report may
    list ``warnings``, sentences that the job's receipt repeats, and name under ``external`` what
    another system calls this piece of work.
    lines : one document per line; blank lines are passed over.
    """
    text = read_text(path, name, max_bytes)
    first: Any = None
    records = 0
    documents = text.split("\n") if lines else [text]
    for number, document in enumerate(documents, start=1):
        if lines and not document.strip():
            continue
        try:
            value = json.loads(document, parse_constant=_not_json)
        except (ValueError, RecursionError) as error:
            got = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise AssetError(
                "is not JSON",
                where=f"{name}: line {number}" if lines else name,
                expected="one JSON document per line" if lines else "one JSON document",
                got=got,
                mend="Write it with a JSON library.",
                code="asset.not-json",
            ) from error
        first = value if not records else first
        records += 1
    extra: dict[str, Any] = {"records": records}
    schema = first.get("$schema", first.get("schema")) if isinstance(first, dict) else None
    if isinstance(schema, str):
        extra["schema"] = schema[:200]
    warnings = _warnings(first.get("warnings")) if isinstance(first, dict) else []
    if warnings:
        extra["warnings"] = warnings
    external = _external(first.get("external")) if isinstance(first, dict) else {}
    if external:
        extra["external"] = external
    described = first.get("media") if isinstance(first, dict) else None
    return MediaFacts(
        codec="jsonl" if lines else "json", extra=extra, **_described_media(described)
    )


def _warnings(told: Any) -> list[str]:
    """The first of the sentences that are some, each cut to what fits a line or three."""
    if not isinstance(told, list):
        return []
    texts = (" ".join(text.split())[:300] for text in told if isinstance(text, str))
    return [text for text in texts if text][:MOST_WARNINGS]


def _external(told: Any) -> dict[str, str]:
    """The first of the names and short texts that are some."""
    if not isinstance(told, dict):
        return {}
    found = {
        name: " ".join(text.split())[:200]
        for name, text in told.items()
        if isinstance(text, str) and _EXTERNAL_NAME.fullmatch(name)
    }
    return dict(sorted((k, v) for k, v in found.items() if v)[:MOST_EXTERNAL])


def _described_media(media: Any) -> dict[str, Any]:
    """Those facts of a ``media`` entry that are what they should be; others are left out."""
    facts: dict[str, Any] = {}
    if not isinstance(media, dict):
        return facts
    for name in ("frames", "width", "height"):
        value = media.get(name)
        if type(value) is int and 0 < value < 2**31:
            facts[name] = value
    duration_s = media.get("duration_s")
    if isinstance(duration_s, (int, float)) and 0 < duration_s < 1e9:
        facts["duration_s"] = float(duration_s)
    fps = media.get("fps")
    if isinstance(fps, str) and re.fullmatch(r"[1-9]\d{0,6}(/[1-9]\d{0,6})?", fps):
        facts["fps"] = Fraction(fps)
    return facts


def model_facts(path: Path, name: str) -> MediaFacts:
    """Facts of a safetensors file: ``extra`` has ``tensors``. The weights are not read."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size - 8, 100_000_000):
                raise ValueError(f"a header of {length} bytes in a file of {size}")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        ends = [int(tensor["data_offsets"][1]) for tensor in header.values()]
        promised = 8 + length + max(ends, default=0)
        if promised != size:
            raise ValueError(f"{size} bytes, where its header promises {promised}")
    except (struct.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise AssetError(
            "is not a complete safetensors file",
            where=name,
            got=str(error),
            mend="Fetch or export it again; pickled models are never taken.",
            code="asset.broken",
        ) from error
    return MediaFacts(codec="safetensors", extra={"tensors": len(ends)})


def archive_facts(path: Path, name: str) -> MediaFacts:
    """Facts of a zip file: ``extra`` has ``files``. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            count = len(archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise AssetError(
            "is not a complete zip file",
            where=name,
            got=str(error),
            mend="Pack it again.",
            code="asset.broken",
        ) from error
    return MediaFacts(codec="zip", extra={"files": count})


def check_size(path: Path, name: str, max_bytes: int, what: str) -> None:
    """Refuse (``asset.too-large``) a file of over ``max_bytes``."""
    size = path.stat().st_size
    if size > max_bytes:
        raise AssetError(
            f"the {what} is too large",
            where=name,
            expected=f"at most {max_bytes} bytes",
            got=f"{size}",
            mend="Send a smaller one.",
            code="asset.too-large",
        )


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
