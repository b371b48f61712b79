"""Uploads and downloads.

Invariant: a name that is taken by other content is never overwritten unless the client says so: the
upload gets a new name, and the answer tells it. Nothing is read or written outside its folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from .server import StandIn

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


def uploader(server: StandIn) -> Route:
    """``POST /upload/image``: a form with ``image``, ``subfolder``, ``type``, ``overwrite``."""

    async def upload(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        image = form.get("image")
        if not isinstance(image, web.FileField) or not image.filename:
            return web.Response(status=400)
        if server.faults.on("disk-full"):
            raise OSError(28, "No space left on device")
        kind = str(form.get("type") or "input")
        subfolder = str(form.get("subfolder") or "")
        top = (server.root / kind).resolve()
        path = Path(os.path.normpath(top / subfolder / image.filename))
        folder = path.parent
        if not path.is_relative_to(top):
            return web.Response(status=400)
        folder.mkdir(parents=True, exist_ok=True)
        content = image.file.read()
        if server.faults.on("rename-uploads"):
            path = path.with_name(f"{path.stem} (9){path.suffix}")
        if form.get("overwrite") not in ("true", "1"):
            number, stem = 1, path.stem
            while path.exists() and _digest(path.read_bytes()) != _digest(content):
                path = path.with_name(f"{stem} ({number}){path.suffix}")
                number += 1
        path.write_bytes(content)
        server.uploads.append(f"{subfolder}/{path.name}")
        return web.json_response({"name": path.name, "subfolder": subfolder, "type": kind})

    return upload


def viewer(server: StandIn) -> Route:
    """``GET /view?filename=&subfolder=&type=``, with ``Range``."""

    async def view(request: web.Request) -> web.StreamResponse:
        name = request.query.get("filename", "")
        if not name or name.startswith("/") or ".." in name:
            return web.Response(status=400 if name else 404)
        top = (server.root / request.query.get("type", "output")).resolve()
        folder = (top / request.query.get("subfolder", "")).resolve()
        if not folder.is_relative_to(top):
            return web.Response(status=403)
        path = folder / Path(name).name
        if not path.is_file():
            return web.Response(status=404)
        faults = server.faults
        redirected = faults.on("redirect") if request.method == "GET" else None
        if redirected:
            return web.Response(status=302, headers={"Location": redirected["to"]})
        if faults.on("wrong-type"):
            return web.Response(body=path.read_bytes(), content_type="text/html")
        if faults.on("no-range"):
            return web.Response(body=path.read_bytes(), content_type=_type(path))
        cut = faults.on("truncate")
        if cut:
            return await _truncated(request, path, float(cut.get("at", 0.5)))
        headers = {"Content-Disposition": f'filename="{path.name}"', "Content-Type": _type(path)}
        return web.FileResponse(path, headers=headers)

    return view


async def _truncated(request: web.Request, path: Path, share: float) -> web.StreamResponse:
    content = path.read_bytes()
    start = request.http_range.start or 0
    left = content[start:]
    response = web.StreamResponse(
        status=206 if start else 200, headers={"Content-Type": _type(path)}
    )
    if start:
        response.headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    response.content_length = len(left)
    await response.prepare(request)
    await response.write(left[: int(len(left) * share)])
    if request.transport is not None:
        request.transport.abort()
    return response


def _type(path: Path) -> str:
    known = {
        ".png": "image/png",
        ".jpg": "image/jpeg",
        ".mp4": "video/mp4",
        ".webm": "video/webm",
        ".mkv": "video/x-matroska",
        ".flac": "audio/flac",
        ".mp3": "audio/mpeg",
        ".opus": "audio/ogg",
    }
    return known.get(path.suffix, "application/octet-stream")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
