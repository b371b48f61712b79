"""The model store: which folder answers, what corruption does, and what a node offers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from farmhand import Farmhand, plan as prepared, stage
from model_lab import content, manifest_of, record, write_manifest

from farm.config import Settings
from farm.domain.cachekey import stage_key
from farm.domain.errors import ErrorClass, ModelError, UnknownName
from farm.domain.plan import Needs, Plan
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineRequest
from farm.ledger.database import Database
from farm.ledger.schema import metadata
from farm.manifest import manifest_from
from farm.models import needs
from farm.models.access import Access
from farm.models.fetch import fetch
from farm.models.manifest import ModelManifest
from farm.models.store import ModelStore, open_models
from farm.offering import Offering
from farm.pipelines import parse_pipeline
from farm.planning import plan
from farm.plugins import load_plugins

FILES = {"net.safetensors": content(5000), "tokens/vocab.json": b"{}"}
HERE = {"kind": "path", "path": "original"}


@pytest.fixture
def manifest(tmp_path: Path) -> ModelManifest:
    put(tmp_path / "original")
    return manifest_of(tmp_path, FILES, HERE)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def put(folder: Path, **changed: bytes) -> Path:
    for path, data in {**FILES, **changed}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def bring(store: ModelStore, manifest: ModelManifest) -> Path:
    return fetch(store, manifest, Access())


def spoil(path: Path) -> None:
    """Flip one byte; the file keeps its size."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))


def test_a_missing_model_names_the_command_that_fetches_it(
    store: ModelStore, manifest: ModelManifest
) -> None:
    assert store.standing(manifest).state == "missing"
    with pytest.raises(ModelError, match="Run: farm models fetch lab-net"):
        store.files(manifest)


def test_a_model_that_lacks_one_file_is_missing(store: ModelStore, manifest: ModelManifest) -> None:
    (bring(store, manifest) / "tokens" / "vocab.json").unlink()
    assert store.standing(manifest).state == "missing"


@pytest.mark.parametrize("layout", ["by digest", "flat"])
def test_a_shared_folder_is_looked_at_first_and_never_written_to(
    tmp_path: Path, manifest: ModelManifest, layout: str
) -> None:
    shared = tmp_path / "shared"
    folder = shared / "lab-net"
    folder = put(folder / manifest.digest[:16] if layout == "by digest" else folder)
    before = sorted(shared.rglob("*"))
    store = ModelStore(tmp_path / "models", [tmp_path / "absent", shared])
    assert store.files(manifest) == folder
    assert bring(store, manifest) == folder
    assert sorted(shared.rglob("*")) == before


def test_a_corrupt_shared_model_is_named_and_mended_by_the_farms_own_copy(
    tmp_path: Path, manifest: ModelManifest
) -> None:
    bad = put(tmp_path / "shared" / "lab-net")
    spoil(bad / "net.safetensors")
    store = ModelStore(tmp_path / "models", [tmp_path / "shared"])
    standing = store.standing(manifest)
    assert standing.state == "corrupt"
    assert str(bad / "net.safetensors") in standing.complaint
    assert (bad / "net.safetensors").is_file()
    assert bring(store, manifest) == store.own(manifest)
    assert store.standing(manifest).state == "ok"


def test_a_corrupt_file_is_moved_to_quarantine_and_only_it_is_fetched_again(
    store: ModelStore, manifest: ModelManifest
) -> None:
    folder = bring(store, manifest)
    spoil(folder / "net.safetensors")
    with pytest.raises(ModelError, match="corrupt") as corrupt:
        store.files(manifest)
    assert "farm models fetch lab-net" in corrupt.value.mend
    [kept] = (store.folder / ".quarantine").iterdir()
    assert str(kept) in corrupt.value.mend
    assert store.standing(manifest).state == "missing"
    (manifest.origin.parent / "original" / "tokens" / "vocab.json").unlink()
    assert bring(store, manifest) == folder
    assert store.standing(manifest).state == "ok"


def test_a_fetch_of_an_incomplete_model_also_replaces_its_corrupt_files(
    store: ModelStore, manifest: ModelManifest
) -> None:
    folder = bring(store, manifest)
    spoil(folder / "net.safetensors")
    (folder / "tokens" / "vocab.json").unlink()
    assert bring(store, manifest) == folder
    assert (folder / "net.safetensors").read_bytes() == FILES["net.safetensors"]
    assert store.standing(manifest, thorough=True).state == "ok"


def test_damage_that_keeps_size_and_time_is_found_by_a_thorough_look(
    store: ModelStore, manifest: ModelManifest
) -> None:
    path = bring(store, manifest) / "net.safetensors"
    was = path.stat()
    spoil(path)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert store.standing(manifest).state == "ok"
    assert store.standing(manifest, thorough=True).state == "corrupt"


def test_a_store_that_cannot_be_written_to_still_answers(
    tmp_path: Path, manifest: ModelManifest
) -> None:
    (tmp_path / "file").write_text("a file where a folder would be made")
    put(tmp_path / "shared" / "lab-net")
    store = ModelStore(tmp_path / "file" / "models", [tmp_path / "shared"])
    assert store.standing(manifest).state == "ok"


def test_removing_takes_every_version_and_what_was_under_way_and_nothing_else(
    tmp_path: Path, store: ModelStore, manifest: ModelManifest
) -> None:
    bring(store, manifest)
    put(tmp_path / "original", **{"net.safetensors": content(4000)})
    newer = manifest_of(tmp_path, {**FILES, "net.safetensors": content(4000)}, HERE)
    bring(store, newer)
    other = manifest_of(tmp_path, FILES, HERE, name="lab-net-2")
    store.partial(other).mkdir(parents=True)
    (store.partial(newer) / "x.part").parent.mkdir(parents=True, exist_ok=True)
    (store.partial(newer) / "x.part").write_bytes(b"12345")
    assert store.remove("lab-net") == manifest.size_bytes + newer.size_bytes + 5
    assert store.standing(newer).state == "missing"
    assert store.partial(other).is_dir()
    assert not store.partial(newer).exists()


def test_the_settings_say_where_models_are(tmp_path: Path) -> None:
    shared = [Path("/srv/models")]
    store = open_models(Settings(root=tmp_path, models_shared_dirs=shared))
    assert store.folder == tmp_path / "spool" / "models"
    assert store.shared == (Path("/srv/models"),)
    assert not store.folder.exists()


# --- stages that need models ---------------------------------------------------------------------

PLUGIN = """
import json
from pathlib import Path
from farm import MediaKind, Port, Resources, Stage, StageParams, hookimpl

class Params(StageParams):
    size: str = "small"

@hookimpl
def farm_models():
    return sorted(Path(__file__).parent.glob("*.toml"))

@hookimpl
def farm_stages():
    ports = {}, {"out": Port(MediaKind.DATA)}
    yield Stage("lab.work", "always", 1, "lab_models:run", *ports, Params, models=("lab-net",))
    yield Stage("lab.work", "chosen", 1, "lab_models:run", *ports, Params,
                models=lambda params: (f"lab-{params.size}",))
    yield Stage("lab.work", "none", 1, "lab_models:run", *ports, Params)
    yield Stage("lab.pick", "chosen", 1, "lab_models:run", *ports, Params,
                models=lambda params: (f"lab-{params.size}",),
                resources=Resources(gpus=1, vram_mb=100))

def run(task):
    path = task.output("out", ".json")
    folder = task.models.files("lab-net")
    path.write_text(json.dumps(sorted(f.name for f in folder.rglob("*") if f.is_file())))
    return {"out": path}
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins"
    put(folder / "original")
    write_manifest(folder, FILES, HERE)
    write_manifest(folder, FILES, HERE, name="lab-small")
    write_manifest(folder, FILES, HERE, name="lab-large")
    (folder / "lab_models.py").write_text(PLUGIN)
    return folder


def test_a_node_offers_a_stage_only_while_its_model_is_here(
    plugins: Path, store: ModelStore
) -> None:
    registry = load_plugins(plugins)
    offering = Offering(registry, store, ["fast"])
    before = offering.look()
    assert before.complaints["lab.work/always"].endswith("run: farm models fetch lab-net")
    assert {"lab.work/chosen", "lab.work/none"} <= set(before.stages)
    assert "lab.work/always" not in before.stages
    assert before.tags == ["fast"]
    folder = bring(store, registry.model("lab-net"))
    after = offering.look()
    assert "lab.work/always@1" in after.versions
    assert after.tags == ["fast", "model:lab-net"]
    spoil(folder / "net.safetensors")
    corrupt = offering.look()
    assert "corrupt" in corrupt.complaints["lab.work/always"]
    assert "farm models fetch lab-net" in corrupt.complaints["lab.work/always"]


def test_a_node_does_not_offer_a_stage_whose_licence_nobody_accepted(
    plugins: Path, store: ModelStore
) -> None:
    write_manifest(plugins, FILES, HERE, restricted=True)
    registry = load_plugins(plugins)
    put(store.own(registry.model("lab-net")))
    offering = Offering(registry, store, [])
    assert "--accept-licence" in offering.look().complaints["lab.work/always"]
    store.licences.accept(registry.model("lab-net"), by="ada", at_s=1.0)
    assert "lab.work/always" in offering.look().stages


def test_a_model_chosen_by_parameters_is_resolved_for_each_task(plugins: Path) -> None:
    registry = load_plugins(plugins)
    stage = registry.stage("lab.work/chosen")
    wanted = needs.needed(stage, stage.params(), registry.models)
    assert wanted == {"lab-small": registry.model("lab-small").digest}
    with pytest.raises(Exception, match='nobody declares a model "lab-tiny"'):
        needs.needed(stage, stage.params(size="tiny"), registry.models)  # type: ignore[call-arg]


PIPELINE = """
pipeline: lab
version: 1
params: {size: {type: string, default: small}}
stages: {work: {capability: lab.work, params: {size: $size}}}
outputs: {out.json: work.out}
"""


@pytest.mark.parametrize(
    ("size", "tags", "provider"),
    [
        ("small", [["model:lab-small"]], "chosen"),
        ("small", [["model:lab-large"], ["model:lab-small"]], "chosen"),
        ("small", [["model:lab-large"]], "none"),
        ("small", [[]], "none"),
        ("undeclared", [["model:lab-small"]], "none"),
    ],
)
def test_a_job_gets_a_provider_whose_chosen_model_a_node_has(
    plugins: Path, size: str, tags: list[list[str]], provider: str
) -> None:
    offers = {"lab.work/chosen": tags, "lab.work/none": tags}
    made = plan(
        manifest_from({"pipeline": "lab", "params": {"size": size}}, name="test"),
        parse_pipeline(PIPELINE.encode(), name="lab.yaml"),
        load_plugins(plugins),
        inputs={},
        offers=offers,
    )
    assert [stage.provider for stage in made.stages] == [provider]


@pytest.mark.parametrize(("size", "known"), [("small", True), ("tiny", False)])
def test_a_job_that_only_an_undeclared_model_could_do_is_refused_with_the_models_that_would_do(
    plugins: Path, size: str, known: bool
) -> None:
    def planned() -> Plan:
        return plan(
            manifest_from({"pipeline": "lab", "params": {"size": size}}, name="test"),
            parse_pipeline(PIPELINE.replace("lab.work", "lab.pick").encode(), name="lab.yaml"),
            load_plugins(plugins),
            inputs={},
            offers={},
        )

    if known:
        assert planned().stages[0].provider == "chosen"
    else:
        with pytest.raises(UnknownName, match=r"expected one of lab-tiny.*farm models declare"):
            planned()


def test_a_task_planned_with_another_version_of_the_model_is_not_run(
    plugins: Path, store: ModelStore
) -> None:
    registry = load_plugins(plugins)
    manifest = registry.model("lab-net")
    folder = bring(store, manifest)
    assert needs.promised("lab-net", manifest.digest, registry.models, store) == folder
    with pytest.raises(ModelError, match="in another version") as other:
        needs.promised("lab-net", "0" * 64, registry.models, store)
    assert other.value.error_class is ErrorClass.TRANSIENT


def test_a_stage_reads_the_files_of_the_models_it_names_and_of_no_other(
    tmp_path: Path, plugins: Path, store: ModelStore
) -> None:
    folder = bring(store, load_plugins(plugins).model("lab-net"))
    engine = EngineProcess("cpu0", plugin_folder=plugins, kill_after_s=0.3)
    try:
        done = engine.run(request(tmp_path, 1, models={"lab-net": folder}))
        assert done.error is None
        assert done.outputs["out"][0].path.read_text() == '["net.safetensors", "vocab.json"]'
        refused = engine.run(request(tmp_path, 2))
        assert refused.error is not None
        assert refused.error["code"] == "stage.model"
        assert "lab-net" in refused.error["message"]
    finally:
        engine.stop()


def request(folder: Path, number: int, **changes: object) -> EngineRequest:
    fields = {
        "task_id": "job.work.0",
        "number": number,
        "stage_id": "lab.work/always",
        "version": 1,
        "params": {},
        "inputs": {},
        "seed": 7,
        "scratch": folder / f"scratch{number}",
        "log": folder / f"{number}.log",
        **changes,
    }
    return EngineRequest(**fields)  # type: ignore[arg-type]


# --- the cache key -------------------------------------------------------------------------------

KEY = {
    "stage_id": "lab.work/lab", "version": 1, "params": {"size": 3}, "seed": 7,
    "model_key": None, "inputs": {"in": [record("in", b"x") | {"hash": "ab"}]},
}  # fmt: skip


def test_a_stage_without_models_keeps_its_key() -> None:
    known = "84ba158ec40f48ffe3eeb0e8bdf4c30b76d4d576a3059d4bc24cda1ac077515b"
    assert stage_key(**KEY).hex() == known  # type: ignore[arg-type]
    assert stage_key(**KEY, models={}).hex() == known  # type: ignore[arg-type]


def test_the_key_follows_the_manifests_of_the_models() -> None:
    keys = {stage_key(**KEY, models=m) for m in ({}, {"n": "1"}, {"n": "2"}, {"m": "1"})}  # type: ignore[arg-type]
    assert len(keys) == 4


def test_a_job_with_another_version_of_a_model_does_not_take_from_the_cache(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    metadata.create_all(database.engine)
    hand = Farmhand(database)
    for number, digest in enumerate(("one", "one", "two"), start=1):
        wanted = Needs("test.work/test", 1, ram_mb=100, models={"lab-net": digest})
        hand.jobs.accept(prepared(stage("a", needs=wanted)), job_id=f"job{number}")
        if number != 2:
            task = hand.take()
            assert task.models == {"lab-net": digest}
            hand.finish(task)
    states = [hand.job_state(f"job{n}") for n in (1, 2, 3)]
    assert states == ["publishing"] * 3
    assert [hand.task_state(f"job{n}.a.0") for n in (1, 2, 3)] == ["done", "cached", "done"]
    database.close()


def test_needs_keep_their_models_and_stay_as_they_were_without() -> None:
    plain = Needs("lab.work/lab", 1)
    assert "models" not in plain.record()
    with_models = Needs("lab.work/lab", 1, models={"lab-net": "ab"})
    assert Needs.from_record(with_models.record()).models == {"lab-net": "ab"}
    assert with_models.shape == plain.shape
