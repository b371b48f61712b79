"""Runs a manifest's ``convert`` function once, in a process of its own.

Invariant: an ordinary pickle cannot be loaded in that process: an audit hook refuses every class a
pickle names, and torch loads with ``weights_only``. What it made counts only by its SHA-256.

Started as ``python -m farm.models.convert MODULE:FUNCTION RAW MADE PLUGINS``.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from farm.config import plugin_environment
from farm.domain.errors import MissingExtra, ModelError
from farm.models.lacking import command_for

_TIMEOUT_S = 3600.0
_LACKS = re.compile(r"ModuleNotFoundError: No module named '([\w]+)")


def convert(code: str, raw: Path, made: Path, plugin_folder: Path) -> None:
    """Have ``code`` (``"module:function"``) make the model's files in ``made`` from those in ``raw``.

    Raises
    ------
    MissingExtra : it needs a package that is not installed.
    ModelError : it failed; has the last line of what it said.
    """
    made.mkdir(parents=True, exist_ok=True)
    arguments = [code, str(raw), str(made), str(plugin_folder)]
    environment = {**plugin_environment(), "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "farm.models.convert", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(code, f"it took longer than {_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        lacks = _LACKS.match(lines[-1]) if lines else None
        # A plugin's own module that is not there is no package to install.
        if lacks is not None and lacks[1] != code.partition(":")[0].partition(".")[0]:
            command = command_for(lacks[1])
            raise MissingExtra(
                f"the conversion of the model needs {lacks[1]}, which is not installed",
                where=code,
                mend=f"Run: {command}" if command else "Install the package that brings it.",
                code="model.convert-lacks",
            )
        raise _failed(code, lines[-1] if lines else f"exit status {done.returncode}")


def _failed(code: str, how: str) -> ModelError:
    return ModelError(
        "the conversion of the model failed",
        where=code,
        got=how,
        mend="Install what it needs (`farm doctor` lists what plugins lack), then fetch again.",
        code="model.convert",
    )


def _no_pickles(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class":
        module, name = arguments
        raise PermissionError(f"a pickle wants {module}.{name}; only plain weights are loaded")


def main(code: str, raw: str, made: str, plugins: str) -> None:
    """The child process."""
    sys.path.append(plugins)
    module, _, name = code.partition(":")
    function = getattr(importlib.import_module(module), name)
    sys.addaudithook(_no_pickles)
    function(Path(raw), Path(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
