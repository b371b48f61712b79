"""Asks the process that speaks with eSpeak NG.

Invariant: it gets no more than the text, runs for at most a minute, and is gone afterwards.
"""

from __future__ import annotations

import json
import subprocess
import sys
from ctypes.util import find_library
from importlib.util import find_spec
from typing import Any

from farm import MissingExtra, TransientError

_TIMEOUT_S = 60.0
MEND = "pip install espeakng-loader, or apt install espeak-ng"


def available() -> bool:
    """Whether this machine has the library."""
    return find_spec("espeakng_loader") is not None or find_library("espeak-ng") is not None


def asked(request: dict[str, Any], where: str) -> dict[str, Any]:
    """The answer to a request of :mod:`farm_speech.espeak.child`.

    Raises
    ------
    MissingExtra : eSpeak NG is not installed, or does not start. TransientError : it crashed.
    """
    if not available():
        raise MissingExtra("eSpeak NG is not installed", where=where, mend=MEND)
    done = subprocess.run(
        [sys.executable, "-m", "farm_speech.espeak.child"],
        input=json.dumps(request).encode(),
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise TransientError(
            "eSpeak NG ended by itself",
            where=where,
            got=done.stderr.decode("utf-8", "replace")[-300:],
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    if "error" in answer:
        raise MissingExtra(answer["error"], where=where, mend=MEND)
    return answer
