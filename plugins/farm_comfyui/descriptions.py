"""What ComfyUI nodes take and give, as servers describe them, and whether a graph fits that.

Invariant: a graph without complaints names only described nodes, gives each its required inputs, in
type and range, joins outputs to inputs of the same type, has no cycle and at least one saving node.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

Graph = Mapping[str, Mapping[str, Any]]
Spec = list[Any]

RECORDED = Path(__file__).parent / "workflows" / "nodes.json"
_PLAIN = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


@cache
def recorded() -> Mapping[str, Mapping[str, Any]]:
    """Node class to its description; an empty list of choices stands for a server's own files."""
    descriptions: dict[str, Mapping[str, Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return descriptions


def is_link(value: Any) -> bool:
    """Whether an input's value is an output of another node: ``["12", 0]``."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
        and not isinstance(value[1], bool)
    )


def links(graph: Graph) -> Iterator[tuple[str, str, str, int]]:
    """Every link: node, its input, the node it comes from, and which of that node's outputs."""
    for node, body in graph.items():
        for name, value in body["inputs"].items():
            if is_link(value):
                yield node, name, value[0], value[1]


def inputs_of(description: Mapping[str, Any]) -> dict[str, Spec]:
    """Input name to its spec: ``[type, {min, max, options, …}]`` or ``[[choices], {…}]``."""
    given = description["input"]
    return {**given.get("required", {}), **given.get("optional", {})}


def allowed(spec: Spec) -> list[str] | None:
    """The values a choice offers, ``None`` for an input that is no choice."""
    if isinstance(spec[0], list):
        return [str(value) for value in spec[0]]
    if spec[0] == "COMBO":
        return [str(value) for value in _options(spec).get("options", [])]
    if spec[0] == "COMFY_DYNAMICCOMBO_V3":
        return [str(option["key"]) for option in _options(spec).get("options", [])]
    return None


def complaints(graph: Graph, known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Why a server with the nodes ``known`` would refuse this graph; empty when it would not."""
    found: list[str] = []
    for node, body in graph.items():
        description = known.get(body["class_type"])
        if description is None:
            found.append(f"node {node}: no description of {body['class_type']}")
            continue
        found += [
            f"node {node} ({body['class_type']}): {text}" for text in _node(body, description)
        ]
        specs = inputs_of(description)
        for name, value in body["inputs"].items():
            if is_link(value) and name in specs:
                text = _link(value, specs[name], graph, known)
                if text:
                    found.append(f"node {node} ({body['class_type']}): {name}: {text}")
    if not any(known.get(body["class_type"], {}).get("output_node") for body in graph.values()):
        found.append("no node saves anything")
    found += _cycle(graph)
    return found


def _node(body: Mapping[str, Any], description: Mapping[str, Any]) -> Iterator[str]:
    inputs = body["inputs"]
    for name in description["input"].get("required", {}):
        if name not in inputs:
            yield f"{name} is missing"
    specs = inputs_of(description)
    for name, value in inputs.items():
        if name in specs:
            if not is_link(value):
                yield from (f"{name}: {text}" for text in _value(value, specs[name], name, inputs))
        elif not _nested(name, specs):
            yield f"there is no input {name}"


def _nested(name: str, specs: Mapping[str, Spec]) -> bool:
    owner = specs.get(name.split(".", 1)[0]) if "." in name else None
    return owner is not None and owner[0] == "COMFY_DYNAMICCOMBO_V3"


def _value(value: Any, spec: Spec, name: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    choices = allowed(spec)
    if choices is not None:
        if choices and value not in choices:
            yield f"{value!r} is not one of {', '.join(choices[:8])}"
        elif spec[0] == "COMFY_DYNAMICCOMBO_V3":
            yield from _chosen(value, spec, name, inputs)
        elif not isinstance(value, str):
            yield f"{value!r} is no text"
        return
    kind = _PLAIN.get(spec[0])
    if kind is None:
        yield f"must be linked to a {spec[0]}, not {value!r}"
    elif not _is(value, kind):
        yield f"{value!r} is no {spec[0]}"
    elif kind in (int, float):
        yield from _range(value, _options(spec), whole=kind is int)


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _range(value: float, options: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    low, high, step = options.get("min"), options.get("max"), options.get("step", 1)
    if low is not None and value < low:
        yield f"{value} is below {low}"
    if high is not None and value > high:
        yield f"{value} is above {high}"
    # Servers do not look at the step; the models do: a length other than 4k+1 fails far inside.
    if whole and low is not None and step > 1 and (value - low) % step:
        yield f"{value} is not {low} plus a multiple of {step}"


def _chosen(value: str, spec: Spec, name: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    option = next(one for one in _options(spec)["options"] if one["key"] == value)
    given = option.get("inputs", {})
    for inner in given.get("required", {}):
        if f"{name}.{inner}" not in inputs:
            yield f"{name}.{inner} is missing"
    for inner, inner_spec in {**given.get("required", {}), **given.get("optional", {})}.items():
        full = f"{name}.{inner}"
        if full in inputs and not is_link(inputs[full]):
            yield from _value(inputs[full], inner_spec, full, inputs)


def _link(
    value: list[Any], spec: Spec, graph: Graph, known: Mapping[str, Mapping[str, Any]]
) -> str:
    source, index = value
    if source not in graph:
        return f"comes from node {source}, which is not there"
    description = known.get(graph[source]["class_type"])
    if description is None:
        return ""
    outputs = description["output"]
    if not 0 <= index < len(outputs):
        return f"node {source} has no output {index}"
    wanted = "COMBO" if isinstance(spec[0], list) else str(spec[0])
    given = str(outputs[index])
    if "*" in (wanted, given) or set(wanted.split(",")) & set(given.split(",")):
        return ""
    return f"takes {wanted}, node {source} gives {given}"


def _cycle(graph: Graph) -> list[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter({node: [] for node in graph})
    for node, _, source, _ in links(graph):
        sorter.add(node, source)
    try:
        sorter.prepare()
    except CycleError as error:
        return [f"a cycle: {' -> '.join(error.args[1])}"]
    return []


def _options(spec: Spec) -> Mapping[str, Any]:
    return spec[1] if len(spec) > 1 and isinstance(spec[1], Mapping) else {}
