"""The stage ``audio.states``: what a speech network makes of a sound, for each frame of a film.

Invariant: float32 (frames, width): row ``n`` is the mean of the network's states while frame ``n`` is
shown, weighted by how long; where there is no sound it is 0. Memory does not depend on the length.

Source of the network: A. Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of
Speech Representations", 2020; a state stands for 20 ms.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import InputError, ParameterError, Result, Task
from farm_vision.hearing.listening import RATE, Samples, frames_of, heard
from farm_vision.hearing.params import StateParams
from farm_vision.layers.networks import place_of, size_mb, transformers_for

SCHEMA = "farm.audio-states/1"
MARGIN_S = 0.5
"""Sound on both sides of a stretch that the network hears and nothing is kept of."""
States = NDArray[np.float32]


class Network:
    """A wav2vec 2.0 model in a folder of its library's form. stride : samples a state stands for."""

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        library = transformers_for(folder.name, threads)
        self._place, precision = place_of(device)
        here = {"local_files_only": True}
        model = library.Wav2Vec2Model.from_pretrained(
            folder, use_safetensors=True, dtype=precision, **here
        )
        self._model, self._precision = model.to(self._place).eval(), precision
        prepare = library.Wav2Vec2FeatureExtractor.from_pretrained(folder, **here)
        self._even = bool(prepare.do_normalize)
        self.width = int(model.config.hidden_size)
        self.layers = int(model.config.num_hidden_layers)
        self.stride = math.prod(model.config.conv_stride)

    def states(self, sound: Samples, layer: int) -> States:
        """States (N, width) of a stretch of sound; none of less than 25 ms."""
        if len(sound) < 2 * self.stride:
            return np.zeros((0, self.width), np.float32)
        given = sound.astype(np.float64)
        if self._even:
            given = (given - given.mean()) / math.sqrt(float(given.var()) + 1e-7)
        import torch

        values = torch.from_numpy(given.astype(np.float32))[None]
        values = values.to(self._place, self._precision)
        with torch.inference_mode():
            out = self._model(values, output_hidden_states=True)
        chosen = out.last_hidden_state if layer < 0 else out.hidden_states[layer]
        return np.asarray(chosen[0].float().cpu().numpy())


def run(task: Task[StateParams]) -> Result:
    """Write the states of ``audio`` to ``states`` and what they are to ``facts``."""
    params = task.params
    if not params.model:
        raise ParameterError(
            "names no model",
            where="model",
            expected="the name of a wav2vec 2.0 model in the store, in transformers' form",
            mend="See `farm models ls`.",
            code="states.no-model",
        )
    folder = task.models.files(params.model)
    network = task.models.get(
        f"wav2vec2:{params.model}:{task.device}",
        lambda: Network(folder, task.device, task.threads),
        size_mb=size_mb(folder),
    )
    target: Path = task.output("states", ".npy")
    facts: Path = task.output("facts", ".json")
    frames = frames_of(task)
    path = task.input("audio").path
    samples = sum(len(part) for part in _told(task, heard(path), 0.1))
    total = frames.total(Fraction(samples, RATE))
    if params.layer > network.layers:
        raise InputError(
            "the network has no such layer",
            where="layer",
            expected=f"at most {network.layers}",
            got=str(params.layer),
            mend="Choose a lower layer, or -1 for the last.",
            code="states.layer",
        )
    rows = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        target, "w+", np.dtype("<f4"), (total, network.width)
    )
    shares = np.zeros(total)
    for start, kept, sound in stretches(
        heard(path), round(params.context_s * RATE), network.stride
    ):
        task.progress(0.1 + 0.9 * start / samples, 1, f"{start // RATE} s")
        states = network.states(sound, params.layer)
        first, stop = kept.start // network.stride, -(-kept.stop // network.stride)
        _add(states[first:stop], start + kept.start, network.stride, frames.fps, rows, shares)
    heard_rows = shares > 0
    rows[heard_rows] /= shares[heard_rows, None].astype(np.float32)
    rows.flush()
    note = {
        "schema": SCHEMA,
        "model": params.model,
        "layer": params.layer,
        "fps": str(frames.fps),
        "frames": total,
        "width": network.width,
        "dtype": "float32",
    }
    facts.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"states": target, "facts": facts}


def stretches(
    parts: Iterable[Samples], length: int, stride: int
) -> Iterator[tuple[int, slice, Samples]]:
    """Where each stretch begins, what of it is kept, and its sound, with margins on both sides.

    length : samples of a stretch. What is kept of all of them is the whole, once.
    """
    margin = -(-round(MARGIN_S * RATE) // stride) * stride
    length = max(length // stride * stride, 3 * margin)
    held, start = np.empty(0, np.float32), 0
    for part in parts:
        held = np.concatenate([held, part])
        while len(held) > length:
            yield start, slice(margin if start else 0, length - margin), held[:length]
            held, start = held[length - 2 * margin :], start + length - 2 * margin
    if len(held):
        yield start, slice(margin if start else 0, len(held)), held


def _add(
    states: States, begin: int, stride: int, fps: Fraction, rows: Any, shares: NDArray[np.float64]
) -> None:
    """Add states, the first of which begins at a sample, to the frames they are heard in."""
    scale = float(fps) / RATE
    edges = (begin + np.arange(len(states) + 1) * stride) * scale
    if not len(states) or edges[0] >= len(rows):
        return
    first, stop = int(edges[0]), min(len(rows), math.ceil(edges[-1]))
    frame = np.arange(first, stop)[:, None]
    overlap = np.minimum(edges[1:], frame + 1) - np.maximum(edges[:-1], frame)
    overlap = np.maximum(overlap, 0.0)
    rows[first:stop] += np.einsum("fs,sw->fw", overlap, states).astype(np.float32)
    shares[first:stop] += overlap.sum(axis=1)


def _told(task: Task[StateParams], parts: Iterable[Samples], share: float) -> Iterator[Samples]:
    for number, part in enumerate(parts):
        task.progress(share * number / (number + 10), 1, "length")
        yield part
