"""Brings files to a server: streamed, and each content once.

Invariant: a file is kept there under the hash of its content, so the same content is never sent twice,
two files never share a name, and a name that a server chose instead is the one that is used.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from farm_comfyui.bound import Asset
from farm_comfyui.client import Client
from farm_comfyui.failures import (
    ComfyFailure,
    DiskFull,
    ServerFailure,
    TooLargeToUpload,
    UploadFailed,
    shortened,
)

FOLDER = "farm"
"""Below the server's ``input`` folder."""
_TRIES = 3
_FORM_BYTES = 4096
"""What the form around a file may take of the server's limit."""
_PIECE = 1 << 20
_WAKE_S = 0.25


@dataclass(frozen=True, slots=True)
class Uploaded:
    """names : asset to ``subfolder/name`` on the server. sent_bytes : what went over the wire.
    reused : how many files the server had already."""

    names: Mapping[str, str]
    sent_bytes: int
    reused: int


class Uploads:
    """One server's uploads. Safe for many threads: equal files are sent by one of them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._locks = tuple(threading.Lock() for _ in range(32))

    def bring(
        self,
        assets: Mapping[str, Asset],
        limit_bytes: int,
        checkpoint: Callable[[], None],
    ) -> Uploaded:
        """Have every asset on the server. Raises TooLargeToUpload and UploadFailed."""
        names, sent, reused = {}, 0, 0
        for asset, file in assets.items():
            size = self._size(asset, file, limit_bytes)
            digest = file.sha256 or hashed(file.path, checkpoint)
            name = f"{digest[:40]}{_suffix(file.path)}"
            lock = self._locks[hash(digest) % len(self._locks)]
            while not lock.acquire(timeout=_WAKE_S):
                checkpoint()
            try:
                if self._there(name, size):
                    reused += 1
                else:
                    name = self._send(asset, file.path, name, checkpoint)
                    sent += size
            finally:
                lock.release()
            names[asset] = f"{FOLDER}/{name}"
        return Uploaded(names, sent, reused)

    def _size(self, asset: str, file: Asset, limit_bytes: int) -> int:
        size = file.path.stat().st_size
        if size + _FORM_BYTES > limit_bytes:
            raise self._too_large(asset, size, limit_bytes)
        return size

    def _too_large(self, asset: str, size: int, limit_bytes: int) -> TooLargeToUpload:
        return TooLargeToUpload(
            f"the file for {asset} is too large for the video server",
            where=asset,
            expected=f"at most {limit_bytes / 1e6:.0f} MB",
            got=f"{size / 1e6:.0f} MB",
            mend="Send a shorter or smaller one, or raise the server's --max-upload-size.",
            cause=self._client.cause("/upload/image", size_bytes=size, limit_bytes=limit_bytes),
        )

    def _there(self, name: str, size: int) -> bool:
        """Whether the server has it whole: a broken upload leaves a shorter file."""
        path = f"/view?filename={name}&subfolder={FOLDER}&type=input"
        with self._client.request("HEAD", path) as answer:
            told = answer.headers.get("content-length", "")
            return answer.status_code == 200 and told == str(size)

    def _send(self, asset: str, path: Path, name: str, checkpoint: Callable[[], None]) -> str:
        failure: ComfyFailure | None = None
        for attempt in range(_TRIES):
            if attempt:
                _pause(0.2 * attempt, checkpoint)
            try:
                return self._try(asset, path, name, checkpoint)
            except ServerFailure as error:
                failure = error
        assert failure is not None
        raise UploadFailed(
            f"the file for {asset} could not be sent to the video server",
            where=self._client.server.name,
            got=failure.got,
            mend=failure.mend,
            cause={**failure.cause, "asset": asset, "tries": _TRIES},
        ) from failure

    def _try(self, asset: str, path: Path, name: str, checkpoint: Callable[[], None]) -> str:
        with path.open("rb") as file:
            form: dict[str, Any] = {
                "data": {"subfolder": FOLDER, "type": "input"},
                "files": {"image": (name, _Watched(file, checkpoint), "application/octet-stream")},
            }
            with self._client.request("POST", "/upload/image", **form) as answer:
                status = answer.status_code
                if status == 413:
                    raise self._too_large(asset, path.stat().st_size, path.stat().st_size - 1)
                if status != 200:
                    said = answer.read().decode("utf-8", "replace")
                    kind = DiskFull if "No space left" in said else UploadFailed
                    raise kind(
                        f"the video server did not take the file for {asset}",
                        where=self._client.server.name,
                        got=f"{status}: {said.strip()[:120]}",
                        mend="Is its disk full?",
                        cause=self._client.cause(
                            "/upload/image", status=status, reply=shortened(said), asset=asset
                        ),
                    )
                told = self._client.document(answer, "/upload/image")
        kept = str(told.get("name", "")) if isinstance(told, dict) else ""
        if not kept or str(told.get("subfolder", "")) != FOLDER:
            raise UploadFailed(
                f"the video server put the file for {asset} elsewhere",
                where=self._client.server.name,
                expected=f"{FOLDER}/{name}",
                got=str(told)[:200],
                cause=self._client.cause("/upload/image", reply=told, asset=asset),
            )
        return kept


class _Watched:
    """A file that asks whether to go on while it is read."""

    def __init__(self, file: BinaryIO, checkpoint: Callable[[], None]) -> None:
        self._file, self._checkpoint = file, checkpoint

    def read(self, size: int = -1) -> bytes:
        self._checkpoint()
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()


def hashed(path: Path, checkpoint: Callable[[], None]) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            checkpoint()
            digest.update(piece)
    return digest.hexdigest()


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= 6 else ".bin"


def _pause(seconds: float, checkpoint: Callable[[], None]) -> None:
    checkpoint()
    time.sleep(seconds)
