"""Small networks in the TensorFlow Lite format, run on one thread of the processor.

Invariant: a network is loaded once for each engine and gives the same numbers for the same picture;
its outputs come in the order of their names, whatever order the file lists them in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import FarmError, MissingExtra, Task

Values = NDArray[np.float32]


class Network:
    """One network. ``side``: height and width in pixels of the picture it looks at."""

    def __init__(self, path: Path) -> None:
        """Load the network. Raises MissingExtra, FarmError."""
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise MissingExtra(
                "the package ai-edge-litert is not installed",
                where=path.name,
                mend="pip install 'farm[vision]'",
                code="vision.extra",
            ) from error
        try:
            self._net = Interpreter(model_path=str(path), num_threads=1)
            self._net.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise FarmError(
                "the network cannot be loaded", where=path.name, got=str(error), code="model.load"
            ) from error
        (given,) = self._net.get_input_details()
        self._input = int(given["index"])
        self.side: tuple[int, int] = (int(given["shape"][1]), int(given["shape"][2]))
        made = sorted(self._net.get_output_details(), key=lambda output: str(output["name"]))
        self._outputs = [int(output["index"]) for output in made]

    def __call__(self, picture: Values) -> list[Values]:
        """The outputs in the order of their names. picture: float32 (height, width, 3)."""
        self._net.set_tensor(self._input, picture[None])
        self._net.invoke()
        return [self._net.get_tensor(index)[0] for index in self._outputs]


def network(task: Task[Any], model: str, file: str, size_mb: int) -> Network:
    """The network in a file of a model of the store, warm if this engine has used it before."""
    path = task.models.files(model) / file
    loaded: Network = task.models.get(
        f"litert:{model}/{file}:{path.parent.name}", lambda: Network(path), size_mb=size_mb
    )
    return loaded
