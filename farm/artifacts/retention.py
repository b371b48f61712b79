"""What the store may forget, and when the farm must stop taking work: pure decisions.

Invariant: nothing that a live job or a receipt needs is ever chosen, nor anything put within the
grace period, which may belong to a running attempt whose result is not in the ledger yet.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from farm.artifacts.store import Store
from farm.domain.wording import MB

GRACE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Removal:
    """One artifact to delete. ``not_after_s`` is for ``Store.delete``: a put renews the age."""

    hash: str
    size_bytes: int
    reason: Literal["age", "quota"]
    not_after_s: float


@dataclass(frozen=True, slots=True)
class Collectable:
    """What a collection looks at: ``total_bytes`` in the store, and what to remove, in order."""

    total_bytes: int
    removals: tuple[Removal, ...]

    @property
    def freed_bytes(self) -> int:
        """Sum of what is removed."""
        return sum(removal.size_bytes for removal in self.removals)


def collect(
    stored: Iterable[tuple[str, int, float]],
    needed: Collection[str],
    *,
    keep_days: float,
    quota_mb: int,
    now_s: float,
    grace_s: float = GRACE_S,
) -> Collectable:
    """Decide what to remove, oldest first.

    stored : ``Store.hashes()``: hash, size in bytes, last put in seconds since 1970.
    needed : hashes that live jobs or receipts use.
    keep_days : unneeded artifacts older than this go. quota_mb : then, while the store holds more
        than this, the oldest unneeded ones go, young or not; 0 is no quota.

    A time of last put in the future (the clock was set back) counts as young.
    """
    total, candidates = 0, []
    for hash, size_bytes, put_s in stored:
        total += size_bytes
        if hash not in needed and put_s < now_s - grace_s:
            candidates.append((put_s, hash, size_bytes))
    left, removals = total, []
    for put_s, hash, size_bytes in sorted(candidates):
        reason: Literal["age", "quota"]
        if put_s < now_s - keep_days * 86_400:
            reason = "age"
        elif quota_mb and left > quota_mb * MB:
            reason = "quota"
        else:
            break  # the rest is younger, and the store is small enough
        left -= size_bytes
        removals.append(Removal(hash, size_bytes, reason, now_s - grace_s))
    return Collectable(total, tuple(removals))


class RoomSettings(Protocol):
    """The settings that :func:`room` reads (``farm.config.Settings`` has them)."""

    @property
    def low_disk_mb(self) -> int:
        """Free disk under which nothing new is accepted."""

    @property
    def quota_mb(self) -> int:
        """Most the store may hold; 0 is no quota."""


def room_to_work(store: Store, settings: RoomSettings, spool: Path) -> str:
    """Why a node may begin nothing new now, or nothing when it may: scratch and store need
    room, and the store's service must let the farm use it."""
    free = shutil.disk_usage(spool).free
    if free < settings.low_disk_mb * MB:
        return low_disk(free, settings)
    return room(store, settings) or ""


def room(store: Store, settings: RoomSettings, *, used_bytes: int = 0) -> str | None:
    """Why nothing new may be accepted now, or ``None`` when there is room in a store that may be
    used.

    used_bytes : what the store holds, as the last collection or the ledger counted it.
    """
    return store.refusal() or space(store, settings, used_bytes=used_bytes)


def space(store: Store, settings: RoomSettings, *, used_bytes: int = 0) -> str | None:
    """Which room is lacking, or ``None``; ``used_bytes`` as for :func:`room`."""
    free = store.free_bytes()
    if free is not None and free < settings.low_disk_mb * MB:
        return low_disk(free, settings)
    return over_quota(settings, used_bytes) or None


def over_quota(settings: RoomSettings, used_bytes: int) -> str:
    """Why the store may not grow now, or nothing when it may."""
    if settings.quota_mb and used_bytes > settings.quota_mb * MB:
        return (
            f"over quota: the store holds {-(-used_bytes // MB)} MB, more than "
            f"quota_mb = {settings.quota_mb}; run `farm gc`, lower `keep_days` or raise the quota"
        )
    return ""


def low_disk(free_bytes: int, settings: RoomSettings) -> str:
    """What to tell of so little free disk."""
    return (
        f"low disk: {free_bytes // MB} MB free, less than low_disk_mb = {settings.low_disk_mb}; "
        "free some room or run `farm gc`"
    )
