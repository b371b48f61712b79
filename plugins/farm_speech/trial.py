"""A task without a farm: what a provider of ``speech.say`` needs to speak one utterance right here.

Invariant: models are those of the farm's own store, found by ``farm models where``; nothing is kept.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from farm import InputFile, MediaFacts, MediaKind, ResourceError
from farm_speech.params import SayParams


class TrialModels:
    """``task.models``. farm : the command that runs this farm's command line."""

    def __init__(self, farm: Sequence[str]) -> None:
        self._farm = farm

    def files(self, name: str) -> Path:
        """The folder of a model. Raises ResourceError."""
        done = subprocess.run(
            [*self._farm, "models", "where", name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ResourceError(
                "the voice's model is not here",
                where=name,
                got=done.stderr.strip()[-200:],
                mend=f"Run: farm models fetch {name}",
                code="speech.no-model",
            )
        return Path(done.stdout.strip())

    def get(self, _key: str, load: Callable[[], Any], **_: Any) -> Any:
        """What ``load`` makes."""
        return load()


class TrialTask:
    """One utterance, and a folder for what is made of it."""

    def __init__(self, folder: Path, utterance: Path, farm: Sequence[str]) -> None:
        self.id = "farm-voices"
        self.params = SayParams()
        self.scratch = folder
        self.inputs: Mapping[str, Sequence[InputFile]] = {
            "utterance": [InputFile(utterance, MediaKind.DATA, "", MediaFacts())]
        }
        self.window = None
        self.seed, self.device, self.threads = 0, "cpu", os.cpu_count() or 1
        self.log = logging.getLogger("farm-voices")
        self.log.addHandler(logging.NullHandler())
        self.log.propagate = False
        self.models = TrialModels(farm)

    def input(self, port: str) -> InputFile:
        """The one file at ``port``."""
        (only,) = self.inputs[port]
        return only

    def output(self, port: str, suffix: str) -> Path:
        """Where the file for ``port`` goes."""
        return self.scratch / f"{port}{suffix}"

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Nobody is told."""

    def checkpoint(self) -> None:
        """Nobody stops it but with Ctrl-C."""


def this_farm() -> list[str]:
    """The command line's own command, for the same farm as this one."""
    command = [sys.executable, "-m", "farm"]
    for at, word in enumerate(sys.argv):
        if word == "--root":
            return [*command, "--root", *sys.argv[at + 1 : at + 2]]
        if word.startswith("--root="):
            return [*command, word]
    return command
