"""How far a run is, from the messages of its server.

Invariant: the share never falls, a node counts by its weight in the template, and anything the server
says about this prompt, and nothing it says about another one, is a sign of life.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farm_comfyui.answers import PromptState, Standing
from farm_comfyui.bound import Graph
from farm_comfyui.socket import Message

_OVER = {
    "execution_success": Standing.DONE,
    "execution_error": Standing.FAILED,
    "execution_interrupted": Standing.CANCELLED,
}


class Progress:
    """One prompt's. weights : by node, any scale; nodes without one share what is left."""

    def __init__(self, prompt_id: str, graph: Graph, weights: Mapping[str, float]) -> None:
        self._prompt_id = prompt_id
        self._graph = graph
        self._weights = {node: max(0.0, weights.get(node, 0.0)) for node in graph}
        if not any(self._weights.values()):
            self._weights = dict.fromkeys(graph, 1.0)
        self._shares: dict[str, float] = {}
        self.done = 0.0
        self.note = ""
        self.started = False
        self.over = False
        self.ended: Standing | None = None
        self._outputs: dict[str, Any] = {}
        self._last: dict[str, Mapping[str, Any]] = {}
        self.cached: tuple[str, ...] = ()

    def hear(self, message: Message) -> bool:
        """Take a message; whether it was about this prompt."""
        data = message.data
        told = data.get("prompt_id")
        if message.kind == "preview":
            return told in (None, self._prompt_id) and self.started
        if told != self._prompt_id:
            return False
        kind = message.kind
        if kind == "execution_cached":
            self.cached = tuple(str(node) for node in data.get("nodes") or ())
            for node in self.cached:
                self._shares[node] = 1.0
        elif kind == "progress_state":
            for node, state in (data.get("nodes") or {}).items():
                self._share(str(node), state.get("value"), state.get("max"), state.get("state"))
        elif kind == "progress":
            self._share(str(data.get("node")), data.get("value"), data.get("max"), "running")
            self._note(str(data.get("node")), data.get("value"), data.get("max"))
        elif kind == "executing":
            if data.get("node") is None:
                self.over = True
            else:
                self._note(str(data["node"]), None, None)
        elif kind == "executed" and isinstance(data.get("output"), dict):
            self._outputs[str(data.get("node"))] = data["output"]
        elif kind in _OVER:
            self.over = True
            self.ended = _OVER[kind]
        if kind.startswith("execution_"):
            self._last[kind] = data
        self.started = True
        self._count()
        return True

    def state(self) -> PromptState:
        """How it ended as the messages told it."""
        return PromptState(self.ended or Standing.UNKNOWN, self._outputs, self._last)

    def _share(self, node: str, value: Any, most: Any, state: Any) -> None:
        if node not in self._weights:
            return
        try:
            share = 1.0 if state == "finished" else float(value) / max(float(most), 1e-9)
        except (TypeError, ValueError):
            return
        self._shares[node] = max(self._shares.get(node, 0.0), min(1.0, share))

    def _note(self, node: str, value: Any, most: Any) -> None:
        kind = str(self._graph.get(node, {}).get("class_type", node))
        self.note = f"{kind} {value}/{most}" if most else kind

    def _count(self) -> None:
        whole = sum(self._weights.values())
        now = sum(self._weights[node] * share for node, share in self._shares.items())
        self.done = max(self.done, min(1.0, now / whole))
