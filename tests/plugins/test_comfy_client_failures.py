"""Servers that misbehave: each trouble is told by its name, and no run takes it for a success."""

from __future__ import annotations

import http.server
import pickle
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfy.process import StandIn, free_port
from comfy_work import QUICK, bound, copied, picture, pool_of, run, stepped

from farm_comfyui.bound import OutputNode
from farm_comfyui.failures import (
    CollectFailed,
    ComfyFailure,
    DiskFull,
    NodeFailed,
    OutOfMemory,
    RunTimeout,
    ServerLost,
    ServerSilent,
    TooLargeToUpload,
    UnreadableAsset,
    UploadFailed,
)
from farm_comfyui.pool import Pool


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn(tmp_path_factory.mktemp("server"), step_s=0.0) as server:
        yield server


@pytest.fixture
def server(running: StandIn) -> Iterator[StandIn]:
    yield running
    running.mend()


def failing(server: StandIn, folder: Path, work: Any = None, **settings: Any) -> ComfyFailure:
    """The failure of a run on one server that has no other to move to."""
    pool = pool_of(server, moves=0, **settings)
    try:
        with pytest.raises(ComfyFailure) as failed:
            run(pool, work or copied(), folder, f"job.{time.monotonic_ns()}/1")
    finally:
        pool.close()
    failure = failed.value
    assert failure.what[0].islower()
    assert "http" not in failure.what
    assert failure.record()["cause"] == failure.cause
    return failure


# --- before a run ---------------------------------------------------------------------------------


def complaint(server: Any, **settings: Any) -> str:
    """What the pool says of a server that is not up."""
    pool = pool_of(server, **settings)
    try:
        (state,) = pool.probe(fresh=True)
    finally:
        pool.close()
    assert not state.up
    return state.complaint


class Nowhere:
    """An address where nobody listens."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"


def test_a_server_that_is_down_is_named_with_the_reason(tmp_path: Path) -> None:
    assert "does not answer" in complaint(Nowhere())
    pool = pool_of(Nowhere(), lost_s=0.3)
    with pytest.raises(ServerLost, match="does not answer"):
        run(pool, copied(), tmp_path)


@pytest.mark.parametrize(
    ("fault", "values", "words"),
    [
        ("unauthorised", {}, "does not let the farm in"),
        ("text-500", {}, "makes no sense"),
        ("html", {}, "makes no sense"),
        ("status", {"status": 503, "text": "busy"}, "503"),
        ("status", {"status": 302, "text": ""}, "sends the farm elsewhere"),
        ("reset", {}, "does not answer"),
        ("slow-loris", {"seconds": 0.05}, "far too slowly"),
        ("slow", {"seconds": 30}, "does not answer"),
    ],
)
def test_a_probe_tells_what_is_wrong(
    server: StandIn, fault: str, values: dict[str, Any], words: str
) -> None:
    server.fault(fault, **values)
    begun = time.monotonic()
    assert words in complaint(server, timeout_s=0.5)
    assert time.monotonic() - begun < 10


def test_a_login_is_read_from_a_file_and_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cr3t-word\n")
    login = {"Authorization": "Bearer s3cr3t-word"}
    with StandIn(tmp_path / "server", require_header=login) as server:
        header = {"file": str(secret), "prefix": "Bearer "}
        table = {"name": "a", "url": server.url, "headers": {"Authorization": header}}
        pool = Pool.from_settings({**QUICK, "servers": [table]})
        assert run(pool, stepped(), tmp_path).server == "a"
        assert "s3cr3t" not in repr(pool.servers) + repr(pool.probe())
        pool.close()
        secret.write_text("wrong-word\n")
        pool = Pool.from_settings({**QUICK, "moves": 0, "servers": [table]})
        (state,) = pool.probe()
        assert "does not let the farm in" in state.complaint
        assert "wrong-word" not in state.complaint
        secret.write_text("s3cr3t-word")
        (state,) = pool.probe(fresh=True)
        assert state.up, "a changed secret is read again after it was refused"
        secret.unlink()
        pool = Pool.from_settings({**QUICK, "servers": [table]})
        (state,) = pool.probe()
        assert "the file of a secret cannot be read" in state.complaint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


def test_a_certificate_is_checked_against_the_configured_authority(
    certificate: tuple[Path, Path],
) -> None:
    cert, key = certificate

    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        url = f"https://127.0.0.1:{listening.server_address[1]}"
        for tls, words in (({}, "certificate is not trusted"), ({"ca": str(cert)}, "")):
            table = {"name": "a", "url": url, "tls": tls}
            pool = Pool.from_settings({**QUICK, "servers": [table]})
            (state,) = pool.probe()
            assert words in state.complaint if words else state.up, state.complaint
        table = {"name": "a", "url": url, "tls": {"ca": "/nowhere/ca.pem"}}
        (state,) = Pool.from_settings({**QUICK, "servers": [table]}).probe()
        assert "trusted certificates cannot be used" in state.complaint
    finally:
        listening.shutdown()
        listening.server_close()


# --- files ----------------------------------------------------------------------------------------


def test_a_file_over_the_servers_limit_is_refused_unsent(tmp_path: Path) -> None:
    big = tmp_path / "big.mp4"
    big.write_bytes(b"\0" * 300_000)
    with StandIn(tmp_path / "server", upload_limit=200_000) as server:
        pool = pool_of(server, moves=0)
        (state,) = pool.probe()
        assert state.upload_limit == 200_000
        asset = picture(tmp_path)
        big.rename(asset.path)
        with pytest.raises(TooLargeToUpload) as failed:
            run(pool, copied(), tmp_path, asset=asset)
        assert failed.value.error_class.value == "input"
        assert server.seen()["requests"].get("POST /upload/image", 0) == 0


def test_an_upload_the_proxy_finds_too_large_says_so(server: StandIn, tmp_path: Path) -> None:
    server.fault("status", status=413, route="/upload", text="too large")
    pool = pool_of(server, moves=0)
    with pytest.raises(TooLargeToUpload, match="too large for the video server"):
        run(pool, copied(), tmp_path, asset=picture(tmp_path, 61))


def test_a_full_disk_is_told_for_uploads_and_for_results(server: StandIn, tmp_path: Path) -> None:
    asset = picture(tmp_path, 3)
    server.fault("disk-full")
    pool = pool_of(server, moves=0)
    with pytest.raises(UploadFailed) as failed:
        run(pool, copied(), tmp_path, asset=asset)
    assert "disk" in failed.value.mend or "500" in failed.value.got
    server.mend()
    run(pool_of(server), copied(), tmp_path, asset=asset)
    server.fault("disk-full")
    with pytest.raises(DiskFull) as full:
        run(pool_of(server, moves=0), copied(44), tmp_path, "job.full/1", asset=asset)
    assert full.value.error_class.value == "resource"
    assert "No space left" in full.value.cause["exception_message"]


def test_an_upload_that_got_another_name_is_used_under_that_name(
    server: StandIn, tmp_path: Path
) -> None:
    server.fault("rename-uploads")
    pool = pool_of(server)
    result = run(pool, copied(45), tmp_path, asset=picture(tmp_path, 17))
    assert "(9)" in result.uploads["picture"]
    assert result.files["picture"][0].size_bytes > 0


def test_a_file_that_vanished_from_the_server_is_sent_again(
    server: StandIn, tmp_path: Path
) -> None:
    asset = picture(tmp_path, 23)
    pool = pool_of(server)
    first = run(pool, copied(46), tmp_path, "job.v/1", asset=asset)
    (server.folder / "input" / first.uploads["picture"]).unlink()
    second = run(pool, copied(46), tmp_path, "job.v/2", asset=asset)
    assert second.upload_bytes > 0
    kept = server.folder / "input" / second.uploads["picture"]
    kept.write_bytes(kept.read_bytes()[:10])
    third = run(pool, copied(46), tmp_path, "job.v/3", asset=asset)
    assert third.files["picture"][0].sha256 == first.files["picture"][0].sha256


def test_a_download_that_breaks_off_is_taken_up_where_it_was(
    server: StandIn, tmp_path: Path
) -> None:
    pool = pool_of(server)
    whole = run(pool, copied(640), tmp_path, "job.w/1")
    server.fault("truncate", times=3, at=0.4)
    broken = run(pool, copied(640), tmp_path, "job.w/2")
    assert broken.files["picture"][0].sha256 == whole.files["picture"][0].sha256
    assert not list((tmp_path).rglob("*.part"))


def test_a_download_that_never_comes_whole_is_a_collect_failure(
    server: StandIn, tmp_path: Path
) -> None:
    server.fault("truncate", at=0.0)
    failure = failing(server, tmp_path)
    assert isinstance(failure, CollectFailed)
    assert "of" in failure.got
    assert not list(tmp_path.rglob("picture_0*"))


def test_a_page_instead_of_a_picture_is_no_result(server: StandIn, tmp_path: Path) -> None:
    server.fault("wrong-type")
    failure = failing(server, tmp_path)
    assert isinstance(failure, CollectFailed)
    assert "text/html" in failure.got


def test_no_redirect_to_another_host_is_followed(server: StandIn, tmp_path: Path) -> None:
    asked: list[str] = []

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        pool = pool_of(server)
        run(pool, copied(50), tmp_path, "job.r/1")
        server.fault("redirect", to=f"http://127.0.0.1:{other.server_address[1]}/stolen")
        failure = failing(server, tmp_path)
        assert isinstance(failure, CollectFailed)
        assert "302" in failure.got
        assert asked == []
    finally:
        other.shutdown()
        other.server_close()


def test_a_result_that_is_named_but_not_there_is_a_collect_failure(
    server: StandIn, tmp_path: Path
) -> None:
    server.fault("missing-output")
    failure = failing(server, tmp_path)
    assert isinstance(failure, CollectFailed)
    assert failure.code == "comfy.result-gone"


def test_a_graph_that_saves_nothing_wanted_is_a_collect_failure(
    server: StandIn, tmp_path: Path
) -> None:
    work = bound(copied(52).graph, outputs=(OutputNode("save", "video", "video"),))
    failure = failing(server, tmp_path, work)
    assert isinstance(failure, CollectFailed)
    assert "without a result" in failure.what


# --- runs -----------------------------------------------------------------------------------------


def test_out_of_memory_is_a_class_of_its_own_and_frees_the_server(
    server: StandIn, tmp_path: Path
) -> None:
    server.fault("oom", times=1)
    before = server.seen()["requests"].get("POST /free", 0)
    failure = failing(server, tmp_path, stepped(seed=2))
    assert isinstance(failure, OutOfMemory)
    assert failure.error_class.value == "resource"
    assert failure.cause["exception_type"] == "torch.OutOfMemoryError"
    assert failure.cause["prompt_id"]
    assert server.seen()["requests"]["POST /free"] == before + 1


def test_a_node_that_raises_is_told_with_node_and_traceback(
    server: StandIn, tmp_path: Path
) -> None:
    server.fault("node-error", times=1)
    failure = failing(server, tmp_path, stepped(seed=3))
    assert isinstance(failure, NodeFailed)
    assert failure.error_class.value == "bug"
    assert failure.what == "the video workflow failed on the server"
    assert failure.cause["node_type"] == "LabSteps"
    assert failure.cause["traceback"]


def test_a_file_no_node_can_read_is_the_submitters_to_mend(server: StandIn, tmp_path: Path) -> None:
    work = stepped(seed=4)
    work.graph["steps"] = {
        "class_type": "LabFail",
        "inputs": {"image": ["load", 0], "how": "bad-file"},
    }
    failure = failing(server, tmp_path, work)
    assert isinstance(failure, UnreadableAsset)
    assert failure.error_class.value == "input"


def test_a_worker_that_hangs_is_given_up_on(server: StandIn, tmp_path: Path) -> None:
    with StandIn(tmp_path / "zombie") as zombie:
        zombie.fault("zombie")
        failure = failing(zombie, tmp_path, stall_s=0.5, unseen_s=0.5)
        assert isinstance(failure, ServerSilent)
        assert failure.cause["prompt_id"]


def test_a_run_over_its_limit_is_stopped_on_the_server(server: StandIn, tmp_path: Path) -> None:
    failure = failing(server, tmp_path, stepped(200, 0.05, seed=5), limit_s=0.4)
    assert isinstance(failure, RunTimeout)
    assert failure.error_class.value == "timeout"
    assert server.queue()[1] == []


def test_failures_survive_the_way_out_of_an_engine() -> None:
    failure = OutOfMemory("it ran out", where="a", got="x", cause={"node": "9"})
    again = pickle.loads(pickle.dumps(failure))
    assert (type(again), again.cause, again.code) == (OutOfMemory, {"node": "9"}, "comfy.memory")
    assert str(again) == str(failure)
