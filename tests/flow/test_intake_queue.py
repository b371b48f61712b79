"""The manifest queue, assets by hash, path and URL, and submitting without a folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from little_farm import LittleFarm, read_json, write_film, write_png
from loopback_web import Web

from farm.domain.errors import AssetError, FarmError, UnknownName
from farm.intake.downloads import Downloads


@pytest.fixture
def farm(tmp_path: Path) -> LittleFarm:
    return LittleFarm(tmp_path, asset_roots=[Path("library")])


def queue(farm: LittleFarm, name: str, text: str) -> None:
    """As an external tool does it: a temporary name, then a rename."""
    (farm.inbox / f"{name}.part").write_text(text)
    (farm.inbox / f"{name}.part").rename(farm.inbox / name)


def refusal(farm: LittleFarm, name: str) -> dict[str, Any]:
    record = read_json(farm.inbox.parent / "rejected" / f"{name}.error.json")
    error: dict[str, Any] = record["error"]
    return error


def test_an_accepted_manifest_gets_a_receipt_with_the_job(farm: LittleFarm) -> None:
    intake = farm.intake()
    queue(farm, "dusk.yaml", "farm: 1\npipeline: echo@1\nprompt: a red fox\npriority: 90\n")
    farm.settle(intake)
    (job,) = farm.jobs()
    receipt = read_json(farm.inbox.parent / "accepted" / "dusk.yaml.receipt.json")
    assert (receipt["job"], receipt["number"], receipt["state"]) == (job.id, job.number, "accepted")
    assert (job.priority, job.submitter) == (90, "queue")
    assert list(farm.inbox.glob("dusk*")) == []


def test_the_same_name_again_is_answered_under_a_name_of_its_own(farm: LittleFarm) -> None:
    intake = farm.intake()
    for prompt in ("one", "two"):
        queue(farm, "dusk.yaml", f"farm: 1\npipeline: echo\nprompt: {prompt}\n")
        farm.settle(intake)
    accepted = farm.inbox.parent / "accepted"
    assert sorted(path.name for path in accepted.iterdir()) == [
        "dusk (2).yaml.receipt.json",
        "dusk.yaml.receipt.json",
    ]
    assert len(farm.jobs()) == 2


def test_the_same_content_again_is_answered_with_the_earlier_job(farm: LittleFarm) -> None:
    intake = farm.intake()
    for name in ("a.yaml", "b.yaml"):
        queue(farm, name, "farm: 1\npipeline: echo\nprompt: a red fox\n")
        farm.settle(intake)
    (job,) = farm.jobs()
    receipt = read_json(farm.inbox.parent / "accepted" / "b.yaml.receipt.json")
    assert (receipt["state"], receipt["job"]) == ("duplicate", job.id)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.yaml", "farm: 1\npipeline: echo\nprompt: [", "manifest.syntax"),
        ("a.yaml", "farm: 1\npipeline: echo\nprompt: a\nprompt: b\n", "manifest.duplicate-key"),
        ("a.json", '{"pipeline": "echo", "prompt": "x"}', "manifest.missing-field"),
        (
            "a.toml",
            'farm = 1\npipeline = "echo"\nprompt = "x"\nspeed = 3\n',
            "manifest.unknown-field",
        ),
        ("a.yaml", "farm: 1\npipeline: echo\nprompt: x\nparams: {size: 10}\n", ""),
        ("a.yaml", "farm: 1\npipeline: echo\n", "input.missing"),
        ("a.txt", "a red fox", "queue.not-a-manifest"),
        (
            "a.yaml",
            "farm: 1\npipeline: echo\ninputs: {prompt: {path: ../secret.txt}}\n",
            "manifest.unsafe-path",
        ),
        (
            "a.yaml",
            "farm: 1\npipeline: echo\ninputs: {prompt: {path: nowhere.txt}}\n",
            "asset.missing",
        ),
        (
            "a.yaml",
            f"farm: 1\npipeline: echo\ninputs: {{prompt: {{sha256: {'ab' * 32}}}}}\n",
            "asset.unknown-hash",
        ),
        (
            "a.yaml",
            "farm: 1\npipeline: echo\ninputs: {prompt: {url: 'https://example.org/a.txt'}}\n",
            "asset.url-refused",
        ),
        (
            "a.yaml",
            "farm: 1\npipeline: echo\nprompt: x\nnotify: {url: 'https://example.org/a'}\n",
            "manifest.notify-refused",
        ),
    ],
)
def test_a_bad_manifest_is_refused_with_a_stable_code_and_kept(
    farm: LittleFarm, name: str, text: str, code: str
) -> None:
    intake = farm.intake()
    queue(farm, name, text)
    farm.settle(intake)
    assert farm.jobs() == []
    error = refusal(farm, name)
    assert error["class"] == "input"
    assert not code or error["code"] == code
    assert error["mend"] or error["expected"]
    assert (farm.inbox.parent / "rejected" / name).read_text() == text


def test_a_manifest_names_files_beside_the_queue_and_under_asset_roots(farm: LittleFarm) -> None:
    intake = farm.intake()
    write_png(farm.inbox.parent / "face.png")
    (farm.root / "library" / "moves").mkdir(parents=True)
    write_film(farm.root / "library" / "moves" / "walk.mp4")
    queue(
        farm,
        "hero.json",
        '{"farm": 1, "pipeline": "portrait",'
        ' "inputs": {"character": "face.png", "motion": {"path": "moves/walk.mp4"}}}',
    )
    farm.settle(intake)
    (job,) = farm.jobs()
    assert job.inputs["motion"][0]["suffix"] == ".mp4"


def test_an_asset_behind_a_link_is_refused(farm: LittleFarm) -> None:
    intake = farm.intake()
    (farm.root / "outside").mkdir()
    (farm.root / "outside" / "secret.txt").write_text("not yours")
    (farm.inbox.parent / "way").symlink_to(farm.root / "outside")
    queue(farm, "a.yaml", "farm: 1\npipeline: echo\ninputs: {prompt: {path: way/secret.txt}}\n")
    farm.settle(intake)
    assert refusal(farm, "a.yaml")["code"] == "asset.link"


def test_an_input_may_be_named_by_its_hash_in_the_store(farm: LittleFarm) -> None:
    intake = farm.intake()
    digest, _ = farm.store.put_bytes(b"a red fox", ".txt")
    queue(
        farm,
        "a.yaml",
        f"farm: 1\npipeline: echo\ninputs: {{prompt: {{sha256: {digest}, suffix: .txt}}}}\n",
    )
    farm.settle(intake)
    (job,) = farm.jobs()
    assert job.inputs["prompt"][0]["hash"] == digest


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    web = Web(tmp_path)
    yield web
    web.server.shutdown()
    web.server.server_close()


def downloads(web: Web, max_bytes: int = 1_000_000) -> Downloads:
    return Downloads(["localhost"], max_bytes=max_bytes, timeout_s=5, tls=web.tls)


def test_an_input_is_fetched_from_an_allowed_host(farm: LittleFarm, web: Web) -> None:
    web.pages["/prompts/fox.txt"] = b"a red fox"
    intake = farm.intake(downloads=downloads(web))
    queue(
        farm,
        "a.yaml",
        f"farm: 1\npipeline: echo\ninputs: {{prompt: {{url: '{web.url}/prompts/fox.txt'}}}}\n",
    )
    farm.settle(intake)
    (job,) = farm.jobs()
    assert job.manifest["inputs"]["prompt"]["text"] == "a red fox"


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("https://127.0.0.1:1/fox.txt", "asset.url-refused"),
        ("http://localhost/fox.txt", "asset.url-refused"),
        ("file:///etc/passwd", "asset.url-"),
        (b"x" * 2000, "asset.too-large"),
        (None, "asset.url-failed"),
    ],
)
def test_a_download_that_leads_astray_is_refused(
    web: Web, page: bytes | str | None, code: str
) -> None:
    if page is not None:
        web.pages["/fox.txt"] = page
    with pytest.raises(AssetError) as caught:
        list(downloads(web, max_bytes=1000).chunks(f"{web.url}/fox.txt"))
    assert caught.value.code.startswith(code)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://localhost/a", "https://evil/a"])
def test_other_schemes_and_hosts_are_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(AssetError, match="nothing is fetched"):
        Downloads(["localhost"], max_bytes=10).check(url)


def test_submit_makes_a_job_of_a_file_without_moving_it(farm: LittleFarm) -> None:
    prompt = farm.root / "dusk.txt"
    prompt.write_text("a red fox")
    intake = farm.intake()
    accepted = intake.submit(prompt, pipeline="echo", fields={"params": {"size": 5}})
    (job,) = farm.jobs()
    assert (accepted.job_id, accepted.number) == (job.id, job.number)
    assert job.manifest["params"]["size"] == 5
    assert prompt.read_text() == "a red fox"
    again = intake.submit(prompt, pipeline="echo", fields={"params": {"size": 5}})
    assert (again.job_id, again.duplicate) == (job.id, True)
    fresh = intake.submit({"pipeline": "echo", "prompt": "a red fox", "params": {"size": 6}})
    assert not fresh.duplicate


def test_submit_refuses_what_a_folder_would_refuse(farm: LittleFarm) -> None:
    intake = farm.intake()
    with pytest.raises(UnknownName, match="echo"):
        intake.submit({"pipeline": "ecko", "prompt": "x"})
    with pytest.raises(FarmError, match="no such file"):
        intake.submit(farm.root / "nowhere.txt", pipeline="echo")
    assert farm.jobs() == []


def test_validate_names_the_problems_and_leaves_nothing_behind(farm: LittleFarm) -> None:
    manifest = farm.root / "a.yaml"
    manifest.write_text("farm: 1\npipeline: echo\nprompt: x\nspeed: 3\npriority: high\n")
    intake = farm.intake()
    problems = intake.validate(manifest)
    assert {problem["code"] for problem in problems} >= {"manifest.unknown-field"}
    assert len(problems) == 2
    manifest.write_text("farm: 1\npipeline: echo\nprompt: x\n")
    assert intake.validate(manifest) == []
    assert farm.jobs() == []
    assert list(farm.store.hashes()) == []


def test_an_arrival_rings_the_bell_before_the_next_look(farm: LittleFarm) -> None:
    rung = threading.Event()
    intake = farm.intake(wake=rung.set)
    intake.watch()
    try:
        (farm.echo / "dusk.txt").write_text("a red fox")
        assert rung.wait(10)
    finally:
        intake.close()


def test_a_folder_on_a_network_is_watched_by_polling(tmp_path: Path) -> None:
    from farm.config import DropFolder

    drop = DropFolder(path=Path("dropbox/echo"), pipeline="echo", polling=True)
    farm = LittleFarm(tmp_path, drop_folders={"echo": drop}, rescan_s=0.2)
    rung = threading.Event()
    intake = farm.intake(wake=rung.set)
    intake.watch()
    try:
        (farm.echo / "dusk.txt").write_text("a red fox")
        assert rung.wait(10)
    finally:
        intake.close()


def test_a_watch_that_the_kernel_refuses_leaves_periodic_looks(
    farm: LittleFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchdog.observers.api import BaseObserver

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(BaseObserver, "schedule", refuse)
    intake = farm.intake()
    intake.watch()
    try:
        assert "inotify watch limit reached" in intake.complaints()["echo"]
        (farm.echo / "dusk.txt").write_text("a red fox")
        farm.settle(intake)
        assert len(farm.jobs()) == 1
    finally:
        intake.close()
