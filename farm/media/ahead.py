"""Work done ahead of the one who waits for it, on a thread of its own.

Invariant: the same items in the same order, at most ``depth`` of them waiting; an error comes out
where its item would have, and a consumer that stops early leaves no thread behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")
_WAIT_S = 0.1


@contextmanager
def ahead(items: Iterable[Item], depth: int = 3) -> Iterator[Iterator[Item]]:
    """The items, made on another thread while the last ones are used."""
    waiting: Queue[tuple[Item | None, BaseException | None]] = Queue(depth)
    stopped = Event()

    def hand(item: Item | None, error: BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put((item, error), timeout=_WAIT_S)
                return
            except Full:
                continue

    def make() -> None:
        try:
            for item in items:
                hand(item, None)
                if stopped.is_set():
                    return
            hand(None, StopIteration())
        except BaseException as error:
            hand(None, error)

    def taken() -> Iterator[Item]:
        while True:
            try:
                item, error = waiting.get(timeout=_WAIT_S)
            except Empty:
                continue
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]

    worker = Thread(target=make, name="ahead", daemon=True)
    worker.start()
    try:
        yield taken()
    finally:
        stopped.set()
        worker.join()
