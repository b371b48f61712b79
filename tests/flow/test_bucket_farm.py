"""A farm whose inputs and artifacts lie in buckets, and whose S3 service goes away in the middle."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from loopback_bucket import ALL, SECRET, Service, guarding, served
from running_farm import farm, running
from sqlalchemy import select

from farm.config import load_settings
from farm.ledger.database import Database
from farm.ledger.schema import attempts, jobs
from farm.ledger.views_reasons import Reasons

PLUGIN = """
from pathlib import Path
from farm import MediaKind, Port, Stage, hookimpl

@hookimpl
def farm_pipelines():
    return [Path(__file__).parent / "_shout.yaml"]

@hookimpl
def farm_stages():
    text = Port(MediaKind.TEXT)
    yield Stage("lab.shout", "lab", 1, "lab_shout:run", {"prompt": text}, {"answer": text})

def run(task):
    here = Path(__file__).parent
    (here / "begun").touch()
    while not (here / "go").exists():
        task.checkpoint()
        import time
        time.sleep(0.02)
    path = task.output("answer", ".txt")
    path.write_text(task.input("prompt").path.read_text().upper())
    return {"answer": path}
"""
FOX = "farm: 1\npipeline: shout\ninputs: {prompt: {url: 's3://media/fox.txt'}}\n"
PIPELINE = """
pipeline: shout
version: 1
inputs: {prompt: {kind: text}}
stages: {shout: {capability: lab.shout, inputs: {prompt: inputs.prompt}}}
outputs: {answer.txt: shout.answer}
"""


def dawdling(begun: threading.Event, stop: threading.Event) -> Any:
    """The first bytes of much more, and then nothing until ``stop``."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes] | None:
        if not environ["PATH_INFO"].endswith("fox.txt"):
            return None
        start("200 OK", [("Content-Length", "2000000")])

        def body() -> Iterator[bytes]:
            yield b"x" * 1_000_000
            begun.set()
            stop.wait(60)

        return body()

    return answer


def until(look: Callable[[], Any], timeout_s: float = 90.0) -> Any:
    """What ``look`` gives as soon as it is something."""
    limit_s = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < limit_s, "it did not come to pass in time"
        time.sleep(0.05)
    return found


@pytest.fixture
def service() -> Iterator[Service]:
    with served("media", "artifacts") as service:
        yield service


def test_a_result_is_kept_while_the_service_is_away_and_stored_when_it_is_back(
    tmp_path: Path, service: Service
) -> None:
    service.files().pipe_file("media/fox.txt", b"a red fox")
    plugins, door = made(tmp_path, service.options)
    with running(tmp_path) as root, closing(ledger(root)) as database:
        (door / "fox.yaml").write_text(FOX)
        until((plugins / "begun").exists)
        service.down()
        (plugins / "go").touch()
        said = until(lambda: waits_for(door))
        assert said.startswith("waits for the store: the S3 service failed a request.")
        assert "Check that the service at `endpoint_url` answers." in said
        [job] = rows(database, jobs)
        assert said in Reasons(database).job(job.id).reason
        [now] = [x for x in farm(root, "show", "1").splitlines() if x.startswith("now ")]
        assert "done: waits for the store" in now
        service.up()
        done = until(lambda: next(door.glob("_done/*/*/answer.txt"), None))
        assert done.read_text() == "A RED FOX"
        until(lambda: rows(database, jobs)[0].state.value == "done")
        assert [attempt.number for attempt in rows(database, attempts)] == [1]
        # What waits for the store is cancelled like anything else.
        for name in ("begun", "go"):
            (plugins / name).unlink()
        (door / "owl.txt").write_text("an owl")
        until((plugins / "begun").exists)
        service.down()
        (plugins / "go").touch()
        until(lambda: waits_for(door))
        farm(root, "cancel", "2")
        until(lambda: rows(database, jobs)[1].state.value == "cancelled")
        service.up()
        # And a farm that is stopped in the middle of a download ends, with nothing lost.
        begun, stop = threading.Event(), threading.Event()
        service.answer = dawdling(begun, stop)
        (door / "slow.yaml").write_text(FOX)
        assert begun.wait(60)
        written = b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
        assert written.count(SECRET.encode()) == 1, "it is in farm.toml, and nowhere else"
    stop.set()
    assert [path.read_text() for path in door.glob("_claimed/*/source/slow.yaml")] == [FOX]


def test_rights_that_are_lacking_hold_work_up_and_rights_that_are_given_let_it_go_on(
    tmp_path: Path, service: Service
) -> None:
    with guarding(service) as guarded:
        guarded.allow("s3:GetObject", "s3:ListBucket")
        plugins, door = made(tmp_path, guarded.options)
        lets = "does not let the farm"
        with running(tmp_path) as root, closing(ledger(root)) as database:
            (door / "fox.txt").write_text("a red fox")
            until(lambda: f"{lets} write to the bucket artifacts" in waits_at(door))
            guarded.allow(*ALL)
            until((plugins / "begun").exists)
            guarded.allow()
            (plugins / "go").touch()
            until(lambda: waits_for(door).startswith(f"waits for the store: the S3 service {lets}"))
            # The console's overview and an alert tell of a service that is down.
            told = f"uses store (fail): s3://artifacts/studio: the S3 service {lets}"
            until(lambda: told in farm(root, "nodes"))
            guarded.allow(*ALL)
            until(lambda: "uses store" not in farm(root, "nodes"))
            done = until(lambda: next(door.glob("_done/*/*/answer.txt"), None))
            assert done.read_text() == "A RED FOX"
            until(lambda: rows(database, jobs)[0].state.value == "done")
            assert [attempt.number for attempt in rows(database, attempts)] == [1]
            written = b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
            assert written.count(guarded.secret.encode()) == 1, "it is in farm.toml"


def made(root: Path, options: dict[str, Any]) -> tuple[Path, Path]:
    """A farm's folder with its store in the bucket; returns its plugins and its door."""
    plugins = root / "spool" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "lab_shout.py").write_text(PLUGIN)
    (plugins / "_shout.yaml").write_text(PIPELINE)
    (root / "farm.toml").write_text(
        'store = "s3://artifacts/studio"\nurl_hosts = ["media"]\ngpus = []\nlow_disk_mb = 0\n'
        f'[store_options]\nendpoint_url = "{options["endpoint_url"]}"\n'
        f'key = "{options["key"]}"\nsecret = "{options["secret"]}"\n'
        "[store_options.config_kwargs]\nretries = {max_attempts = 0}\n"
    )
    door = root / "dropbox" / "shout"
    door.mkdir(parents=True)
    return plugins, door


def ledger(root: Path) -> Database:
    return Database(load_settings(root)[0].database_url)


def rows(database: Database, table: Any) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(table)))


def waits_at(door: Path) -> str:
    """What ``_status/`` says of the first thing that waits at the door."""
    for path in door.glob("_status/*.json"):
        return str(json.loads(path.read_text())["waits_for"])
    return ""


def waits_for(door: Path) -> str:
    """What ``status.json`` beside the claimed manifest says."""
    for path in door.glob("_claimed/*/status.json"):
        for reason in json.loads(path.read_text()).get("waits_for", []):
            return str(reason)
    return ""
