"""The one pip command that brings what fetching models lacked.

Invariant: an extra of the farm is named where one brings the package, so that pip also keeps to the
versions the farm was tested with.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires

_COMMAND = re.compile(r"pip install '?([A-Za-z0-9][\w.-]*\w)(?:\[([\w,-]+)\])?")
_REQUIREMENT = re.compile(r"([\w.-]+).*;\s*extra == ['\"]([\w-]+)['\"]")


def command_for(package: str) -> str:
    """``pip install 'farm[speech]'``, with the smallest extra that brings the package; else empty.

    A module that no extra brings may be a package of another name, so nothing is advised for it.
    """
    extras: dict[str, set[str]] = {}
    try:
        stated = requires("farm") or []
    except PackageNotFoundError:
        stated = []
    for line in stated:
        if found := _REQUIREMENT.match(line):
            extras.setdefault(found[2], set()).add(_plain(found[1]))
    fitting = [(len(has), name) for name, has in extras.items() if _plain(package) in has]
    return f"pip install 'farm[{min(fitting)[1]}]'" if fitting else ""


def one_command(complaints: Iterable[str]) -> str:
    """One command for all that these complaints tell to install; empty when they tell of none."""
    extras: dict[str, set[str]] = {}
    for complaint in complaints:
        for name, listed in _COMMAND.findall(complaint):
            extras.setdefault(name, set()).update(filter(None, listed.split(",")))
    wanted = [
        shlex.quote(f"{name}[{','.join(sorted(listed))}]") if listed else name
        for name, listed in sorted(extras.items())
    ]
    return f"pip install {' '.join(wanted)}" if wanted else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
