"""The share of a film that one task works on.

Invariant: a task that was given no window works on the whole film; progress is told before each
picture, so that a task stops at the next one when it is asked to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from farm import Task

Item = TypeVar("Item")
Reader = Callable[[int, int | None], Iterator[Item]]
"""Reads frames from one number to another (not included), or to the end for ``None``."""


def share(task: Task[Any], read: Reader[Item]) -> Iterator[Item]:
    """What ``read`` gives of the task's window, one after another, with progress."""
    window = task.window
    start, stop = (window.start, window.stop) if window else (0, None)
    for index, item in enumerate(read(start, stop)):
        task.progress(index, window.frames if window else index + 1, f"frame {start + index}")
        yield item


def share_and_next(task: Task[Any], read: Reader[Item]) -> Iterator[tuple[Item, Item | None]]:
    """Each of the window with the one that follows it in the film; ``None`` after the last."""
    window = task.window
    start, length = (window.start, window.frames) if window else (0, None)
    held: Item | None = None
    index = 0
    for item in read(start, None):
        if held is not None:
            task.progress(index, length or index + 1, f"frame {start + index}")
            yield held, item
            index += 1
            if index == length:
                return
        held = item
    if length is not None and index + (held is not None) < length:
        # The film is shorter than the plan: reading to the end of the window says so.
        for _ in read(start, start + length):
            pass
    if held is not None:
        task.progress(index, length or index + 1, f"frame {start + index}")
        yield held, None
