"""The console's tabs: one row for each screen that has a number.

Invariant: a screen is imported when it is first opened, so that the first paint pays for one screen.
Numbers are fixed: 1 overview, 2 jobs, 3 nodes, 4 queue, 5 intake, 6 plugins, 7 reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.tui.screens.screen import FarmScreen


@dataclass(frozen=True, slots=True)
class Tab:
    """A screen with a number. ``where``: ``module:class``; ``about``: for the help and tooltips."""

    key: str
    name: str
    where: str
    about: str

    def load(self) -> type[FarmScreen]:
        """The screen's class."""
        module, _, name = self.where.partition(":")
        found: type[FarmScreen] = getattr(import_module(module), name)
        return found

    def make(self) -> Callable[[], FarmScreen]:
        """A function that makes the screen."""
        return lambda: self.load()()


TABS: tuple[Tab, ...] = (
    Tab("1", "overview", "farm.tui.screens.overview:OverviewScreen", "The farm at a glance"),
    Tab("2", "jobs", "farm.tui.screens.jobs:JobsScreen", "Every job: find, open and steer"),
    Tab("3", "nodes", "farm.tui.screens.nodes:NodesScreen", "The machines and orders to them"),
    Tab("4", "queue", "farm.tui.screens.queue:QueueScreen", "What waits, and why"),
    Tab("5", "intake", "farm.tui.screens.intake:IntakeScreen", "What arrives; a new job"),
    Tab("6", "plugins", "farm.tui.screens.plugins:PluginsScreen", "What can be asked of this farm"),
    Tab("7", "reports", "farm.tui.screens.reports:ReportsScreen", "What a period used"),
)
