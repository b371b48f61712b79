"""Small pictures of a job's images, films and previews, decoded in a process of their own.

Invariant: the console never decodes media itself: a file that hangs or kills a decoder costs one
thumbnail, and the decoder's libraries cost the console no memory. A file that lies on another
machine is not fetched for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm.ledger.database import Database

_LIMIT_S = 15.0
_CPU_S = 10
MOST = 6
"""Pictures of one job."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded file: ``width * height * 3`` bytes of sRGB, row by row. about : a caption."""

    hash: str
    about: str
    width: int
    height: int
    rgb: bytes


def ask_terminal() -> bool:
    """Find out, before the console owns the terminal, how it shows pictures; whether it can do
    better than half blocks (Sixel or Kitty's protocol, through the extra ``images``)."""
    try:
        from textual_image.renderable import Image, SixelImage, TGPImage
        from textual_image.widget import Image as _Widget  # noqa: F401  asks for the cell's size
    except ModuleNotFoundError:
        return False
    return Image in (SixelImage, TGPImage)


def wanted(artifacts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those files of a job that can be shown, outputs first; records of ``JobParts.artifacts``."""
    order = {"output": 0, "between": 1, "input": 2}
    seen = [a for a in artifacts if a["kind"] in ("image", "video") and not a["missing"]]
    seen.sort(key=lambda a: order.get(str(a["role"]), 3))
    first: dict[str, Mapping[str, Any]] = {}
    for found in seen:
        first.setdefault(found["hash"], found)
    return list(first.values())[:MOST]


def pictures(
    store_url: str, artifacts: Sequence[Mapping[str, Any]], width: int, height: int
) -> list[Picture]:
    """Decode files of a local store into boxes of at most ``width`` x ``height`` pixels.

    What cannot be decoded in time is left out. A thread's work: it takes a second.
    """
    if not store_url.startswith("file:"):
        return []
    from farm.artifacts.store import open_store
    from farm.domain.errors import FarmError

    # A local store keeps no copies, so the folder for them is never made.
    store = open_store(store_url, cache_dir=Path())
    paths: dict[str, str] = {}
    for found in artifacts:
        with suppress(FarmError):
            paths[found["hash"]] = str(store.fetch(found["hash"]))
    if not paths:
        return []
    shown = []
    about = {found["hash"]: f"{found['role']} {found['kind']}" for found in artifacts}
    for (digest, _), (wide, high, rgb) in zip(
        paths.items(), _decoded(list(paths.values()), width, height), strict=False
    ):
        if rgb:
            shown.append(Picture(digest, about[digest], wide, high, rgb))
    return shown


def newest_preview(
    database: Database, job_id: str, known: float | None, width: int, height: int
) -> tuple[float | None, Picture | None]:
    """When a job's newest preview was made, and that decoded into a box, if it is not ``known``.

    A thread's work: it takes a second.
    """
    from farm.ledger.previews import Previews

    at = Previews(database).times([job_id]).get(job_id)
    newest = None if at in (None, known) else Previews(database).newest(job_id)
    if newest is None:
        return at, None
    return newest.at, _preview_picture(newest.picture, f"of {newest.stage}", width, height)


def _preview_picture(data: bytes, about: str, width: int, height: int) -> Picture | None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        for wide, high, rgb in _decoded([file.name], width, height):
            if rgb:
                return Picture("preview", about, wide, high, rgb)
    return None


def _decoded(paths: Sequence[str], width: int, height: int) -> list[tuple[int, int, bytes]]:
    """Ask the decoding process; what it had sent when it died or was stopped still counts."""
    command = [sys.executable, "-m", "farm.tui.thumbnails", str(width), str(height), *paths]
    try:
        data = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=_LIMIT_S, check=False,
        ).stdout  # fmt: skip
    except subprocess.TimeoutExpired as late:
        data = late.stdout or b""
    found = []
    while data:
        line, _, rest = data.partition(b"\n")
        try:
            wide, high = json.loads(line)
        except ValueError:
            break
        size = wide * high * 3
        if len(rest) < size:
            break
        found.append((wide, high, rest[:size]))
        data = rest[size:]
    return found


def decode(path: str, width: int, height: int) -> tuple[int, int, bytes]:
    """The picture in the middle of a film, or an image, fitted into the box; ``(0, 0, b"")`` for
    what is neither."""
    import av
    import av.error

    try:
        with av.open(path) as container:
            if not container.streams.video:
                return 0, 0, b""
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            frame = None
            if container.duration and container.duration > 0:
                with suppress(av.error.FFmpegError):
                    container.seek(container.duration // 2)
                    frame = next(container.decode(stream), None)
            if frame is None:
                container.seek(0)
                frame = next(container.decode(stream), None)
            if frame is None:
                return 0, 0, b""
            scale = min(width / frame.width, height / frame.height)
            wide = max(1, round(frame.width * scale))
            # Half blocks show two rows in a cell.
            high = max(2, round(frame.height * scale) // 2 * 2)
            small = frame.reformat(width=wide, height=high, format="rgb24")
            return wide, high, small.to_ndarray().tobytes()
    except (av.error.FFmpegError, OSError, ValueError):
        return 0, 0, b""


def main(arguments: Sequence[str]) -> None:
    """The decoding process: for each path a line ``[width, height]`` and the bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    width, height, *paths = arguments
    for path in paths:
        wide, high, rgb = decode(path, int(width), int(height))
        sys.stdout.buffer.write(json.dumps([wide, high]).encode() + b"\n" + rgb)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
