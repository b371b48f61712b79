"""An S3 service on the loopback that can refuse, break off, dawdle, and go away and come back, and
that knows users and what they may do."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import s3fs
from botocore.session import get_session  # type: ignore[import-untyped]
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

KEY, SECRET = "AKIALOOPBACKBUCKET01", "a-secret-that-nobody-may-read/1234567890"
# What the tests count and time are the farm's own tries.
ONCE = {"config_kwargs": {"retries": {"max_attempts": 0}}}

# What a farm needs.
ALL = ("s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject")

Answer = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes] | None]


class Service:
    """``answer`` may take a request for itself; ``None`` leaves it to the buckets."""

    def __init__(self) -> None:
        self.app = DomainDispatcherApplication(create_backend_app)
        self.turn = threading.Lock()
        self.answer: Answer = lambda environ, start: None
        self.asked: list[str] = []
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._files: s3fs.S3FileSystem | None = None
        self.port = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        taken = self.answer(environ, start)
        if taken is not None:
            return taken
        with self.turn:  # The buckets are dictionaries that are not made for threads.
            return list(self.app(environ, start))

    def up(self) -> None:
        """Begin to answer; on the port of before, if there was one."""
        self._server = make_server("127.0.0.1", self.port, self, threaded=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def down(self) -> None:
        """Answer nobody, until :meth:`up`; the buckets keep what they hold."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    @property
    def options(self) -> dict[str, Any]:
        """What an operator writes as ``store_options``."""
        return {"endpoint_url": f"http://127.0.0.1:{self.port}", "key": KEY, "secret": SECRET}

    def files(self) -> s3fs.S3FileSystem:
        """A client of its own, for what a test puts there and looks at."""
        if self._files is None:
            self._files = s3fs.S3FileSystem(
                **self.options, **ONCE, skip_instance_cache=True, use_listings_cache=False
            )
        return self._files


@contextmanager
def served(*buckets: str) -> Iterator[Service]:
    """A service with these buckets, emptied: they are the process's, whichever service shows them."""
    service = Service()
    service.up()
    try:
        for bucket in buckets or ("media",):
            if service.files().exists(bucket):
                service.files().rm(bucket, recursive=True)
            service.files().mkdir(bucket)
        yield service
    finally:
        service.down()


def refused(code: str, message: str, status: str = "403 Forbidden") -> Answer:
    """Every request is answered with this error, as S3 words it."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
        f"<Message>{message}</Message></Error>"
    ).encode()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return answer


class Guarded:
    """A service that enforces what its one user may do."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._iam = get_session().create_client(
            "iam",
            region_name="us-east-1",
            endpoint_url=service.options["endpoint_url"],
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )
        self._iam.create_user(UserName="farm")
        found = self._iam.create_access_key(UserName="farm")["AccessKey"]
        self.key, self.secret = found["AccessKeyId"], found["SecretAccessKey"]

    @property
    def options(self) -> dict[str, Any]:
        """The user's ``store_options``."""
        return {**self.service.options, "key": self.key, "secret": self.secret, **ONCE}

    def allow(self, *rights: str) -> None:
        """These rights and no others, from now on."""
        self._guard("inf")
        statement = {"Effect": "Allow", "Action": [*rights] or ["s3:Nothing"], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._iam.put_user_policy(UserName="farm", PolicyName="all", PolicyDocument=document)
        self._guard("0")

    def rest(self) -> None:
        """Everybody may do everything, until :meth:`allow`."""
        self.service.answer = lambda environ, start: None
        self._guard("inf")

    def end(self) -> None:
        """No user any more: users are the process's, as buckets are."""
        self.rest()
        self._iam.delete_user_policy(UserName="farm", PolicyName="all")
        self._iam.delete_access_key(UserName="farm", AccessKeyId=self.key)
        self._iam.delete_user(UserName="farm")

    def _guard(self, after: str) -> None:
        address = f"{self.service.options['endpoint_url']}/moto-api/reset-auth"
        kind = {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(address, after.encode(), kind)).close()


@contextmanager
def guarding(service: Service) -> Iterator[Guarded]:
    guarded = Guarded(service)
    guarded.allow(*ALL)
    try:
        yield guarded
    finally:
        guarded.end()
