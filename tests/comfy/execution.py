"""Runs graphs one after another and says so in the recorded order of messages.

Invariant: a node whose inputs are those of the last run is not run again: its old result counts, an
output node's old file names with it, whether the files are still there or not.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import placeholder, plumbing
from .descriptions import Descriptions
from .faults import Faults
from .prompts import Prompt, Prompts, now_ms
from .running import Interrupted, NodeRun, OutOfMemory, Slot
from .sockets import Sockets
from .validation import inside

RUN: dict[str, Callable[..., tuple[Any, ...]]] = {**plumbing.NODES, **placeholder.NODES}


class Worker(threading.Thread):
    """The thread that executes. step_s : seconds a sampling step of a model node takes."""

    def __init__(
        self,
        root: Path,
        prompts: Prompts,
        nodes: Descriptions,
        sockets: Sockets,
        faults: Faults,
        step_s: float,
    ) -> None:
        super().__init__(name="stand-in worker", daemon=True)
        self._root, self._prompts, self._nodes = root, prompts, nodes
        self._sockets, self._faults, self._step_s = sockets, faults, step_s
        self._cache: dict[str, tuple[tuple[Any, ...], dict[str, Any] | None]] = {}
        self.ran = 0

    def run(self) -> None:
        while True:
            prompt = self._prompts.take()
            if self._faults.on("zombie"):
                threading.Event().wait()
            self._execute(prompt)
            self.ran += 1

    def _execute(self, prompt: Prompt) -> None:
        to = prompt.extra.get("client_id")
        run = _Run(self, prompt, to)
        run.message("execution_start", {})
        keys: dict[str, str] = {}
        for node in _order(prompt.graph, prompt.outputs):
            keys[node] = self._key(prompt.graph, node, keys)
        cached = [node for node in prompt.graph if keys.get(node) in self._cache]
        run.message("execution_cached", {"nodes": cached})
        outputs: dict[str, Any] = {}
        fresh: dict[str, Any] = {}
        executed: list[str] = []
        completed = False
        try:
            results: dict[str, tuple[Any, ...]] = {}
            for node, key in keys.items():
                known = self._cache.get(key)
                if known is None:
                    known = run.node(node, results)
                    executed.append(node)
                elif known[1] is not None:
                    run.executed(node, known[1])
                    run.state(node, 1, 1, "finished")
                results[node], shown = known
                fresh[key] = known
                if shown is not None:
                    outputs[node] = shown
            run.message("execution_success", {})
            completed = True
            self._cache = fresh
        except Interrupted as stop:
            run.message("execution_interrupted", {**run.where(stop.node), "executed": executed})
        except Exception as error:
            run.message(
                "execution_error", {**run.where(run.current), **_error(error, executed, keys)}
            )
        if completed and self._faults.on("missing-output"):
            outputs = json.loads(json.dumps(outputs).replace('"filename": "', '"filename": "gone_'))
        meta = {
            node: {
                "node_id": node,
                "display_node": node,
                "parent_node": None,
                "real_node_id": node,
            }
            for node in outputs
        }
        status = {
            "status_str": "success" if completed else "error",
            "completed": completed,
            "messages": run.messages,
        }
        self._prompts.end(outputs if completed else {}, meta if completed else {}, status)
        if to is not None:
            self._sockets.tell("executing", {"node": None, "prompt_id": prompt.id}, to)

    def _key(self, graph: dict[str, Any], node: str, keys: dict[str, str]) -> str:
        inputs = {}
        for name, value in graph[node]["inputs"].items():
            if isinstance(value, list):
                inputs[name] = [keys[value[0]], value[1]]
            else:
                path = inside(self._root / "input", str(value))
                inputs[name] = [value, path.stat().st_mtime_ns if path else None]
        text = json.dumps([graph[node]["class_type"], inputs], sort_keys=True)
        return hashlib.sha256(f"{node} {text}".encode()).hexdigest()


class _Run:
    """One prompt's execution: its messages and the node at work."""

    def __init__(self, worker: Worker, prompt: Prompt, to: str | None) -> None:
        self._worker, self._prompt, self._to = worker, prompt, to
        self._states: dict[str, Any] = {}
        self.messages: list[list[Any]] = []
        self.current = ""

    def node(
        self, node: str, results: dict[str, tuple[Any, ...]]
    ) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
        """Run one node."""
        self.current = node
        if self._worker._prompts.interrupted.is_set():
            raise Interrupted(node)
        self.state(node, 0.0, 1.0, "running")
        self._send("executing", {"node": node, "display_node": node})
        told = self._prompt.graph[node]
        given = {
            name: results[value[0]][value[1]] if isinstance(value, list) else value
            for name, value in told["inputs"].items()
        }
        at = NodeRun(
            root=self._worker._root,
            node=node,
            faults=self._worker._faults,
            step_s=self._worker._step_s,
            interrupted=self._worker._prompts.interrupted,
            report=self._report,
            cut=self._cut,
        )
        made = RUN[told["class_type"]](at, given)
        shown = None
        if made and isinstance(made[-1], Slot):
            shown = made[-1].shown
            self.executed(node, shown)
        value = self._states[node]
        self.state(node, value["max"], value["max"], "finished")
        return made, shown

    def executed(self, node: str, shown: dict[str, Any]) -> None:
        """An output node's files."""
        self._send("executed", {"node": node, "display_node": node, "output": shown})

    def state(self, node: str, value: float, most: float, state: str) -> None:
        """Progress of every node so far."""
        self._states[node] = {
            "value": value,
            "max": most,
            "state": state,
            "node_id": node,
            "prompt_id": self._prompt.id,
            "display_node_id": node,
            "parent_node_id": None,
            "real_node_id": node,
        }
        self._send("progress_state", {"nodes": dict(self._states)})

    def message(self, kind: str, data: dict[str, Any]) -> None:
        """Send a message that history keeps as well."""
        told = {"prompt_id": self._prompt.id, **data, "timestamp": now_ms()}
        self.messages.append([kind, told])
        self._worker._sockets.tell(kind, told, self._to)

    def where(self, node: str) -> dict[str, Any]:
        """A node as errors name it."""
        return {"node_id": node, "node_type": self._prompt.graph[node]["class_type"]}

    def _report(self, node: str, value: int, most: int, picture: bytes | None) -> None:
        self.state(node, value, most, "running")
        if picture is not None:
            self._worker._sockets.show(
                picture,
                {"node_id": node, "prompt_id": self._prompt.id, "display_node_id": node},
                self._to,
            )
        self._send("progress", {"value": value, "max": most, "node": node})

    def _cut(self) -> None:
        self._worker._sockets.drop_soon()

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        self._worker._sockets.tell(kind, {"prompt_id": self._prompt.id, **data}, self._to)


def _order(graph: dict[str, Any], outputs: list[str]) -> list[str]:
    done: dict[str, None] = {}

    def visit(node: str) -> None:
        if node in done:
            return
        for value in graph[node]["inputs"].values():
            if isinstance(value, list):
                visit(value[0])
        done[node] = None

    for node in outputs:
        visit(node)
    return list(done)


def _error(error: Exception, executed: list[str], keys: dict[str, str]) -> dict[str, Any]:
    kind = type(error)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return {
        "executed": executed,
        "exception_message": str(error),
        "exception_type": "torch.OutOfMemoryError" if isinstance(error, OutOfMemory) else name,
        "traceback": ['  File "./comfyui", line 545, in execute\n'],
        "current_inputs": {},
        "current_outputs": list(keys),
    }
