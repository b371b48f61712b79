"""Workflows that are asked for by their names: what is refused, which file is what, and the run."""

from __future__ import annotations

import json
import re
import textwrap
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from comfy.process import StandIn
from direct_task import DirectTask
from own_workflows import confirmed, graph_of, imported

from farm import FarmError, InputFile, MediaFacts
from farm.artifacts.probe import probe
from farm.media.sound import sound_parts
from farm.plugins import load_plugins
from farm_comfyui import configured, offering, preparing, running, stages
from farm_comfyui.asked import Asked
from farm_comfyui.importing import import_workflow
from farm_comfyui.maps import AssetMap
from farm_comfyui.matching import matched
from farm_comfyui.params import RunParams, WorkflowParams
from farm_comfyui.pictures import write_mp4, write_png
from farm_comfyui.sounds import write_flac
from farm_comfyui.templates import OURS, catalog

SIDE = 96


@dataclass
class Sent:
    facts: MediaFacts = field(default_factory=MediaFacts)


def still(width: int = 640, height: int = 480) -> Sent:
    return Sent(MediaFacts(width=width, height=height))


def clip(seconds: float = 2.0, width: int = 640, height: int = 360) -> Sent:
    facts = MediaFacts(width=width, height=height, duration_s=seconds, fps=Fraction(24))
    return Sent(facts)


PROMPT = (Sent(),)
SAM = {"prompt": PROMPT, "image": (still(),), "video": (clip(),)}


def check(name: str, files: Mapping[str, Any], **params: Any) -> None:
    stages.check_named(WorkflowParams(workflow=name, **params), files)


def refused(name: str, files: Mapping[str, Any], **params: Any) -> FarmError:
    with pytest.raises(FarmError) as caught:
        check(name, files, **params)
    assert caught.value.error_class.value == "input"
    return caught.value


# --- which file is what ---------------------------------------------------------------------------

TAKES = {
    name: AssetMap(kind=kind, places=(), required=required)  # type: ignore[arg-type]
    for name, kind, required in (
        ("image", "image", True),
        ("image_2", "image", True),
        ("motion", "video", True),
        ("mask", "video", False),
        ("audio", "audio", False),
    )
}


@pytest.mark.parametrize(
    ("counts", "names", "places"),
    [
        ({"image": 2, "video": 1}, ["image.png", "image_2.png", "motion.mp4"], "image0 image1 video0"),
        # By its name, wherever it stands; marks and capitals do not matter.
        ({"image": 2, "video": 1}, ["Image 2.JPG", "image.png", "x.mp4"], "image1 image0 video0"),
        ({"image": 2, "video": 2}, ["image.png", "image2.png", "mask.mp4", "dance.mp4"],
         "image0 image1 video1 video0"),
        # One left of a kind can be one thing only.
        ({"image": 2, "video": 1, "audio": 1}, ["image.png", "face.png", "motion.mp4", "song.wav"],
         "image0 image1 video0 audio0"),
    ],
)  # fmt: skip
def test_a_file_is_what_it_is_named_after_or_the_only_thing_it_can_be(
    counts: dict[str, int], names: list[str], places: str
) -> None:
    found = matched(TAKES, counts, names)
    assert " ".join(f"{kind}{at}" for kind, at in found.values()) == places


@pytest.mark.parametrize(
    ("counts", "names", "told"),
    [
        ({"image": 2, "video": 1}, ["a.png", "b.png", "motion.mp4"], "more than one thing"),
        ({"image": 3, "video": 1}, ["image.png", "image_2.png", "c.png", "motion.mp4"], "not take"),
        ({"image": 1, "video": 1}, ["image.png", "motion.mp4"], "image_2: .* is missing"),
        ({"image": 2, "video": 1}, ["motion.png", "image.png", "b.mp4"], "another kind"),
        ({"image": 2, "video": 1}, ["image.png", "Image.jpg", "b.mp4"], "two files"),
        ({"image": 2, "video": 1}, ["image.png"], "as many names"),
    ],
)
def test_what_cannot_be_told_is_refused_with_what_the_workflow_takes(
    counts: dict[str, int], names: list[str], told: str
) -> None:
    with pytest.raises(FarmError, match=told) as caught:
        matched(TAKES, counts, names)
    if "names" not in told:
        assert "image_2 (image), motion (video), mask (video, optional)" in caught.value.expected


# --- refused while the job is planned ---------------------------------------------------------------


def test_an_unknown_workflow_is_refused_with_the_nearest(own: Path) -> None:
    error = refused("animate-mix-sma", SAM)
    assert "animate-mix-sam" in error.mend and error.code == "comfy.unknown-workflow"


def test_a_workflow_is_taken_up_once_it_is_confirmed_and_not_before(own: Path) -> None:
    folder, _ = imported(own, "our-morph", graph_of("start-end-frame"), confirm=False)
    files = {"prompt": PROMPT, "image": (still(), still())}
    names = ["image.png", "image_2.png"]
    assert refused("our-morph", files, names=names).code == "comfy.unconfirmed"
    confirmed(folder)
    check("our-morph", files, names=names)
    assert refused("our-morph", files, names=names, workflow_version="2.0.0").got == "2.0.0"


def test_a_workflow_that_is_being_worked_on_stops_no_other(own: Path) -> None:
    folder, _ = imported(own, "our-morph", graph_of("start-end-frame"))
    files = {"prompt": PROMPT, "image": (still(), still())}
    names = ["image.png", "image_2.png"]
    check("our-morph", files, names=names)
    said = (folder / "map.toml").read_text("utf-8")
    (folder / "map.toml").write_text(said.replace('["9", "text"]', '["99", "text"]'), "utf-8")
    check("our-morph", files, names=names)
    check("animate-mix-sam", SAM)
    (folder / "map.toml").write_text(said.replace("[inputs]", "[inputs]\n"), "utf-8")
    assert configured.templates().get("our-morph") == catalog(own).get("our-morph")


@pytest.mark.parametrize(
    ("files", "params", "told"),
    [
        ({"prompt": ()}, {}, "prompt.txt"),
        ({"video": ()}, {}, "motion is missing|motion: .* missing"),
        ({"audio": (Sent(MediaFacts(duration_s=2.0, sample_rate=48_000)),)}, {}, "not take"),
        ({"image": (still(80, 80),)}, {}, "too small"),
        ({"video": (clip(0.1),)}, {}, "too short"),
        ({"video": (clip(61),)}, {}, "longer than the quality allows"),
        ({}, {"duration_s": 3.0}, "longer than motion"),
        ({}, {"subject": [[0.5, 1.5]]}, "out of range"),
        ({}, {"subject": [[0.02, 0.5]], "aspect": "9:16"}, "outside the picture"),
        ({}, {"makes": "pictures"}, "comfyui-workflow"),
    ],
)
def test_what_a_workflow_cannot_honour_is_refused(
    files: dict[str, Any], params: dict[str, Any], told: str
) -> None:
    check("animate-mix-sam", SAM)
    with pytest.raises(FarmError, match=told):
        check("animate-mix-sam", {**SAM, **files}, **params)


def test_words_and_points_that_a_workflow_has_no_place_for_are_refused(own: Path) -> None:
    pipe = {"image": (still(),), "video": (clip(),)}
    check("plumbing", pipe)
    assert refused("plumbing", {**pipe, "prompt": PROMPT}).where == "prompt"
    assert "animate-mix-sam" in refused("plumbing", pipe, subject=[[0.5, 0.5]]).mend


def test_the_shape_is_the_nearest_that_the_workflow_has(own: Path) -> None:
    folder, _ = imported(own, "our-morph", graph_of("start-end-frame"))
    upright = {"prompt": PROMPT, "image": (still(480, 640), still(480, 640))}
    names = ["image.png", "image_2.png"]
    check("our-morph", upright, names=names)
    assert refused("our-morph", upright, names=names, aspect="9:16").expected == "16:9"
    said = (folder / "map.toml").read_text("utf-8")
    assert said.count('sizes = { "16:9" = [832, 480] }') == 3


# --- import ---------------------------------------------------------------------------------------


def test_a_chunk_that_follows_a_longer_file_is_refused_instead_of_cut(own: Path) -> None:
    graph = graph_of("pose-control")
    imported(own, "our-poses", graph)
    template = catalog(own).get("our-poses")
    assert template.map.length.asset == "motion"
    assert template.map.profiles["draft"].max_s == pytest.approx(81 / 16)
    files = {"prompt": PROMPT, "image": (still(),), "video": (clip(8),)}
    assert "duration_s" in refused("our-poses", files).mend
    check("our-poses", files, duration_s=5.0)


def test_an_import_keeps_the_sound_that_the_graph_puts_under_its_film(own: Path) -> None:
    graph = graph_of("plumbing")
    imported(own, "our-pipe", graph)
    graph["30"]["inputs"]["audio"] = ["4", 1]
    imported(own, "our-loud-pipe", graph)
    found = catalog(own)
    assert found.get("our-pipe").map.sound == ""
    assert found.get("our-loud-pipe").map.sound == "motion"


def test_sizes_that_differ_in_a_graph_are_said_because_all_would_get_one(tmp_path: Path) -> None:
    graph = graph_of("plumbing")
    graph["2"]["inputs"]["width"] = 96
    (tmp_path / "exported.json").write_text(json.dumps(graph), encoding="utf-8")
    folder, doubts = import_workflow(tmp_path / "exported.json", tmp_path / "own", "our-pipe")
    assert any(one.startswith("width is 96 in node 2, 832 in node 5") for one in doubts)
    assert "# LOOK: width is 96" in (folder / "map.toml").read_text("utf-8")


def test_a_name_that_no_workflow_can_have_is_refused_before_anything_is_written(own: Path) -> None:
    with pytest.raises(FarmError, match="small letters"):
        imported(own, "Our Morph", graph_of("start-end-frame"))
    assert not list(own.iterdir())


# --- prepared and run -----------------------------------------------------------------------------


def given(path: Path) -> InputFile:
    import hashlib

    kind, facts = probe(path)
    return InputFile(path, kind, hashlib.sha256(path.read_bytes()).hexdigest(), facts)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InputFile]:
    """A red picture, a grey video and a tone, half a second long."""
    folder = tmp_path_factory.mktemp("material")
    write_png(folder / "picture.png", np.full((SIDE, SIDE, 3), (200, 40, 30), np.uint8))
    grey = [np.full((SIDE, SIDE, 3), 90, np.uint8)] * 12
    write_mp4(folder / "film.mp4", grey, Fraction(24))
    tone = 0.4 * np.sin(np.arange(24_000) / 20, dtype=np.float32)
    write_flac(folder / "tone.flac", [np.stack([tone, tone])])
    return {path.stem: given(path) for path in folder.iterdir()}


def prepared(folder: Path, material: Mapping[str, InputFile], name: str, **more: Any) -> Any:
    inputs = {
        "image": [material["picture"]],
        "image_film": [material["picture"]],
        "video": [material["film"]],
        "video_film": [material["film"]],
        **more,
    }
    params = WorkflowParams(workflow=name, profile="draft")
    return preparing.run_named(DirectTask(folder, params, inputs))  # type: ignore[arg-type]


def looped(graph: dict[str, Any]) -> dict[str, Any]:
    """The pipe with a sound of its own under the film."""
    graph["40"] = {"class_type": "LoadAudio", "inputs": {"audio": "song.wav"}}
    graph["30"]["inputs"]["audio"] = ["40", 0]
    graph["2"]["inputs"] |= {"width": SIDE, "height": SIDE}
    graph["5"]["inputs"] |= {"width": SIDE, "height": SIDE}
    return graph


@pytest.fixture
def configure() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Settings of the plugin for one test."""
    yield configured.configure
    configured.configure({})


def test_all_that_a_workflow_saved_comes_back_and_its_own_sound_goes_under_the_film(
    tmp_path: Path,
    material: dict[str, InputFile],
    configure: Callable[[dict[str, Any]], None],
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    imported(own, "our-song", looped(graph_of("plumbing")))
    tone = {"audio": [material["tone"]], "audio_sound": [material["tone"]]}
    with StandIn(tmp_path / "a") as server:
        configure({"templates_dir": str(own), "servers": [{"name": "a", "url": server.url}]})
        assert offering.nothing_runs() == ""
        made = prepared(tmp_path / "prepare", material, "our-song", **tone)
        asked = Asked.read(made["request"])
        assert asked.bound().after.sound == "audio"
        assert sum(part.shape[1] for part in sound_parts(made["sound"], "sound")) == 24_000
        files = {"request": [given(made["request"])], "assets": [given(p) for p in made["assets"]]}
        done: Any = running.run_named(DirectTask(tmp_path / "run", RunParams(), files))  # type: ignore[arg-type]
    assert probe(done["video"])[1].frames == asked.bound().expected.frames
    with zipfile.ZipFile(done["saved"]) as packed:
        assert sorted(packed.namelist()) == ["picture.png", "video.mp4"]
        assert packed.read("video.mp4") == done["video"].read_bytes()
    assert json.loads(done["run"].read_text())["workflow"].startswith("our-song@1.0.0+")


def test_a_sound_whose_even_form_the_pipeline_does_not_give_is_named(
    tmp_path: Path, own: Path, material: dict[str, InputFile]
) -> None:
    imported(own, "our-song", looped(graph_of("plumbing")))
    with pytest.raises(FarmError, match="audio_sound"):
        prepared(tmp_path / "prepare", material, "our-song", audio=[material["tone"]])


def test_a_run_that_no_server_can_do_fails_with_what_is_missing(
    tmp_path: Path,
    material: dict[str, InputFile],
    configure: Callable[[dict[str, Any]], None],
) -> None:
    with StandIn(tmp_path / "a", without=["CreateVideo"]) as server:
        configure({"servers": [{"name": "a", "url": server.url}]})
        told = offering.nothing_runs()
        assert told.startswith("a: ") and "CreateVideo is missing" in told
        assert (f"{stages.NAMED}/{stages.PROVIDER}", told) in list(stages.checks())
        made = prepared(tmp_path / "prepare", material, "plumbing")
        files = {"request": [given(made["request"])], "assets": [given(p) for p in made["assets"]]}
        with pytest.raises(FarmError, match="CreateVideo is missing") as caught:
            running.run_named(DirectTask(tmp_path / "run", RunParams(), files))  # type: ignore[arg-type]
    # Tried once: other workflows may well run on the same node.
    assert caught.value.error_class.value == "input"
    assert "farm comfy check plumbing" in caught.value.mend


def test_without_a_server_the_stage_is_not_on_offer() -> None:
    configured.configure({})
    assert offering.nothing_runs() == offering.UNCONFIGURED


@pytest.mark.parametrize(
    "page", ["dropbox/comfyui-workflow/README.md", "plugins/farm_comfyui/WORKFLOWS.md"]
)
def test_the_manifests_in_the_pages_for_people_are_those_of_the_pipeline(page: str) -> None:
    text = (OURS.parents[2] / page).read_text("utf-8")
    found = re.findall(r"^( *)```yaml\n(.*?)^ *```", text, flags=re.S | re.M)
    asked = [yaml.safe_load(textwrap.dedent(body)) for _, body in found]
    mine = [one for one in asked if one.get("pipeline", "").startswith("comfyui-")]
    assert mine
    for one in mine:
        pipeline = load_plugins().latest(one["pipeline"])
        assert set(one["params"]) <= set(pipeline.params) and "workflow" in one["params"]
        assert set(one.get("inputs", {})) <= set(pipeline.inputs)


@pytest.mark.parametrize("name", ["comfyui-workflow", "comfyui-pictures", "comfyui-sound"])
def test_the_pipelines_take_every_kind_of_file_that_a_workflow_may_take(name: str) -> None:
    pipeline = load_plugins().latest(name)
    taken = {key for key, spec in pipeline.inputs.items() if spec.many}
    assert taken == {"image", "video", "audio"}
    assert pipeline.params["names"].names_of == ["image", "video", "audio"]
    assert pipeline.params["workflow"].required
