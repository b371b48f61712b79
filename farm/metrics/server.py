"""``/metrics``, ``/healthz`` and ``/readyz`` over HTTP.

Invariant: it only answers questions; a slow or hostile client costs one thread for a few seconds and
nothing of the farm's work, and a port that is taken keeps nothing from starting.
"""

from __future__ import annotations

import importlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from farm.config import Settings
from farm.domain.errors import ConfigError

_log = logging.getLogger(__name__)

Check = Callable[[], str]
"""Returns a sentence about what is well; raises when it is not."""

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_JSON = "application/json"
_CHECK_S = 2.0
_KEEP_S = 1.0
_CLIENT_S = 5.0
_DEFAULTS = tuple(
    Settings.model_fields[name].default for name in ("metrics_listen", "node_metrics_listen")
)


class Readiness:
    """Runs named checks, each for two seconds at most and not more than once a second."""

    def __init__(
        self, checks: Mapping[str, Check], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._checks = dict(checks)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked_s = float("-inf")
        self._answer: tuple[bool, dict[str, dict[str, str]]] = (False, {})
        self._hung: dict[str, threading.Thread] = {}

    def ask(self) -> tuple[bool, dict[str, dict[str, str]]]:
        """Whether all is well, and what each check says."""
        with self._lock:
            if self._monotonic() - self._asked_s >= _KEEP_S:
                found = {name: self._run(name, check) for name, check in self._checks.items()}
                well = all(answer["state"] == "ok" for answer in found.values())
                self._answer = (well, found)
                self._asked_s = self._monotonic()
            return self._answer

    def _run(self, name: str, check: Check) -> dict[str, str]:
        silent = {"state": "failed", "reason": f"no answer within {_CHECK_S:g} s"}
        before = self._hung.pop(name, None)
        if before is not None and before.is_alive():
            self._hung[name] = before
            return silent
        said: list[dict[str, str]] = []

        def act() -> None:
            try:
                said.append({"state": "ok", "reason": check()})
            except Exception as error:
                reason = str(error).strip().splitlines() or [type(error).__name__]
                said.append({"state": "failed", "reason": reason[0][:300]})

        thread = threading.Thread(target=act, name=f"ready-{name}", daemon=True)
        thread.start()
        thread.join(_CHECK_S)
        if not said:
            self._hung[name] = thread
            return silent
        return said[0]


class MetricsServer:
    """Serves one process. ``listen``: ``host:port``; port 0 takes a free one."""

    def __init__(self, listen: str, page: Callable[[], bytes], ready: Readiness) -> None:
        host, port = address(listen)
        self._server = _Server((host, port), _handler(page, ready))
        self._thread = threading.Thread(target=self._run, name="metrics-http", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def _run(self) -> None:
        # Before the first scrape, and beside the start of whatever is being served.
        importlib.import_module("prometheus_client")
        self._server.serve_forever(0.2)

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


def serve(listen: str, page: Callable[[], bytes], ready: Readiness) -> MetricsServer | None:
    """Start a server; ``None`` when ``listen`` is empty or the port cannot be had."""
    if not listen:
        return None
    try:
        server = MetricsServer(listen, page, ready)
    except OSError as error:
        # Another farm of this machine, or a standby, has the port: no reason not to work.
        chosen = listen not in _DEFAULTS
        _log.log(
            logging.WARNING if chosen else logging.INFO,
            "no metrics at %s: %s",
            listen,
            error.strerror or error,
        )
        return None
    server.start()
    _log.info("metrics at port %d of %s", server.port, listen)
    return server


def address(listen: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` taken apart. Raises ConfigError."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(
            "not an address to listen on",
            where="metrics_listen",
            expected="host:port, such as 127.0.0.1:9470, or nothing for none",
            got=listen,
        )
    return host.strip("[]"), int(port)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16


def _handler(page: Callable[[], bytes], ready: Readiness) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _CLIENT_S
        server_version = "farm"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, _TEXT, page())
            elif path == "/healthz":
                self._answer(200, _JSON, b'{"state":"ok"}\n')
            elif path == "/readyz":
                well, checks = ready.ask()
                body = json.dumps({"state": "ok" if well else "failed", "checks": checks})
                self._answer(200 if well else 503, _JSON, body.encode() + b"\n")
            else:
                self._answer(404, _TEXT, b"/metrics, /healthz or /readyz\n")

        do_HEAD = do_GET

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            _log.debug("http: " + format, *args)

    return Handler
