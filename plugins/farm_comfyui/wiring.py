"""Acts on graphs: repeat the chunk that extends a video, leave a node out, set a value.

Invariant: every function takes a graph and changes that graph alone; links that pointed at what went
away point at what stands in its place, or are gone.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from farm_comfyui.bound import Graph
from farm_comfyui.descriptions import is_link
from farm_comfyui.maps import Extension, Place

STRIDE = 100
"""Nodes of chunk k are numbered from ``STRIDE * k``; those of the first chunk are below it."""


def place_in(node: str, chunk: int) -> str:
    """The id of node ``+n`` of an extension in the graph; other ids are their own."""
    return str(STRIDE * chunk + int(node[1:])) if node.startswith("+") else node


def extended(base: Graph, extension: Extension | None, chunks: int) -> Graph:
    """A copy of ``base`` that goes on for ``chunks`` in all; the last chunk feeds what follows."""
    graph = copy.deepcopy(base)
    if extension is None:
        return graph
    for chunk in range(1, chunks):
        for node, body in extension.nodes.items():
            graph[place_in(node, chunk)] = {
                "class_type": body["class_type"],
                "inputs": {
                    name: _chunk_link(value, chunk, extension)
                    for name, value in body["inputs"].items()
                },
            }
    for place, carried in extension.final.items():
        first, following = extension.carries[carried]
        source = first if chunks == 1 else [place_in(following[0], chunks - 1), following[1]]
        set_value(graph, place, copy.copy(source))
    return graph


def _chunk_link(value: Any, chunk: int, extension: Extension) -> Any:
    if not is_link(value):
        return copy.deepcopy(value)
    source, index = value
    if source.startswith("<"):
        first, following = extension.carries[source[1:]]
        if chunk == 1:
            return list(first)
        return [place_in(following[0], chunk - 1), following[1]]
    return [place_in(source, chunk), index]


def bypass(graph: Graph, node: str, through: str) -> None:
    """Take ``node`` out; what took its outputs takes what its input ``through`` took."""
    source = graph.pop(node)["inputs"][through]
    for body in graph.values():
        for name, value in body["inputs"].items():
            if is_link(value) and value[0] == node:
                body["inputs"][name] = copy.copy(source)


def drop(graph: Graph, nodes: Iterable[str]) -> None:
    """Take ``nodes`` out with every link to them."""
    gone = set(nodes)
    for node in gone:
        graph.pop(node, None)
    for body in graph.values():
        for name in [
            name for name, value in body["inputs"].items() if is_link(value) and value[0] in gone
        ]:
            del body["inputs"][name]


def set_value(graph: Graph, place: Place, value: Any) -> None:
    """Give the input at ``place`` a value."""
    graph[place[0]]["inputs"][place[1]] = value


def classes(graph: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The node classes of a graph, each once, by name."""
    return tuple(sorted({body["class_type"] for body in graph.values()}))
