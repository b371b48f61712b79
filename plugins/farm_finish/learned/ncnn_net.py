"""A network in ncnn's own format, run on the processor.

Invariant: whole float32 precision and a fixed number of threads, so that the same picture gives the
same result each time; a long run can be stopped on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ncnn
import numpy as np

from farm import FarmError
from farm.media.light import Light

_LAYERS_A_STEP = 8
"""Convolutions between two chances to stop."""


class NcnnNet:
    """``NAME.param`` and ``NAME.bin``, with one input and one output."""

    def __init__(self, stem: Path, threads: int = 1) -> None:
        """Load the network. stem : path of both files less their endings. Raises FarmError."""
        self._net = ncnn.Net()
        options = self._net.opt
        options.use_vulkan_compute = False
        options.num_threads = threads
        for name in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
            setattr(options, f"use_{name}", False)
        self._name = stem.name
        parameters = stem.with_name(f"{stem.name}.param")
        weights = stem.with_name(f"{stem.name}.bin")
        failed = self._net.load_param(str(parameters)) or self._net.load_model(str(weights))
        if failed:
            raise FarmError("ncnn cannot load the network", where=stem.name, code="model.load")
        (self._input,), (self._output,) = self._net.input_names(), self._net.output_names()
        # Last field of a line before its settings: the name of what the layer gives.
        layers = [line.split() for line in parameters.read_text(encoding="ascii").splitlines()]
        given = [fields[5] for fields in layers if fields[0] == "Convolution"]
        self._steps = [*given[_LAYERS_A_STEP::_LAYERS_A_STEP], self._output]

    def __call__(self, signal: Light, pause: Callable[[], None]) -> Light:
        """The result float32 (C, H, W). pause : called on the way; what it raises ends the run."""
        extractor = self._net.create_extractor()
        extractor.set_light_mode(True)
        # ncnn looks at the array's own memory, so the array must outlive the run.
        signal = np.ascontiguousarray(signal, np.float32)
        failed = extractor.input(self._input, ncnn.Mat(signal))
        made = None
        for step in self._steps:
            pause()
            if not failed:
                failed, made = extractor.extract(step)
        if failed or made is None:
            raise FarmError("ncnn did not finish the picture", where=self._name, code="model.run")
        return np.array(made)
