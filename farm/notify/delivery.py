"""Delivering one channel's notices, with patience.

Invariant: what is due is tried in order until it is delivered or was tried often enough, each try is
written down, and a channel that is slow or broken delays no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from farm.domain.errors import FarmError
from farm.ledger.outbox import Notification, Outbox
from farm.logs import about

_log = logging.getLogger(__name__)

TRIES = 12
"""About seven hours with the pauses of :func:`pause_s`."""


class Refused(FarmError):
    """Raised when nothing may be sent to an address, or nobody there wants it any more."""


Tell = Callable[[Mapping[str, Any]], None]
Tried = Callable[[str, str], None]
"""Called with the channel and ``delivered``, ``failed`` or ``given-up``."""


def pause_s(tries: int) -> float:
    """Seconds until the next try: 5, 15, 45, ... an hour at most."""
    return float(min(3600, 5 * 3 ** min(tries, 6)))


class Delivery:
    """One channel. ``tell`` sends one notice and raises when it could not."""

    def __init__(
        self, channel: str, tell: Tell, outbox: Outbox, tried: Tried = lambda *_: None
    ) -> None:
        self.channel = channel
        self._tell = tell
        self._outbox = outbox
        self._tried = tried

    def tick(self) -> None:
        """Try what is due; after a failure the rest waits for the next tick."""
        while due := self._outbox.due(self.channel):
            for notice in due:
                with about(str(notice.body.get("correlation", ""))):
                    if not self._deliver(notice):
                        return

    def _deliver(self, notice: Notification) -> bool:
        try:
            self._tell(notice.body)
        except Exception as error:
            self._failed(notice, error)
            return False
        self._outbox.delivered(notice.id)
        self._tried(self.channel, "delivered")
        return True

    def _failed(self, notice: Notification, error: Exception) -> None:
        why = error.sentence() if isinstance(error, FarmError) else str(error)
        why = why or type(error).__name__
        gone = isinstance(error, Refused) and error.got.startswith("410")
        if gone or notice.tries + 1 >= TRIES:
            self._outbox.given_up(notice.id, why)
            self._tried(self.channel, "given-up")
            _log.error("%s is told no more of %r: %s", self.channel, notice.body["title"], why)
            return
        wait_s = pause_s(notice.tries)
        self._outbox.again(notice.id, why, wait_s)
        self._tried(self.channel, "failed")
        _log.warning("%s could not be told, again in %g s: %s", self.channel, wait_s, why)
