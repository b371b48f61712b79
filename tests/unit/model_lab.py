"""Models to fetch in tests: manifests, a loopback hub with ranges that breaks off, real wheels."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import json
import random
import re
import tarfile
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.models.manifest import ModelManifest, load_manifest


def content(size: int, seed: int = 1) -> bytes:
    """Bytes that do not repeat."""
    return random.Random(seed).randbytes(size)


def record(path: str, data: bytes) -> dict[str, Any]:
    """A file as a manifest names it."""
    return {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def write_manifest(
    folder: Path,
    files: Mapping[str, bytes],
    *sources: Mapping[str, Any],
    name: str = "lab-net",
    **more: Any,
) -> Path:
    """Write a manifest of these files and sources; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "name": name,
        "family": "lab",
        "licence": "MIT",
        "provides": ["lab.work"],
        **more,
        "files": [record(path, data) for path, data in files.items()],
        "sources": list(sources),
    }
    path = folder / f"{name}.toml"
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in document.items()))
    return path


def manifest_of(
    folder: Path, files: Mapping[str, bytes], *sources: Mapping[str, Any], **more: Any
) -> ModelManifest:
    """The same, read."""
    return load_manifest(write_manifest(folder, files, *sources, **more))


def toml(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def wheel(folder: Path, name: str, version: str, members: Mapping[str, bytes]) -> Path:
    """A wheel that pip accepts, with these members."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    every = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    lines = []
    for path, data in every.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(data)}\n")
    every[f"{info}/RECORD"] = "".join([*lines, f"{info}/RECORD,,\n"]).encode()
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in every.items():
            archive.writestr(member, data)
    return path


def sdist(folder: Path, name: str, version: str, members: Mapping[str, bytes]) -> Path:
    """A source archive that pip can read the name of without building anything but its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    every = {
        **members,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        "setup.py": f"from setuptools import setup\nsetup(name={name!r}, version={version!r})\n"
        .encode(),
    }  # fmt: skip
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, data in every.items():
            entry = tarfile.TarInfo(f"{stem}/{member}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


class Hub:
    """An HTTP server on the loopback. ``pages``: by path; a text is an address to go on at.

    ranges : whether it can give a part of a file. cuts : after how many bytes of the body each of
    the next answers breaks off. members : the token without which a path is refused.
    held : while it is clear, an answer stops in the middle.
    """

    def __init__(self) -> None:
        self.pages: dict[str, bytes | str] = {}
        self.ranges = True
        self.cuts: list[int] = []
        self.members = ""
        self.asked: list[tuple[str, str, str]] = []
        self.sent_bytes = 0
        self.began = threading.Event()
        self.held = threading.Event()
        self.held.set()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.held.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range", "")
                token = self.headers.get("Authorization", "")
                hub.asked.append((self.path, wanted, token))
                page = hub.pages.get(self.path)
                if hub.members and token != f"Bearer {hub.members}":
                    self.send_error(401)
                elif page is None:
                    self.send_error(404)
                elif isinstance(page, str):
                    self.send_response(302)
                    self.send_header("Location", page)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self._give(page, wanted)

            def _give(self, page: bytes, wanted: str) -> None:
                found = re.fullmatch(r"bytes=(\d+)-", wanted) if hub.ranges else None
                start = int(found[1]) if found else 0
                self.send_response(206 if found else 200)
                if found:
                    total = len(page)
                    self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
                self.send_header("Content-Length", str(len(page) - start))
                self.end_headers()
                body = page[start:]
                if hub.cuts:
                    body = body[: hub.cuts.pop(0)]
                if not hub.held.is_set():
                    half = len(body) // 2
                    self.wfile.write(body[:half])
                    self.wfile.flush()
                    hub.sent_bytes += half
                    body = body[half:]
                    hub.began.set()
                    hub.held.wait(30)
                self.wfile.write(body)
                hub.sent_bytes += len(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
