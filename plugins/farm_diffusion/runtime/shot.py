"""One task at work: what a loop of its own is given, and the plain call.

Invariant: noise follows from the task's seed, its window and the number of the call alone, and is drawn
on the processor, so that any node makes the same.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from farm import Task, window_seed
from farm_diffusion.choices import RecipeParams, Settings
from farm_diffusion.recipes import Recipe
from farm_diffusion.runtime.libraries import library
from farm_diffusion.runtime.steps import Steps


@dataclass(slots=True)
class Shot:
    """A task with its pipeline and arguments.

    arguments : of the call, as the recipe says. given : what was read from each port, by port.
    """

    task: Task[RecipeParams]
    recipe: Recipe
    settings: Settings
    pipe: Any
    arguments: dict[str, Any]
    given: Mapping[str, Any]
    steps: Steps
    _calls: int = field(default=0)

    @property
    def log(self) -> logging.Logger:
        """Lines for the attempt's log."""
        return self.task.log

    @property
    def seed(self) -> int:
        """Of this task: of its window, where it is one of a film's."""
        return seed_of(self.task)

    def expect(self, calls: int, steps: int) -> None:
        """How many calls there will be, and steps in each; for the progress."""
        self.steps.expect(calls, steps)

    def generator(self, number: int = 0) -> Any:
        """Random numbers for a part of this task; number 0 has the task's own seed."""
        seed = self.seed if number == 0 else window_seed(self.seed, number)
        return library("torch").Generator("cpu").manual_seed(seed)

    def generate(self, **changes: Any) -> Any:
        """Call the pipeline once, with ``arguments`` and the changes (``None`` removes one).

        Raises
        ------
        TaskCancelled : the task was asked to stop; at the next step.
        """
        named = {**self.arguments, **changes}
        takes = inspect.signature(self.pipe.__call__).parameters
        open_ended = any(p.kind is p.VAR_KEYWORD for p in takes.values())
        if "generator" not in named and ("generator" in takes or open_ended):
            named["generator"] = self.generator(self._calls)
        if "output_type" not in named and ("output_type" in takes or open_ended):
            # Numbers, because pictures cannot tell what is none.
            named["output_type"] = "np"
        self._calls += 1
        named = {name: value for name, value in named.items() if value is not None}
        self.task.checkpoint()
        with self.steps.watching(self.pipe, named) as watched:
            return self.pipe(**watched)


def seed_of(task: Task[Any]) -> int:
    """The seed of a task: of its window, or of the only one."""
    return window_seed(task.seed, task.window.index if task.window else 0)


def call_once(shot: Shot) -> Mapping[str, Any]:
    """What a recipe without a loop of its own does: one call, and the fields it returns."""
    made = shot.generate()
    fields = {output.field for output in shot.recipe.outputs.values()}
    return {name: getattr(made, name) for name in fields if hasattr(made, name)}
