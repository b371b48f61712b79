"""Brings results from a server: streamed and hashed on the way, taken up again where it broke off.

Invariant: a file appears under its name only when every byte that the server announced has arrived
and its type is that of the result; what came before a break is kept only while the server proves, by
range and validator, that it still serves the same file.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from farm_comfyui.bound import OutputNode
from farm_comfyui.client import Client
from farm_comfyui.failures import CollectFailed, ComfyFailure, ServerFailure

if TYPE_CHECKING:
    import httpx2

_TRIES = 5
_PIECE = 256 * 1024
_SLOWEST = 4096
"""Bytes a second over a window; slower is as good as nothing."""
_WINDOW_S = 20.0
_SUFFIXES = {
    "video": (".mp4", ".webm", ".mkv", ".mov"),
    "image": (".png", ".jpg", ".jpeg", ".webp"),
    "audio": (".flac", ".wav", ".mp3", ".opus", ".ogg", ".m4a"),
}


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A result. name : as the server calls it. node : the one that saved it."""

    path: Path
    sha256: str
    size_bytes: int
    name: str
    node: str


@dataclass(frozen=True, slots=True)
class _Where:
    filename: str
    subfolder: str
    kind: str

    @property
    def query(self) -> str:
        told = {"filename": self.filename, "subfolder": self.subfolder, "type": self.kind}
        return f"/view?{urlencode(told)}"


class Downloads:
    """One server's results."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def fetch(
        self,
        slots: tuple[OutputNode, ...],
        outputs: Mapping[str, Any],
        into: Path,
        prompt_id: str,
        checkpoint: Callable[[], None],
    ) -> dict[str, tuple[OutputFile, ...]]:
        """Every file of the wanted nodes, by role. Raises CollectFailed."""
        found: dict[str, tuple[OutputFile, ...]] = {}
        for slot in slots:
            listed = _listed(outputs.get(slot.node), slot.media)
            if not listed:
                raise CollectFailed(
                    "the video server finished without a result",
                    where=self._client.server.name,
                    expected=f"a file of node {slot.node} ({slot.role})",
                    got=str(outputs.get(slot.node))[:200],
                    cause=self._client.cause(
                        "/history", prompt_id=prompt_id, outputs=dict(outputs)
                    ),
                )
            found[slot.role] = tuple(
                self._file(slot, where, into / f"{slot.role}_{index:05}", prompt_id, checkpoint)
                for index, where in enumerate(listed)
            )
        return found

    def _file(
        self,
        slot: OutputNode,
        where: _Where,
        target: Path,
        prompt_id: str,
        checkpoint: Callable[[], None],
    ) -> OutputFile:
        partial = _Partial(target.with_name(target.name + ".part"))
        failure: ComfyFailure | None = None
        try:
            for attempt in range(_TRIES):
                checkpoint()
                if attempt:
                    time.sleep(0.1 * attempt)
                try:
                    self._more(slot, where, partial, prompt_id, checkpoint)
                    break
                except _Final as final:
                    raise final.failure from None
                except ServerFailure as error:
                    failure = error
            else:
                assert failure is not None
                raise self._failed(
                    "the result did not arrive whole",
                    where,
                    prompt_id,
                    f"{partial.size} of {partial.total} bytes after {_TRIES} tries: {failure.got}",
                )
            suffix = Path(where.filename).suffix.lower()
            path = partial.done(target.with_name(target.name + suffix))
        finally:
            partial.close()
        name = f"{where.subfolder}/{where.filename}" if where.subfolder else where.filename
        return OutputFile(path, partial.digest.hexdigest(), partial.size, name, slot.node)

    def _more(
        self,
        slot: OutputNode,
        where: _Where,
        partial: _Partial,
        prompt_id: str,
        checkpoint: Callable[[], None],
    ) -> None:
        headers = {}
        if partial.size and partial.validator:
            headers = {"Range": f"bytes={partial.size}-", "If-Range": partial.validator}
        with self._client.request("GET", where.query, headers=headers) as answer:
            self._check(slot, where, answer, prompt_id)
            partial.begin(answer)
            since, counted = time.monotonic(), partial.size
            for piece in answer.iter_raw(_PIECE):
                checkpoint()
                partial.write(piece)
                now = time.monotonic()
                if now - since > _WINDOW_S:
                    if (partial.size - counted) / (now - since) < _SLOWEST:
                        raise self._failed(
                            "the result arrives far too slowly",
                            where,
                            prompt_id,
                            f"{partial.size - counted} bytes in {now - since:.0f} s",
                        )
                    since, counted = now, partial.size
        if partial.total is not None and partial.size != partial.total:
            raise self._failed(
                "the result was cut short",
                where,
                prompt_id,
                f"{partial.size} of {partial.total} bytes",
            )

    def _check(
        self, slot: OutputNode, where: _Where, answer: httpx2.Response, prompt_id: str
    ) -> None:
        if answer.status_code == 404:
            raise _Final(
                self._failed(
                    "the result is no longer on the video server",
                    where,
                    prompt_id,
                    "404",
                    code="comfy.result-gone",
                )
            )
        if answer.status_code not in (200, 206):
            raise self._failed(
                "the video server does not hand the result out",
                where,
                prompt_id,
                f"status {answer.status_code}",
            )
        kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        allowed = (f"{slot.media}/", "application/octet-stream")
        if kind and not kind.startswith(allowed):
            raise _Final(
                self._failed(
                    "the video server handed out something else than the result",
                    where,
                    prompt_id,
                    f"content type {kind}",
                    expected=f"{slot.media}/…",
                )
            )

    def _failed(
        self,
        what: str,
        where: _Where,
        prompt_id: str,
        got: str,
        expected: str = "",
        code: str = "",
    ) -> CollectFailed:
        return CollectFailed(
            what,
            where=self._client.server.name,
            expected=expected,
            got=f"{where.filename}: {got}",
            code=code,
            cause=self._client.cause(where.query, prompt_id=prompt_id, got=got),
        )


class _Final(Exception):
    """A failure that no further try can mend."""

    def __init__(self, failure: CollectFailed) -> None:
        super().__init__(str(failure))
        self.failure = failure


class _Partial:
    """The file so far. total : bytes the server announced. validator : its strong ETag."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self.size = 0
        self.total: int | None = None
        self.validator = ""
        self.digest = hashlib.sha256()

    def begin(self, answer: httpx2.Response) -> None:
        """Go on at the end, or from the start when the server sends it whole."""
        expected = f"bytes {self.size}-"
        continued = answer.status_code == 206 and answer.headers.get(
            "content-range", ""
        ).startswith(expected)
        if not continued:
            self._file.seek(0)
            self._file.truncate()
            self.size, self.digest = 0, hashlib.sha256()
        length = answer.headers.get("content-length")
        self.total = self.size + int(length) if length and length.isdigit() else None
        validator = answer.headers.get("etag", "")
        self.validator = "" if validator.startswith("W/") else validator

    def write(self, piece: bytes) -> None:
        """Add to the end."""
        self._file.write(piece)
        self.digest.update(piece)
        self.size += len(piece)

    def done(self, path: Path) -> Path:
        """Give the whole file its name."""
        self._file.close()
        return self._path.rename(path)

    def close(self) -> None:
        """Leave nothing half done behind."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _listed(output: Any, media: str) -> list[_Where]:
    """Files of a node's output, under whatever key the server lists them."""
    found = []
    for value in output.values() if isinstance(output, dict) else ():
        for one in value if isinstance(value, list) else ():
            if isinstance(one, dict) and one.get("filename"):
                where = _Where(
                    str(one["filename"]),
                    str(one.get("subfolder") or ""),
                    str(one.get("type") or "output"),
                )
                if Path(where.filename).suffix.lower() in _SUFFIXES[media]:
                    found.append(where)
    return found
