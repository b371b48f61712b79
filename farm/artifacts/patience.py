"""A store that is waited for: what was made is not lost because it cannot be put anywhere just now.

Invariant: a call ends with the store's own answer, or with its complaint once somebody said to give
up; while it waits, what it waits for is told.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from farm.artifacts.store import Store
from farm.domain.errors import StoreError

T = TypeVar("T")

_PASSING = frozenset({"store.full", "store.refused", "store.unreachable"})
_FIRST_S, _LONGEST_S = 0.5, 5.0


def patient(store: Store, *, tell: Callable[[str], None], wait: Callable[[float], bool]) -> Store:
    """The store with a ``put`` and a ``fetch`` that wait while it is full, away or refuses the farm.

    tell : given the complaint each time, and nothing when it has passed. wait : waits for so many
    seconds and answers whether to give up.
    """
    return cast(Store, _PatientStore(store, tell, wait))


class _PatientStore:
    def __init__(
        self, store: Store, tell: Callable[[str], None], wait: Callable[[float], bool]
    ) -> None:
        self._store = store
        self._tell, self._wait = tell, wait

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, path: Path, *, suffix: str = "", move: bool = False) -> tuple[str, int]:
        """See :meth:`farm.artifacts.store.Store.put`."""
        return self._patiently(lambda: self._store.put(path, suffix=suffix, move=move))

    def fetch(self, hash: str, suffix: str = "") -> Path:
        """See :meth:`farm.artifacts.store.Store.fetch`."""
        return self._patiently(lambda: self._store.fetch(hash, suffix))

    def _patiently(self, act: Callable[[], T]) -> T:
        pause_s = _FIRST_S
        while True:
            try:
                done = act()
                if pause_s > _FIRST_S:
                    self._tell("")
                return done
            except StoreError as error:
                if error.code not in _PASSING:
                    raise
                # What to do comes first: a note is cut where it gets long.
                about = f"{error.mend} ({error.where}: {error.got})"
                self._tell(f"waits for the store: {error.what}. {about}")
                if self._wait(pause_s):
                    raise
                pause_s = min(pause_s * 2, _LONGEST_S)
