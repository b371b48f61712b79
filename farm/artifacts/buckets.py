"""The S3 client, and what its errors mean.

Invariant: a request ends within its time limit, every way in which it can fail becomes one sentence
with a mend, and no sentence holds a key or a password of the options.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from farm.config import SECRET, shown_value
from farm.domain.errors import MissingExtra

_MOST_TEXT = 300
_EXPIRED = (
    "Set a fresh `token` with its `key` and `secret` in `store_options`, and start the farm again."
)
_MENDS = {
    "InvalidAccessKeyId": "Mend `key` and `secret` in `store_options`, and start the farm again: "
    "the service does not know this key.",
    "SignatureDoesNotMatch": "Mend `secret` in `store_options`, and start the farm again: it is "
    "not the one of this `key`.",
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired"), _EXPIRED
    ),
    "RequestTimeTooSkewed": "Set this machine's clock: the service's shows another time.",
    # What a request without a body is answered where a token has expired or the region is wrong.
    "400": "Check `key`, `secret` and `token` in `store_options`, and the region of the bucket.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed: ``service`` alone may pass without anybody mending anything.

    got : what the service or the client said.
    """

    kind: Literal["object", "bucket", "access", "setting", "service"]
    got: str
    mend: str


class Replaced(OSError):
    """Raised when an object is another one than when its first bytes were read."""


def open_client(
    url: str, options: Mapping[str, Any], *, timeout_s: float, repeats: int, code: str
) -> Any:
    """An S3 client that gives a silent connection up after ``timeout_s`` and makes a request that
    failed ``repeats`` times again, unless ``options`` say else.

    Raises
    ------
    MissingExtra : its packages are not installed; ``url`` and ``code`` are for the message.
    """
    try:
        import s3fs
    except ImportError as error:
        raise MissingExtra(
            "the S3 client is not installed",
            where=url,
            got=str(error),
            mend="Run: pip install 'farm[s3]'",
            code=code,
        ) from error
    given = dict(options)
    limits = {
        "connect_timeout": timeout_s,
        "read_timeout": timeout_s,
        "retries": {"max_attempts": repeats},
    }
    given["config_kwargs"] = {**limits, **(given.get("config_kwargs") or {})}
    # Instances are shared per process by default, with their listings: both would be stale.
    client = s3fs.S3FileSystem(
        **{"skip_instance_cache": True, "use_listings_cache": False, **given}
    )
    # It repeats what the library below it has repeated already; that is minutes for a silent service.
    client.retries = 1
    return client


def client_errors() -> tuple[type[Exception], ...]:
    """Everything that a request of the client may raise."""
    # A wrong option is a TypeError or ValueError of the first request, not of the constructor.
    own = (OSError, TypeError, ValueError)
    try:
        from aiohttp import ClientError as HttpError
        from botocore.exceptions import (  # type: ignore[import-untyped]
            BotoCoreError,
            ClientError,
        )
    except ImportError:
        return own
    return (*own, HttpError, BotoCoreError, ClientError)


def failure(error: BaseException, options: Mapping[str, Any], *, rights: str = "") -> Failure:
    """What one of :func:`client_errors` means, for people.

    rights : what the credentials need for the request (``s3:PutObject``), for the mend.
    """
    from botocore.exceptions import (
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    said = _said(error, options)
    if isinstance(error, Replaced):
        return Failure("object", str(error), "Wait until nobody writes to it.")
    if isinstance(error, FileNotFoundError):
        if _code(error) == "NoSuchBucket" or "bucket" in said.lower():
            return Failure(
                "bucket", "no such bucket", "Check the bucket's name and `endpoint_url`."
            )
        return Failure("object", "no such object", "Check the key; upper and lower case differ.")
    mend = _MENDS.get(_code(error), "")
    if mend or isinstance(error, PermissionError):
        general = (
            "Check the name, and that `key` and `secret` of `store_options` may use the bucket."
        )
        if rights:
            general = (
                "Give the owner of `key` and `secret` in `store_options` these rights on the "
                f"bucket: {rights}."
            )
        return Failure("access", f"access denied: {said}", mend or general)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return Failure(
            "access",
            "no credentials",
            "Set `key` and `secret` in `store_options`, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY where the farm runs.",
        )
    if isinstance(error, TypeError | ValueError | ParamValidationError):
        return Failure("setting", said, "Check the bucket's name and `store_options`.")
    return Failure("service", said, "Check that the service at `endpoint_url` answers.")


def _code(error: BaseException | None) -> str:
    """What S3 calls it (``AccessDenied``), or nothing where no service answered."""
    while error is not None:
        answer = getattr(error, "response", None)
        if isinstance(answer, Mapping):
            return str(answer.get("Error", {}).get("Code", ""))
        error = error.__cause__
    return ""


def _said(error: BaseException, options: Mapping[str, Any]) -> str:
    """The error's own words in one line, without what ``options`` keep secret."""
    text = " ".join(str(error).split())
    for secret in sorted(_secrets(options), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = re.sub(r"://[^/@\s]*@", "://***@", shown_value("", text))
    return f"{type(error).__name__}: {text[:_MOST_TEXT]}" if text else type(error).__name__


def _secrets(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _secrets(value)
        elif SECRET.search(str(name)) and len(str(value)) >= 4:
            yield str(value)
