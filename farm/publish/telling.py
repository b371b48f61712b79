"""Telling plugins and submitters that a job has ended.

Invariant: everybody is told at least once, also after a crash; nobody who is slow or broken delays
publishing, and nothing is sent to a host that the operator did not allow. With the farm's secret each
try is signed at its own time.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from farm.ledger.publishing import Publishing
from farm.notify.signing import signed
from farm.registry import Registry

_log = logging.getLogger(__name__)
_AT_ONCE = 4
_PAUSES_S = (1.0, 5.0)
_TIMEOUT_S = 10.0


class Telling:
    """One thread per ended job, a few at a time.

    hosts : those a manifest may name. secret : signs what is sent; empty: it goes unsigned.
    """

    def __init__(
        self,
        registry: Registry,
        ledger: Publishing,
        hosts: Collection[str],
        *,
        secret: str = "",
        clock: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._secret = secret
        self._clock = clock
        self._registry = registry
        self._ledger = ledger
        self._hosts = frozenset(hosts)
        self._tls = tls
        self._busy: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def concerns_anybody(self, notify: Mapping[str, Any] | None) -> bool:
        """Whether a plugin, or a manifest that says ``notify``, wants to hear of an end."""
        return bool(notify or self._registry.pm.hook.farm_job_ended.get_hookimpls())

    def is_busy(self, job_id: str) -> bool:
        """Whether this job is being told, or nobody is free to tell it yet."""
        with self._lock:
            return job_id in self._busy or len(self._busy) >= _AT_ONCE

    def tell(
        self, job_id: str, receipt: Mapping[str, Any], notify: Mapping[str, Any] | None
    ) -> None:
        """Call ``farm_job_ended`` and the manifest's notify URL, then note that it was done."""
        thread = threading.Thread(
            target=self._run, args=(job_id, dict(receipt), notify), name="telling", daemon=True
        )
        with self._lock:
            self._busy[job_id] = thread
        thread.start()

    def wait(self) -> None:
        """Wait for those who are being told now."""
        with self._lock:
            threads = list(self._busy.values())
        for thread in threads:
            thread.join()

    def _run(self, job_id: str, receipt: dict[str, Any], notify: Mapping[str, Any] | None) -> None:
        try:
            self._hooks(receipt)
            if notify and notify.get("url") and _wanted(notify, str(receipt["state"])):
                self._post(str(notify["url"]), receipt)
            self._ledger.told(job_id)
        except Exception:
            # Told again later: the mark is not set.
            _log.exception("telling the end of job %s", job_id)
        finally:
            with self._lock:
                self._busy.pop(job_id, None)

    def _hooks(self, receipt: dict[str, Any]) -> None:
        # One by one, so that a plugin that fails does not silence the others.
        for hook in self._registry.pm.hook.farm_job_ended.get_hookimpls():
            given = {"job": receipt} if "job" in hook.argnames else {}
            try:
                hook.function(**given)
            except Exception:
                _log.exception("plugin %s: hook farm_job_ended", hook.plugin_name)

    def _post(self, url: str, receipt: Mapping[str, Any]) -> None:
        host = urlsplit(url).hostname or ""
        if host not in self._hosts or urlsplit(url).scheme != "https":
            _log.warning("nobody is told at %s: not one of notify_hosts", host)
            return
        data = json.dumps(receipt).encode()
        delivery = f"{receipt['state']}/{receipt['job']}"
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=self._tls or ssl.create_default_context()),
            _NoRedirects(),
        )
        for pause_s in (*_PAUSES_S, None):
            headers = {"Content-Type": "application/json", "User-Agent": "farm"}
            if self._secret:
                headers |= signed(self._secret, data, self._clock(), delivery)
            request = urllib.request.Request(url, data=data, headers=headers, method="POST")
            try:
                with opener.open(request, timeout=_TIMEOUT_S):
                    return
            except (OSError, ValueError) as error:
                _log.warning("telling %s: %s", host, error)
            if pause_s is not None:
                threading.Event().wait(pause_s)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _wanted(notify: Mapping[str, Any], state: str) -> bool:
    on = notify.get("on") or ["done", "failed"]
    return ("done" if state == "done" else "failed") in on
