"""``farm doctor``: is everything there that a farm on this machine needs?

Invariant: a check looks and never mends; a failed one says what to do, and one that cannot even be
made is a failed one, so a broken farm is still examined to the end.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from farm.config import Settings
from farm.domain.errors import FarmError
from farm.domain.wording import by_reason

if TYPE_CHECKING:
    from farm.artifacts.store import Store

Status = Literal["ok", "warn", "fail"]

_OLDEST_PYTHON = (3, 11)
_PACKAGES = ("av", "dramatiq", "numba", "numpy", "psutil", "pydantic", "redis", "watchdog")
_CODECS = ("libx264", "ffv1", "aac")
_SILENT_S = 60.0
_JUMP_S = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found; ``mend`` is empty when there is nothing to do."""

    name: str
    status: Status
    detail: str
    mend: str = ""


def examine(settings: Settings, *, clock: Callable[[], float]) -> list[Check]:
    """Every check, in the order in which a farm depends on them."""
    checks: list[Check] = []
    for name, look in (
        ("python", _python),
        ("packages", _packages),
        ("media", _media),
        ("plugins", _plugins),
        ("models", _models),
        ("spool", _spool),
        ("disk", _disk),
        ("store", _store),
        ("database", _database),
        ("broker", _broker),
        ("drop folders", _drop_folders),
        ("farm", lambda s: _farm(s, clock)),
    ):
        try:
            checks.extend(look(settings))
        except FarmError as error:
            checks.append(Check(name, "fail", error.what, error.sentence()))
        except Exception as error:
            # The doctor must reach the end whatever a library or the machine throws at it.
            text = f"{type(error).__name__}: {error}"
            checks.append(Check(name, "fail", text, "Mend what this message names."))
    return checks


def _python(settings: Settings) -> Iterator[Check]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= _OLDEST_PYTHON:
        yield Check("python", "ok", found)
    else:
        yield Check("python", "fail", found, "Install Python 3.11 or newer.")


def _packages(settings: Settings) -> Iterator[Check]:
    extras = {}
    if settings.database.startswith("postgresql"):
        extras["psycopg"] = "postgres"
    if settings.store.startswith("s3:"):
        extras["s3fs"] = "s3"
    if settings.gpus or Path("/proc/driver/nvidia").exists():
        extras["pynvml"] = "gpu"
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    wanted = sorted(
        extra for name, extra in extras.items() if importlib.util.find_spec(name) is None
    )
    if missing or wanted:
        what = f"farm[{','.join(wanted)}]" if wanted else "farm"
        text = f"not installed: {', '.join([*missing, *(f'extra {extra}' for extra in wanted)])}"
        yield Check("packages", "fail", text, f"Run: pip install '{what}'")
    else:
        named = f" and extras {', '.join(sorted(extras.values()))}" if extras else ""
        yield Check("packages", "ok", f"all required packages{named}")


def _media(settings: Settings) -> Iterator[Check]:
    import av

    missing = []
    for name in _CODECS:
        try:
            av.codec.Codec(name, "w")
        except Exception:
            # PyAV's own error class moved between versions; any error means "not there".
            missing.append(name)
    if missing:
        yield Check(
            "media",
            "fail",
            f"PyAV {av.__version__} lacks encoders: {', '.join(missing)}",
            "Install PyAV from its wheel: pip install --force-reinstall --only-binary :all: av",
        )
    else:
        yield Check("media", "ok", f"PyAV {av.__version__} with {', '.join(_CODECS)}")


def _plugins(settings: Settings) -> Iterator[Check]:
    from farm.models.needs import complaints
    from farm.models.store import open_models
    from farm.plugins import registry_of

    registry = registry_of(settings)
    yield Check(
        "plugins", "ok", f"{len(registry.stages)} stages, {len(registry.pipelines)} pipelines"
    )
    lacking = complaints(registry.stages, registry.models, open_models(settings))
    for stages, complaint in by_reason({**lacking, **registry.checks()}):
        yield Check("stages", "warn", f"cannot run on this machine: {stages}", complaint)
    for service in registry.services():
        yield Check(f"service {service.name}", service.state, service.detail)
    for ref, complaint in sorted(registry.pipeline_complaints().items()):
        yield Check(f"pipeline {ref}", "warn", "cannot be planned here", complaint)


def _models(settings: Settings) -> Iterator[Check]:
    from farm.models.needs import always_needed
    from farm.models.store import open_models
    from farm.plugins import registry_of

    registry = registry_of(settings)
    store = open_models(settings)
    found = {name: store.standing(manifest) for name, manifest in sorted(registry.models.items())}
    here = [name for name, standing in found.items() if standing.state == "ok"]
    yield Check("models", "ok", f"{len(here)} of {len(found)} are here")
    # Of the others it was said that their stages cannot run.
    told = {name for stage in registry.stages.values() for name in always_needed(stage)}
    for name, standing in found.items():
        if standing.complaint and name not in told:
            status: Status = "fail" if standing.state == "corrupt" else "warn"
            yield Check(f"model {name}", status, standing.state, standing.complaint)


def _spool(settings: Settings) -> Iterator[Check]:
    spool = settings.spool_dir
    nearest = next(folder for folder in (spool, *spool.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        mend = f"Make {nearest} writable for this user, or set `spool` to another folder."
        yield Check("spool", "fail", f"{spool} cannot be written", mend)
    else:
        yield Check("spool", "ok", str(spool) if spool.exists() else f"{spool} will be made")


def _disk(settings: Settings) -> Iterator[Check]:
    from farm.artifacts.retention import space

    full = space(_opened_store(settings), settings, used_bytes=_used_bytes(settings))
    if full is None:
        free = _opened_store(settings).free_bytes()
        yield Check("disk", "ok", "enough" if free is None else f"{free // 1_000_000} MB free")
    else:
        yield Check("disk", "fail", "nothing new is accepted", full)


def _used_bytes(settings: Settings) -> int:
    """What the store holds, as the ledger knows it; asked only where there is a quota."""
    from farm.ledger.artifacts import Artifacts
    from farm.ledger.database import Database
    from farm.ledger.upgrade import HEAD, revision

    url = settings.database_url
    none_yet = url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file()
    if not settings.quota_mb or none_yet:
        return 0
    with contextlib.closing(Database(url)) as database:
        return Artifacts(database).used_bytes() if revision(database) == HEAD else 0


def _store(settings: Settings) -> Iterator[Check]:
    store = _opened_store(settings)
    if refusal := store.refusal():
        yield Check("store", "fail", "its service refuses the farm", refusal)
        return
    next(iter(store.hashes()), None)  # To list it, as a collection does, is a right of its own.
    digest, _ = store.put_bytes(b"farm doctor was here", ".txt")
    store.verify(digest)
    store.delete(digest)
    yield Check("store", "ok", "a file was written, read back and removed")


def _database(settings: Settings) -> Iterator[Check]:
    from farm.ledger.database import Database
    from farm.ledger.upgrade import require_current

    url = settings.database_url
    kind = url.partition(":")[0]
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        yield Check("database", "warn", "no ledger yet", "`farm up` or `farm db upgrade` makes it.")
        return
    with contextlib.closing(Database(url)) as database:
        require_current(database)
    yield Check("database", "ok", f"{kind}, tables of this version")


def _broker(settings: Settings) -> Iterator[Check]:
    import redis

    if not settings.broker and not settings.valkey_socket.exists():
        from farm.valkey import find_server

        server = find_server()
        yield Check(
            "broker", "warn", f"not running ({server.name} is there)", "`farm up` starts it."
        )
        return
    with contextlib.closing(
        redis.Redis.from_url(settings.broker_url, socket_connect_timeout=2, socket_timeout=2)
    ) as client:
        try:
            client.ping()
        except (redis.RedisError, OSError) as error:
            mend = "Start it, or mend `broker` in farm.toml."
            if not settings.broker:
                mend = "Start the farm with `farm up`; its last run left the socket behind."
            yield Check("broker", "fail", f"does not answer: {error}", mend)
        else:
            yield Check("broker", "ok", "answers")


def _drop_folders(settings: Settings) -> Iterator[Check]:
    from farm.intake.doors import doors_of
    from farm.plugins import registry_of

    registry = registry_of(settings)
    doors = doors_of(settings, (pipeline.name for pipeline in registry.pipelines.values()))
    for door in doors:
        name, folder = f"drop folder {door.origin}", door.folder
        if not folder.is_dir():
            # The queue's folders are made by the daemon; the others are the operator's.
            status: Status = "warn" if door.is_queue else "fail"
            yield Check(name, status, f"{folder} is not there", f"Run: mkdir -p {folder}")
        elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            mend = f"Give this user read and write access to {folder}."
            yield Check(name, "fail", f"{folder} is not writable", mend)
        elif door.claimed.is_dir() and door.claimed.stat().st_dev != folder.stat().st_dev:
            mend = "What arrives is taken by a rename, so both must be on one file system."
            yield Check(name, "fail", f"{door.claimed} is on another file system", mend)
        elif door.pipeline:
            registry.pipeline(door.pipeline)
            yield Check(name, "ok", f"{folder} runs {door.pipeline}")
        else:
            yield Check(name, "ok", str(folder))
    if len(doors) == 1:
        mend = f"Run: mkdir -p {settings.under_root(settings.dropbox) / 'procedural'}"
        yield Check("drop folders", "warn", "none but the manifest queue", mend)


def _farm(settings: Settings, clock: Callable[[], float]) -> Iterator[Check]:
    from farm.ledger.database import Database
    from farm.ledger.upgrade import HEAD, revision
    from farm.ledger.views_nodes import NodeViews

    url = settings.database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return
    with contextlib.closing(Database(url, clock)) as database:
        if revision(database) != HEAD:
            return  # Said by the check of the database.
        views = NodeViews(database)
        farm, nodes = views.farm(), views.nodes()
    now_s = clock()
    silent_s = now_s - farm.daemon_beat_at
    if not farm.daemon:
        yield Check("daemon", "warn", "none is active", "Start `farm up` or `farm daemon`.")
    elif silent_s > _SILENT_S:
        text = f"{farm.daemon} gave no sign of life for {silent_s:.0f} s"
        yield Check("daemon", "fail", text, "Start `farm up` or `farm daemon`.")
    else:
        yield Check("daemon", "ok", farm.daemon)
    if farm.paused is not None:
        yield Check("pause", "warn", f"the farm is paused: {farm.paused}", "farm resume --farm")
    online = [node for node in nodes if node.state == "online"]
    if not online:
        yield Check("nodes", "warn", "none is online", "Start `farm up` or `farm node`.")
    else:
        yield Check("nodes", "ok", ", ".join(node.name for node in online))
    for node in nodes:
        for stages, complaint in by_reason({**node.complaints, **node.blocked}):
            yield Check(f"node {node.name}", "warn", f"does not run {stages}", complaint)
    latest = max([farm.daemon_beat_at, *(node.started_at for node in nodes)], default=0.0)
    if latest > now_s + _JUMP_S:
        text = f"the ledger has times {latest - now_s:.0f} s ahead of this machine"
        mend = "Synchronise the clocks of all machines (NTP); dates shown to people depend on it."
        yield Check("clock", "warn", text, mend)
    else:
        yield Check("clock", "ok", "agrees with the ledger")


def _opened_store(settings: Settings) -> Store:
    from farm.artifacts.store import open_store

    return open_store(
        settings.store_url,
        cache_dir=settings.spool_dir / "cache" / "doctor",
        options=settings.store_options,
    )
