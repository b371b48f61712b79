"""Where the program Piper is.

Invariant: light; it looks for the program and does not run it.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec

from farm_speech.settings import current

MEND = (
    "install piper-tts, which is under the GPL, and name its command in [plugins.farm_speech] piper"
)


def command() -> list[str]:
    """The command that runs Piper; empty if there is none."""
    if current().piper:
        return list(current().piper)
    if found := shutil.which("piper"):
        return [found]
    return [sys.executable, "-m", "piper"] if find_spec("piper") else []
