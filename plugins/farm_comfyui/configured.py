"""What the operator configured under ``[plugins.farm_comfyui]``, and the one pool made from it.

Invariant: the table is read once in a process and checked whole before anything uses it; a pool opens
no connection until it is asked something, which most processes never do. Workflows that come, change or
go while the process runs are taken up whole or, while any of them is wrong, not at all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm import ConfigError, FarmError
from farm_comfyui.templates import Catalog, catalog

if TYPE_CHECKING:
    from farm_comfyui.pool import Pool

_OWN = ("templates_dir", "versions")
Seen = tuple[tuple[str, int, int], ...]
"""Path, size in bytes and time of change in nanoseconds of each file."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Configured:
    """This process's settings. seen : the files that the catalogue was made of. lock : single flight
    for making the pool and the catalogue."""

    table: Mapping[str, Any] = field(default_factory=dict)
    templates_dir: Path | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    pool: Pool | None = None
    catalog: Catalog | None = None
    seen: Seen = ()
    lock: threading.Lock = field(default_factory=threading.Lock)


_NOW = Configured()


def configure(table: Mapping[str, Any]) -> None:
    """Take the table. Raises ConfigError naming the setting that is wrong."""
    folder = table.get("templates_dir")
    if folder is not None and not (isinstance(folder, str) and Path(folder).is_absolute()):
        raise ConfigError(
            "the folder of your own workflow templates must be an absolute path",
            where="plugins.farm_comfyui.templates_dir",
            got=repr(folder),
            mend="Write the whole path, such as /srv/farm/workflows.",
            code="comfy.settings",
        )
    versions = table.get("versions", {})
    if not (isinstance(versions, dict) and all(isinstance(v, str) for v in versions.values())):
        raise ConfigError(
            "the versions of workflows are not a table of texts",
            where="plugins.farm_comfyui.versions",
            got=repr(versions),
            mend='Write versions = { animate-move = "1.0.0" }, or leave it out for the newest.',
            code="comfy.settings",
        )
    with _NOW.lock:
        _NOW.versions = versions
        _NOW.table = {name: value for name, value in table.items() if name not in _OWN}
        _NOW.templates_dir = Path(folder) if folder else None
        _NOW.pool = _made()
        # Now, because a version that is not there stops the process.
        _NOW.seen = _files(_NOW.templates_dir)
        _NOW.catalog = catalog(_NOW.templates_dir, _NOW.versions)


def pool() -> Pool:
    """The configured servers; none without a table."""
    with _NOW.lock:
        if _NOW.pool is None:
            _NOW.pool = _made()
        return _NOW.pool


def templates() -> Catalog:
    """The packaged workflow templates and the operator's own, as they are in their folder now."""
    with _NOW.lock:
        seen = _files(_NOW.templates_dir)
        if _NOW.catalog is None:
            _NOW.seen, _NOW.catalog = seen, catalog(_NOW.templates_dir, _NOW.versions)
        elif seen != _NOW.seen:
            _NOW.seen = seen
            try:
                _NOW.catalog = catalog(_NOW.templates_dir, _NOW.versions)
            except FarmError as error:
                # Somebody is at work on one: what others ask for must not fail for it.
                _log.warning("workflows stay as they were: %s", error.sentence())
        return _NOW.catalog


def templates_dir() -> Path | None:
    """The folder of the operator's own workflow templates."""
    return _NOW.templates_dir


def _files(root: Path | None) -> Seen:
    found = []
    for path in sorted(root.glob("*/*/*")) if root is not None else ():
        try:
            told = path.stat()
        except OSError:
            continue
        found.append((str(path), told.st_size, told.st_mtime_ns))
    return tuple(found)


def _made() -> Pool:
    # Late: no command that only declares needs a client.
    from farm_comfyui.pool import Pool

    # It tells every request; a probe makes dozens.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    return Pool.from_settings(_NOW.table)
