"""A run's web socket: what the server says while it works.

Invariant: every connection has a client id of its own, used once, because a server that still holds an
old connection under an id sends the new one nothing; a socket is a help to see, never the truth, so
any trouble with it is no more than silence.
"""

from __future__ import annotations

import json
import logging
import struct
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from farm_comfyui.servers import Server

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_PREVIEW, _PREVIEW_WITH_METADATA = 1, 4
_LARGEST = 32 * 1024 * 1024
_BUSY_S = 180.0
"""A server that loads a model may not answer a ping for minutes."""
_UNREAD = 1024
"""Messages kept until they are read: hanging up waits for the other side while more are unread."""
_QUIET = logging.getLogger("farm_comfyui.websockets")
_QUIET.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Message:
    """kind : ``progress``, ``executing``, …; ``preview`` for a picture. data : the server's own."""

    kind: str
    data: dict[str, Any]
    picture: bytes = b""


class Socket:
    """One connection. ``open`` says whether messages may still come."""

    def __init__(self, server: Server, timeout_s: float) -> None:
        self.client_id = uuid.uuid4().hex
        self.trouble = ""
        self._connection: ClientConnection | None = None
        self._hanging_up = ExitStack()
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        try:
            opened = connect(
                _address(server.url, self.client_id),
                additional_headers=server.sent_headers(),
                ssl=server.ssl_context(),
                open_timeout=timeout_s,
                close_timeout=0.5,
                ping_timeout=_BUSY_S,
                compression=None,
                proxy=None,
                max_size=_LARGEST,
                max_queue=_UNREAD,
                logger=_QUIET,
            )
            self._connection = self._hanging_up.enter_context(opened)
            flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
            self._connection.send(json.dumps(flags))
        except (OSError, WebSocketException, TimeoutError) as error:
            self._lost(error)

    @property
    def open(self) -> bool:
        """Whether the server's messages can be heard."""
        return self._connection is not None

    def next(self, timeout_s: float) -> Message | None:
        """The next message within so many seconds, or ``None``."""
        if self._connection is None:
            return None
        from websockets.exceptions import WebSocketException

        try:
            packed = self._connection.recv(timeout_s)
        except TimeoutError:
            return None
        except (OSError, WebSocketException) as error:
            self._lost(error)
            return None
        return _picture(packed) if isinstance(packed, bytes) else _text(packed)

    def close(self) -> None:
        """Hang up."""
        self._connection = None
        self._hanging_up.close()

    def _lost(self, error: BaseException) -> None:
        self.trouble = f"{type(error).__name__}: {error}"
        self.close()


def _address(url: str, client_id: str) -> str:
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, f"{parts.path}/ws", f"clientId={client_id}", ""))


def _text(packed: str) -> Message | None:
    try:
        told = json.loads(packed)
        return Message(str(told["type"]), dict(told.get("data") or {}))
    except (ValueError, KeyError, TypeError):
        return None


def _picture(packed: bytes) -> Message | None:
    """A preview: a big-endian type, an image type or a length and JSON, then a JPEG or PNG."""
    if len(packed) < 8:
        return None
    kind, second = struct.unpack_from(">II", packed)
    if kind == _PREVIEW:
        return Message("preview", {}, packed[8:])
    if kind == _PREVIEW_WITH_METADATA and 8 + second <= len(packed):
        try:
            data = json.loads(packed[8 : 8 + second])
        except ValueError:
            data = {}
        return Message("preview", data if isinstance(data, dict) else {}, packed[8 + second :])
    return None
