"""Telling people and programs what happens in the farm.

Invariant: what is to be told is in the ledger before anybody is told; telling never holds up the
work, and goes on after a crash where it stopped. Everybody is told at least once.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from farm.artifacts.retention import low_disk
from farm.config import NOTICES, CommandChannel, EmailChannel, Settings, WebhookChannel
from farm.domain.wording import MB
from farm.ledger.database import Database
from farm.ledger.event_feed import EventFeed, newest_event
from farm.ledger.outbox import Entry, Outbox
from farm.notify.delivery import Delivery, Tell, Tried
from farm.notify.notices import notices
from farm.registry import Registry

__all__ = ["Notifier"]

_BATCH = 2000
_UNWRITTEN = 500
_DISK = "disk"
_PRUNE_EVERY_S = 3600.0


class Notifier:
    """Made by the daemon that leads. ``deliveries``: one for each channel, each in its own thread."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        tried: Tried = lambda *_: None,
        over_quota: Callable[[], str] = lambda: "",
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._over_quota = over_quota
        self.outbox = Outbox(database)
        self._wanted: dict[str, frozenset[str]] = {}
        self.deliveries: list[Delivery] = []
        for name, channel in settings.notify.items():
            self._add(name, frozenset(channel.on), _tell(channel, settings, clock), tried)
        for hook in registry.pm.hook.farm_notify.get_hookimpls():
            name = f"plugin {hook.plugin_name}"[:64]
            self._add(name, frozenset(NOTICES), partial(_call, hook), tried)
        self.outbox.drop_channels(list(self._wanted))
        self._feed = EventFeed(database, self.outbox.position()) if self._wanted else None
        self._position = self.outbox.position()
        self._prune_at = 0.0
        self._disk_full = self.outbox.in_trouble(_DISK)

    def tick(self) -> int:
        """Record what new events are to be told; returns how many notices are new."""
        now_s = self._clock()
        if now_s >= self._prune_at:
            self._prune_at = now_s + _PRUNE_EVERY_S
            self.outbox.prune(now_s - self._settings.keep_days * 86_400)
        self._watch_disk()
        if self._feed is None:
            # A channel that is added later is not told what happened before.
            self._move_on({}, newest_event(self._database))
            return 0
        new = 0
        while events := self._feed.next(_BATCH):
            told = notices(events, self.outbox, self._settings.name)
            new += self._move_on(self._by_channel(told), self._feed.position)
            if len(events) < _BATCH:
                break
        return new

    def _move_on(self, told: Mapping[str, list[Entry]], position: int) -> int:
        # Events that tell nothing are cheaper to read again after a crash than to write each time.
        if not any(told.values()) and position - self._position < _UNWRITTEN:
            return 0
        self._position = position
        return self.outbox.record(told, position)

    def _by_channel(self, told: list[Entry]) -> dict[str, list[Entry]]:
        return {
            channel: [entry for entry in told if entry.kind in kinds]
            for channel, kinds in self._wanted.items()
        }

    def _add(self, name: str, kinds: frozenset[str], tell: Tell, tried: Tried) -> None:
        self._wanted[name] = kinds
        self.deliveries.append(Delivery(name, tell, self.outbox, tried))

    def _watch_disk(self) -> None:
        """Write an event when the spool's disk runs full or the store has reached its quota, and one
        when there is room again."""
        free = shutil.disk_usage(self._settings.spool_dir).free
        free_mb = free // MB
        low_mb = self._settings.low_disk_mb
        reason = self._over_quota()
        if free_mb < low_mb:
            reason = low_disk(free, self._settings)
        if reason and not self._disk_full:
            self._disk_full = True
            self.outbox.note_trouble(_DISK, "trouble", reason)
        elif self._disk_full and not reason and free_mb > low_mb * 1.1:
            self._disk_full = False
            self.outbox.note_trouble(_DISK, "recovered", f"{free_mb} MB are free again")


def _tell(
    channel: WebhookChannel | EmailChannel | CommandChannel,
    settings: Settings,
    clock: Callable[[], float],
) -> Tell:
    # Imported when wanted: most of the start of a daemon would be for mail and TLS.
    if isinstance(channel, WebhookChannel):
        from farm.notify import webhook

        return partial(webhook.post, channel, clock=clock)
    if isinstance(channel, EmailChannel):
        from farm.notify import mail

        return partial(mail.send, channel)
    from farm.notify import command

    return partial(command.run, channel, folder=settings.root)


def _call(hook: Any, body: Mapping[str, Any]) -> None:
    hook.function(**({"event": dict(body)} if "event" in hook.argnames else {}))
