"""One piece of work through the pool: take up, upload, queue, follow, fetch; on a failure, move.

Invariant: every submission has a number, and with it an id and an output prefix, of its own; before a
number is used all servers are asked for it, so whoever comes second goes on where the first one was.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.domain.errors import FarmError
from farm_comfyui.answers import Standing
from farm_comfyui.bound import Asset, BoundGraph
from farm_comfyui.downloads import OutputFile
from farm_comfyui.failures import (
    BadAnswer,
    CollectFailed,
    ComfyFailure,
    DiskFull,
    Lacking,
    LoginRefused,
    OutOfMemory,
    QueueFailed,
    RunTimeout,
    ServerLost,
    ServerSilent,
    UploadFailed,
)
from farm_comfyui.health import Health
from farm_comfyui.runs import Ended, Follow, Listener, prompt_id, submit
from farm_comfyui.socket import Socket
from farm_comfyui.uploads import Uploaded, hashed

if TYPE_CHECKING:
    from farm_comfyui.pool import Pool

_LAST_NUMBER = 64
_SICKENING = (ServerSilent, LoginRefused, DiskFull)
_GONE = (ServerLost, BadAnswer)
_MOVING = (
    *_SICKENING,
    *_GONE,
    UploadFailed,
    QueueFailed,
    CollectFailed,
    Lacking,
    OutOfMemory,
)


def _standing(prompt: str, health: Health) -> tuple[Health, Standing]:
    return health, health.standing(prompt)


def _hashed(asset: Asset, listener: Listener) -> Asset:
    return Asset(asset.path, asset.sha256 or hashed(asset.path, listener.checkpoint))


def _digest(bound: BoundGraph, assets: Mapping[str, Asset]) -> str:
    told = [bound.digest, *(f"{name}={assets[name].sha256}" for name in sorted(assets))]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Move:
    """A server that did not bring the run to its end, and why."""

    server: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that succeeded.

    files : by role of the output. client_s : everything. queued_s : until it started on the server.
    executed_s : the server's own time. cached_nodes : nodes it did not have to run.
    adopted : whether an earlier attempt had sent it.
    """

    files: Mapping[str, tuple[OutputFile, ...]]
    server: str
    url: str
    version: str
    prompt_id: str
    workflow: str
    client_s: float
    queued_s: float
    executed_s: float
    upload_bytes: int = 0
    uploads_reused: int = 0
    uploads: Mapping[str, str] = field(default_factory=dict)
    cached_nodes: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    adopted: bool = False

    def record(self) -> dict[str, Any]:
        """JSON for a job's debug metadata."""
        return {
            "server": self.server,
            "url": self.url,
            "comfyui": self.version,
            "prompt_id": self.prompt_id,
            "workflow": self.workflow,
            "client_s": round(self.client_s, 3),
            "queued_s": round(self.queued_s, 3),
            "executed_s": round(self.executed_s, 3),
            "upload_bytes": self.upload_bytes,
            "uploads_reused": self.uploads_reused,
            "uploads": dict(self.uploads),
            "cached_nodes": list(self.cached_nodes),
            "adopted": self.adopted,
            "moves": [
                {"server": move.server, "code": move.code, "text": move.text} for move in self.moves
            ],
            "files": {
                role: [
                    {
                        "name": file.name,
                        "node": file.node,
                        "sha256": file.sha256,
                        "size_bytes": file.size_bytes,
                    }
                    for file in files
                ]
                for role, files in self.files.items()
            },
        }


class Journey:
    """One call of ``Pool.run``."""

    def __init__(
        self,
        pool: Pool,
        bound: BoundGraph,
        assets: Mapping[str, Asset],
        into: Path,
        attempt: str,
        listener: Listener,
        tags: frozenset[str],
    ) -> None:
        missing = [name for name in bound.assets if name not in assets]
        if missing:
            raise ComfyFailure(
                "a file that the workflow needs was not given",
                where=bound.version_id,
                expected=", ".join(bound.assets),
                got=", ".join(assets) or "none",
                code="comfy.missing-asset",
            )
        self._pool, self._bound, self._attempt = pool, bound, attempt
        self._assets = {
            name: Asset(
                assets[name].path,
                assets[name].sha256 or hashed(assets[name].path, listener.checkpoint),
            )
            for name in bound.assets
        }
        self._into, self._listener, self._tags = into, listener, tags
        self._digest = _digest(bound, self._assets)
        self._number = 0
        self._moves: list[Move] = []
        self._begun = time.monotonic()

    def travel(self) -> RunResult:
        """Bring it to its end, wherever."""
        left = self._taken_up()
        while True:
            health, prompt = left or (self._choose(), self._id())
            try:
                return self._on(health, prompt, adopted=left is not None)
            except _MOVING as failure:
                self._judge(health, failure)
                self._moves.append(Move(health.server.name, failure.code, failure.sentence()))
                self._listener.log(
                    logging.WARNING, f"{health.server.name} failed the run: {failure.sentence()}"
                )
                if len(self._moves) > self._pool.settings.moves or not self._worth(failure):
                    failure.cause["moves"] = [move.text for move in self._moves]
                    raise
                if isinstance(failure, ServerLost | ServerSilent):
                    health.leave(prompt)
                self._number, left = self._number + 1, None
            finally:
                self._pool.released(health)

    # --- where ------------------------------------------------------------------------------------

    def _taken_up(self) -> tuple[Health, str] | None:
        """A submission of this very work that waits, runs or is done on some server."""
        numbers = range(self._pool.settings.moves + 1)
        queued = {prompt_id(self._attempt, self._digest, number): number for number in numbers}
        for health, names in self._pool.each(lambda health: (health, health.queued())):
            for prompt in names & queued.keys():
                self._number = queued[prompt]
                return self._found(health, prompt)
        while self._number < _LAST_NUMBER:
            prompt = self._id()
            states = self._pool.each(partial(_standing, prompt))
            for health, standing in states:
                if standing in (Standing.PENDING, Standing.RUNNING, Standing.DONE):
                    return self._found(health, prompt)
            if all(standing is Standing.UNKNOWN for _, standing in states):
                return None
            self._number += 1
        return None

    def _found(self, health: Health, prompt: str) -> tuple[Health, str]:
        self._listener.log(logging.INFO, f"prompt {prompt} is on {health.server.name} already")
        return health, prompt

    def _id(self) -> str:
        return prompt_id(self._attempt, self._digest, self._number)

    def _choose(self) -> Health:
        avoid = [move.server for move in self._moves]
        return self._pool.choose(self._bound, self._tags, avoid, self._listener)

    def _worth(self, failure: FarmError) -> bool:
        """Whether another server may do what this one could not."""
        if not isinstance(failure, OutOfMemory):
            return True
        here = failure.cause.get("vram_total_mb", 0)
        tried = {move.server for move in self._moves}
        return any(
            state.up and state.name not in tried and state.vram_total_mb > here
            for state in self._pool.probe()
        )

    def _judge(self, health: Health, failure: ComfyFailure) -> None:
        refused = failure.code == UploadFailed.default_code
        if isinstance(failure, _SICKENING) or (
            refused and not isinstance(failure.__cause__, ServerLost)
        ):
            health.sick(failure)
        elif isinstance(failure, Lacking):
            health.forget()
        elif isinstance(failure, _GONE) and failure.code != "comfy.run-forgotten":
            health.gone(failure)
        elif isinstance(failure, OutOfMemory) and health.about is not None:
            failure.cause["vram_total_mb"] = health.about.vram_total_mb
            try:
                health.client.free()
            except FarmError as error:
                self._listener.log(logging.INFO, f"its models stay loaded: {error.sentence()}")

    # --- what -------------------------------------------------------------------------------------

    def _on(self, health: Health, prompt: str, adopted: bool) -> RunResult:
        listener, patience = self._listener, self._pool.settings.patience
        socket: Socket | None = None
        uploaded = Uploaded({}, 0, 0)
        sent = adopted
        listener.known_as(prompt)
        try:
            if not adopted:
                listener.progress(0.0, f"sends files to {health.server.name}")
                limit = health.about.upload_limit if health.about else 0
                uploaded = health.uploads.bring(self._assets, limit, listener.checkpoint)
                socket = Socket(health.server, min(5.0, patience.timeout_s))
                if not socket.open:
                    listener.log(logging.INFO, f"no live messages ({socket.trouble}): polling")
                sent = True
                listener.log(logging.INFO, f"prompt {prompt} goes to {health.server.name}")
                submit(
                    health.client,
                    self._bound,
                    dict(uploaded.names),
                    prompt,
                    socket.client_id,
                    self._attempt,
                    listener.checkpoint,
                )
            ended = Follow(health.prober, self._bound, prompt, socket, patience, listener).end()
        except ComfyFailure as failure:
            if isinstance(failure, ServerSilent | RunTimeout):
                self._cancel(health, prompt)
            raise
        except BaseException:
            # Asked to stop: nobody will fetch what the server makes.
            if sent:
                self._cancel(health, prompt)
            raise
        finally:
            if socket is not None:
                socket.close()
        listener.progress(1.0, f"fetches the result from {health.server.name}")
        files = health.downloads.fetch(
            self._bound.outputs, ended.state.outputs, self._into, prompt, listener.checkpoint
        )
        return self._result(health, prompt, files, ended, uploaded, adopted)

    def _result(
        self,
        health: Health,
        prompt: str,
        files: Mapping[str, tuple[OutputFile, ...]],
        ended: Ended,
        uploaded: Uploaded,
        adopted: bool,
    ) -> RunResult:
        return RunResult(
            files=files,
            server=health.server.name,
            url=health.server.url,
            version=health.about.version if health.about else "",
            prompt_id=prompt,
            workflow=self._bound.version_id,
            client_s=time.monotonic() - self._begun,
            queued_s=ended.queued_s,
            executed_s=ended.state.executed_s,
            upload_bytes=uploaded.sent_bytes,
            uploads_reused=uploaded.reused,
            uploads=uploaded.names,
            cached_nodes=ended.cached,
            moves=tuple(self._moves),
            adopted=adopted,
        )

    def _cancel(self, health: Health, prompt: str) -> None:
        try:
            health.client.cancel(prompt)
        except FarmError as error:
            self._listener.log(
                logging.WARNING,
                f"prompt {prompt} may still run on {health.server.name}: {error.sentence()}",
            )
