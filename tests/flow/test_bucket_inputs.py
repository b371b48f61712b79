"""Inputs of manifests from a bucket: a real S3 service on the loopback, good and bad."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from little_farm import LittleFarm, read_json, write_film, write_png
from loopback_bucket import KEY, ONCE, SECRET, Service, refused, served

from farm.domain.errors import AssetError, FarmError, MissingExtra
from farm.intake.downloads import Downloads


@pytest.fixture(scope="module")
def shared() -> Iterator[Service]:
    with served() as service:
        service.files().pipe_file("media/cast/long.txt", b"x" * 1_000_001)
        yield service


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    yield shared
    shared.answer = lambda environ, start: None


def little(root: Path, service: Service, **changes: Any) -> LittleFarm:
    """A farm whose operator allows the bucket."""
    options = {**service.options, **ONCE}
    return LittleFarm(root, url_hosts=["media"], store_options=options, **changes)


def ask(farm: LittleFarm, url: str, name: str = "a.yaml", pipeline: str = "echo") -> Any:
    """Queue a manifest with this input; returns its receipt or its refusal."""
    role = "prompt" if pipeline == "echo" else "character"
    more = "" if pipeline == "echo" else ", motion: {path: walk.mp4}"
    text = f"farm: 1\npipeline: {pipeline}\ninputs: {{{role}: {{url: {json.dumps(url)}}}{more}}}\n"
    intake = farm.intake()
    (farm.inbox / name).write_text(text)
    farm.settle(intake)
    folder = farm.inbox.parent
    found = folder / "rejected" / f"{name}.error.json"
    if found.exists():
        assert farm.jobs() == []
        assert list(farm.store.hashes()) == []
        assert (folder / "rejected" / name).read_text() == text
        return read_json(found)["error"]
    return read_json(folder / "accepted" / f"{name}.receipt.json")


def everything_written(farm: LittleFarm) -> bytes:
    """All that anybody can read of it afterwards: the ledger, its log and every file."""
    return b"".join(path.read_bytes() for path in farm.root.rglob("*") if path.is_file())


def chunks(service: Service, url: str = "s3://media/big.bin", **more: Any) -> Iterator[bytes]:
    values = {"max_bytes": 10_000_000, "timeout_s": 5.0, **more}
    options = {**service.options, **ONCE}
    return Downloads(["media"], s3_options=options, **values).chunks(url)


def test_an_input_from_a_bucket_is_fetched_and_known_by_its_hash(
    tmp_path: Path, service: Service
) -> None:
    picture = write_png(tmp_path / "face.png").read_bytes()
    service.files().pipe_file("media/cast/Zoë 100%/face.png", picture)
    service.files().pipe_file("media/fox.txt", "ein röter Fuchs\r\n".encode())
    farm = little(tmp_path, service)
    receipt = ask(farm, "s3://media/fox.txt")
    (job,) = farm.jobs()
    assert receipt["job"] == job.id
    digest = hashlib.sha256("ein röter Fuchs\r\n".encode()).hexdigest()
    assert job.inputs["prompt"][0]["hash"] == digest
    assert farm.store.verify(digest) > 0
    write_film(farm.inbox.parent / "walk.mp4")
    ask(farm, "s3://media/cast/Zo%C3%AB%20100%25/face.png", "b.yaml", "portrait")
    assert farm.jobs()[-1].inputs["character"][0]["hash"] == hashlib.sha256(picture).hexdigest()
    assert SECRET.encode() not in everything_written(farm)


def test_credentials_come_from_the_environment_where_the_settings_have_none(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.files().pipe_file("media/fox.txt", b"a red fox")
    farm = LittleFarm(
        tmp_path,
        url_hosts=["media"],
        store_options={"endpoint_url": service.options["endpoint_url"], **ONCE},
    )
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    error = ask(farm, "s3://media/fox.txt", "without.yaml")
    assert (error["code"], error["got"]) == ("asset.url-failed", "no credentials")
    assert "`store_options`" in error["mend"] and "AWS_ACCESS_KEY_ID" in error["mend"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert ask(farm, "s3://media/fox.txt", "with.yaml")["state"] == "accepted"


@pytest.mark.parametrize(
    ("url", "code", "expected", "got"),
    [
        ("s3://media/nowhere.txt", "url-failed", "", "no such object"),
        ("s3://media/cast", "url-failed", "", "no such object"),
        ("s3://media/cast/", "url-refused", "the key of a file", "a folder"),
        ("s3://media", "url-refused", "the key of a file", "a bucket without a key"),
        ("s3://others/a.txt", "url-refused", "an allowed host (media)", "others"),
        ("s3://media:80/a.txt", "url-refused", "s3://bucket/key", "a user or port before the key"),
        ("s3://media/../others/a.txt", "url-refused", "`..` parts", "'../others/a.txt'"),
        ("s3://media/a/%2e%2e/%2E%2E/b.txt", "url-refused", "`..` parts", "'a/../../b.txt'"),
        ("s3://media//a.txt", "url-refused", "without empty", "'/a.txt'"),
        ("s3://media/a%0Ab.txt", "url-refused", "printable", r"'a\nb.txt'"),
        ("s3://media/a%00.txt", "url-refused", "printable", r"'a\x00.txt'"),
        ("s3://media/a%FF.txt", "url-refused", "printable", "'a\ufffd.txt'"),
        (f"s3://media/{'k' * 1025}", "url-refused", "at most 1024 bytes", "1025 bytes"),
        ("s3://media/a.txt?versionId=3", "url-refused", "%3F", "one of them"),
        ("s3://media/a.txt#b", "url-refused", "%3F", "one of them"),
        ("s3://media/cast/long.txt", "too-large", "at most 1000000 bytes", "1000001 or more"),
    ],
)
def test_an_address_that_leads_to_no_file_is_refused_with_what_was_expected(
    service: Service, url: str, code: str, expected: str, got: str
) -> None:
    with pytest.raises(AssetError) as caught:
        list(chunks(service, url, max_bytes=1_000_000))
    error = caught.value
    assert error.code == f"asset.{code}"
    assert error.where.startswith("s3://media" if "media" in url else "s3://others")
    assert len(error.where) < 250
    assert expected in error.expected
    assert error.got == got
    assert error.mend.endswith(".")


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_an_address_of_another_kind_is_refused_by_its_field(
    tmp_path: Path, service: Service, scheme: str
) -> None:
    error = ask(little(tmp_path, service), f"{scheme}://media/fox.txt")
    assert error["class"] == "input"
    assert "inputs.prompt" in error["where"]
    assert "https://… or s3://…" in error["expected"]


@pytest.mark.parametrize(
    ("code", "status", "got", "mend"),
    [
        ("AccessDenied", "403 Forbidden", "access denied", "`key` and `secret`"),
        ("SignatureDoesNotMatch", "403 Forbidden", "access denied", "Mend `secret`"),
        ("ExpiredToken", "400 Bad Request", "access denied", "fresh `token`"),
        ("NoSuchBucket", "404 Not Found", "no such bucket", "`endpoint_url`"),
        ("SlowDown", "503 Slow Down", "", "`endpoint_url` answers"),
    ],
)
def test_what_the_service_refuses_reads_well_and_gives_no_secret_away(
    tmp_path: Path, service: Service, code: str, status: str, got: str, mend: str
) -> None:
    said = f"The bucket of {KEY} with {SECRET} does\nnot please"
    farm = little(tmp_path, service)
    service.answer = refused(code, said, status)
    error = ask(farm, "s3://media/fox.txt")
    assert error["code"] == "asset.url-failed"
    assert got in error["got"]
    assert mend in error["mend"]
    assert error["mend"].endswith("Then submit again.")
    assert "\n" not in error["message"] and "Traceback" not in error["message"]
    assert SECRET.encode() not in everything_written(farm)
    assert KEY.encode() not in everything_written(farm)


@pytest.mark.parametrize("login", ["", "bo:hush-hush@"])
def test_a_service_that_is_away_is_named_and_a_password_in_its_address_is_not(
    tmp_path: Path, service: Service, login: str
) -> None:
    options = {**service.options, **ONCE, "endpoint_url": f"http://{login}127.0.0.1:9"}
    farm = LittleFarm(tmp_path, url_hosts=["media"], store_options=options)
    error = ask(farm, "s3://media/fox.txt")
    assert login or "http://127.0.0.1:9" in error["got"]
    assert "`endpoint_url` answers" in error["mend"]
    assert b"hush-hush" not in everything_written(farm)


@pytest.mark.parametrize("wrong", [{"endpoint_url": "nowhere"}, {"sekret": "x"}])
def test_an_option_that_is_wrong_is_named_with_its_setting(
    tmp_path: Path, service: Service, wrong: dict[str, Any]
) -> None:
    farm = LittleFarm(
        tmp_path, url_hosts=["media"], store_options={**service.options, **ONCE, **wrong}
    )
    error = ask(farm, "s3://media/fox.txt")
    assert (error["code"], error["class"]) == ("asset.url-failed", "input")
    assert "`store_options`" in error["mend"]


def test_without_the_packages_for_it_one_line_says_how_to_install_them(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("s3fs", "botocore.exceptions", "aiohttp"):
        monkeypatch.setitem(sys.modules, name, None)
    error = ask(little(tmp_path, service), "s3://media/fox.txt")
    assert error["what"] == "the S3 client is not installed"
    assert error["mend"] == "Run: pip install 'farm[s3]'"
    with pytest.raises(MissingExtra, match=r"s3://media/fox.txt.*pip install 'farm\[s3\]'"):
        list(chunks(service, "s3://media/fox.txt"))


def test_what_is_replaced_during_the_download_comes_whole_as_it_was(service: Service) -> None:
    before, after = b"a" * 3_000_000, b"b" * 4_000_000
    service.files().pipe_file("media/big.bin", before)
    coming = chunks(service)
    first = next(coming)
    service.files().pipe_file("media/big.bin", after)
    assert first + b"".join(coming) == before


@pytest.mark.parametrize("replaced", [False, True])
def test_a_download_that_breaks_goes_on_only_while_the_object_is_the_same(
    service: Service, replaced: bool
) -> None:
    data = os.urandom(2_000_000)
    service.files().pipe_file("media/big.bin", data)
    etag = service.files().info("media/big.bin")["ETag"]
    gone_on: list[str] = []

    def breaks_once(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes] | None:
        if gone_on or "HTTP_RANGE" in environ:
            gone_on.append(environ["HTTP_RANGE"])
            return None
        start("200 OK", [("Content-Length", str(len(data))), ("ETag", etag)])
        return [data[:1_000_000]]

    service.answer = breaks_once
    coming = chunks(service)
    first = next(coming)
    if replaced:
        service.answer = lambda environ, start: None
        service.files().pipe_file("media/big.bin", data[::-1])
        with pytest.raises(AssetError, match=r"replaced while it was read\. Wait until nobody"):
            list(coming)
        return
    assert first + b"".join(coming) == data
    assert gone_on == ["bytes=1000000-"]


def half(stop: threading.Event, begun: threading.Event, *, then_cut: bool) -> Callable[..., Any]:
    """Half of what was promised, and then the end, or nothing until ``stop``."""

    def answer(_: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "2000000"), ("ETag", '"one"')])

        def body() -> Iterator[bytes]:
            yield b"x" * 1_000_000
            begun.set()
            if not then_cut:
                stop.wait(30)

        return body()

    return answer


def test_a_download_that_is_cut_off_is_no_shorter_file(tmp_path: Path, service: Service) -> None:
    farm = little(tmp_path, service)
    service.answer = half(threading.Event(), threading.Event(), then_cut=True)
    error = ask(farm, "s3://media/fox.txt")
    assert error["code"] == "asset.url-failed"
    assert "`endpoint_url` answers" in error["mend"]


@pytest.mark.parametrize("limit", ["timeout_s", "total_s"])
def test_a_download_that_stalls_is_given_up(service: Service, limit: str) -> None:
    stop = threading.Event()
    service.answer = half(stop, threading.Event(), then_cut=False)
    if limit == "total_s":
        stop.set()
    with pytest.raises(AssetError) as caught:
        list(chunks(service, **{limit: 0.2 if limit == "timeout_s" else 0.0}))
    stop.set()
    assert caught.value.code == "asset.url-failed"


def test_a_download_that_is_broken_off_leaves_nothing_and_is_done_again_by_the_next_daemon(
    tmp_path: Path, service: Service
) -> None:
    service.files().pipe_file("media/fox.txt", b"a red fox")
    farm = little(tmp_path, service)
    stop, begun = threading.Event(), threading.Event()
    service.answer = half(stop, begun, then_cut=False)
    coming = chunks(service)
    with pytest.raises(KeyboardInterrupt):
        farm.store.put_chunks(interrupted(coming, begun))
    stop.set()
    assert list(farm.store.hashes()) == []
    assert farm.store.sweep(0, 4e9) == 0
    service.answer = lambda environ, start: None
    assert ask(farm, "s3://media/fox.txt")["state"] == "accepted"


def interrupted(coming: Iterator[bytes], begun: threading.Event) -> Iterator[bytes]:
    yield next(coming)
    assert begun.wait(10)
    raise KeyboardInterrupt


def test_submitting_by_hand_is_refused_in_the_same_words(tmp_path: Path, service: Service) -> None:
    farm = little(tmp_path, service)
    farm.intake()
    manifest = {"pipeline": "echo", "inputs": {"prompt": {"url": "s3://media/nowhere.txt"}}}
    with pytest.raises(FarmError, match=r"s3://media/nowhere.txt: .*no such object. Check the key"):
        farm.intake().submit(manifest)
    (problem,) = farm.intake().validate(manifest)
    assert problem["code"] == "asset.url-failed"
    assert farm.jobs() == []
