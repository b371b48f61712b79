"""The two ways of telling looks apart, as one thing with a name.

Invariant: embeddings of one name can be compared with one another, and with no others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import Task
from farm_story.looks import classical
from farm_story.looks.measures import Pixels
from farm_story.stages import MODEL


@dataclass(frozen=True, slots=True)
class Eyes:
    """name : of the embedding with its version. embed : RGB pixels to numbers of length 1."""

    name: str
    embed: Callable[[Pixels], NDArray[np.float64]]

    def look(self, pixels: Pixels) -> list[float]:
        """The embedding as it is written down."""
        return [round(float(value), 4) for value in self.embed(pixels)]


def descriptor() -> Eyes:
    """Colours and edges."""
    return Eyes(classical.NAME, classical.look)


def network(task: Task[Any]) -> Eyes:
    """The features of the network, warm in the engine's cache."""
    from farm_story.looks import learned

    net = task.models.get(
        MODEL,
        lambda: learned.load(task.models.files(MODEL)),
        size_mb=learned.SIZE_MB,
    )
    return Eyes(learned.NAME, lambda pixels: learned.look(net, pixels, task.threads))
