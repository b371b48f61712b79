"""One server as the pool sees it: whether it answers, what it has, how busy it is, what is warm.

Invariant: what is told is never older than its time to live; a server that does not answer is asked
again less and less often, and one that failed a run is left alone for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from farm.domain.errors import FarmError
from farm_comfyui.answers import Queue, Standing
from farm_comfyui.bound import Needs
from farm_comfyui.checking import lacks
from farm_comfyui.client import About, Client
from farm_comfyui.downloads import Downloads
from farm_comfyui.failures import LoginRefused
from farm_comfyui.servers import Patience, Server
from farm_comfyui.uploads import Uploads

_ABOUT_S = 30.0
_NODES_S = 60.0
_QUEUE_S = 0.5
_USUAL_S = 60.0
_RECENT = 8
_AGAIN_S = (1.0, 15.0)
_PROBE_S = 4.0
"""A probe's own patience: the daemon and the console wait for it."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """What is known of a server. complaint : why it is not up, or is left alone. running, waiting :
    prompts of anybody. free : prompts that it may still be given. api : ``new`` has ``/api/jobs``."""

    name: str
    url: str
    up: bool
    complaint: str = ""
    version: str = ""
    device: str = ""
    vram_total_mb: int = 0
    vram_free_mb: int = 0
    upload_limit: int = 0
    api: str = ""
    running: int = 0
    waiting: int = 0
    capacity: int = 1
    free: int = 0
    tags: frozenset[str] = frozenset()


class Health:
    """Facts about one server, kept for many threads."""

    def __init__(self, server: Server, patience: Patience) -> None:
        self.server = server
        self._patience = patience
        self._lock = threading.RLock()
        self._client: Client | None = None
        self._prober: Client | None = None
        self._uploads: Uploads | None = None
        self._about: About | None = None
        self._about_at = float("-inf")
        self._nodes: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._queue: Queue | None = None
        self._queue_at = float("-inf")
        self._given = 0
        self.given_at = 0.0
        """When a run went there last; of equals the one that rested longest is taken."""
        self._complaint = ""
        self._ask_at = float("-inf")
        self._again_s = _AGAIN_S[0]
        self._sick_until = float("-inf")
        self._sick_of = ""
        self._warm: frozenset[str] | None = None
        self._left: list[str] = []
        self._usual: float | None = None
        self._usual_at = float("-inf")

    # --- access -----------------------------------------------------------------------------------

    @property
    def client(self) -> Client:
        """The client that runs use."""
        with self._lock:
            if self._client is None:
                self._client = Client(self.server, self._patience.timeout_s)
            return self._client

    @property
    def uploads(self) -> Uploads:
        """What brings files there."""
        with self._lock:
            if self._uploads is None:
                self._uploads = Uploads(self.client)
            return self._uploads

    @property
    def downloads(self) -> Downloads:
        """What fetches results."""
        return Downloads(self.client)

    @property
    def prober(self) -> Client:
        """A client of little patience, for questions that can be asked again."""
        with self._lock:
            if self._prober is None:
                self._prober = Client(self.server, min(_PROBE_S, self._patience.timeout_s))
            return self._prober

    def close(self) -> None:
        """Close connections."""
        with self._lock:
            for client in (self._client, self._prober):
                if client is not None:
                    client.close()
            self._client = self._prober = self._uploads = None

    # --- asking -----------------------------------------------------------------------------------

    def look(self, fresh: bool = False) -> bool:
        """Ask what is out of date; whether the server answers."""
        with self._lock:
            now = time.monotonic()
            if not fresh and now < self._ask_at:
                return False
            try:
                if fresh or now - self._about_at > _ABOUT_S:
                    self._about = self.prober.about()
                    self._about_at = time.monotonic()
                if fresh or now - self._queue_at > _QUEUE_S:
                    self._take(self.prober.queue())
            except FarmError as error:
                self._down(error)
                return False
            self._complaint, self._ask_at, self._again_s = "", float("-inf"), _AGAIN_S[0]
            self._tidy()
            return True

    def lacking(self, needs: Needs) -> tuple[str, ...]:
        """What the server lacks for a workflow; why it is not up counts."""
        with self._lock:
            if not self.look():
                return (self._complaint,)
            if self.ailing:
                return (f"left alone for a while: {self._sick_of}",)
            assert self._about is not None
            classes = {*needs.nodes, *(model.node_class for model in needs.models)}
            try:
                nodes = self._described(classes)
            except FarmError as error:
                self._down(error)
                return (self._complaint,)
            return lacks(needs, self._about.version, nodes)

    def usual_s(self) -> float | None:
        """Seconds that recent runs took; ``None`` when the server remembers none."""
        with self._lock:
            now = time.monotonic()
            if now - self._usual_at > _USUAL_S and self.look():
                try:
                    took = [seconds for _, seconds in self.prober.recent(_RECENT) if seconds]
                except FarmError as error:
                    self._down(error)
                    return self._usual
                self._usual = sum(took) / len(took) if took else None
                self._usual_at = now
            return self._usual

    def standing(self, prompt: str) -> Standing:
        """Where a prompt stands there; unknown when the server does not answer."""
        if not self.look():
            return Standing.UNKNOWN
        try:
            return self.prober.state(prompt).standing
        except FarmError:
            return Standing.UNKNOWN

    def queued(self) -> frozenset[str]:
        """Ids that ran or waited when the server was asked last."""
        with self._lock:
            queue = self._queue if self.look() else None
            return (
                frozenset(name for name, _ in (*queue.running, *queue.waiting))
                if queue
                else frozenset()
            )

    def forget(self) -> None:
        """What was known of its nodes and models is out of date."""
        with self._lock:
            self._nodes.clear()
            self._about_at = self._queue_at = float("-inf")

    def _described(self, classes: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        now = time.monotonic()
        told = {}
        for name in sorted(classes):
            at, node = self._nodes.get(name, (float("-inf"), {}))
            if now - at > _NODES_S:
                node = self.prober.node(name)
                self._nodes[name] = (now, node)
            told[name] = node
        return told

    def _take(self, queue: Queue) -> None:
        self._queue, self._queue_at, self._given = queue, time.monotonic(), 0
        last = (*queue.running, *queue.waiting)
        if last:
            self._warm = models_of(last[-1][1]) or self._warm
        elif self._warm is None:
            ran = self.prober.recent(1)
            self._warm = models_of(ran[-1][0]) if ran else frozenset()

    def _down(self, error: FarmError) -> None:
        self._complaint = error.sentence()
        self._ask_at = time.monotonic() + self._again_s
        self._again_s = min(self._again_s * 2, _AGAIN_S[1])
        # It may be another server when it comes back.
        self._about_at, self._warm = float("-inf"), None
        self._nodes.clear()
        self._renew(error)

    def _renew(self, error: FarmError) -> None:
        """After a refused login the next request reads the secret again: it may have been changed."""
        if isinstance(error, LoginRefused):
            self._client = self._prober = self._uploads = None

    def _tidy(self) -> None:
        """Stop what runs were moved away from while it was not to be reached."""
        left, self._left = self._left, []
        for prompt in left:
            try:
                self.prober.cancel(prompt)
            except FarmError:
                self._left.append(prompt)

    # --- judging ----------------------------------------------------------------------------------

    def gone(self, error: FarmError) -> None:
        """A run found that it does not answer."""
        with self._lock:
            self._down(error)
            self._queue_at = float("-inf")

    def leave(self, prompt: str) -> None:
        """A run moved away: should its prompt still be there when the server answers, it is stopped."""
        with self._lock:
            self._left.append(prompt)

    def sick(self, error: FarmError) -> None:
        """A run failed for a reason of the server's own: leave it alone for a while."""
        with self._lock:
            self._sick_until = time.monotonic() + self._patience.sick_s
            self._sick_of = error.sentence()
            self._renew(error)

    def usable(self) -> bool:
        """Whether a run may be given to it at all now."""
        return not self.ailing and self.look()

    @property
    def ailing(self) -> bool:
        """Whether it is left alone because a run failed there."""
        return time.monotonic() < self._sick_until

    def load(self) -> int:
        """Prompts it has, and those given to it since it was asked."""
        with self._lock:
            queue = self._queue
            told = 0 if queue is None else len(queue.running) + len(queue.waiting)
            return told + self._given

    def give(self, models: frozenset[str]) -> None:
        """A run goes there."""
        with self._lock:
            self._given += 1
            self.given_at = time.monotonic()
            # Work without a model leaves what is loaded where it is.
            self._warm = models or self._warm

    def stale(self) -> None:
        """How busy it is must be asked again."""
        self._queue_at = float("-inf")

    def warm(self, models: frozenset[str]) -> bool:
        """Whether what it ran last had all of these models loaded."""
        return bool(models) and self._warm is not None and models <= self._warm

    @property
    def about(self) -> About | None:
        """The facts as they were told last."""
        return self._about

    def state(self, fresh: bool = False) -> ServerState:
        """All of it, asked now as far as it is out of date."""
        up = self.look(fresh)
        with self._lock:
            about, queue, server = self._about, self._queue, self.server
            sick = self.ailing
            plain = ServerState(
                name=server.name,
                url=server.url,
                up=up and not sick,
                complaint=self._sick_of if up and sick else self._complaint,
                capacity=server.capacity,
                tags=server.tags,
            )
            if not up or about is None or queue is None:
                return plain
            return replace(
                plain,
                version=about.version,
                device=about.device,
                vram_total_mb=about.vram_total_mb,
                vram_free_mb=about.vram_free_mb,
                upload_limit=about.upload_limit,
                api="new" if about.new else "old",
                running=len(queue.running),
                waiting=len(queue.waiting),
                free=max(0, server.capacity - self.load()) if plain.up else 0,
            )


def models_of(graph: Mapping[str, Any]) -> frozenset[str]:
    """The model files a graph loads."""
    return frozenset(
        value
        for node in graph.values()
        if isinstance(node, dict)
        for value in (node.get("inputs") or {}).values()
        if isinstance(value, str) and value.endswith((".safetensors", ".gguf", ".sft"))
    )
