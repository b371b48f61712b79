"""One more output for an ONNX graph, without a library that knows the format.

Invariant: every byte of the graph stays; one field is added at its end, as Protocol Buffers allow.
"""

from __future__ import annotations

_GRAPH, _OUTPUT = 7, 12
_BYTES, _VARINT, _FIXED64, _FIXED32 = 2, 0, 1, 5
_FLOAT = 1


def with_output(model: bytes, tensor: str) -> bytes:
    """The model with a float tensor of its own among the outputs.

    Raises
    ------
    ValueError : these bytes are no model.
    """
    start, stop = _graph(model)
    kind = _field(1, _varint_field(1, _FLOAT))
    added = _field(_OUTPUT, _field(1, tensor.encode()) + _field(2, kind))
    size = _varint(stop - start + len(added))
    key = _varint(_GRAPH << 3 | _BYTES)
    head = start - len(_varint(stop - start)) - len(key)
    return b"".join([model[:head], key, size, model[start:stop], added, model[stop:]])


def _graph(model: bytes) -> tuple[int, int]:
    """Where the graph's own bytes begin and end."""
    at = 0
    while at < len(model):
        key, at = _read_varint(model, at)
        number, wire = key >> 3, key & 7
        if wire == _BYTES:
            size, at = _read_varint(model, at)
            if number == _GRAPH:
                return at, at + size
            at += size
        elif wire == _VARINT:
            _, at = _read_varint(model, at)
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            break
    raise ValueError("no ONNX model: it has no graph")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint_field(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content
