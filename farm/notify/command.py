"""Giving a notice to a program.

Invariant: no shell reads anything of it: the arguments are the operator's, the event comes on
standard input as JSON, and whatever the program started is gone when its time is over.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from farm.config import CommandChannel
from farm.processes import die_with_parent

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_WORDS = 1000


def run(channel: CommandChannel, body: Mapping[str, Any], *, folder: Path) -> None:
    """Run the program in ``folder`` and wait for it.

    Raises
    ------
    OSError : it cannot be started, took too long, or ended with another status than 0.
    """
    process = subprocess.Popen(
        channel.argv,
        cwd=folder,
        # Nothing of the farm's own environment: it may hold secrets.
        env={"PATH": _PATH, "LANG": "C.UTF-8", "FARM_EVENT": str(body["kind"])},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=die_with_parent,
        start_new_session=True,
    )
    try:
        data = json.dumps(body, ensure_ascii=False).encode() + b"\n"
        _, words = process.communicate(data, timeout=channel.timeout_s)
    except subprocess.TimeoutExpired:
        raise OSError(f"{channel.argv[0]} took longer than {channel.timeout_s:g} s") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
    if process.returncode != 0:
        said = words.decode("utf-8", "replace").strip()[-_WORDS:]
        raise OSError(f"{channel.argv[0]} ended with status {process.returncode}: {said}")
