"""Model swaps of a mix: first come, as the farm places it, and the least there can be.

Invariant: all three see the same tasks, the same loads and the same engines.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm.domain.overtaking import MOST_SKIPS, MOST_WAIT_S
from farm.sim.mix import Mix
from farm.sim.optimum import bound
from farm.sim.replay import Replay, as_the_farm, first_come


@dataclass(frozen=True, slots=True)
class Swaps:
    """The comparison. bound : loads that no order of these tasks can avoid."""

    tasks: int
    models: int
    engines: int
    first_come: Replay
    farm: Replay
    bound: int

    @property
    def within_bounds(self) -> bool:
        """Whether nobody was passed over more often, or for longer, than overtaking allows."""
        return self.farm.skips <= MOST_SKIPS and self.farm.held_up_s <= self.allowed_s

    @property
    def allowed_s(self) -> float:
        """The longest that a task may be held up: until it is next, and then for a free engine."""
        return MOST_WAIT_S + self.farm.longest_s

    def lines(self) -> list[str]:
        """For people."""
        ours, theirs = self.farm, self.first_come
        return [
            f"tasks: {self.tasks}; models: {self.models}; engines: {self.engines}",
            _line("first come", theirs),
            _line("as the farm places them", ours),
            f"loads that no order avoids: {self.bound}; the farm makes "
            f"{ours.loads / self.bound:.2f} times as many, and {ours.loads / theirs.loads:.2f} of "
            "those of first come",
            f"passed over at the head of the queue: {ours.skips} times at most "
            f"(allowed: {MOST_SKIPS}), for {ours.held_up_s:.0f} s at most",
        ]


def compare(mix: Mix) -> Swaps:
    """Replay a mix both ways."""
    wanted = [task.model for task in mix.tasks]
    return Swaps(
        tasks=len(wanted),
        models=len(set(wanted)),
        engines=mix.engines,
        first_come=first_come(mix),
        farm=as_the_farm(mix),
        bound=bound(wanted),
    )


def _line(name: str, replay: Replay) -> str:
    return (
        f"{name}: models loaded {replay.loads} times in {replay.load_s:.0f} s, "
        f"all done after {replay.seconds:.0f} s"
    )
