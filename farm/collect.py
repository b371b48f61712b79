"""Garbage collection: removing what no job and no receipt needs any more.

Invariant: an artifact is first marked missing in the ledger, in a transaction that sees no use of it,
and only then removed from the store; so the stage cache never answers with a file that is gone.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from farm.artifacts.retention import collect as choose
from farm.artifacts.store import Store
from farm.config import Settings
from farm.ledger.artifacts import Artifacts

_log = logging.getLogger(__name__)
_STALE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed, or would remove."""

    artifacts: int = 0
    bytes: int = 0
    scratch: int = 0
    logs: int = 0


def collect(
    settings: Settings,
    store: Store,
    ledger: Artifacts,
    clock: Callable[[], float],
    *,
    dry_run: bool = False,
) -> Collected:
    """Remove unneeded artifacts past their age (or over the quota), old logs and dead scratch."""
    now_s = clock()
    keep_after_s = now_s - settings.keep_days * 86_400
    chosen = choose(
        store.hashes(),
        ledger.needed(keep_after_s),
        keep_days=settings.keep_days,
        quota_mb=settings.quota_mb,
        now_s=now_s,
    )
    removed = size = 0
    for removal in chosen.removals:
        if not dry_run:
            if not ledger.mark_missing(removal.hash, keep_after_s):
                continue  # A job began to use it since.
            store.delete(removal.hash, not_after_s=removal.not_after_s)
        removed += 1
        size += removal.size_bytes
    scratch = _remove_old(settings.spool_dir / "scratch", now_s - _STALE_S, dry_run)
    logs = _remove_old(settings.spool_dir / "logs", keep_after_s, dry_run)
    if not dry_run:
        store.sweep(_STALE_S, now_s)
    done = Collected(removed, size, scratch, logs)
    if removed or scratch or logs:
        _log.info("collected %s", done)
    return done


def _remove_old(parent: Path, older_than_s: float, dry_run: bool) -> int:
    """Remove entries of ``parent`` in which nothing changed since; returns how many."""
    removed = 0
    if not parent.is_dir():
        return 0
    for entry in parent.iterdir():
        if _newest_s(entry) >= older_than_s:
            continue
        removed += 1
        if dry_run:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    return removed


def _newest_s(entry: Path) -> float:
    """When anything in a file or folder last changed; what vanishes meanwhile is passed over."""
    newest = 0.0
    for file in (entry, *(entry.rglob("*") if entry.is_dir() else ())):
        with contextlib.suppress(FileNotFoundError):
            newest = max(newest, file.lstat().st_mtime)
    return newest
