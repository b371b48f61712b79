"""The contract's checks on every stage that is registered, in real engine processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import lesson_material
import numpy as np
import presenter_material
import pytest
import tiny_weights
from direct_task import run_stage, stage_of
from drawn_people import posed, skeleton
from PIL import Image
from stored_models import stored

import farm_finish
import farm_procedural
import farm_vision
from farm import Resources, Stage, Window
from farm.conformance import Sample, declaration_complaints, run_complaints
from farm.media.maps import write_maps
from farm.plugins import load_plugins

REGISTRY = load_plugins()
STAGES, LACKS = REGISTRY.stages, REGISTRY.checks()
SMALL = {"duration_s": 0.5, "size": "64x48", "fps": 24}
WHOLE = Window(0, 1, 0, 12)
BRIEF = Window(0, 1, 0, 2)
"""For networks, which may take seconds a frame."""

UTTERANCE = '{"schema": "farm.utterance/1", "text": "Two of 3."}'
CUT = """
farm_timeline: 1
media: [film, sound]
video:
- clips: [{media: film}]
- clips: [{title: Hi, at: 8, length: 4}]
audio:
- clips: [{media: sound, length: 12}]
"""
CAPTIONS = "1\n00:00:00,100 --> 00:00:00,400\nHi\n"
WORDS = """{"schema": "farm.words/1", "language": "en",
"words": [{"text": "Hi", "start_s": 0.1, "end_s": 0.4}]}"""

TINY: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "image.generate/sd15": ("sd15", {"width": 64, "height": 64, "steps": 2}),
}
"""Recipes of diffusion that run in engines: a tiny model and parameters by stage id. Every other
recipe runs the same code in test_diffusion_*.py."""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny models, as an operator declares them."""
    folder = tmp_path_factory.mktemp("declared")
    for stage_id, (model, _) in TINY.items():
        tiny_weights.declared(model, folder, provides=[stage_id.partition("/")[0]])
    return folder


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A short, real film and everything that was made on the way to it, by port."""
    folder = tmp_path_factory.mktemp("material")
    prompt = folder / "prompt.txt"
    prompt.write_text("a red sea", encoding="utf-8")
    made: dict[str, Path] = {"prompt": prompt}
    for capability, params, window in (
        ("video.script", SMALL, None),
        ("video.generate", {}, WHOLE),
        ("video.analyse", {}, None),
        ("audio.compose", {}, None),
    ):
        stage = stage_of(farm_procedural, capability)
        inputs = {port: made[port] for port in stage.inputs if port in made}
        made |= run_stage(stage, folder / capability, inputs, params, window=window)
        made["video"] = made.get("segment", prompt)
    made |= dict.fromkeys(("voice", "music", "effects"), made["audio"])
    made |= {"captions": folder / "captions.srt", "words": folder / "words.json"}
    made["captions"].write_text(CAPTIONS, encoding="utf-8")
    made["words"].write_text(WORDS, encoding="utf-8")
    given, read = {"captions": made["captions"]}, stage_of(farm_finish, "captions.read")
    made |= run_stage(read, folder / "cues", given, {"language": "en"})
    made["timeline"] = folder / "timeline.yaml"
    made["timeline"].write_text(CUT, encoding="utf-8")
    cut = {"timeline": made["timeline"], "media": [made["segment"], made["audio"]]}
    made |= run_stage(stage_of(farm_finish, "timeline.plan"), folder / "plan", cut)
    cut = {"plan": made["plan"], "media": cut["media"]}
    render = stage_of(farm_finish, "timeline.render")
    made["rendered"] = run_stage(render, folder / "render", cut)["segment"]
    slope = np.broadcast_to(np.linspace(0, 65535, 64), (48, 64)).astype(np.uint16)
    made |= {"image": folder / "image.png", "depth": folder / "depth.mkv"}
    Image.fromarray(slope >> 8).convert("RGB").save(made["image"])
    write_maps(made["depth"], [slope] * 12, Fraction(24))
    made["matte"] = made["depth"]
    made["pose"] = posed(folder / "pose.jsonl", [skeleton(scale=20), skeleton(scale=20, swing=1)])
    made["character"] = made["pose"]
    spoken = {"audio": made["audio"]}
    made |= run_stage(stage_of(farm_vision, "speech.visemes"), folder / "mouth", spoken)
    made |= {"utterance": folder / "utterance.json", "pauses": folder / "pauses.json"}
    made["utterance"].write_text(UTTERANCE, encoding="utf-8")
    made["pauses"].write_text('{"schema": "farm.pauses/1", "pauses_s": [0.4]}', encoding="utf-8")
    packed = {"pose": made["pose"]}
    made |= run_stage(stage_of(farm_vision, "motion.pack"), folder / "packed", packed)
    return made


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """A lesson of one scene and everything that is made on the way to its film, by port."""
    return lesson_material.whole(tmp_path_factory.mktemp("taught"))


def sample(stage: Stage, material: dict[str, Path]) -> Sample:
    """Real work for a stage, by its ports."""
    inputs = {port: [material[port]] for port in stage.inputs if port in material}
    if stage.run.startswith("farm_diffusion."):
        if stage.id not in TINY:
            pytest.skip("its recipe runs in test_diffusion_*.py")
        model, params = TINY[stage.id]
        models = {model: tiny_weights.folder(model)}
        return Sample(inputs, {**params, "model": model}, models=models)
    if stage.run.startswith("farm_comfyui."):
        if stage.capability == "comfy.prepare_workflow":
            inputs = {port: [material["image"]] for port in ("image", "image_film")}
            inputs |= {port: [material["segment"]] for port in ("video", "video_film")}
            return Sample(inputs, {"workflow": "plumbing"})
        if stage.capability != "comfy.prepare":
            pytest.skip("it runs with a server in tests/flow/test_animatrix_farm.py")
        inputs = {port: [material["image"]] for port in ("character", "character_film")}
        inputs |= {port: [material["segment"]] for port in ("motion", "motion_film")}
        return Sample(inputs, {"mode": "plumbing"})
    if stage.run.startswith("farm_avatar.") and stage.capability.startswith("avatar."):
        return Sample(*presenter_material.sample(stage.capability))
    for port in ("media", "segments"):
        if port in stage.inputs:
            of_sound = stage.capability.startswith(("audio.", "speech."))
            inputs[port] = [material["audio" if of_sound else "segment"]]
    if stage.capability == "character.animate":
        inputs |= {"character": [material["image"]], "motion": [material["segment"]]}
    if stage.capability == "signal.join":
        inputs["segments"] = [material["depth"]]
    if stage.capability.startswith("timeline."):
        inputs |= {"media": [material["segment"], material["audio"]]}
        inputs |= {"segments": [material["rendered"]]} if "segments" in stage.inputs else {}
        return Sample(inputs, {}, Window(0, 1, 0, 4) if stage.windows else None)
    if stage.capability == "video.script":
        return Sample(inputs, SMALL)
    if stage.id == "speech.say/piper" and stage.id in LACKS:
        pytest.skip(LACKS[stage.id])
    if stage.capability == "speech.sentences":
        return Sample({"text": [material["prompt"]]})
    if stage.capability == "speech.join":
        inputs["speech"] = [material["audio"]]
    if stage.capability == "knowledge.loop":
        return Sample(inputs, {"rounds": 1, "duration_s": 0.5}, Window(0, 1, 0, 1))
    if "model" in stage.params.model_fields and not dict(stage.params())["model"]:
        pytest.skip("which model it runs its operator says")
    names = stage.models(stage.params()) if callable(stage.models) else stage.models
    models = {name: stored(name) for name in names}
    whole = BRIEF if models else WHOLE
    return Sample(inputs, {}, whole if stage.windows else None, models=models)


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_every_declaration_keeps_the_contract(stage: Stage) -> None:
    assert declaration_complaints(stage) == []


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_every_stage_runs_repeats_its_bytes_stops_and_stays_in_its_memory(
    stage: Stage,
    material: dict[str, Path],
    taught: dict[str, list[Path]],
    declared: Path,
    tmp_path: Path,
) -> None:
    if isinstance(stage.resources, Resources) and stage.resources.gpus and stage.id in LACKS:
        pytest.skip(LACKS[stage.id])
    if stage.capability.startswith("lesson."):
        if "notes" in stage.inputs:
            pytest.skip("it asks a service, in test_lesson_draft.py")
        given = {port: taught[port] for port in stage.inputs if port in taught}
        if stage.capability == "lesson.read":
            given = {"lesson": taught["source"]}
        if stage.capability == "lesson.assemble":
            del given["audio"]  # What lies there is not coded yet.
        work = Sample(given, {"short_side": 144} if "aspect" in stage.params.model_fields else {})
    else:
        work = sample(stage, material)
    assert run_complaints(stage, work, tmp_path, manifests_folder=declared) == []


def test_declarations_load_no_media_library() -> None:
    check = (
        "import sys; from farm.plugins import load_plugins; load_plugins();"
        "print([m for m in ('av', 'numpy', 'numba', 'torch', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_stage_that_differs_from_run_to_run_is_found_out(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "restless.py").write_text(
        "import os\n"
        "from farm import MediaKind, Port, Stage, hookimpl\n"
        "def run(task):\n"
        "    out = task.output('text', '.txt')\n"
        "    out.write_text(os.urandom(8).hex())\n"
        "    return {'text': out}\n"
        "@hookimpl\n"
        "def farm_stages():\n"
        "    return [Stage('test.restless', 'loose', 1, 'restless:run', {},\n"
        "                  {'text': Port(MediaKind.TEXT)})]\n",
        encoding="utf-8",
    )
    stage = load_plugins(plugins).stages["test.restless/loose"]
    assert declaration_complaints(stage) == ["test.restless/loose: it has no description"]
    found = run_complaints(stage, Sample(), tmp_path / "work", plugins)
    assert found == ["test.restless/loose: two runs with the same seed gave different bytes"]
