"""A network in ncnn's own format, run by torch: on a graphics processor in half precision.

Invariant: the same layers with the same weights as ncnn runs, of the few kinds that networks for
enlarging are made of; any other kind is refused by name when the network is loaded.

The format: Tencent's ncnn, "param and model file structure" (its documentation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from farm import FarmError
from farm.media.light import Light

_HALVES = 0x01306B47
"""Mark in front of weights that are kept as float16."""
_INTERP = {1: "nearest", 2: "bilinear", 3: "bicubic"}
_LAYERS_A_STEP = 40

Settings = dict[int, list[float]]


@dataclass(slots=True)
class _Layer:
    """A line of the parameters: what kind, from which blobs to which, its settings and weights."""

    kind: str
    takes: list[str]
    gives: list[str]
    settings: Settings
    weights: list[Tensor]

    def number(self, key: int, default: float = 0.0) -> float:
        return self.settings.get(key, [default])[0]


class TorchNet:
    """``NAME.param`` and ``NAME.bin``, with one input and one output."""

    def __init__(self, stem: Path, device: str) -> None:
        """Load the network onto ``cpu`` or ``cuda:0``. Raises FarmError."""
        self._device = torch.device(device)
        text = stem.with_name(f"{stem.name}.param").read_text(encoding="ascii")
        self._layers = [_layer(line.split()) for line in text.splitlines()[2:] if line.strip()]
        weights = _Reader(stem.with_name(f"{stem.name}.bin").read_bytes(), stem.name)
        for layer in self._layers:
            if layer.kind not in _KINDS:
                raise FarmError(
                    "torch cannot run this kind of layer",
                    where=stem.name,
                    got=layer.kind,
                    expected=", ".join(sorted(_KINDS)),
                    code="model.load",
                )
            layer.weights = [part.to(self._device) for part in _weights(layer, weights)]
        weights.finished()

    def __call__(self, signal: Light, pause: Callable[[], None]) -> Light:
        """The result float32 (C, H, W). pause : called on the way; what it raises ends the run."""
        on_gpu = self._device.type == "cuda"
        left = {name: 0 for layer in self._layers for name in layer.gives}
        for layer in self._layers:
            for name in layer.takes:
                left[name] += 1
        with torch.inference_mode(), torch.autocast(self._device.type, torch.float16, on_gpu):
            picture = torch.from_numpy(np.ascontiguousarray(signal, np.float32))[None]
            blobs: dict[str, Tensor] = {}
            made = picture.to(self._device)
            for number, layer in enumerate(self._layers):
                if number % _LAYERS_A_STEP == 0:
                    pause()
                taken = [blobs[name] for name in layer.takes] or [made]
                made = _KINDS[layer.kind](layer, taken)
                blobs |= dict.fromkeys(layer.gives, made)
                for name in layer.takes:
                    left[name] -= 1
                    if not left[name]:
                        del blobs[name]
            return made[0].float().cpu().numpy()


class _Reader:
    """Weights in the order of the layers."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content, self._name, self._at = content, name, 0

    def tagged(self, count: int) -> Tensor:
        """Values behind a mark that says how they are kept."""
        mark = int(self._take(np.uint32, 1)[0])
        if mark == _HALVES:
            values = self._take(np.float16, count)
            self._at += -self._at % 4
        elif mark == 0:
            values = self._take(np.float32, count)
        else:
            raise self._broken(f"weights kept as {mark:#010x}")
        return torch.from_numpy(values.astype(np.float32))

    def plain(self, count: int) -> Tensor:
        """Values as float32."""
        return torch.from_numpy(self._take(np.float32, count).copy())

    def finished(self) -> None:
        """Raise FarmError unless every weight was read."""
        if self._at != len(self._content):
            raise self._broken(f"{len(self._content) - self._at} bytes too many")

    def _take(self, kind: type[np.generic], count: int) -> np.ndarray:
        stop = self._at + count * np.dtype(kind).itemsize
        if stop > len(self._content):
            raise self._broken("too few weights")
        values = np.frombuffer(self._content, kind, count, self._at)
        self._at = stop
        return values

    def _broken(self, got: str) -> FarmError:
        return FarmError(
            "the weights do not fit the network", where=self._name, got=got, code="model.load"
        )


def _layer(fields: list[str]) -> _Layer:
    takes, gives = int(fields[2]), int(fields[3])
    names, written = fields[4 : 4 + takes + gives], fields[4 + takes + gives :]
    settings: Settings = {}
    for entry in written:
        key, _, value = entry.partition("=")
        numbers = [float(part) for part in value.split(",")]
        # Keys below -23300 are lists that begin with their length.
        listed = int(key) <= -23300
        settings[-int(key) - 23300 if listed else int(key)] = numbers[1:] if listed else numbers
    return _Layer(fields[0], names[:takes], names[takes:], settings, [])


def _weights(layer: _Layer, weights: _Reader) -> list[Tensor]:
    if layer.kind == "Convolution":
        out, side, count = (int(layer.number(key)) for key in (0, 1, 6))
        kernel = weights.tagged(count).view(out, -1, side, side)
        bias = weights.plain(out) if layer.number(5) else torch.zeros(out)
        return [kernel, bias]
    return [weights.plain(int(layer.number(0)))] if layer.kind == "PReLU" else []


def _convolution(layer: _Layer, taken: list[Tensor]) -> Tensor:
    made = functional.conv2d(taken[0], *layer.weights, padding=int(layer.number(4)))
    return functional.leaky_relu(made, layer.number(10)) if layer.number(9) == 2 else made


def _resized(layer: _Layer, taken: list[Tensor]) -> Tensor:
    mode = _INTERP[int(layer.number(0))]
    how = {} if mode == "nearest" else {"align_corners": False}
    scale = (layer.number(1), layer.number(2))
    return functional.interpolate(taken[0], scale_factor=scale, mode=mode, **how)


def _sum(layer: _Layer, taken: list[Tensor]) -> Tensor:
    shares = layer.settings.get(1, [1.0] * len(taken))
    return torch.stack([part * share for part, share in zip(taken, shares, strict=True)]).sum(0)


_KINDS: dict[str, Callable[[_Layer, list[Tensor]], Tensor]] = {
    "Input": lambda layer, taken: taken[0],
    "Split": lambda layer, taken: taken[0],
    "Concat": lambda layer, taken: torch.cat(taken, 1),
    "Convolution": _convolution,
    "PReLU": lambda layer, taken: functional.prelu(taken[0], layer.weights[0].to(taken[0].dtype)),
    "PixelShuffle": lambda layer, taken: functional.pixel_shuffle(taken[0], int(layer.number(0))),
    "Interp": _resized,
    "BinaryOp": lambda layer, taken: taken[0] + taken[1],
    "Eltwise": _sum,
}
