"""Posting to an address an operator configured.

Invariant: a name is resolved once and the connection goes to the address that was checked, never to
a private one unless its network is allowed; no redirect and no proxy is followed, and the whole
exchange ends within its time.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from farm.config import WebhookChannel
from farm.notify.delivery import Refused
from farm.notify.signing import signed

_TOTAL_S = 10.0
_GONE = 410

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def post(
    channel: WebhookChannel,
    body: Mapping[str, Any],
    *,
    clock: Callable[[], float],
    total_s: float = _TOTAL_S,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Send one notice; returns when the receiver answered 2xx.

    Raises
    ------
    Refused : the address is not allowed, or the answer was 410. OSError : anything else that a later
    try may mend.
    """
    parts = urlsplit(channel.url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    place = resolve(host, port, channel.allow_networks, secure=secure)
    data = json.dumps(body, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "farm",
        **signed(channel.secret.get_secret_value(), data, clock(), str(body["id"])),
    }
    context = (tls or ssl.create_default_context()) if secure else None
    connection = _Pinned(host, port, place, context, total_s)
    # A receiver that answers one byte at a time would outlast any timeout of a single read.
    watch = threading.Timer(total_s, connection.abort)
    watch.daemon = True
    watch.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=data, headers=headers)
        status = connection.getresponse().status
        if connection.aborted:
            raise OSError(f"{host} did not answer within {total_s:g} s")
    except http.client.HTTPException as error:
        raise OSError(f"{host}: {type(error).__name__} {error}") from error
    finally:
        watch.cancel()
        connection.close()
    if status == _GONE:
        raise Refused("the receiver wants no more of it", where=host, got="410 Gone")
    if not 200 <= status < 300:
        raise OSError(f"{host} answered {status}")


def resolve(host: str, port: int, allowed: Sequence[Network], *, secure: bool) -> str:
    """The address to connect to.

    Raises
    ------
    Refused : one of its addresses is private and not allowed, or it is public and not ``https``.
    OSError : the name is not known.
    """
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        address = _plain(ipaddress.ip_address(text.partition("%")[0]))
        inside = any(address in network for network in allowed)
        if not inside and not (address.is_global and not address.is_multicast):
            # One private address is enough: which one is used would be the name server's choice.
            raise Refused(
                "nothing is sent to a private address",
                where=host,
                got=str(address),
                mend="Add its network to the channel's `allow_networks`.",
                code="notify.private",
            )
        if not inside and not secure:
            raise Refused(
                "nothing is sent over the open network in the clear",
                where=host,
                expected="https://",
                got="http://",
                code="notify.insecure",
            )
    return found[0]


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address may stand for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _Pinned(http.client.HTTPConnection):
    """Connects to ``place`` whatever the name may resolve to by now; TLS checks the name."""

    def __init__(
        self, host: str, port: int, place: str, context: ssl.SSLContext | None, timeout_s: float
    ) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self.default_port = 443 if context else 80
        self._place, self._context = place, context
        self.aborted = False

    def connect(self) -> None:
        plain = socket.create_connection((self._place, self.port), self.timeout)
        self.sock = plain
        if self._context is not None:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
        if self.aborted:
            raise OSError("no answer in time")

    def abort(self) -> None:
        """End the exchange from another thread."""
        self.aborted = True
        held = self.sock
        if held is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                held.close()
