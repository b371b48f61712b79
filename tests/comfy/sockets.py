"""Who listens: one web socket per client id, told what happens in the order in which it happened.

Invariant: only the submitting client id gets a run's messages, nothing is kept for later, and a new
socket with an id that is still open elsewhere goes silent when the old one closes, as on a real server.
"""

from __future__ import annotations

import asyncio
import json
import struct
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from .faults import Faults

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
JPEG = 1
FEATURES = {
    "supports_preview_metadata": True,
    "supports_model_type_tags": True,
    "max_upload_size": 100 * 1024 * 1024,
    "extension": {"manager": {"supports_v4": True}},
    "node_replacements": True,
    "assets": False,
}


class Sockets:
    """The open sockets. ``tell`` and ``show`` are called from the worker's thread."""

    def __init__(self, faults: Faults, features: dict[str, Any]) -> None:
        self._open: dict[str, web.WebSocketResponse] = {}
        self._knows_metadata: set[str] = set()
        self._faults = faults
        self._features = features
        self._queue: asyncio.Queue[tuple[str | None, str | bytes]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._sender = self._loop.create_task(self._send_all())
        self.remaining = 0
        self.opened = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """``GET /ws?clientId=``."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        key = request.query.get("clientId") or uuid.uuid4().hex
        self._open.pop(key, None)
        self._open[key] = socket
        self.opened += 1
        await socket.send_json({"type": "status", "data": {"status": self.status(), "sid": key}})
        try:
            first = True
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                data = json.loads(message.data)
                if first and data.get("type") == "feature_flags":
                    if data.get("data", {}).get("supports_preview_metadata"):
                        self._knows_metadata.add(key)
                    await socket.send_json({"type": "feature_flags", "data": self._features})
                first = False
        finally:
            # A real server forgets the id here even when a newer socket has taken it over.
            self._open.pop(key, None)
            self._knows_metadata.discard(key)
        return socket

    def status(self) -> dict[str, Any]:
        """How many prompts wait or run."""
        return {"exec_info": {"queue_remaining": self.remaining}}

    def tell(self, kind: str, data: dict[str, Any], to: str | None) -> None:
        """Send a message to one client id (``None``: to all). From any thread."""
        self._later(to, json.dumps({"type": kind, "data": data}))

    def show(self, picture: bytes, data: dict[str, Any], to: str | None) -> None:
        """Send a preview picture (JPEG) of a node to one client id. From any thread."""
        if to is None:
            return
        if to in self._knows_metadata:
            head = json.dumps({**data, "image_type": "image/jpeg"}).encode()
            packed = struct.pack(">II", PREVIEW_WITH_METADATA, len(head)) + head + picture
        else:
            packed = struct.pack(">II", PREVIEW, JPEG) + picture
        self._later(to, packed)

    async def drop(self) -> None:
        """Close every socket at once without a word."""
        for socket in list(self._open.values()):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    def drop_soon(self) -> None:
        """As ``drop``, from any thread."""
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self.drop()))

    async def close(self) -> None:
        """Stop sending."""
        self._sender.cancel()

    def _later(self, to: str | None, packed: str | bytes) -> None:
        self._loop.call_soon_threadsafe(self._queue.put_nowait, (to, packed))

    async def _send_all(self) -> None:
        while True:
            to, packed = await self._queue.get()
            if self._faults.on("silent-socket"):
                continue
            sockets = list(self._open.items()) if to is None else [(to, self._open.get(to))]
            for _, socket in sockets:
                if socket is None or socket.closed:
                    continue
                try:
                    if isinstance(packed, str):
                        await socket.send_str(packed)
                    else:
                        await socket.send_bytes(packed)
                except (ConnectionError, RuntimeError):
                    continue
