"""Writes small ONNX networks without the onnx package: the few fields of its format that they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_FLOAT, _INT64 = 1, 7


@dataclass(frozen=True)
class Node:
    """An operation. ints : its attributes that are lists of whole numbers."""

    kind: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    ints: Mapping[str, Sequence[int]] = field(default_factory=dict)


def write_network(
    path: Path,
    nodes: Sequence[Node],
    constants: Mapping[str, np.ndarray],
    given: tuple[str, Sequence[int]],
    made: Mapping[str, Sequence[int]],
) -> Path:
    """A network of float32 tensors. given : name and shape of its input. made : of its outputs."""
    graph = b"".join(_part(1, _node(node)) for node in nodes)
    graph += _part(2, b"network")
    graph += b"".join(_part(5, _tensor(name, values)) for name, values in constants.items())
    graph += _part(11, _value(*given))
    graph += b"".join(_part(12, _value(name, shape)) for name, shape in made.items())
    operators = _part(1, b"") + _number(2, 17)
    path.write_bytes(_number(1, 8) + _part(7, graph) + _part(8, operators))
    return path


def _node(node: Node) -> bytes:
    data = b"".join(_part(1, name.encode()) for name in node.inputs)
    data += b"".join(_part(2, name.encode()) for name in node.outputs)
    data += _part(4, node.kind.encode())
    for name, values in node.ints.items():
        ints = b"".join(_number(8, value) for value in values)
        data += _part(5, _part(1, name.encode()) + ints + _number(20, 7))
    return data


def _tensor(name: str, values: np.ndarray) -> bytes:
    kind = _INT64 if values.dtype == np.int64 else _FLOAT
    raw = values.astype("<i8" if kind == _INT64 else "<f4").tobytes()
    data = b"".join(_number(1, side) for side in values.shape)
    return data + _number(2, kind) + _part(8, name.encode()) + _part(9, raw)


def _value(name: str, shape: Sequence[int]) -> bytes:
    sides = b"".join(_part(1, _number(1, side)) for side in shape)
    tensor = _number(1, _FLOAT) + _part(2, sides)
    return _part(1, name.encode()) + _part(2, _part(1, tensor))


def _part(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
