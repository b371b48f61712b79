"""Every recipe of farm_diffusion through a farm that runs: submitted, made by an engine, published.

The list of recipes is their folder: one without tiny weights or without a pipeline fails. Each has
a twin ``_gpu``, which is the same code, weights and ports but asks for a graphics card; a farm
without one does not offer it, so that twins are left out here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pytest
import tiny_weights
from drawn_people import movie, placed, portrait
from film_material import clip, picture, said, sound
from PIL import Image
from running_farm import farm, running
from stored_models import stored

import farm_diffusion
from farm.models.declare import Facts, declare
from farm_diffusion.recipes import Recipe, load_recipes

RECIPES = {
    recipe.origin.stem: recipe
    for recipe in load_recipes(Path(farm_diffusion.__file__).parent / "recipes")
}
WEIGHTS = {
    "animatediff-motion-v1-5-3": "motion-adapter",
    "cogvideox-5b": "cogvideox",
    "cogvideox-5b-i2v": "cogvideox-i2v",
    "flux.1-dev": "flux",
    "framepack-i2v": "framepack",
    "gligen-sd14": "gligen",
    "hunyuanvideo-1.5-i2v": "hunyuan-15-i2v",
    "hunyuanvideo-1.5-t2v": "hunyuan-15",
    "ltx-2": "ltx-2",
    "ltx-2-distilled": "ltx-2-dfr",
    "ltx-video-0.9.7": "ltx",
    "qwen-image": "qwen-image",
    "qwen-image-edit-2509": "qwen-image-edit",
    "qwen-image-layered": "qwen-image-layered",
    "sd-x4-upscaler": "sd-x4-upscaler",
    "sd15": "sd15",
    "sd15-controlnet-openpose": "pose-control",
    "sdxl": "sdxl",
    "sdxl-controlnet-openpose": "sdxl-control/controlnet",
    "sdxl-inpaint": "sdxl-inpaint",
    "sdxl-refiner": "sdxl-refiner",
    "skyreels-v2-df-1.3b-540p": "skyreels-df",
    "svd-xt": "svd",
    "wan-animate-2": "wan-animate-2",
    "wan2.1-flf2v-14b-720p": "wan-flf",
    "wan2.1-i2v-14b-480p": "wan-i2v",
    "wan2.1-t2v-1.3b": "wan-t2v",
    "wan2.1-vace-14b": "wan-vace",
    "wan2.2-animate-14b": "wan-animate",
    "wan2.2-i2v-a14b": "wan22-i2v",
    "wan2.2-t2v-a14b": "wan22-t2v",
    "wan2.2-ti2v-5b": "wan22-ti2v-5b",
}
"""The tiny model, or a component of one, that stands for each that a recipe asks for by default."""

PEOPLE = ("mediapipe-pose", "mediapipe-face", "mediapipe-selfie")
WIDTH, HEIGHT = 128, 64
"""Of what is made: a size that every recipe can make, and in which no side is another's."""

SIZE = {"width": WIDTH, "height": HEIGHT}
SMALL = {**SIZE, "steps": 2}
FRAMES = 14
"""Of what is made in windows; two or more of them."""


@dataclass(frozen=True)
class Asked:
    """A small job of a pipeline. inputs : files of the material by input.

    size : of its picture. frames : of its film; 0: a few, as the recipe allows, by ``duration_s``.
    """

    inputs: Mapping[str, str | list[str]]
    params: Mapping[str, Any] = field(default_factory=lambda: SMALL)
    size: tuple[int, int] = (WIDTH, HEIGHT)
    frames: int = 0


PROMPT = {"prompt": "prompt.txt"}
FIRST = {**PROMPT, "image": "image.png"}
PIPELINES = {
    "text-to-image": Asked(PROMPT),
    "edit": Asked({**PROMPT, "images": ["image.png"], "mask": "mask.png"}),
    "regions": Asked({**PROMPT, "regions": "regions.json"}),
    "image-control": Asked({**PROMPT, "control": "image.png"}),
    "layers-of-picture": Asked(FIRST, {"steps": 2, "layers": 2}, (0, 0)),
    "upscale-image": Asked(FIRST, {"steps": 1}, (4 * 128, 4 * 64)),
    "refine-image": Asked(FIRST),
    "text-to-video": Asked(PROMPT),
    "text-to-video-with-sound": Asked(PROMPT),
    "image-to-video": Asked(FIRST),
    "first-last-frame": Asked({**FIRST, "last": "last.png"}),
    "keyframes": Asked({**PROMPT, "images": ["image.png", "last.png"], "keyframes": "keys.json"}),
    "long-video": Asked(FIRST),
    "extend-video": Asked(
        FIRST, {**SMALL, "duration_s": FRAMES / 24, "window": 9, "overlap": 5}, frames=FRAMES
    ),
    "control-to-video": Asked(
        {**PROMPT, "control": "control.mkv", "mask": "wipe.mkv", "reference": "image.png"},
        {**SMALL, "window": 9, "overlap": 5},
        frames=FRAMES,
    ),
    "talking-head": Asked(
        {**FIRST, "voice": "voice.wav"}, {**SMALL, "window": 9, "overlap": 1}, frames=FRAMES
    ),
    "motion-weave": Asked(
        {**PROMPT, "character": "person.png", "motion": "person.mkv"},
        {**SMALL, "drawn_fps": 12, "fps": 12, "duration_s": 0.5, "lips": False},
        frames=6,
    ),
    "replace-character": Asked(
        {**PROMPT, "character": "image.png", "video": "person.mkv"},
        {**SMALL, "window": 10, "overlap": 5},
        frames=FRAMES,
    ),
}
OF_CAPABILITY = {
    "image.generate": "text-to-image",
    "image.edit": "edit",
    "image.regions": "regions",
    "image.control": "image-control",
    "image.layers": "layers-of-picture",
    "image.enlarge": "upscale-image",
    "image.refine": "refine-image",
    "video.text_to_video": "text-to-video",
    "video.image_to_video": "image-to-video",
    "video.keyframes": "keyframes",
    "video.control": "control-to-video",
    "video.speak": "talking-head",
    "video.extend": "extend-video",
    "character.animate": "motion-weave",
    "character.replace": "replace-character",
}
OF_RECIPE = {
    "framepack": "long-video",
    "ltx2": "text-to-video-with-sound",
    "wan_flf": "first-last-frame",
}
"""Where a recipe needs or gives more than the others of its capability."""


def pipeline_of(recipe: Recipe) -> str:
    return OF_RECIPE.get(recipe.origin.stem) or OF_CAPABILITY[recipe.capability]


def models_of(recipe: Recipe) -> list[str]:
    return [recipe.model, *(part.model for part in recipe.components.values())]


def few_frames(recipe: Recipe) -> tuple[int, float]:
    """A few, which most models do not make exactly, so that some are cut off; and in seconds."""
    assert recipe.frames is not None
    frames = max(recipe.frames.minimum + 1, math.ceil(float(recipe.frames.fps) / 8))
    return frames, frames / float(recipe.frames.fps)


def material(folder: Path) -> Path:
    """The files that jobs name."""
    folder.mkdir()
    said(folder / "prompt.txt", "a red boat on a calm sea")
    box = {"prompt": "a dog", "box": [0, 0.2, 0.5, 0.8]}
    said(folder / "regions.json", json.dumps({"schema": "farm.regions/1", "regions": [box]}))
    said(
        folder / "keys.json", '{"keyframes": [{"image": 0, "at_s": 0}, {"image": 1, "at_s": 0.3}]}'
    )
    picture(folder / "image.png", 0, WIDTH, HEIGHT)
    picture(folder / "last.png", 1, WIDTH, HEIGHT)
    mask = Image.new("L", (WIDTH, HEIGHT))
    mask.paste(255, (WIDTH // 2, 0, WIDTH, HEIGHT))
    mask.save(folder / "mask.png")
    clip(folder / "control.mkv", FRAMES, 1, HEIGHT)
    clip(folder / "wipe.mkv", FRAMES, 2, HEIGHT, mask=True)
    sound(folder / "voice.wav", FRAMES / 25)
    Image.fromarray(placed(portrait(), (224, 208), (8, 0), 208)).save(folder / "person.png")
    leaning = (placed(portrait(), (224, 208), (4 + n, 6), 190, n) for n in range(FRAMES))
    movie(folder / "person.mkv", leaning)
    return folder


def declare_all(root: Path) -> None:
    """Declare every model that a recipe asks for, and bring it into the store."""
    names: dict[str, set[str]] = {}
    for recipe in RECIPES.values():
        for name in models_of(recipe):
            names.setdefault(name, set()).add(recipe.capability)
    for name, capabilities in names.items():
        tiny, _, part = WEIGHTS[name].partition("/")
        facts = Facts(name, "tiny", "CC0-1.0", provides=sorted(capabilities))
        folder = root / "manifests" / "models"
        declare(tiny_weights.folder(tiny) / part, facts, folder, lambda *_: None)
    farm(root, "models", "fetch", *names)


def request_of(recipe: Recipe) -> dict[str, Any]:
    """The manifest of a small job by this recipe's provider."""
    name = pipeline_of(recipe)
    asked = PIPELINES[name]
    params = dict(asked.params)
    if "steps" in params:
        params["steps"] = max(params["steps"], int(recipe.params["steps"].minimum or 0))
    if recipe.frames and not asked.frames:
        params["duration_s"] = few_frames(recipe)[1]
    return {
        "farm": 1,
        "pipeline": name,
        "name": recipe.origin.stem,
        "inputs": dict(asked.inputs),
        "params": params,
        "quality": "draft",
        "providers": {recipe.capability: recipe.provider},
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A farm that runs, into which a job for every recipe was submitted; each has its name."""
    folder = tmp_path_factory.mktemp("recipes")
    given = material(folder / "given")
    for name, recipe in RECIPES.items():
        asked = json.dumps(request_of(recipe))
        (given / f"{name}.json").write_text(asked, encoding="utf-8")
    with pytest.MonkeyPatch.context() as settings:
        shared = {str(stored(name).parents[1]) for name in PEOPLE}
        settings.setenv("FARM_MODELS_SHARED_DIRS", json.dumps(sorted(shared)))
        declare_all(folder / "farm")
        with running(folder / "farm") as started:
            requests = [str(given / f"{name}.json") for name in RECIPES]
            farm(started, "submit", *requests, "--json", timeout_s=600)
            yield started


def ended(root: Path, recipe: str) -> dict[str, Any]:
    """What is told of a recipe's job when it has ended well."""
    shown = json.loads(farm(root, "ls", "--all", "--json"))
    [number] = [str(job["number"]) for job in shown if job["name"] == recipe]
    [job] = json.loads(farm(root, "watch", number, "--json", timeout_s=1700))
    assert job["state"] == "done", job
    return dict(job)


def of_film(path: Path) -> tuple[int, int, int]:
    """Frames, width and height; a film in which nothing moves is refused."""
    with av.open(str(path)) as opened:
        shown = [frame.to_ndarray(format="gray") for frame in opened.decode(video=0)]
    assert len({frame.tobytes() for frame in shown}) > 1, "a film in which nothing moves"
    return len(shown), shown[0].shape[1], shown[0].shape[0]


def test_every_recipe_has_tiny_weights_and_a_pipeline() -> None:
    wanted = {name for recipe in RECIPES.values() for name in models_of(recipe)}
    assert wanted == set(WEIGHTS), "the models that recipes ask for by default"
    assert {recipe.capability for recipe in RECIPES.values()} == set(OF_CAPABILITY)
    assert set(OF_RECIPE) <= set(RECIPES)
    assert {pipeline_of(recipe) for recipe in RECIPES.values()} == set(PIPELINES)
    offered = {stage.id for stage in farm_diffusion.farm_stages()}
    alone = {f"{recipe.capability}/{recipe.provider}" for recipe in RECIPES.values()}
    assert len(alone) == len(RECIPES)
    assert offered == alone | {f"{name}_gpu" for name in alone}


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_makes_what_it_promises_in_a_farm(root: Path, name: str) -> None:
    recipe = RECIPES[name]
    asked = PIPELINES[pipeline_of(recipe)]
    published = Path(ended(root, name)["published"])
    receipt, manifest, debug = (
        json.loads((published / f"{record}.json").read_text("utf-8"))
        for record in ("receipt", "job_manifest", "debug_metadata")
    )
    assert (receipt["state"], receipt["pipeline"].split("@")[0]) == ("done", pipeline_of(recipe))
    outputs = {file["file"]: file for file in receipt["outputs"]}
    assert all((published / file).stat().st_size for file in outputs)

    stage = f"{recipe.capability}/{recipe.provider}"
    [made_by] = [name for name, of in manifest["record"]["stages"].items() if of["stage"] == stage]
    assert manifest["providers"][made_by] == recipe.provider
    asked_of = manifest["record"]["stages"][made_by]["params"]
    assert asked_of.get("quality") == (request_of(recipe)["quality"] if recipe.quality else None)
    [told] = [of for of in debug["stages"] if of["name"] == made_by]
    assert told["model"] == "+".join(models_of(recipe))

    if recipe.frames:
        frames = asked.frames or few_frames(recipe)[0]
        assert of_film(published / "video.mp4") == (frames, *asked.size)
        assert outputs["video.mp4"]["kind"] == "video"
        assert told["tasks"] > 1 or not (recipe.windows and asked.frames == FRAMES)
    elif "image.png" in outputs:
        with Image.open(published / "image.png") as shown:
            assert (shown.size, shown.mode) == (asked.size, "RGB")
            assert len(shown.getcolors(1 << 24) or ()) > 1, "a picture of one colour"
        assert outputs["image.png"]["kind"] == "image"
    assert ("audio" in recipe.outputs) == ("sound.wav" in outputs)
    if "audio" in recipe.outputs:
        with av.open(str(published / "sound.wav")) as opened:
            samples = sum(frame.samples for frame in opened.decode(audio=0))
            rate = opened.streams.audio[0].rate
        assert samples == round(few_frames(recipe)[1] * rate)
    if "layers" in recipe.outputs:
        layers = sorted((published / "layers").glob("*.png"))
        assert len(layers) == asked.params["layers"]
        opened = [Image.open(layer) for layer in layers]
        assert {layer.mode for layer in opened} == {"RGBA"}
        [(wide, high)] = {layer.size for layer in opened}
        assert wide / high == pytest.approx(WIDTH / HEIGHT, rel=0.1)
