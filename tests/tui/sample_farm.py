"""A fixed little farm in a ledger: three nodes, seven jobs in seven states, a refused drop.

Everything is written through the farm's own functions on a clock that stands still in between, so a
screen made of it is the same today and tomorrow.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from farmhand import Farmhand, artifact, plan, stage

from farm.artifacts.store import open_store
from farm.config import Settings
from farm.domain.errors import ErrorClass
from farm.domain.media import Artifact, MediaFacts, MediaKind
from farm.domain.plan import Binding, Needs, Plan, PlannedStage
from farm.intake import Intake
from farm.ledger.database import Database
from farm.ledger.publishing import Publishing
from farm.ledger.records import Assignment, Peaks
from farm.ledger.upgrade import upgrade
from farm.plugins import load_plugins

START_S = 1_800_000_000.0
OFFERS = {"clip.render/procedural": 3, "clip.join/procedural": 1, "clip.finish/ffmpeg": 2}
ENGINES = (("cpu0", "cpu"), ("cpu1", "cpu"))


PLUGIN = '''
"""Three stages of a film and one that needs a GPU."""

from pathlib import Path

from farm import MediaKind, Port, Resources, Stage, StageParams, hookimpl
from pydantic import Field

TEXT, VIDEO = Port(MediaKind.TEXT), Port(MediaKind.VIDEO)


class Render(StageParams):
    """What a film looks like."""

    style: str = Field("sea", description="The family of pictures.")
    frames: int = Field(48, ge=1, le=9600, description="Frames in all.")


@hookimpl
def farm_stages():
    return [
        Stage("clip.render", "procedural", 3, "clip:run", {"prompt": TEXT}, {"out": VIDEO},
              params=Render, resources=Resources(ram_mb=900)),
        Stage("clip.join", "procedural", 1, "clip:run", {"in": VIDEO}, {"out": VIDEO}),
        Stage("clip.finish", "ffmpeg", 2, "clip:run", {"in": VIDEO}, {"out": VIDEO}),
        Stage("clip.diffuse", "wan", 1, "clip:run", {"prompt": TEXT}, {"out": VIDEO},
              resources=Resources(gpus=1, vram_mb=12_000)),
    ]


@hookimpl
def farm_pipelines():
    return [Path(__file__).parent / "_procedural.yaml"]
'''

PIPELINE = """
pipeline: procedural
version: 1
inputs:
  prompt: {kind: text}
stages:
  render: {capability: clip.render, inputs: {prompt: inputs.prompt}}
  join: {capability: clip.join, inputs: {in: render.out}}
  finish: {capability: clip.finish, inputs: {in: join.out}}
outputs: {video.mp4: finish.out}
"""


class Standing:
    """A clock that moves only when told to."""

    def __init__(self, now_s: float = START_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds


class Hand(Farmhand):
    """A farmhand whose nodes offer the stages of a film."""

    def join(self, name: str, incarnation: str = "i1", **facts: Any) -> Any:
        from farm.ledger.claims import Claims

        gpus = facts.get("gpus", [])
        engines = [("gpu0", "cuda:0")] if gpus else list(ENGINES)
        self.nodes.register(
            name,
            incarnation,
            offers=OFFERS,
            complaints={}
            if gpus
            else {"clip.diffuse/wan": "it needs a GPU; install the node on a machine with one"},
            engines=[{"slot": slot, "device": device, "pid": 1} for slot, device in engines],
            facts={"cores": 16, "ram_mb": 64_000, "disk_mb": 500_000, **facts},
            tags=[],
        )
        offered = frozenset(f"{stage_id}@{version}" for stage_id, version in OFFERS.items())
        self.claims[name] = Claims(
            self.database, node=name, incarnation=incarnation, offers=offered
        )
        return self.claims[name]

    def beat(self, name: str, *held: Assignment, **gauges: Any) -> None:
        """A heartbeat: what the machine has left."""
        warm = {"gpu0": ["wan-1.3b"]} if gauges.get("gpus") else {}
        slots = [("gpu0", "cuda:0")] if warm else list(ENGINES)
        self.nodes.beat(
            name,
            "i1",
            [(task.task_id, task.number) for task in held],
            engines=[
                {"slot": slot, "device": device, "pid": 1, "resident": warm.get(slot, [])}
                for slot, device in slots
            ],
            gauges=gauges,
        )

    def take(
        self, task_id: str | None = None, node: str = "atlas", slot: str = "cpu0"
    ) -> Assignment:
        """As a farmhand's, on the first node."""
        return super().take(task_id, node, slot)

    def make(self, task: Assignment, *, node: str = "atlas", frames: int = 0) -> None:
        """Finish a task with a clip."""
        facts = MediaFacts(width=640, height=360, frames=frames) if frames else MediaFacts()
        made = artifact(task.task_id)
        kind = MediaKind.VIDEO if frames else MediaKind.TEXT
        file = Artifact(made.hash, kind, 48_000 + frames * 1000, ".mkv", facts)
        self.claims[node].finish(task, {"out": [file.record()]}, Peaks(wall_s=2.0), go_on=False)


def film(name: str, *, windows: int = 6, **changes: Any) -> Plan:
    """A film of three stages: rendered in windows, joined, finished."""
    return plan(
        _stage("render", "clip.render", "procedural", 3, windows=windows, gate=False),
        _stage("join", "clip.join", "procedural", 1, after="render"),
        _stage("finish", "clip.finish", "ffmpeg", 2, after="join",
               gate=changes.pop("gate", False)),
        name=name,
        prompt=name,
        pipeline="procedural@1",
        outputs={"video.mp4": ("finish", "out")},
        plugins={"farm-procedural": "1.0"},
        manifest={"farm": 1, "pipeline": "procedural@1", "name": name},
        **{"submitter": "ada", **changes},
    )  # fmt: skip


def orphan(name: str) -> Plan:
    """A job of one stage that no node offers."""
    needs = Needs("clip.diffuse/wan", 1, ram_mb=900, gpus=1, vram_mb=12_000)
    return plan(
        stage("draw", capability="clip.diffuse", provider="wan", needs=needs, model_key="wan-1.3b"),
        name=name, prompt=name, pipeline="animate@2", submitter="grace",
    )  # fmt: skip


def sample(folder: Path, clock: Standing) -> tuple[Settings, Database]:
    """Write the farm of this module into ``folder``; returns its settings and its open ledger."""
    settings = Settings(root=folder, name="studio", low_disk_mb=0)
    plugins = settings.spool_dir / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "clip.py").write_text(PLUGIN, encoding="utf-8")
    (plugins / "_procedural.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "dropbox" / "procedural").mkdir(parents=True)
    database = Database(settings.database_url, clock)
    upgrade(database)
    hand = Hand(database, node="atlas")
    hand.join("orion", gpus=[{"name": "RTX 4090", "vram_mb": 24_000}])
    hand.join("vega")
    _done(hand, clock, settings)
    _failed(hand, clock)
    _arrivals(settings, database, clock)
    _running(hand, clock)
    number = {"paused": 4, "approval": 5}
    hand.jobs.accept(film("harbour at night", submitter="grace"), job_id=_id(number["paused"]))
    hand.jobs.pause(_id(number["paused"]), actor="ada")
    hand.jobs.accept(film("title, gold", windows=1, gate=True), job_id=_id(number["approval"]))
    clock.pass_s(5)
    for name in ("render.0", "join.0"):
        hand.make(hand.take(f"{_id(5)}.{name}", "orion", "gpu0"), node="orion", frames=48)
    hand.jobs.accept(orphan("portrait of a lady"), job_id=_id(6))
    hand.jobs.accept(film("wrong turn", submitter="linus"), job_id=_id(7))
    hand.jobs.cancel(_id(7), actor="linus", reason="a typing mistake")
    needs = Needs("clip.diffuse/wan", 1, ram_mb=900, gpus=1, vram_mb=12_000)
    hand.queue.explain({needs.shape: "no node offers clip.diffuse/wan@1"})
    hand.nodes.lost("vega", "i1", "no heartbeat for 6.2 s")
    clock.pass_s(0.5)
    hand.leadership.renew()
    return settings, database


def _id(number: int) -> str:
    return f"01M{number:07}"


def _stage(
    name: str, capability: str, provider: str, version: int, *, after: str = "", windows: int = 1,
    gate: bool = False,
) -> PlannedStage:  # fmt: skip
    return stage(
        name, (after,) if after else (), windows,
        capability=capability, provider=provider, version=version, approval=gate,
        params={"style": "sea", "frames": windows * 10} if windows > 1 else {},
        needs=Needs(f"{capability}/{provider}", version, ram_mb=900),
        bindings={"in": [Binding("stage", after, "out") if after else Binding("input", "prompt")]},
        timeout_s=3600.0,
    )  # fmt: skip


def _done(hand: Hand, clock: Standing, settings: Settings) -> None:
    hand.jobs.accept(film("dawn over the sea", windows=4), job_id=_id(1))
    for index in range(4):
        task = hand.take(f"{_id(1)}.render.{index}", slot=f"cpu{index % 2}")
        clock.pass_s(3)
        hand.make(task, frames=10)
    for name in ("join.0", "finish.0"):
        task = hand.take(f"{_id(1)}.{name}")
        clock.pass_s(2)
        hand.make(task, frames=40)
    publishing = Publishing(hand.database)
    publishing.set_published(_id(1), settings.root / "dropbox" / "_done" / "dawn")
    publishing.finish(_id(1), {})
    clock.pass_s(60)


def _failed(hand: Hand, clock: Standing) -> None:
    hand.jobs.accept(film("storm, take 2", submitter="linus"), job_id=_id(2))
    for index in range(2):
        task = hand.take(f"{_id(2)}.render.{index}", slot=f"cpu{index}")
        clock.pass_s(2)
        hand.make(task, frames=10)
    task = hand.take(f"{_id(2)}.render.2")
    clock.pass_s(1)
    error = {
        "class": "input",
        "what": "the palette has no colour",
        "message": "the palette has no colour. Name at least one, such as #203040.",
        "where": f"{_id(2)}.render.2: palette",
        "expected": "1 to 8 colours",
        "got": "[]",
        "mend": "Name at least one, such as #203040.",
    }
    hand.claims["atlas"].fail(task, ErrorClass.INPUT, error, Peaks(), max_failures=200)
    clock.pass_s(30)


def _arrivals(settings: Settings, database: Database, clock: Standing) -> None:
    """Two drops: a prompt of blanks, which is refused, and one that is still being written."""
    door = settings.root / "dropbox" / "procedural"
    (door / "blank.txt").write_text("  \n", encoding="utf-8")
    store = open_store(settings.store_url, cache_dir=settings.spool_dir / "cache")
    registry = load_plugins(settings.under_root(settings.plugin_folder))
    intake = Intake(settings, registry, store, database, clock=clock, monotonic=clock)
    intake.recover()
    intake.tick()
    clock.pass_s(settings.settle_s + 0.5)
    (door / "harbour.txt").write_text("a harbour at n", encoding="utf-8")
    intake.tick()
    for path in (door / "_rejected").rglob("*"):
        os.utime(path, (clock(), clock()))


def _running(hand: Hand, clock: Standing) -> None:
    hand.jobs.accept(film("violet dunes", windows=12, priority=70, tags=["demo"]), job_id=_id(3))
    for index in range(5):
        task = hand.take(f"{_id(3)}.render.{index}", slot=f"cpu{index % 2}")
        clock.pass_s(3)
        hand.make(task, frames=10)
    first = hand.take(f"{_id(3)}.render.5", slot="cpu0")
    clock.pass_s(1)
    second = hand.take(f"{_id(3)}.render.6", slot="cpu1")
    clock.pass_s(2)
    hand.claims["atlas"].note_progress(
        {(first.task_id, 1): (0.8, "frame 58 of 60"), (second.task_id, 1): (0.4, "frame 64 of 70")}
    )
    hand.beat("atlas", first, second, cpu_percent=87.0, ram_used_mb=21_000, disk_free_mb=120_000)
    hand.beat(
        "orion", cpu_percent=12.0, ram_used_mb=9_000, disk_free_mb=380_000,
        gpus=[{"name": "RTX 4090", "vram_mb": 24_000, "vram_used_mb": 5_100}],
    )  # fmt: skip
