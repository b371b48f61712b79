"""A ComfyUI server for tests: a real process with the recorded contract and faults on demand.

    python -m tests.comfy.server --port 0 --root FOLDER [--version 0.33.0] [--models full|none]

Invariant: it answers as the recordings do (see ``recorded/``); what it does otherwise was switched on
through ``/_stand_in/faults``. Model nodes draw a pattern that says PLACEHOLDER.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

from aiohttp import web

from . import files, jobs
from .descriptions import FOLDERS, FULL, Descriptions, install_models
from .execution import Worker
from .faults import Faults
from .misbehaviour import misbehave
from .prompts import Prompts, now_ms
from .sockets import FEATURES, Sockets
from .validation import validate

NEW, OLD = "0.33.0", "0.3.64"


class StandIn:
    """One server's state. old : no ``/api/jobs``, no check of prompt ids."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.root: Path = options.root
        self.version: str = options.version
        self.old = _number(options.version) < (0, 5)
        self.jobs_cancel = _number(options.version) >= (0, 25)
        self.checks_ids = _number(options.version) >= (0, 24)
        self.vram_bytes = options.vram_gb << 30
        self.faults = Faults()
        self.nodes = Descriptions(self.root, options.nodes)
        self.nodes.absent |= set(options.without)
        self.features = {**FEATURES, "max_upload_size": options.upload_limit}
        self.headers = dict(header.split("=", 1) for header in options.require_header)
        self.step_s: float = options.step_s
        self.requests: dict[str, int] = {}
        self.uploads: list[str] = []
        self.submitted: list[str] = []

    async def start(self, app: web.Application) -> None:
        """Make what needs the running event loop."""
        self.sockets = Sockets(self.faults, self.features)
        self.prompts = Prompts(self.faults, self._changed)
        self.worker = Worker(
            self.root, self.prompts, self.nodes, self.sockets, self.faults, self.step_s
        )
        self.worker.start()

    async def stop(self, app: web.Application) -> None:
        """Stop sending."""
        await self.sockets.close()

    def _changed(self, remaining: int) -> None:
        self.sockets.remaining = remaining
        self.sockets.tell("status", {"status": self.sockets.status()}, None)

    async def post_prompt(self, request: web.Request) -> web.StreamResponse:
        """``POST /prompt``."""
        data = await request.json()
        if "prompt" not in data:
            return _refusal("no_prompt", "No prompt provided", "No prompt provided")
        prompt_id = data.get("prompt_id") or str(uuid.uuid4())
        if self.checks_ids and not _canonical(prompt_id):
            return _refusal(
                "invalid_prompt_id",
                "prompt_id must be a valid UUID",
                "prompt_id must be a UUID string in canonical lowercase hyphenated form; "
                "omit it to let the server generate one",
            )
        graph = dict(data["prompt"].items())
        found = validate(graph, self.nodes, self.root / "input")
        if found.error is not None:
            if self.old and found.error["type"] == "missing_node_type":
                kind = found.error["extra_info"]["class_type"]
                text = f"Cannot execute because node {kind} does not exist."
                return _refusal("invalid_prompt", text, found.error["details"])
            return web.json_response(
                {"error": found.error, "node_errors": found.node_errors}, status=400
            )
        extra = {**data.get("extra_data", {}), "create_time": now_ms()}
        if "client_id" in data:
            extra["client_id"] = data["client_id"]
        number = float(data["number"]) if "number" in data else None
        self.submitted.append(prompt_id)
        number = self.prompts.put(
            prompt_id, graph, extra, found.outputs, number, bool(data.get("front"))
        )
        if self.faults.on("crash-on-prompt"):
            os._exit(137)
        if self.faults.on("lost-reply") and request.transport is not None:
            request.transport.abort()
        told = int(number) if number == int(number) else number
        return web.json_response(
            {"prompt_id": prompt_id, "number": told, "node_errors": found.node_errors}
        )

    async def get_prompt(self, request: web.Request) -> web.StreamResponse:
        """``GET /prompt``: how many prompts wait or run."""
        return web.json_response(self.sockets.status())

    async def get_queue(self, request: web.Request) -> web.StreamResponse:
        """``GET /queue``."""
        return web.json_response(self.prompts.queue())

    async def post_queue(self, request: web.Request) -> web.StreamResponse:
        """``POST /queue`` with ``clear`` or ``delete``."""
        data = await request.json()
        if data.get("clear"):
            self.prompts.clear()
        for prompt_id in data.get("delete", []):
            self.prompts.delete(prompt_id)
        return web.Response()

    async def post_interrupt(self, request: web.Request) -> web.StreamResponse:
        """``POST /interrupt``: without an id, whatever runs."""
        try:
            data = await request.json()
        except json.JSONDecodeError:
            data = {}
        self.prompts.interrupt(data.get("prompt_id") or None)
        return web.Response()

    async def get_history(self, request: web.Request) -> web.StreamResponse:
        """``GET /history`` and ``GET /history/{id}``."""
        only = request.match_info.get("prompt_id")
        known = [end for end in self.prompts.history() if only in (None, end.prompt.id)]
        if "max_items" in request.query:
            known = known[-int(request.query["max_items"]) :]
        return web.json_response({end.prompt.id: end.listed() for end in known})

    async def post_history(self, request: web.Request) -> web.StreamResponse:
        """``POST /history`` with ``clear`` or ``delete``."""
        data = await request.json()
        self.prompts.forget(None if data.get("clear") else data.get("delete", []))
        return web.Response()

    async def get_jobs(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/jobs``."""
        limit = request.query.get("limit")
        offset = int(request.query.get("offset", 0))
        return web.json_response(jobs.listed(self.prompts, int(limit) if limit else None, offset))

    async def get_job(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/jobs/{id}``."""
        found = jobs.job(self.prompts, request.match_info["prompt_id"])
        if found is None:
            return web.json_response({"error": "Job not found"}, status=404)
        return web.json_response(found)

    async def cancel_job(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/jobs/{id}/cancel``."""
        return web.json_response(
            {"cancelled": self.prompts.cancel(request.match_info["prompt_id"])}
        )

    async def get_object_info(self, request: web.Request) -> web.StreamResponse:
        """``GET /object_info`` and ``GET /object_info/{Class}``."""
        only = request.match_info.get("name")
        names = self.nodes.names() if only is None else [only]
        return web.json_response({n: self.nodes.node(n) for n in names if n in self.nodes})

    async def get_models(self, request: web.Request) -> web.StreamResponse:
        """``GET /models`` and ``GET /models/{folder}``."""
        folder = request.match_info.get("folder")
        if folder is None:
            return web.json_response(FOLDERS)
        if folder not in FOLDERS:
            return web.Response(status=404)
        return web.json_response(self.nodes.models(folder))

    async def get_features(self, request: web.Request) -> web.StreamResponse:
        """``GET /features``."""
        return web.json_response(self.features)

    async def post_free(self, request: web.Request) -> web.StreamResponse:
        """``POST /free``."""
        await request.json()
        return web.Response()

    async def get_root(self, request: web.Request) -> web.StreamResponse:
        """``GET /``: the page of the user interface."""
        return web.Response(text="<!doctype html><title>ComfyUI</title>", content_type="text/html")

    async def get_stats(self, request: web.Request) -> web.StreamResponse:
        """``GET /system_stats``."""
        memory = {"ram_total": 64 << 30, "ram_free": 48 << 30}
        device = {
            "name": "cuda:0 stand-in",
            "type": "cuda",
            "index": 0,
            "vram_total": self.vram_bytes,
            "vram_free": self.vram_bytes,
            "torch_vram_total": self.vram_bytes,
            "torch_vram_free": self.vram_bytes,
        }
        system = {"os": "linux", **memory, "comfyui_version": self.version, "argv": ["stand-in"]}
        return web.json_response({"system": system, "devices": [device]})


class Control:
    """The stand-in's own routes, which no real server has."""

    def __init__(self, server: StandIn) -> None:
        self._server = server

    async def change(self, request: web.Request) -> web.StreamResponse:
        """``POST /_stand_in/faults``: ``{name, times?, …values}``."""
        data = await request.json()
        name = data.pop("name")
        if name == "drop-now":
            await self._server.sockets.drop()
        else:
            self._server.faults.switch_on(name, data.pop("times", -1), **data)
        return web.json_response(self._server.faults.listed())

    async def clear(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /_stand_in/faults``: all off, or ``?name=`` alone."""
        self._server.faults.switch_off(request.query.get("name"))
        return web.json_response(self._server.faults.listed())

    async def nodes(self, request: web.Request) -> web.StreamResponse:
        """``POST /_stand_in/nodes``: ``{absent: […]}``, packs that are not installed."""
        self._server.nodes.absent = set((await request.json())["absent"])
        return web.json_response(sorted(self._server.nodes.absent))

    async def seen(self, request: web.Request) -> web.StreamResponse:
        """``GET /_stand_in/seen``: what was asked for so far."""
        server = self._server
        return web.json_response(
            {
                "requests": server.requests,
                "uploads": server.uploads,
                "submitted": server.submitted,
                "ran": server.worker.ran,
                "sockets_opened": server.sockets.opened,
            }
        )


def application(options: argparse.Namespace) -> web.Application:
    """The routes; each exists under ``/api`` as well."""
    server = StandIn(options)
    control = Control(server)
    app = web.Application(
        middlewares=[misbehave(server)], client_max_size=server.features["max_upload_size"]
    )
    app.on_startup.append(server.start)
    app.on_cleanup.append(server.stop)

    async def socket(request: web.Request) -> web.StreamResponse:
        return await server.sockets.handle(request)

    routes = [
        ("GET", "/", server.get_root),
        ("GET", "/ws", socket),
        ("POST", "/prompt", server.post_prompt),
        ("GET", "/prompt", server.get_prompt),
        ("GET", "/queue", server.get_queue),
        ("POST", "/queue", server.post_queue),
        ("POST", "/interrupt", server.post_interrupt),
        ("POST", "/free", server.post_free),
        ("GET", "/history", server.get_history),
        ("GET", "/history/{prompt_id}", server.get_history),
        ("POST", "/history", server.post_history),
        ("GET", "/object_info", server.get_object_info),
        ("GET", "/object_info/{name}", server.get_object_info),
        ("GET", "/models", server.get_models),
        ("GET", "/models/{folder}", server.get_models),
        ("GET", "/features", server.get_features),
        ("GET", "/system_stats", server.get_stats),
        ("POST", "/upload/image", files.uploader(server)),
        ("GET", "/view", files.viewer(server)),
    ]
    for method, path, handler in routes:
        add = app.router.add_get if method == "GET" else app.router.add_post
        add(path, handler)
        if path != "/":
            add(f"/api{path}", handler)
    if not server.old:
        app.router.add_get("/api/jobs", server.get_jobs)
        app.router.add_get("/api/jobs/{prompt_id}", server.get_job)
        if server.jobs_cancel:
            app.router.add_post("/api/jobs/{prompt_id}/cancel", server.cancel_job)
    app.router.add_post("/_stand_in/faults", control.change)
    app.router.add_delete("/_stand_in/faults", control.clear)
    app.router.add_post("/_stand_in/nodes", control.nodes)
    app.router.add_get("/_stand_in/seen", control.seen)
    return app


def _canonical(text: Any) -> bool:
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _refusal(kind: str, message: str, details: str) -> web.Response:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return web.json_response({"error": error, "node_errors": {}}, status=400)


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.comfy.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument(
        "--root", type=Path, required=True, help="input, output and models lie here"
    )
    parser.add_argument("--version", default=NEW)
    parser.add_argument("--models", choices=["full", "none"], default="full")
    parser.add_argument("--nodes", type=Path, action="append", default=[], help="more descriptions")
    parser.add_argument("--without", action="append", default=[], help="a node class to leave out")
    parser.add_argument("--step-s", type=float, default=0.01, help="seconds a sampling step takes")
    parser.add_argument("--upload-limit", type=int, default=FEATURES["max_upload_size"])
    parser.add_argument("--vram-gb", type=int, default=24)
    parser.add_argument(
        "--require-header",
        action="append",
        default=[],
        help="NAME=VALUE, else 401 (a proxy's login)",
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started it is gone"
    )
    return parser.parse_args()


async def serve(chosen: argparse.Namespace) -> None:
    """Serve until the process is ended; the address goes to standard output."""
    for name in ("input", "output", "models"):
        (chosen.root / name).mkdir(parents=True, exist_ok=True)
    install_models(chosen.root, FULL if chosen.models == "full" else {})
    runner = web.AppRunner(application(chosen), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", chosen.port, reuse_address=True)
    await site.start()
    port = runner.addresses[0][1]
    print(f"stand-in at http://127.0.0.1:{port}", flush=True)
    parent = os.getppid()
    try:
        while not chosen.with_parent or os.getppid() == parent:
            await asyncio.sleep(1)
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options()))
