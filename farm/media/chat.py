"""A service that speaks the protocol of OpenAI's chat completions: asked, waited for, asked again.

Invariant: the address and the key are the node's own and go to that address only; what comes back
is bounded in size and in time.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from farm import InputError, LicenceError, TransientError
from farm.media.service import ADDRESS, KEY, configured

_MOST_BYTES = 8_000_000
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address such as ``https://host/v1``, and the key that opens it.

    purpose : the first word of the codes of its complaints.
    """

    address: str
    key: str = field(default="", repr=False)
    purpose: str = "chat"

    @classmethod
    def of_this_machine(cls, purpose: str, to: str) -> Endpoint:
        """The endpoint that the node's environment names; ``to`` do what. Raises LicenceError."""
        address, key = configured()
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LicenceError(
                f"no endpoint to {to} with",
                where=ADDRESS,
                expected="the address of an OpenAI-compatible service, such as https://host/v1",
                got=address or "nothing",
                mend=f"Set {ADDRESS}, and {KEY} if it wants one, where the node is started.",
                code=f"{purpose}.no-endpoint",
            )
        return cls(address.rstrip("/"), key, purpose)

    def ask(
        self,
        body: dict[str, Any],
        understood: Callable[[str], Any],
        *,
        timeout_s: float,
        tries: int,
        waiting: Callable[[], None],
    ) -> Any:
        """What ``understood`` makes of the answer to a chat completion.

        understood : raises ValueError for an answer that is not as it was asked for, after which it
        is asked again. waiting : is called twice a second, and may raise to give up.

        Raises
        ------
        LicenceError : the key is refused. InputError : the service does not know what it is asked.
        TransientError : no answer that can be used, in all tries.
        """
        said = ""
        for number in range(tries):
            if number:
                _pause(min(0.25 * 4.0 ** (number - 1), _LONGEST_WAIT_S), waiting)
            try:
                return understood(self._answer(body, timeout_s, waiting))
            except (OSError, http.client.HTTPException, ValueError) as error:
                said = f"{type(error).__name__}: {error}"
        raise TransientError(
            "no answer that can be used",
            where=self.address,
            got=f"{said[:300]} (last of {tries} tries)",
            mend="Look at the service, or choose another model.",
            code=f"{self.purpose}.no-answer",
        )

    def _answer(self, body: dict[str, Any], timeout_s: float, waiting: Callable[[], None]) -> str:
        exchange = _Exchange(self, json.dumps(body).encode(), timeout_s)
        with ThreadPoolExecutor(1, "asking") as executor:
            future = executor.submit(exchange.run)
            left_s = timeout_s
            try:
                while True:
                    waiting()
                    try:
                        status, data = future.result(timeout=min(0.5, max(left_s, 0.01)))
                        break
                    except NotYet:
                        left_s -= 0.5
                        if left_s <= 0:
                            raise OSError(f"no answer within {timeout_s:g} s") from None
            finally:
                exchange.end()
        return self._content(status, data)

    def _content(self, status: int, data: bytes) -> str:
        if status in (401, 403):
            raise LicenceError(
                "the endpoint refuses the key",
                where=self.address,
                got=f"status {status}",
                mend=f"Set {KEY} where the node is started.",
                code=f"{self.purpose}.key",
            )
        if status == 429 or status >= 500:
            raise OSError(f"status {status}: {_shown(data)}")
        if status != 200:
            raise InputError(
                "the endpoint does not do what it is asked",
                where=self.address,
                got=f"status {status}: {_shown(data)}",
                mend="Compare the address and the model with what the service offers.",
                code=f"{self.purpose}.refused",
            )
        try:
            content = json.loads(data)["choices"][0]["message"]["content"]
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"not a chat completion: {_shown(data)}") from error
        if not isinstance(content, str):
            raise ValueError("a chat completion without text")
        return content


class _Exchange:
    """One request and its answer; :meth:`end` from another thread breaks it off."""

    def __init__(self, endpoint: Endpoint, body: bytes, timeout_s: float) -> None:
        parts = urlsplit(endpoint.address)
        assert parts.hostname is not None
        # Not urllib: it follows redirects, and would take the key along to another host.
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout_s, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(
                parts.hostname, parts.port, timeout=timeout_s
            )
        self._path = f"{parts.path.rstrip('/')}/chat/completions"
        self._body, self._key = body, endpoint.key

    def run(self) -> tuple[int, bytes]:
        """Status and body of the answer."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            self._connection.request("POST", self._path, self._body, headers)
            answer = self._connection.getresponse()
            data = answer.read(_MOST_BYTES + 1)
        finally:
            self._connection.close()
        if len(data) > _MOST_BYTES:
            raise ValueError(f"an answer of more than {_MOST_BYTES} bytes")
        return answer.status, data

    def end(self) -> None:
        """Break the exchange off if it is not over."""
        held = self._connection.sock
        if held is not None:
            try:
                held.shutdown(2)
            except OSError:
                held.close()


def _pause(length_s: float, waiting: Callable[[], None]) -> None:
    """Wait, and let the task be stopped while it does."""
    never = threading.Event()
    while length_s > 0:
        waiting()
        never.wait(min(0.5, length_s))
        length_s -= 0.5


def _shown(data: bytes) -> str:
    return " ".join(data[:200].decode("utf-8", "replace").split())
