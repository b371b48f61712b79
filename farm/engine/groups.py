"""Which models are whole: the parts that a stage loads under one model key.

Invariant: a group counts as whole only if a task that used it ended well, and every part that this
task took is in place; so a cancelled load never makes a model look warm.
"""

from __future__ import annotations

from collections.abc import Mapping, Set


class Groups:
    """What each group is made of, as the newest task that ended well took it."""

    def __init__(self) -> None:
        self._parts: dict[str, frozenset[str]] = {}
        self._taken: dict[str, set[str]] = {}

    def take(self, group: str, key: str) -> None:
        """The running task takes the model ``key`` as a part of ``group``."""
        if group == key:
            # A model of its own is whole as soon as it is there.
            self._parts[group] = frozenset({key})
        else:
            self._taken.setdefault(group, set()).add(key)

    def task_ended(self, *, ok: bool) -> None:
        """What the task took is what its groups are made of, if it ended well."""
        if ok:
            for group, keys in self._taken.items():
                self._parts[group] = frozenset(keys)
        self._taken.clear()

    def whole(self, sizes: Mapping[str, int], known: Set[str]) -> dict[str, int]:
        """Group to MB of those whose every part is in ``sizes``, least recently used first.

        sizes : key to MB on the device, least recently used first. known : every key the cache
        still holds; groups without any are forgotten.
        """
        self._parts = {g: parts for g, parts in self._parts.items() if parts & known}
        at = {key: number for number, key in enumerate(sizes)}
        whole = [(g, parts) for g, parts in self._parts.items() if parts <= sizes.keys()]
        whole.sort(key=lambda item: max(at[key] for key in item[1]))
        return {group: sum(sizes[key] for key in parts) for group, parts in whole}
