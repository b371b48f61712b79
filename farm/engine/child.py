"""The engine process: runs plugin code, one task at a time, in its main thread.

Invariant: whatever a task does to this process, the node keeps its own state: the engine holds
nothing that the node cannot do without, and it never outlives its node.

Started as ``python -m farm.engine.child IN OUT DEVICE MODELS_MB PARKED_MB PLUGINS [MODELS]``; IN and
OUT are the pipes, PLUGINS and MODELS the folders of loose plugins and of declared model manifests.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from farm.domain.errors import ErrorClass, ParameterError, PluginError, TransientError, nearest
from farm.engine.capture import LogCapture
from farm.engine.faults import error_record, poisons_engine
from farm.engine.meter import Meter, device_free_mb, device_used_mb, hand_back
from farm.engine.models import ModelCache
from farm.engine.outputs import checked_outputs
from farm.engine.protocol import EngineOutput, EngineRequest, Lines, Message, send
from farm.engine.task import EngineDocuments, EngineTask
from farm.engine.task_models import TaskModels
from farm.engine.vram import VramProbe
from farm.plugins import Registry, load_plugins
from farm.stages import Stage, StageParams


class Link:
    """The pipes to the node: a thread reads, whoever has something to say writes."""

    def __init__(self, fd_in: int, fd_out: int) -> None:
        # Processes that plugin code starts must not keep the pipes open.
        os.set_inheritable(fd_in, False)
        os.set_inheritable(fd_out, False)
        self._in, self._out = fd_in, fd_out
        self._writing = threading.Lock()
        self._asking = threading.Lock()
        self._runs: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.stop_reason: str | None = None

    def listen(self) -> None:
        """Start reading; from now on the engine dies with its node."""
        threading.Thread(target=self._read, name="farm-link", daemon=True).start()

    def tell(self, *messages: Message) -> None:
        """Send messages; every thread may."""
        with self._writing:
            send(self._out, *messages)

    def ask(self, message: Message) -> Message:
        """Send a question and wait for its answer."""
        with self._asking:
            self.tell(message)
            return self._answers.get()

    def next_run(self) -> Message | None:
        """Wait for the next task; ``None`` means to quit."""
        return self._runs.get()

    def _read(self) -> None:
        lines = Lines()
        while data := os.read(self._in, 65536):
            for message in lines.feed(data):
                kind = message["type"]
                if kind == "begin":
                    self._runs.put(message)
                elif kind == "run":
                    self.stop_reason = None
                    self._runs.put(message)
                elif kind == "cancel":
                    self.stop_reason = message["reason"]
                elif kind == "document":
                    self._answers.put(message)
                elif kind == "quit":
                    self._runs.put(None)
        # The node is gone. Everything a task started shares this process group and goes too.
        os.killpg(0, signal.SIGKILL)


class Engine:
    """Runs requests with the stages of a registry."""

    def __init__(
        self, link: Link, registry: Registry, device: str, models_mb: int, parked_mb: int = 0
    ) -> None:
        self._link = link
        self._registry = registry
        self._device = device
        self._capture = LogCapture()
        self._meter = Meter()
        vram = VramProbe(device)
        self._models = ModelCache(
            models_mb,
            parked_mb=parked_mb,
            used_mb=lambda: device_used_mb(device, self._meter),
            free_mb=None if device == "cpu" else lambda: device_free_mb(device, vram),
            release=lambda: hand_back(device),
        )
        self._code: dict[str, Callable[[Any], Any]] = {}

    @property
    def rss_mb(self) -> int:
        """Resident memory of the engine now."""
        return self._meter.rss_mb()

    def run(self, record: Message) -> None:
        """Run one request and send its result."""
        request = EngineRequest.from_record(record)
        documents: EngineDocuments | None = None
        task: EngineTask | None = None
        result: Message = {"type": "result", "spent": False}
        self._capture.about(request)
        with self._capture.to(record["log"]):
            self._meter.start()
            try:
                stage = self._stage(request)
                params = _validated(stage, request.params)
                code = self._import(stage)
                self._models.task_began(
                    request.soon,
                    own=stage.model_key(params) if stage.model_key else None,
                    reserved_mb=request.reserved_mb,
                )
                plugin = self._registry.plugin_of(stage.id)
                documents = EngineDocuments(plugin, self._link.ask)
                task = EngineTask(
                    request,
                    stage,
                    params,
                    device=self._device,
                    log=self._capture.log,
                    models=TaskModels(
                        self._models, request.models, stage.id, self._registry.models
                    ),
                    documents=documents,
                    tell=self._link.tell,
                    stop=lambda: self._link.stop_reason,
                )
                task.checkpoint()
                outputs = checked_outputs(stage, code(task), task.outputs)
                result["outputs"] = {p: list(map(_record, files)) for p, files in outputs.items()}
                result["documents"] = documents.writes()
            except BaseException as error:
                # Even SystemExit: a plugin does not decide when the engine ends.
                self._failed(request, error, result)
            result["peaks"] = self._meter.stop()
        # On a CPU they are part of what the engine's memory grew by, and no reading tells them apart.
        result["unused_mb"] = (0, 0) if self._device == "cpu" else self._models.unused_mb()
        self._models.task_ended(ok="error" not in result)
        result["resident"] = self._models.resident()
        result["held_mb"] = self._models.held_mb()
        result["loads_s"], result["evicted"] = self._models.account()
        result["rss_mb"] = self._meter.rss_mb()
        self._link.tell(*(task.last_words() if task else ()), result)

    def _stage(self, request: EngineRequest) -> Stage:
        stage = self._registry.stages.get(request.stage_id)
        if stage is None or stage.version != request.version:
            # Not the submitter's fault: this node has other plugins than the one that planned.
            raise TransientError(
                "this engine has no such stage" if stage is None else "it has another version here",
                where=request.stage_id,
                expected=f"version {request.version}",
                got=f"version {stage.version}" if stage else "",
                mend="Install the same plugins on every node and restart it. "
                + (nearest(request.stage_id, self._registry.stages) if stage is None else ""),
                code="stage.unknown" if stage is None else "stage.unknown-version",
            )
        return stage

    def _import(self, stage: Stage) -> Callable[[Any], Any]:
        code = self._code.get(stage.id)
        if code is None:
            module, _, name = stage.run.partition(":")
            try:
                code = getattr(importlib.import_module(module), name)
            except (ImportError, AttributeError) as error:
                raise PluginError(
                    "its code cannot be imported",
                    where=f"{stage.id} ({stage.run})",
                    got=f"{type(error).__name__}: {error}",
                    mend="Install what the plugin needs; `farm doctor` lists what is missing.",
                    code="stage.import",
                ) from error
            self._code[stage.id] = code
        return code

    def _failed(self, request: EngineRequest, error: BaseException, result: Message) -> None:
        hook = self._registry.pm.hook.farm_classify_error
        record = error_record(
            error, where=request.stage_id, classify=lambda exception: hook(error=exception)
        )
        result["error"] = record
        # What made a broken picture may lie in this process: the next try gets a fresh one.
        result["spent"] = poisons_engine(error) or record["class"] == ErrorClass.BROKEN.value
        sys.stderr.write(record["traceback"])
        # The frames hold the task's arrays and models; a warm engine must not keep them.
        traceback.clear_frames(error.__traceback__)
        if record["class"] == "resource":
            self._models.task_ended(ok=False)
            self._models.clear()


def _validated(stage: Stage, params: Any) -> StageParams:
    try:
        return stage.params.model_validate(params)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ParameterError(
            first["msg"],
            where=f"{stage.id}: {'.'.join(map(str, first['loc']))}",
            got=repr(first["input"])[:200],
            code="stage.params",
        ) from error


def _record(output: EngineOutput) -> list[Any]:
    return [str(output.path), output.kind.value, output.facts, output.suffix]


def main(argv: list[str]) -> NoReturn:
    """Load plugins, say ready, run tasks until told to quit."""
    fd_in, fd_out, device, models_mb, parked_mb, plugins, *manifests = argv
    link = Link(int(fd_in), int(fd_out))
    link.listen()
    with contextlib.suppress(OSError):
        # When memory runs out, the kernel should end a task and not the node.
        Path("/proc/self/oom_score_adj").write_text("500")
    begin = link.next_run()
    told = {} if begin is None else begin["plugins"]
    try:
        registry = load_plugins(Path(plugins), next(map(Path, manifests), None), told)
        registry.pm.hook.farm_engine_started(device=device)
        engine = Engine(link, registry, device, int(models_mb), int(parked_mb))
    except Exception as error:
        record = error_record(error, where=f"engine on {device}", classify=lambda _: None)
        link.tell({"type": "ready", "error": record})
        _leave(1)
    # What is here now stays; later collections need not look at it.
    gc.collect()
    gc.freeze()
    link.tell({"type": "ready", "rss_mb": engine.rss_mb})
    while (message := link.next_run()) is not None:
        engine.run(message["request"])
    _leave(0)


def _leave(status: int) -> NoReturn:
    # At once: threads and libraries of plugins must not be able to hold the engine back.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
