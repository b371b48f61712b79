"""Dramatiq over Redis or Valkey: the wire between the scheduler and the nodes.

Invariant: a message is ``(task id, attempt number, fence)`` and nothing else; losing, repeating or
reordering messages changes nothing, because the claim in the ledger decides.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.middleware import Retries
from dramatiq.worker import Worker

from farm.ledger.records import Message

_ACTOR = "run_task"
_log = logging.getLogger(__name__)


def open_broker(url: str, farm: str) -> _BelledBroker:
    """A broker with the only middleware renders want.

    Dramatiq's own list has a ten-minute time limit and twenty retries; here the ledger and the
    scheduler own time limits and retries. ``Retries(0)`` dead-letters a message whose actor raised
    instead of acknowledging it as done.
    """
    broker = _BelledBroker(url=url, middleware=[Retries(max_retries=0)], namespace=f"farm:{farm}")
    broker.client.connection_pool.connection_kwargs.setdefault("socket_connect_timeout", 2)
    return broker


def queue_of(node: str) -> str:
    """The name of a node's own queue, and of its bell."""
    return f"node.{node}"


class _BelledBroker(RedisBroker):
    """Looks for messages when its bell rings, and at each idle poll in case a ring was lost.

    Dramatiq's consumer sleeps between looks, so a short poll burns a core's tenth on every idle
    node and a long one delays each start by half of it (``docs/decisions/006``).
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.arrival = threading.Event()

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        return _BelledConsumer


class _BelledConsumer(_RedisConsumer):
    def __init__(self, broker: _BelledBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        # With no idle time of its own the consumer below returns at once when nothing is there.
        super().__init__(broker, queue_name, prefetch, 0)  # type: ignore[no-untyped-call]
        self._arrival = broker.arrival
        self._poll_s = timeout / 1000
        # Only renders' own queue is rung for; the farm delays no messages.
        self._rung = not queue_name.endswith(".DQ")

    def __next__(self) -> Any:
        if not self._rung:
            time.sleep(self._poll_s)
            return super().__next__()  # type: ignore[no-untyped-call]
        self._arrival.clear()
        message = super().__next__()  # type: ignore[no-untyped-call]
        if message is None:
            self._arrival.wait(self._poll_s)
        return message

    def ack(self, message: Any) -> None:
        super().ack(message)  # type: ignore[no-untyped-call]
        self._arrival.set()  # There is room for one more.


class Sender:
    """The scheduler's end of the wire."""

    def __init__(self, broker: RedisBroker, farm: str) -> None:
        self._broker = broker
        self._farm = farm

    def send(self, message: Message) -> bool:
        """Put a message on its node's queue; false when the broker cannot be reached.

        A false answer is no error: the attempt stays ``sent`` in the ledger and is sent again.
        """
        queue = queue_of(message.node)
        try:
            self._broker.declare_queue(queue)
            self._broker.enqueue(
                dramatiq.Message(
                    queue_name=queue,
                    actor_name=_ACTOR,
                    args=(message.task_id, message.number, message.fence),
                    kwargs={},
                    options={},
                )
            )
            self._broker.client.publish(_channel(self._farm, queue), b"")
        except (redis.RedisError, OSError) as error:
            _log.warning("the broker did not take %s: %s", message, error)
            return False
        return True


class Receiver:
    """A node's end of the wire: runs ``handle(task id, number, fence)`` in worker threads."""

    def __init__(
        self,
        url: str,
        farm: str,
        *,
        node: str,
        threads: int,
        prefetch: int,
        poll_ms: int,
        handle: Callable[[str, int, int], None],
    ) -> None:
        broker = open_broker(url, farm)
        self._bell = Bell(url, farm, queue_of(node))
        self._arrival = broker.arrival
        declare = dramatiq.actor(actor_name=_ACTOR, queue_name=queue_of(node), broker=broker)
        declare(handle)
        self._worker = Worker(broker, worker_threads=threads, worker_timeout=poll_ms)
        self._worker.queue_prefetch = prefetch

    def start(self) -> None:
        """Begin to take messages."""
        self._bell.listen(self._arrival.set)
        self._worker.start()

    def stop(self, timeout_s: float) -> None:
        """Take no more messages; wait for running handlers."""
        self._bell.close()
        self._arrival.set()
        self._worker.stop(timeout=int(timeout_s * 1000))


class Bell:
    """Wakes sleeping loops across processes; a lost ring only costs one poll interval.

    door : whose bell it is, the daemon's or a node's (see :func:`queue_of`).
    """

    def __init__(self, url: str, farm: str, door: str = "daemon") -> None:
        self._client = redis.Redis.from_url(url, socket_connect_timeout=2)
        self._channel = _channel(farm, door)
        self._stopped = threading.Event()

    def ring(self) -> None:
        """Wake whoever listens."""
        try:
            self._client.publish(self._channel, b"")
        except (redis.RedisError, OSError):
            _log.debug("nobody heard the bell: the broker is away")

    def listen(self, heard: Callable[[], None]) -> None:
        """Call ``heard`` at each ring, from a thread of its own, until :meth:`close`."""
        threading.Thread(target=self._loop, args=(heard,), name="bell", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._stopped.set()

    def _loop(self, heard: Callable[[], None]) -> None:
        while not self._stopped.is_set():
            try:
                pubsub: Any = self._client.pubsub
                with pubsub(ignore_subscribe_messages=True) as subscription:
                    subscription.subscribe(self._channel)
                    heard()
                    while not self._stopped.is_set():
                        if subscription.get_message(timeout=5.0) is not None:
                            heard()
            except (redis.RedisError, OSError):
                # The embedded server is restarted within a second; until then polling carries on.
                self._stopped.wait(0.5)


def _channel(farm: str, door: str) -> str:
    return f"farm:{farm}:bell:{door}"
