"""Every front door of a farm that really runs, with real films, and the replay of a finished job."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_farm import farm, running

PARAMS = {"duration_s": 0.5, "size": "64x48", "fps": 24}


def wait_for(what: Callable[[], Path | None], timeout_s: float = 90.0) -> Path:
    """The path that ``what`` finds, once it finds one."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        found = what()
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not appear in time")


def published(root: Path, name: str) -> Path:
    """The finished folder of a submission, in the drop folder or among the outputs."""
    places = [root / "dropbox" / "procedural" / "_done", root / "spool" / "outputs"]
    return wait_for(lambda: next((f for p in places for f in p.glob(f"*/{name}")), None))


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with running(tmp_path_factory.mktemp("doors")) as folder:
        (folder / "manifests" / "inbox").mkdir(parents=True, exist_ok=True)
        yield folder


def drop(folder: Path, name: str, files: dict[str, str]) -> None:
    """Write a folder under a temporary name and rename it, as a careful submitter does."""
    made = folder / f".{name}"
    made.mkdir()
    for file, text in files.items():
        (made / file).write_text(text, encoding="utf-8")
    made.rename(folder / name)


def queue(root: Path, name: str, text: str) -> None:
    inbox = root / "manifests" / "inbox"
    (inbox / f".{name}").write_text(text, encoding="utf-8")
    (inbox / f".{name}").rename(inbox / name)


def test_a_prompt_file_becomes_a_film_beside_its_original(root: Path) -> None:
    prompt = root / "dropbox" / "procedural" / "ember.txt"
    prompt.write_text("glowing embers, 1 second\n", encoding="utf-8")
    done = published(root, "ember")
    assert {
        "video.mp4",
        "poster.jpg",
        "job_manifest.json",
        "debug_metadata.json",
        "receipt.json",
    } <= {file.name for file in done.iterdir()}
    assert (done / "source" / "ember.txt").read_text() == "glowing embers, 1 second\n"
    assert not prompt.exists()


def test_a_folder_set_with_a_job_file_is_made_as_the_file_says(root: Path) -> None:
    job = {"farm": 1, "seed": 11, "params": PARAMS}
    files = {"prompt.txt": "a green aurora", "job.yaml": json.dumps(job)}
    drop(root / "dropbox" / "procedural", "aurora", files)
    receipt = json.loads((published(root, "aurora") / "receipt.json").read_text())
    assert receipt["seed"] == 11
    assert receipt["outputs"][0]["facts"]["width"] == 64


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("yaml", "farm: 1\npipeline: procedural\nname: {0}\nprompt: rain {0}\nparams: {1}\n"),
        (
            "json",
            '{{"farm": 1, "pipeline": "procedural", "name": "{0}", '
            '"prompt": "rain {0}", "params": {1}}}',
        ),
        (
            "toml",
            'farm = 1\npipeline = "procedural"\nname = "{0}"\nprompt = "rain {0}"\n[params]\n{2}\n',
        ),
    ],
)
def test_a_manifest_in_the_queue_is_made_and_its_receipt_tells_where(
    root: Path, suffix: str, text: str
) -> None:
    toml = "\n".join(f"{key} = {json.dumps(value)}" for key, value in PARAMS.items())
    queue(root, f"job-{suffix}.{suffix}", text.format(f"from-{suffix}", json.dumps(PARAMS), toml))
    done = published(root, f"from-{suffix}")
    receipt = wait_for(
        lambda: next((root / "manifests" / "accepted").glob(f"job-{suffix}*.receipt.json"), None)
    )
    assert (
        json.loads(receipt.read_text())["job"]
        == json.loads((done / "receipt.json").read_text())["job"]
    )


def test_a_refused_manifest_says_what_is_wrong_to_machines(root: Path) -> None:
    queue(root, "bad.yaml", "farm: 1\npipeline: procedurel\nprompt: x\n")
    error = wait_for(lambda: next((root / "manifests" / "rejected").glob("bad*.error.json"), None))
    assert 'Did you mean "procedural"?' in json.loads(error.read_text())["error"]["message"]


def test_the_command_line_submits_and_waits(root: Path) -> None:
    told = farm(
        root, "submit", "-p", "procedural", "--prompt", "blue silk", "--wait", "--json",
        *(part for key, value in PARAMS.items() for part in ("--set", f"{key}={value}")),
    )  # fmt: skip
    [line] = json.loads(told)
    assert line["state"] == "done"


def test_the_job_manifest_gives_the_same_bytes_in_another_farm(root: Path, tmp_path: Path) -> None:
    job = {"farm": 1, "seed": 5, "params": PARAMS}
    files = {"prompt.txt": "golden dust", "job.yaml": json.dumps(job)}
    drop(root / "dropbox" / "procedural", "dust", files)
    first = published(root, "dust")
    # A farm of its own has an empty cache, so everything is really made again.
    with running(tmp_path) as other:
        shutil.copy(first / "job_manifest.json", other / "dropbox" / "procedural" / "dust.json")
        again = published(other, "dust")
    assert sha256(again / "video.mp4") == sha256(first / "video.mp4")
    assert sha256(again / "poster.jpg") == sha256(first / "poster.jpg")


def test_the_same_submission_twice_is_a_duplicate_that_points_to_the_first(root: Path) -> None:
    folder = root / "dropbox" / "procedural"
    job = {"farm": 1, "seed": 6, "params": PARAMS}
    files = {"prompt.txt": "twice", "job.yaml": json.dumps(job)}
    drop(folder, "once", files)
    first = published(root, "once")
    drop(folder, "twice", files)
    found = wait_for(lambda: next((folder / "_duplicates").glob("twice/duplicate-of.txt"), None))
    number = json.loads((first / "receipt.json").read_text())["job"]
    assert number in found.read_text()
    shutil.rmtree(found.parent)
