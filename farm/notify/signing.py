"""Signatures of webhooks.

Invariant: the signature covers the time and every byte of the body, so a message can be neither
altered nor sent again later.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

TIMESTAMP = "X-Farm-Timestamp"
SIGNATURE = "X-Farm-Signature"
DELIVERY = "X-Farm-Delivery"


def signed(secret: str, body: bytes, now_s: float, delivery: str) -> dict[str, str]:
    """Headers that go with ``body``. ``delivery``: the same for every try of one message."""
    stamp = str(int(now_s))
    return {
        TIMESTAMP: stamp,
        SIGNATURE: f"v1={_digest(secret, stamp, body)}",
        DELIVERY: delivery,
    }


def is_genuine(
    secret: str, headers: Mapping[str, str], body: bytes, now_s: float, *, within_s: float = 300.0
) -> bool:
    """Whether a received message was signed with ``secret`` within the last ``within_s`` seconds."""
    stamp = headers.get(TIMESTAMP, "")
    if not stamp.isdecimal() or abs(now_s - int(stamp)) > within_s:
        return False
    return hmac.compare_digest(headers.get(SIGNATURE, ""), f"v1={_digest(secret, stamp, body)}")


def _digest(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
