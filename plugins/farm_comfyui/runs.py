"""One prompt on one server, from the queue to its end.

Invariant: a prompt's id is given by the work it does and the number of the submission, and it is
looked up before it is sent, so the same submission is never queued twice; what a run ended as is what
the server's records say, the socket only tells when to look.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from farm_comfyui.answers import PromptState, Standing
from farm_comfyui.bound import BoundGraph
from farm_comfyui.client import Client
from farm_comfyui.failures import (
    BadAnswer,
    ComfyFailure,
    Interrupted,
    QueueFailed,
    RunTimeout,
    ServerLost,
    ServerSilent,
    node_failure,
)
from farm_comfyui.progress import Progress
from farm_comfyui.servers import Patience
from farm_comfyui.socket import Socket

_NAMESPACE = uuid.UUID("6e0c6a0e-4c1b-5d0e-9a55-5f0a3c1d7b21")
_SUBMITS = 3
_LISTEN_S = 0.25
_POLL_HEARD_S = 5.0
_POLL_UNHEARD_S = (0.1, 2.0)
_LAG_S = 0.005
_PREVIEW_S = 2.0
_LARGEST_PREVIEW = 256 * 1024
_SLOW = 4
"""So many times as long as a server that refuses, one that only does not answer in time is given."""


def prompt_id(attempt: str, digest: str, number: int) -> str:
    """The id of a piece of work's submission: the same for the same work, graph and number."""
    return str(uuid.uuid5(_NAMESPACE, f"{attempt}\n{digest}\n{number}"))


def prefix(prompt: str) -> str:
    """Where a submission saves: below a name nobody else has, so nothing cached can answer for it."""
    return f"farm/{prompt.replace('-', '')}"


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a run tells. progress : share and note. checkpoint : may raise to stop the run. known_as :
    the id of the prompt that does the work now."""

    progress: Callable[[float, str], None]
    checkpoint: Callable[[], None]
    preview: Callable[[bytes], None]
    log: Callable[[int, str], None]
    known_as: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that succeeded. queued_s : until it started, as seen from here."""

    state: PromptState
    queued_s: float
    cached: tuple[str, ...]


def submit(
    client: Client,
    bound: BoundGraph,
    names: dict[str, str],
    prompt: str,
    client_id: str,
    attempt: str,
    checkpoint: Callable[[], None],
) -> None:
    """Queue a bound graph unless the server has it already."""
    graph = bound.prompt(names, prefix(prompt))
    extra = {"farm": {"attempt": attempt, "workflow": bound.version_id}}
    failure: ComfyFailure | None = None
    for number in range(_SUBMITS):
        checkpoint()
        if number:
            time.sleep(0.2 * number)
            if client.state(prompt).standing is not Standing.UNKNOWN:
                return
        try:
            client.submit(graph, prompt, client_id, extra)
            return
        except (ServerLost, BadAnswer) as error:
            # It may have been queued all the same: the next round looks before it sends again.
            failure = error
    assert failure is not None
    raise QueueFailed(
        "the video server does not take the work",
        where=client.server.name,
        got=failure.got or failure.what,
        cause={**failure.cause, "prompt_id": prompt, "tries": _SUBMITS},
    ) from failure


class Follow:
    """Watches one prompt to its end. socket : ``None`` when its messages go elsewhere."""

    def __init__(
        self,
        client: Client,
        bound: BoundGraph,
        prompt: str,
        socket: Socket | None,
        patience: Patience,
        listener: Listener,
    ) -> None:
        self._client, self._prompt, self._socket = client, prompt, socket
        self._patience, self._listener = patience, listener
        self._progress = Progress(prompt, bound.graph, bound.weights)
        now = time.monotonic()
        self._since = now
        self._started_at: float | None = None
        self._sign_at = now
        self._answered_at = now
        self._unknown_since: float | None = None
        heard = socket is not None and socket.open
        self._poll_at = now + _POLL_UNHEARD_S[0] if heard else now
        self._poll_s = _POLL_UNHEARD_S[0]
        self._ahead: int | None = None
        self._told: tuple[float, str] = (-1.0, "")
        self._shown_at = float("-inf")

    def end(self) -> Ended:
        """Wait for the end. Raises the failure it ended with; a stop asked for at the checkpoint
        passes through, with the prompt still on the server."""
        while True:
            self._listener.checkpoint()
            self._hear()
            now = time.monotonic()
            if self._progress.over or now >= self._poll_at:
                state = self._look()
                if state is not None and state.final:
                    return self._ended(state)
                if self._progress.over and state is not None:
                    ended = self._lagging(state)
                    if ended is not None:
                        return ended
            self._watch(time.monotonic())
            self._tell()

    # --- hearing and looking ----------------------------------------------------------------------

    def _hear(self) -> None:
        socket = self._socket
        wait = max(0.0, min(_LISTEN_S, self._poll_at - time.monotonic()))
        if socket is None or not socket.open:
            time.sleep(wait)
            return
        message = socket.next(wait)
        for _ in range(256):
            if message is None:
                break
            if self._progress.hear(message):
                self._sign(time.monotonic())
                self._show(message.picture)
            if self._progress.over:
                return
            message = socket.next(0)
        if not socket.open:
            self._listener.log(20, f"the server's messages stopped ({socket.trouble}): polling")
            self._poll_at = time.monotonic()

    def _show(self, picture: bytes) -> None:
        now = time.monotonic()
        if 0 < len(picture) <= _LARGEST_PREVIEW and now - self._shown_at > _PREVIEW_S:
            self._shown_at = now
            self._listener.preview(picture)

    def _look(self) -> PromptState | None:
        """The server's record of the prompt; ``None`` when it does not answer."""
        now = time.monotonic()
        try:
            state = self._client.state(self._prompt)
            if state.standing is Standing.PENDING:
                self._place(now)
        except (ServerLost, BadAnswer) as error:
            # A server that loads a model may answer late; one that is down refuses at once.
            slow = _SLOW if error.cause.get("timed_out") else 1
            if now - self._answered_at > slow * self._patience.lost_s:
                raise ServerLost(
                    "the video server went away during the work",
                    where=self._client.server.name,
                    got=error.got or error.what,
                    cause={**error.cause, "prompt_id": self._prompt},
                ) from error
            self._next_poll(now)
            return None
        self._answered_at = now
        if state.standing is Standing.UNKNOWN:
            if self._unknown_since is None:
                self._unknown_since = now
            absent = now - self._unknown_since
            if absent > self._patience.forgotten_s and not self._progress.ended:
                raise ServerLost(
                    "the video server was restarted and lost the work",
                    where=self._client.server.name,
                    got="the prompt is in neither queue, history nor jobs",
                    code="comfy.run-forgotten",
                    cause=self._client.cause("/api/jobs", prompt_id=self._prompt),
                )
            self._poll_s = _POLL_UNHEARD_S[0]
        else:
            self._unknown_since = None
            if state.standing is Standing.RUNNING and self._started_at is None:
                self._sign(now)
        self._next_poll(now)
        return state

    def _next_poll(self, now: float) -> None:
        # A socket that has not said a word yet may stay silent for good.
        heard = self._socket is not None and self._socket.open and self._progress.started
        if heard and self._unknown_since is None and self._answered_at == now:
            self._poll_at = now + _POLL_HEARD_S
            return
        self._poll_at = now + self._poll_s
        self._poll_s = min(self._poll_s * 1.5, _POLL_UNHEARD_S[1])

    def _place(self, now: float) -> None:
        ahead = self._client.queue().ahead(self._prompt)
        if ahead is not None and ahead != self._ahead:
            self._ahead, self._sign_at = ahead, now

    def _sign(self, now: float) -> None:
        self._sign_at = self._answered_at = now
        self._unknown_since = None
        if self._started_at is None:
            self._started_at = now

    # --- deciding -----------------------------------------------------------------------------------

    def _lagging(self, state: PromptState) -> Ended | None:
        """The messages say it is over and the records do not yet: they follow within milliseconds."""
        deadline = time.monotonic() + self._patience.forgotten_s
        while time.monotonic() < deadline:
            self._listener.checkpoint()
            time.sleep(_LAG_S)
            try:
                state = self._client.state(self._prompt)
            except (ServerLost, BadAnswer):
                break
            if state.final:
                return self._ended(state)
        if state.standing is Standing.UNKNOWN and self._progress.ended:
            # The records are capped, or gone with the process; the messages told all of it.
            return self._ended(self._progress.state())
        self._progress.over = False
        return None

    def _ended(self, state: PromptState) -> Ended:
        now = time.monotonic()
        cause = self._client.cause("/history", prompt_id=self._prompt)
        if state.standing is Standing.CANCELLED:
            raise Interrupted(
                "the work was stopped on the video server",
                where=self._client.server.name,
                got=str(dict(state.messages.get("execution_interrupted", {})))[:200],
                mend="Somebody used its own user interface, or another client did.",
                cause={**cause, **state.messages.get("execution_interrupted", {})},
            )
        if state.standing is Standing.FAILED:
            error = state.messages.get("execution_error", {})
            raise node_failure(error, cause, self._client.server.name)
        queued = (self._started_at or now) - self._since
        cached = state.messages.get("execution_cached", {}).get("nodes") or self._progress.cached
        return Ended(state, queued, tuple(cached))

    def _watch(self, now: float) -> None:
        """Give up on a server that gets nowhere, or a run that takes too long."""
        heard = self._socket is not None and self._socket.open
        behind = self._started_at is None and bool(self._ahead)
        allowed = self._patience.stall_s if heard and not behind else self._patience.unseen_s
        silent = now - self._sign_at
        if silent > allowed:
            raise ServerSilent(
                "the video server accepted the work but makes no progress",
                where=self._client.server.name,
                expected=f"a sign of progress within {allowed:g} s",
                got=f"none for {silent:.0f} s" + ("" if self._started_at else ", it never started"),
                mend="Restart that server: its worker hangs.",
                cause=self._client.cause("/ws", prompt_id=self._prompt, silent_s=round(silent, 1)),
            )
        if self._started_at is not None and now - self._started_at > self._patience.limit_s:
            raise RunTimeout(
                "making the video took longer than the limit",
                where=self._client.server.name,
                expected=f"at most {self._patience.limit_s:g} s",
                got=f"{now - self._started_at:.0f} s",
                mend="A draft, a smaller size or a shorter duration is faster.",
                cause=self._client.cause("/ws", prompt_id=self._prompt),
            )

    def _tell(self) -> None:
        if self._started_at is None:
            told = (
                0.0,
                f"waits on {self._client.server.name}"
                + (f" behind {self._ahead}" if self._ahead else ""),
            )
        else:
            told = (self._progress.done, self._progress.note or "running")
        if told != self._told:
            self._told = told
            self._listener.progress(*told)
