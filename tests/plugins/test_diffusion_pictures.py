"""Pictures by every recipe, with tiny random weights, through the stage's own code."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_task
from PIL import Image

import farm_diffusion
from farm import FarmError, InputError, MediaFacts, Stage, TaskCancelled
from farm_diffusion.choices import settled

First = Callable[[str], dict[str, Path]]
SMALL = {"width": 64, "height": 64, "steps": 2}
PART = {**SMALL, "steps": 10, "strength": 0.2}
"""Two steps are left of ten."""
REGIONS = {"schema": "farm.regions/1", "regions": [{"prompt": "a dog", "box": [0, 0.2, 0.5, 0.8]}]}


@dataclass(frozen=True)
class Case:
    """A small piece of work. made : the size of the picture that it gives."""

    model: str
    params: Mapping[str, Any] = field(default_factory=lambda: SMALL)
    inputs: tuple[str, ...] = ()
    made: tuple[int, int] = (64, 64)


CASES = {
    "image.generate/sd15": Case("sd15"),
    "image.generate/sdxl": Case("sdxl"),
    "image.generate/flux": Case("flux", {**SMALL, "true_guidance": 2.0}, ("negative",)),
    "image.generate/qwen_image": Case("qwen-image"),
    "image.edit/qwen_edit": Case("qwen-image-edit", SMALL, ("images", "mask")),
    "image.edit/sdxl_inpaint": Case("sdxl-inpaint", PART, ("images", "mask")),
    "image.layers/qwen_layers": Case("qwen-image-layered", {"steps": 2, "layers": 2}, ("image",)),
    "image.regions/gligen": Case("gligen", SMALL, ("regions",)),
    "image.control/sd15_control": Case("sd15-control", SMALL, ("control",)),
    "image.control/sdxl_control": Case("sdxl-control", SMALL, ("control",)),
    "image.enlarge/sd_x4_upscaler": Case(
        "sd-x4-upscaler",
        {"steps": 1, "tile": "64", "overlap": 8},
        ("image",),
        (4 * 70, 4 * 35),
    ),
    "image.refine/sdxl_refiner": Case("sdxl-refiner", PART, ("image",)),
}
"""By stage id; each has a provider for a graphics card too, which runs the same."""


@pytest.fixture(scope="module", autouse=True)
def a_million_pixels_less(request: pytest.FixtureRequest) -> None:
    """Two pipelines bring every picture to about a million pixels; here to a few thousand."""
    from diffusers.pipelines.qwenimage import (
        pipeline_qwenimage_edit_plus as edit,
        pipeline_qwenimage_layered as layered,
    )

    change, size = pytest.MonkeyPatch(), layered.calculate_dimensions
    request.addfinalizer(change.undo)
    change.setattr(edit, "VAE_IMAGE_SIZE", 64 * 64)
    change.setattr(edit, "CONDITION_IMAGE_SIZE", 56 * 56)
    change.setattr(layered, "calculate_dimensions", lambda area, shape: size(area / 25, shape))


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file for each port."""
    folder = tmp_path_factory.mktemp("material")
    texts = {"prompt": "a dog on a hill", "negative": "fog", "regions": json.dumps(REGIONS)}
    made = {name: folder / f"{name}.txt" for name in texts}
    for name, text in texts.items():
        made[name].write_text(text, encoding="utf-8")
    noise = np.random.default_rng(5)
    for name, size in {"image": (70, 35), "images": (64, 64), "control": (64, 64)}.items():
        made[name] = folder / f"{name}.png"
        pixels = noise.integers(0, 256, (size[1], size[0], 3), np.uint8)
        Image.fromarray(pixels).save(made[name])
    made["mask"] = folder / "mask.png"
    half = Image.new("L", (64, 64), 0)
    half.paste(255, (32, 0, 64, 64))
    half.save(made["mask"])
    return made


def stage_of(stage_id: str) -> Stage:
    return tiny_task.stage(*stage_id.split("/"))


def made(stage_id: str, folder: Path, material: Mapping[str, Path], **task: Any) -> dict[str, Path]:
    """The files that a case gives."""
    case = CASES[stage_id]
    inputs = {port: material[port] for port in ("prompt", *case.inputs)} | task.pop("inputs", {})
    params = {**case.params, "model": case.model} | task.pop("params", {})
    return tiny_task.run(stage_of(stage_id), folder, inputs, params, **task)


@pytest.fixture(scope="module")
def first(
    material: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Path]]:
    """What a case gives the first time; made once."""
    return cache(lambda stage_id: made(stage_id, tmp_path_factory.mktemp("first"), material))


def pixels(path: Path) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(path))


def test_steps_that_the_magnitudes_of_a_model_call_alike_are_left_out_for_one_job(
    material: dict[str, Path], tmp_path: Path
) -> None:
    def picture(name: str, **params: Any) -> bytes:
        how = {"steps": 8, **params}
        files = made("image.generate/flux", tmp_path / name, material, params=how)
        return files["image"].read_bytes()

    plain, fast = picture("plain"), picture("fast", cache="mag")
    assert fast != plain
    assert picture("again", cache="mag") == fast
    assert picture("after") == plain


def test_every_provider_of_pictures_is_tried_here() -> None:
    providers = {s.id for s in farm_diffusion.farm_stages() if s.capability.startswith("image.")}
    assert {name for name in providers if not name.endswith("_gpu")} == set(CASES)
    assert {name for name in providers if name.endswith("_gpu")} == {f"{n}_gpu" for n in CASES}


@pytest.mark.parametrize("stage_id", CASES)
def test_a_recipe_makes_what_it_promises_and_the_same_again(
    stage_id: str, first: First, material: dict[str, Path], tmp_path: Path
) -> None:
    found = first(stage_id)
    assert set(found) == set(stage_of(stage_id).outputs)
    port = "layers" if "layers" in found else "image"
    again = made(stage_id, tmp_path / "again", material)
    assert again[port].read_bytes() == found[port].read_bytes()
    if port == "image":
        assert Image.open(found["image"]).size == CASES[stage_id].made
        assert Image.open(found["image"]).mode == "RGB"
    report = json.loads(found["report"].read_text())
    assert report["schema"] == "farm.diffusion/1"


@pytest.mark.parametrize("stage_id", ["image.generate/sdxl", "image.enlarge/sd_x4_upscaler"])
def test_another_seed_gives_another_picture(
    stage_id: str, first: First, material: dict[str, Path], tmp_path: Path
) -> None:
    other = made(stage_id, tmp_path, material, seed=8)["image"]
    assert other.read_bytes() != first(stage_id)["image"].read_bytes()


@pytest.mark.parametrize("stage_id", ["image.generate/flux", "image.enlarge/sd_x4_upscaler"])
def test_a_task_stops_between_two_steps_and_the_next_is_as_ever(
    stage_id: str, first: First, material: dict[str, Path], tmp_path: Path
) -> None:
    before = first(stage_id)["image"].read_bytes()
    with pytest.raises(TaskCancelled):
        made(stage_id, tmp_path / "stopped", material, cancel_after=2)
    assert made(stage_id, tmp_path / "after", material)["image"].read_bytes() == before


@pytest.mark.parametrize("stage_id", ["image.edit/qwen_edit", "image.edit/sdxl_inpaint"])
def test_an_edit_keeps_what_its_mask_keeps_to_the_bit(
    stage_id: str, first: First, material: dict[str, Path]
) -> None:
    edited = pixels(first(stage_id)["image"])
    given = pixels(material["images"])
    assert np.array_equal(edited[:, :32], given[:, :32])
    assert np.abs(edited[:, 32:].astype(int) - given[:, 32:]).mean() > 10


@pytest.mark.parametrize("stage_id", ["image.edit/qwen_edit", "image.edit/sdxl_inpaint"])
def test_without_a_mask_an_edit_may_change_everything(
    stage_id: str, material: dict[str, Path], tmp_path: Path
) -> None:
    case = CASES[stage_id]
    inputs = {port: material[port] for port in ("prompt", "images")}
    params = {**case.params, "model": case.model}
    path = tiny_task.run(stage_of(stage_id), tmp_path, inputs, params)["image"]
    assert not np.array_equal(pixels(path)[:, :32], pixels(material["images"])[:, :32])


def test_an_instruction_takes_from_up_to_three_pictures(
    first: First, material: dict[str, Path], tmp_path: Path
) -> None:
    one = first("image.edit/qwen_edit")["image"].read_bytes()
    more = {"images": [material["images"], material["control"]]}
    two = made("image.edit/qwen_edit", tmp_path / "two", material, inputs=more)["image"]
    assert two.read_bytes() != one
    for stage_id, count in (("image.edit/qwen_edit", 4), ("image.edit/sdxl_inpaint", 2)):
        many = {"images": [material["images"]] * count}
        with pytest.raises(InputError, match="number of pictures"):
            made(stage_id, tmp_path / str(count), material, inputs=many)


def test_the_result_of_an_edit_has_the_shape_of_the_picture(
    material: dict[str, Path], tmp_path: Path
) -> None:
    params = stage_of("image.edit/sdxl_inpaint").params(model="sdxl-inpaint", quality="draft")
    facts = {"images": [MediaFacts(width=900, height=300)]}
    settings = settled(params, facts, None)
    assert settings.width / settings.height == pytest.approx(3, rel=0.02)
    wide, sides = {"images": material["image"]}, {"width": 128, "height": 64}
    path = made("image.edit/sdxl_inpaint", tmp_path, material, inputs=wide, params=sides)["image"]
    assert Image.open(path).size == (128, 64)


def test_layers_come_as_pictures_of_one_size_that_are_see_through(first: First) -> None:
    path = first("image.layers/qwen_layers")["layers"]
    with zipfile.ZipFile(path) as archive:
        what = json.loads(archive.read("layers.json"))
        names = ["layer-00.png", "layer-01.png"]
        assert archive.namelist() == [*names, "layers.json"]
        layers = []
        for name in names:
            with archive.open(name) as file:
                layers.append(Image.open(file).copy())
    assert what["bottom_to_top"] == names
    assert {layer.size for layer in layers} == {(what["width"], what["height"])}
    assert {layer.mode for layer in layers} == {"RGBA"}
    # As wide to high as the picture was.
    assert what["width"] / what["height"] == pytest.approx(70 / 35, rel=0.15)


def test_boxes_and_a_framing_change_the_picture_and_are_told(
    first: First, material: dict[str, Path], tmp_path: Path
) -> None:
    boxed = first("image.regions/gligen")
    assert json.loads(boxed["regions"].read_text())["regions"] == REGIONS["regions"]
    stage, prompt = stage_of("image.regions/gligen"), {"prompt": material["prompt"]}
    framing = {**SMALL, "model": "gligen", "layout": "wide-two-shot"}
    pair = {**framing, "subjects": "a knight; a queen"}
    framed = tiny_task.run(stage, tmp_path / "framed", prompt, pair)
    told = json.loads(framed["regions"].read_text())
    assert [region["prompt"] for region in told["regions"]] == ["a knight", "a queen"]
    assert told["prompt"].endswith("wide two-shot, full figures, eye level")
    assert framed["image"].read_bytes() != boxed["image"].read_bytes()
    with pytest.raises(FarmError, match="another number of subjects"):
        tiny_task.run(stage, tmp_path / "alone", prompt, {**framing, "subjects": "a knight"})


@pytest.mark.parametrize(("tile", "alike"), [("128", True), ("64", False)])
def test_a_picture_that_one_square_holds_is_enlarged_as_if_there_were_none(
    tile: str, alike: bool, material: dict[str, Path], tmp_path: Path
) -> None:
    stage_id = "image.enlarge/sd_x4_upscaler"
    whole, some = (
        made(stage_id, tmp_path / size, material, params={"tile": size})["image"].read_bytes()
        for size in ("512", tile)
    )
    assert (some == whole) is alike


def test_squares_leave_no_border(material: dict[str, Path], tmp_path: Path) -> None:
    stage_id = "image.enlarge/sd_x4_upscaler"
    flat = tmp_path / "flat.png"
    Image.new("RGB", (160, 40), (90, 120, 150)).save(flat)
    params = {"tile": "64", "overlap": 16, "steps": 2}
    path = made(stage_id, tmp_path / "made", material, inputs={"image": flat}, params=params)
    columns = pixels(path["image"]).astype(float).mean(axis=(0, 2))
    steps = np.abs(np.diff(columns))
    # Squares begin or end at these columns; anywhere else it changes as much.
    borders = [4 * place for place in (48, 64, 96, 112)]
    assert steps[borders].max() < 4 * np.percentile(steps, 95)


def test_the_steering_picture_steers_as_much_as_it_weighs(
    material: dict[str, Path], tmp_path: Path
) -> None:
    stage_id = "image.control/sd15_control"
    found = {
        weight: pixels(
            made(stage_id, tmp_path / str(weight), material, params={"weight": weight})["image"]
        ).astype(int)
        for weight in (0, 0.1, 2)
    }
    little, much = (np.abs(found[weight] - found[0]).mean() for weight in (0.1, 2))
    assert much > little > 0


def test_no_picture_needs_torchvision() -> None:
    assert "diffusers" in sys.modules
    assert "torchvision" not in sys.modules
