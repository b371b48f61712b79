"""A ComfyUI server's HTTP contract as types; every error is a named failure.

Invariant: nothing but a whole, well-formed answer within its time and size is ever believed, and no
request leaves the configured server: redirects are refused, proxies of the environment ignored.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from farm.domain.errors import MissingExtra
from farm_comfyui.answers import (
    PromptState,
    Queue,
    Standing,
    queued,
    refusal,
    state_of_history,
    state_of_job,
)
from farm_comfyui.failures import (
    BadAnswer,
    ComfyFailure,
    LoginRefused,
    QueueFailed,
    ServerLost,
    shortened,
)
from farm_comfyui.servers import Server

if TYPE_CHECKING:
    import httpx2

_LARGEST_ANSWER = 64 * 1024 * 1024
_UPLOAD_LIMIT = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class About:
    """What a server says of itself. new : it has ``/api/jobs``. Memory in MB."""

    version: str
    device: str
    vram_total_mb: int
    vram_free_mb: int
    upload_limit: int
    new: bool


class Client:
    """One server. Safe for use by many threads; ``close`` when done."""

    def __init__(self, server: Server, timeout_s: float = 30.0) -> None:
        for package in ("httpx2", "websockets"):
            if find_spec(package) is None:
                raise MissingExtra(
                    f"talking to ComfyUI servers needs {package}, which is not installed",
                    where="farm_comfyui",
                    mend="pip install 'farm[comfyui]'",
                )
        import httpx2

        self.server = server
        self.timeout_s = timeout_s
        self._httpx = httpx2
        self._new: bool | None = None
        self._http = httpx2.Client(
            base_url=server.url,
            headers={"Accept-Encoding": "identity", **server.sent_headers()},
            timeout=httpx2.Timeout(timeout_s, connect=min(5.0, timeout_s)),
            verify=server.ssl_context() or False,
            follow_redirects=False,
            trust_env=False,
            limits=httpx2.Limits(max_connections=256, max_keepalive_connections=32),
        )

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    # --- what the server is ---------------------------------------------------------------------

    def about(self) -> About:
        """Version, device and limits, asked now."""
        stats = self._get("/system_stats")
        system = stats.get("system") or {}
        devices = stats.get("devices") or [{}]
        new = self._has_jobs()
        limit = _UPLOAD_LIMIT
        told = self.json("GET", "/features", missing=None)
        if isinstance(told, dict):
            limit = int(told.get("max_upload_size") or limit)
        return About(
            version=str(system.get("comfyui_version", "")),
            device=str(devices[0].get("name", "")),
            vram_total_mb=int(devices[0].get("vram_total") or 0) >> 20,
            vram_free_mb=int(devices[0].get("vram_free") or 0) >> 20,
            upload_limit=limit,
            new=new,
        )

    def node(self, name: str) -> Mapping[str, Any]:
        """A node class's description; empty when the server does not have it."""
        told = self._get(f"/object_info/{name}").get(name)
        return told if isinstance(told, dict) else {}

    def free(self) -> None:
        """Ask the server to unload its models."""
        self.json("POST", "/free", {"unload_models": True, "free_memory": True}, empty=True)

    # --- prompts --------------------------------------------------------------------------------

    def queue(self) -> Queue:
        """What runs and waits."""
        told = self._get("/queue")
        return Queue(queued(told.get("queue_running")), queued(told.get("queue_pending")))

    def recent(self, count: int) -> list[tuple[Mapping[str, Any], float]]:
        """The graphs that ran last and the seconds they took, oldest first."""
        told = self._get(f"/history?max_items={count}")
        return [
            (entry["prompt"][2], state_of_history(entry).executed_s)
            for entry in told.values()
            if len(entry.get("prompt") or ()) > 2
        ]

    def submit(
        self, graph: Mapping[str, Any], prompt_id: str, client_id: str, extra: Mapping[str, Any]
    ) -> None:
        """Queue a graph under an id of the caller's. Not idempotent: look the id up before.

        Raises BindingFailed and its kin when the server refuses the graph or a part of it, and
        ServerLost when it is not known whether it arrived.
        """
        body = {
            "prompt": graph,
            "prompt_id": prompt_id,
            "client_id": client_id,
            "extra_data": dict(extra),
        }
        with self.request("POST", "/prompt", json=body) as answer:
            told = self.document(answer, "/prompt", accept=(200, 400))
            status = answer.status_code
        if status == 400 or told.get("error") or told.get("node_errors"):
            if status == 200:
                self.cancel(prompt_id)  # the part that is valid was queued
            raise refusal(told, self.cause("/prompt", status=status, prompt_id=prompt_id))
        if told.get("prompt_id") != prompt_id:
            raise QueueFailed(
                "the video server queued the work under another name",
                where=self.server.name,
                expected=prompt_id,
                got=str(told.get("prompt_id")),
                cause=self.cause("/prompt", status=status, reply=told),
            )

    def state(self, prompt_id: str) -> PromptState:
        """Where a prompt stands now."""
        if self._has_jobs():
            told = self.json("GET", f"/api/jobs/{prompt_id}", missing={})
            if not told:
                return PromptState(Standing.UNKNOWN)
            return state_of_job(told)
        queue = self.queue()
        if queue.ahead(prompt_id) is not None:
            running = prompt_id in {name for name, _ in queue.running}
            return PromptState(Standing.RUNNING if running else Standing.PENDING)
        told = self._get(f"/history/{prompt_id}").get(prompt_id)
        return state_of_history(told) if told else PromptState(Standing.UNKNOWN)

    def cancel(self, prompt_id: str) -> None:
        """Take a prompt out of the queue or interrupt it; nothing when it is over."""
        if self._has_jobs():
            told = self.json("POST", f"/api/jobs/{prompt_id}/cancel", {}, missing=None)
            if told is not None:
                return
        self.json("POST", "/queue", {"delete": [prompt_id]}, empty=True)
        # Very old servers ignore the id and interrupt whatever runs, so only when it is this one.
        if prompt_id in {name for name, _ in self.queue().running}:
            self.json("POST", "/interrupt", {"prompt_id": prompt_id}, empty=True)

    def _has_jobs(self) -> bool:
        if self._new is None:
            told = self.json("GET", "/api/jobs?limit=1", missing=None, lenient=True)
            self._new = isinstance(told, dict) and "jobs" in told
        return self._new

    # --- requests -------------------------------------------------------------------------------

    def _get(self, path: str) -> dict[str, Any]:
        told = self.json("GET", path)
        if not isinstance(told, dict):
            raise self._bad(path, 200, "not an object")
        return told

    def json(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        missing: Any = ...,
        empty: bool = False,
        lenient: bool = False,
    ) -> Any:
        """A request's JSON answer. missing : what a 404 or 405 stands for. empty : no document is
        expected. lenient : a page instead of a document counts as missing."""
        with self.request(method, path, **({} if body is None else {"json": body})) as answer:
            if answer.status_code in (404, 405) and missing is not ...:
                return missing
            if empty and answer.status_code < 300:
                return None
            kind = answer.headers.get("content-type", "")
            if lenient and answer.status_code < 500 and "json" not in kind:
                return missing
            return self.document(answer, path)

    @contextmanager
    def request(self, method: str, path: str, **given: Any) -> Iterator[httpx2.Response]:
        """A streamed request; transport errors become failures."""
        try:
            with self._http.stream(method, path, **given) as answer:
                self._refused(answer, path)
                yield answer
        except self._httpx.TransportError as error:
            raise self.transport_failure(error, path) from error

    def _refused(self, answer: httpx2.Response, path: str) -> None:
        status = answer.status_code
        if status in (401, 403):
            raise LoginRefused(
                "the video server does not let the farm in",
                where=self.server.name,
                got=f"{status} from {path}",
                mend="Check this server's headers in [plugins.farm_comfyui].",
                cause=self.cause(path, status=status),
            )
        if 300 <= status < 400 and status != 304:
            raise BadAnswer(
                "the video server sends the farm elsewhere",
                where=self.server.name,
                expected="an answer of its own",
                got=f"{status} to {answer.headers.get('location', '?')} from {path}",
                mend="Configure the address it redirects to, if that is the right server.",
                cause=self.cause(path, status=status, location=answer.headers.get("location")),
            )

    def document(self, answer: httpx2.Response, path: str, accept: tuple[int, ...] = (200,)) -> Any:
        """The JSON document of an answer, whole and in time."""
        content = self._whole(answer, path)
        text = content.decode("utf-8", "replace")
        if answer.status_code not in accept:
            raise self._bad(path, answer.status_code, text)
        try:
            return json.loads(text)
        except ValueError:
            raise self._bad(path, answer.status_code, text) from None

    def _whole(self, answer: httpx2.Response, path: str) -> bytes:
        """The body, within a time and a size: each byte of a trickle is in time, the whole is not."""
        deadline = time.monotonic() + self.timeout_s
        parts, size = [], 0
        for part in answer.iter_raw():
            parts.append(part)
            size += len(part)
            if time.monotonic() > deadline:
                raise ServerLost(
                    "the video server answers far too slowly",
                    where=self.server.name,
                    expected=f"an answer within {self.timeout_s:g} s",
                    got=f"{size} bytes of {path}",
                    cause=self.cause(path, timed_out=True),
                )
            if size > _LARGEST_ANSWER:
                raise self._bad(path, answer.status_code, f"more than {_LARGEST_ANSWER} bytes")
        return b"".join(parts)

    def _bad(self, path: str, status: int, text: str) -> BadAnswer:
        return BadAnswer(
            "the video server gave an answer that makes no sense",
            where=self.server.name,
            expected="a JSON document with status 200",
            got=f"{status} from {path}: {text.strip()[:120]!r}",
            mend="Is the address really a ComfyUI server's?",
            cause=self.cause(path, status=status, reply=shortened(text)),
        )

    def transport_failure(self, error: Exception, path: str) -> ComfyFailure:
        """What a broken connection means."""
        reason: BaseException | None = error
        while reason is not None and not isinstance(reason, ssl.SSLError):
            reason = reason.__cause__ or reason.__context__
        if reason is not None or "CERTIFICATE" in str(error).upper():
            return ServerLost(
                "the video server's certificate is not trusted",
                where=self.server.name,
                got=str(reason or error)[:300],
                mend="Give the authority's certificate as tls.ca, or mend the server's.",
                code="comfy.tls",
                cause=self.cause(path, exception=repr(error)),
            )
        return ServerLost(
            "the video server does not answer",
            where=self.server.name,
            got=f"{type(error).__name__}: {error}"[:300],
            cause=self.cause(
                path,
                exception=repr(error),
                timed_out=isinstance(error, self._httpx.ReadTimeout),
            ),
        )

    def cause(self, path: str, **more: Any) -> dict[str, Any]:
        """The start of an operator's record."""
        return {"server": self.server.name, "url": self.server.url, "route": path, **more}
