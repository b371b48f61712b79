"""What ``run`` is given: the engine's side of the :class:`farm.stages.Task` protocol.

Invariant: a task reaches nothing but its inputs, its scratch folder and what it asks the node for;
an output path exists only because it was handed out here.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from farm.domain.errors import FarmError, PluginError, TaskCancelled, TransientError, nearest
from farm.domain.media import MediaFacts
from farm.engine import preview
from farm.engine.protocol import EngineRequest, Message
from farm.stages import Documents, InputFile, Models, Stage, TaskMemory, Window

PROGRESS_INTERVAL_S = 0.25
_LONGEST = {"counts_as": 80, "known_as": 200}
"""Most characters of an attempt's names; ``attempts`` in the ledger has room for so many."""


class EngineDocuments:
    """Reads go to the node; writes stay here until the task's result is accepted.

    ask : sends a request and returns the node's answer. A task sees its own writes.
    """

    def __init__(self, plugin: str, ask: Callable[[Message], Message]) -> None:
        self._plugin = plugin
        self._ask = ask
        self._written: dict[tuple[str, str], Any] = {}

    def get(self, collection: str, key: str) -> Any | None:
        """The document, or ``None``.

        Raises
        ------
        TransientError : the node cannot read it just now.
        """
        if (collection, key) in self._written:
            return self._written[collection, key]
        return self._read({"read": "get", "collection": collection, "key": key})

    def put(self, collection: str, key: str, document: Any) -> None:
        """Write a document; others see it when the task's result is accepted."""
        try:
            self._written[collection, key] = json.loads(json.dumps(document, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise PluginError(
                "a document is not JSON",
                where=f"{collection}/{key}",
                got=str(error),
                mend="Put only None, booleans, finite numbers, strings, lists and mappings.",
                code="document.not-json",
            ) from error

    def keys(self, collection: str) -> list[str]:
        """Every key of a collection, sorted."""
        known = self._read({"read": "keys", "collection": collection})
        return sorted({*known, *(k for c, k in self._written if c == collection)})

    def _read(self, request: Message) -> Any:
        answer = self._ask({"type": "document", "plugin": self._plugin, **request})
        if "error" in answer:
            raise TransientError(
                "the document store did not answer",
                where=f"{self._plugin}/{request['collection']}",
                got=answer["error"],
                code="document.unreadable",
            )
        return answer["value"]

    def writes(self) -> list[list[Any]]:
        """``[plugin, collection, key, document]`` for each write, in order."""
        return [[self._plugin, c, k, document] for (c, k), document in self._written.items()]


class EngineTask:
    """One attempt in the engine. ``stop`` is the reason once the node asked it to stop."""

    def __init__(
        self,
        request: EngineRequest,
        stage: Stage,
        params: Any,
        *,
        device: str,
        log: logging.Logger,
        models: Models,
        documents: Documents,
        tell: Callable[[Message], None],
        stop: Callable[[], str | None],
    ) -> None:
        self.id = request.task_id
        self.params = params
        self.inputs: Mapping[str, Sequence[InputFile]] = {
            port: [
                InputFile(f.path, f.kind, f.hash, MediaFacts.from_record(f.facts)) for f in files
            ]
            for port, files in request.inputs.items()
        }
        self.window: Window | None = request.window
        self.seed = request.seed
        self.device = device
        self.threads = request.threads
        self.log = log
        self.models = models
        self.memory = TaskMemory(request.reserved_mb, request.ran_out)
        self.documents = documents
        self.outputs: dict[str, list[Path]] = {}
        self._stage = stage
        self._scratch = request.scratch
        self._tell = tell
        self._stop = stop
        self._told_s = 0.0
        self._untold: Message | None = None
        self._names: dict[str, str] = {}

    @property
    def scratch(self) -> Path:
        """A folder of this attempt's own; made when it is first asked for."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch

    def input(self, port: str) -> InputFile:
        """The one file at ``port``.

        Raises
        ------
        PluginError : the stage declares no such port, or there is not exactly one file at it.
        """
        if port not in self._stage.inputs:
            raise self._misuse(port, "input", self._stage.inputs)
        files = self.inputs.get(port, ())
        if len(files) != 1:
            raise PluginError(
                f'input port "{port}" was read as a single file',
                where=self._stage.id,
                expected="one file",
                got=str(len(files)),
                mend=f'Use task.inputs.get("{port}", ()) for optional and many-file ports.',
                code="stage.input-count",
            )
        return files[0]

    def output(self, port: str, suffix: str) -> Path:
        """A path in scratch for a file of output ``port``; ``suffix`` has its dot (``.mkv``).

        Raises
        ------
        PluginError : the stage declares no such port, or wants a second file for a single one.
        """
        declared = self._stage.outputs.get(port)
        if declared is None:
            raise self._misuse(port, "output", self._stage.outputs)
        given = self.outputs.setdefault(port, [])
        if given and not declared.many:
            raise PluginError(
                f'output port "{port}" was asked for a second file',
                where=self._stage.id,
                expected="one task.output call",
                mend="Keep the first path, or declare the port with many=True.",
                code="stage.output-count",
            )
        folder = self.scratch / "outputs"
        folder.mkdir(exist_ok=True)
        name = f"{port}.{len(given):05d}{suffix}" if declared.many else f"{port}{suffix}"
        if "/" in name or "\0" in name:
            raise PluginError(
                f'output port "{port}" was asked for with a suffix that is none',
                where=self._stage.id,
                expected="a file name ending such as .mkv",
                got=repr(suffix),
                code="stage.output-suffix",
            )
        given.append(folder / name)
        return given[-1]

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Say how far the task is; the first and the last word always reach the node."""
        now_s = time.monotonic()
        message = {
            "type": "progress",
            "done": float(done),
            "total": float(total),
            "note": str(note),
        }
        if now_s - self._told_s >= PROGRESS_INTERVAL_S:
            self._told_s = now_s
            self._untold = None
            self._tell(message)
        else:
            self._untold = message
        self.checkpoint()

    def preview(self, picture: Path | bytes) -> None:
        """Show how the result looks so far; see :func:`farm.engine.preview.leave`."""
        preview.leave(self.scratch, picture, where=self._stage.id, log=self.log)

    def counts_as(self, name: str) -> None:
        """What the attempt counts as. Raises PluginError for a name that is none."""
        self._be_named("counts_as", name)

    def known_as(self, name: str) -> None:
        """What a service calls the attempt's work. Raises PluginError for a name that is none."""
        self._be_named("known_as", name)

    def last_words(self) -> list[Message]:
        """The progress that was held back to spare the node, for sending with the result."""
        return [self._untold] if self._untold else []

    def checkpoint(self) -> None:
        """Raise ``TaskCancelled`` if the node asked this task to stop."""
        reason = self._stop()
        if reason is not None:
            raise TaskCancelled(f"stopped: {reason}", where=self.id, code="task.cancelled")

    def _be_named(self, kind: str, name: str) -> None:
        longest = _LONGEST[kind]
        if not (isinstance(name, str) and 0 < len(name) <= longest and name.isprintable()):
            raise PluginError(
                f"task.{kind} was given a name that is none",
                where=self._stage.id,
                expected=f"1 to {longest} printable characters",
                got=repr(name)[:100],
                code="stage.name",
            )
        if self._names.get(kind) != name:
            self._names[kind] = name
            # At once: it must be known of an attempt that kills its engine, too.
            self._tell({"type": "named", "kind": kind, "name": name})

    def _misuse(self, port: str, side: str, ports: Mapping[str, object]) -> FarmError:
        return PluginError(
            f'the stage declares no {side} port "{port}"',
            where=self._stage.id,
            mend=nearest(port, ports),
            code=f"stage.{side}-port",
        )
