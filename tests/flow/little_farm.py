"""A farm without nodes: real folders, a real ledger and store, and jobs finished by hand."""

from __future__ import annotations

import json
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from farm.artifacts.store import open_store
from farm.config import DropFolder, Settings
from farm.domain.states import JobState, TaskState
from farm.intake import Intake
from farm.ledger.database import Database
from farm.ledger.schema import jobs, metadata, stages, submissions, tasks
from farm.plugins import load_plugins
from farm.publish import Publisher

PLUGIN = """
from pathlib import Path
from farm import MediaKind, Port, Stage, hookimpl

TEXT, IMAGE, VIDEO = Port(MediaKind.TEXT), Port(MediaKind.IMAGE), Port(MediaKind.VIDEO)
ended = []

@hookimpl
def farm_stages():
    loose = {"required": False}
    return [
        Stage("flow.echo", "little", 1, "little:run", {"prompt": TEXT},
              {"note": TEXT, "film": VIDEO}),
        Stage("flow.portrait", "little", 1, "little:run",
              {"character": IMAGE, "motion": VIDEO, "prompt": Port(MediaKind.TEXT, **loose),
               "reference": Port(MediaKind.IMAGE, many=True, **loose)},
              {"note": TEXT}),
    ]

@hookimpl
def farm_pipelines():
    here = Path(__file__).parent
    return [here / "_echo.yaml", here / "_portrait.yaml"]

@hookimpl
def farm_job_ended(job):
    ended.append(job)
"""

ECHO = """
pipeline: echo
version: 1
inputs:
  prompt: {kind: text}
params:
  size: {type: integer, default: 3, minimum: 1, maximum: 9}
quality:
  draft: {params: {size: 1}}
  high: {params: {size: 9}}
stages:
  echo: {capability: flow.echo, inputs: {prompt: inputs.prompt}}
outputs: {note.txt: echo.note, film.mp4: echo.film}
"""

PORTRAIT = """
pipeline: portrait
version: 1
inputs:
  character: {kind: image}
  motion: {kind: video}
  prompt: {kind: text, required: false}
  reference: {kind: image, many: true, required: false}
stages:
  draw:
    capability: flow.portrait
    inputs:
      character: inputs.character
      motion: inputs.motion
      prompt: inputs.prompt
      reference: inputs.reference
outputs: {note.txt: draw.note}
"""


class Ticking:
    """A clock that moves only when told to."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


class LittleFarm:
    """Everything of a farm but the scheduler and the nodes."""

    def __init__(self, root: Path, **changes: Any) -> None:
        self.root = root
        plugins = root / "spool" / "plugins"
        plugins.mkdir(parents=True)
        (plugins / "little.py").write_text(PLUGIN)
        (plugins / "_echo.yaml").write_text(ECHO)
        (plugins / "_portrait.yaml").write_text(PORTRAIT)
        drops = {
            name: DropFolder(path=Path("dropbox") / name, pipeline=name)
            for name in ("echo", "portrait")
        }
        values = {"drop_folders": drops, "low_disk_mb": 0, "settle_s": 2.0, **changes}
        self.settings = Settings(root=root, **values)
        for name in ("echo", "portrait"):
            (root / "dropbox" / name).mkdir(parents=True)
        self.clock, self.monotonic = Ticking(1_800_000_000.0), Ticking(100.0)
        self.database = Database(self.settings.database_url, self.clock)
        metadata.create_all(self.database.engine)
        self.registry = load_plugins(plugins)
        self.store = open_store(self.settings.store_url, cache_dir=root / "spool" / "cache")
        self.echo = root / "dropbox" / "echo"
        self.portrait = root / "dropbox" / "portrait"
        self.inbox = root / "manifests" / "inbox"

    def intake(self, **more: Any) -> Intake:
        """A new process's intake, recovered."""
        intake = Intake(
            self.settings,
            self.registry,
            self.store,
            self.database,
            clock=self.clock,
            monotonic=self.monotonic,
            **more,
        )
        intake.recover()
        return intake

    def publisher(self, **more: Any) -> Publisher:
        """A new process's publisher."""
        return Publisher(
            self.settings,
            self.registry,
            self.store,
            self.database,
            clock=self.clock,
            monotonic=self.monotonic,
            **more,
        )

    def settle(self, intake: Intake) -> None:
        """Two looks with the quiet time between them."""
        intake.tick()
        self.pass_s(self.settings.settle_s + 0.1)
        intake.tick()

    def pass_s(self, seconds: float) -> None:
        self.clock.now_s += seconds
        self.monotonic.now_s += seconds

    def jobs(self) -> list[Any]:
        return self._rows(jobs, jobs.c.number)

    def submissions(self) -> list[Any]:
        return self._rows(submissions, submissions.c.created_at)

    def finish_work(self, job_id: str, film: Path | None = None) -> None:
        """Write what the nodes would have: every task done, every output in the store."""
        note = self.store.put_bytes(f"echo of {self._prompt(job_id)}".encode(), ".txt")
        record = {"hash": note[0], "kind": "text", "size_bytes": note[1], "suffix": ".txt"}
        outputs: dict[str, Any] = {"note": [{**record, "facts": {}}]}
        if film is not None:
            made = self.store.put(film, suffix=".mp4")
            record = {"hash": made[0], "kind": "video", "size_bytes": made[1], "suffix": ".mp4"}
            outputs["film"] = [{**record, "facts": {"frames": 5}}]
        with self.database.engine.begin() as connection:
            connection.execute(
                update(tasks)
                .where(tasks.c.job_id == job_id)
                .values(state=TaskState.DONE, outputs=outputs)
            )
            connection.execute(
                update(stages)
                .where(stages.c.job_id == job_id)
                .values(outputs=outputs, open_tasks=0)
            )
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(
                    state=JobState.PUBLISHING,
                    started_at=self.clock(),
                    open_stages=0,
                )
            )

    def start(self, job_id: str) -> None:
        """As if a node had begun the job's first task."""
        with self.database.engine.begin() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(state=JobState.RUNNING, started_at=self.clock())
            )

    def originals(self, folder: Path, name: str) -> list[Path]:
        """Every file below ``folder`` of that name that holds what was submitted."""
        return [path for path in folder.rglob(name) if path.is_file()]

    def _prompt(self, job_id: str) -> str:
        with self.database.read() as connection:
            inputs = connection.execute(
                select(jobs.c.inputs).where(jobs.c.id == job_id)
            ).scalar_one()
        first = next(iter(inputs.values()))[0]
        return first["hash"]

    def _rows(self, table: Any, order: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(table).order_by(order)))


class Killed(BaseException):
    """As sudden as kill -9: nothing in the farm catches it."""


@contextmanager
def killed_at(at: int) -> Iterator[list[str]]:
    """Die before the ``at``-th change of a name on the disk or transaction of the ledger.

    Yields the list of what was changed so far.
    """
    done: list[str] = []

    def before(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def dying(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                if len(done) + 1 == at:
                    done.append("killed")
                    raise Killed(name)
                # Nothing is cleaned up on the way out: the process is gone.
                if "killed" in done:
                    raise Killed(name)
                done.append(name)
            return act(*args, **kwargs)

        return dying

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace", "link", "unlink"):
            patch.setattr(os, name, before(name, getattr(os, name)))
        patch.setattr(Database, "write", before("write", Database.write))
        yield done


def every_crash(act: Callable[[], None]) -> Iterator[int]:
    """Run ``act`` and kill it before its 1st, 2nd … change, until it runs to its end; yields after
    each kill, so that the caller can start again and check."""
    at = 1
    while True:
        with killed_at(at) as done:
            with suppress(Killed):
                act()
        if "killed" not in done:
            return
        yield at
        at += 1


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_png(path: Path, shade: int = 120, size: int = 16) -> Path:
    """A real picture."""
    rows = b"".join(b"\0" + bytes([shade, x * 7 % 256, 40] * size) for x in range(size))

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path


def write_film(path: Path, frames: int = 12) -> Path:
    """A real clip with picture (H.264 with B-frames) and sound."""
    import av
    import numpy

    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=24, options={"threads": "1"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=48000)
        for index in range(frames):
            pixels = numpy.full((48, 64, 3), (index * 20) % 256, dtype=numpy.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        samples = numpy.zeros((2, 24000), dtype=numpy.float32)
        sound = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        sound.sample_rate = 48000
        container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path
