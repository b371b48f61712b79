"""How a diffusion task runs: what it makes, what it leaves behind, what it does when things go wrong.

Real pipelines of diffusers over tiny random weights, and the engine's own model cache.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_task
import tiny_weights
from direct_task import input_file
from PIL import Image
from tiny_task import TinyModels, TinyTask, frames_of, run, stage

from farm import (
    BrokenOutput,
    InputError,
    InputFile,
    MediaFacts,
    MediaKind,
    ParameterError,
    ResourceError,
    TaskCancelled,
)
from farm.stages import TaskMemory
from farm_diffusion.declared import stages_of
from farm_diffusion.recipes import load_recipe
from farm_diffusion.runtime.plan import Choice, Offload, Request, choose

PICTURE = {"model": "sd15", "width": 64, "height": 64, "steps": 2}
FILM = {"model": "wan-t2v", "width": 32, "height": 32, "frames": 6, "steps": 2}
RECIPES = Path(tiny_task.farm_diffusion.__file__).parent / "recipes"


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    path = tmp_path / "prompt.txt"
    path.write_text("a red robot", encoding="utf-8")
    return path


class Maker:
    """Runs jobs of one provider one after another, as an engine does, and gives their digests."""

    def __init__(self, folder: Path, prompt: Path, models: TinyModels | None = None) -> None:
        self._folder, self._prompt = folder, prompt
        self.models = models or TinyModels()
        self._count = 0
        self.files: Mapping[str, Path] = {}

    def picture(self, **how: Any) -> str:
        return self._made(stage("image.generate", "sd15"), "image", PICTURE, how)

    def film(self, **how: Any) -> str:
        return self._made(stage("video.text_to_video", "wan"), "video", FILM, how)

    def of(self, made_by: Any, port: str, usual: Mapping[str, Any], **how: Any) -> str:
        return self._made(made_by, port, usual, how)

    def report(self) -> dict[str, Any]:
        return json.loads(self.files["report"].read_text())  # type: ignore[no-any-return]

    def task(self, **how: Any) -> TinyTask:
        """A task of the film, to run by hand."""
        self._count += 1
        params = stage("video.text_to_video", "wan").params(**{**FILM, **how.pop("params", {})})
        inputs = {"prompt": [input_file(self._prompt, MediaKind.TEXT)]}
        return TinyTask(self._folder / str(self._count), params, inputs, models=self.models, **how)

    def _made(self, made_by: Any, port: str, usual: Mapping[str, Any], how: dict[str, Any]) -> str:
        self._count += 1
        task = {name: how.pop(name) for name in ("seed", "cancel_after", "memory") if name in how}
        files = run(
            made_by,
            self._folder / str(self._count),
            {"prompt": self._prompt},
            # ``memory`` of the task is how often it ran out; ``way`` is the parameter.
            {**usual, **({"memory": how.pop("way")} if "way" in how else {}), **how},
            models=self.models,
            **task,
        )
        self.files = files
        return hashlib.sha256(files[port].read_bytes()).hexdigest()


@pytest.fixture
def maker(tmp_path: Path, prompt: Path) -> Maker:
    return Maker(tmp_path / "made", prompt)


# --- what is made -----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_picture_in_a_fresh_engine_and_another_seed_another(
    maker: Maker, tmp_path: Path, prompt: Path
) -> None:
    first = maker.picture(seed=7)
    assert maker.picture(seed=7) == first
    assert maker.picture(seed=8) != first
    assert Maker(tmp_path / "other", prompt).picture(seed=7) == first
    with Image.open(maker.files["image"]) as image:
        assert (image.size, image.mode) == ((64, 64), "RGB")


def test_a_film_has_exactly_the_frames_that_were_asked_for(maker: Maker) -> None:
    maker.film(frames=6)
    assert len(frames_of(maker.files["video"])) == 6
    assert (maker.report()["frames"], maker.report()["frames_made"]) == (6, 9)
    maker.film(frames=None, duration_s=0.5, fps="24")
    assert len(frames_of(maker.files["video"])) == 12
    assert maker.report()["fps"] == "24"


def test_a_quality_profile_sets_steps_and_sampler_and_a_jobs_own_value_wins(maker: Maker) -> None:
    maker.picture(quality="draft", steps=None)
    assert (maker.report()["params"]["steps"], maker.report()["scheduler"]) == (12, "dpm")
    maker.picture(quality="draft", steps=2, scheduler="own")
    assert (maker.report()["params"]["steps"], maker.report()["scheduler"]) == (2, "own")


def test_steps_are_told_with_what_is_left_and_the_last_word_is_the_writing(maker: Maker) -> None:
    task = maker.task(params={"steps": 4})
    tiny_task_run(task)
    notes = [note for _, _, note in task.reports]
    assert [note.split(",")[0] for note in notes if note.startswith("step ")] == [
        f"step {number} of 4" for number in (1, 2, 3, 4)
    ]
    assert any("left" in note for note in notes)
    assert notes[-1] == "writing"
    done = [done for done, _, _ in task.reports]
    assert done == sorted(done)


def test_a_pipeline_without_a_callback_is_counted_and_stopped_through_its_scheduler(
    maker: Maker, tmp_path: Path
) -> None:
    text = (RECIPES / "sd15.toml").read_text()
    recipe = tmp_path / "recipes" / "panorama.toml"
    recipe.parent.mkdir()
    recipe.write_text(
        text.replace('provider = "sd15"', 'provider = "own_loop"').replace(
            '"StableDiffusionPipeline"', '"StableDiffusionSAGPipeline"'
        )
    )
    made_by = next(iter(stages_of(recipe.parent)))
    first = maker.of(made_by, "image", PICTURE)
    with pytest.raises(TaskCancelled):
        maker.of(made_by, "image", {**PICTURE, "steps": 30}, cancel_after=12)
    assert maker.of(made_by, "image", PICTURE) == first


def test_a_film_that_would_be_longer_than_the_model_can_make_is_refused(
    maker: Maker, tmp_path: Path
) -> None:
    text = (RECIPES / "wan.toml").read_text().replace('"wan"', '"like_sound"')
    recipe = tmp_path / "recipes" / "like_sound.toml"
    recipe.parent.mkdir()
    recipe.write_text(
        text.replace("[frames]", '[frames]\nas_long_as = "music"').replace(
            "[params.steps]",
            '[inputs.music]\ntakes = "audio"\nrequired = false\ndescription = "x"\n[params.steps]',
        )
    )
    made_by = next(iter(stages_of(recipe.parent)))
    task = maker.task()
    task.params = made_by.params(**{**FILM, "frames": None})
    music = tmp_path / "music.wav"
    music.write_bytes(b"RIFF")
    facts = MediaFacts(duration_s=30.0)
    task.inputs = {"music": [InputFile(music, MediaKind.AUDIO, "0" * 64, facts)]}
    with pytest.raises(InputError, match=r"music: is too long .*at most 161 frames.*got 480"):
        tiny_task_run(task)


# --- what stays warm --------------------------------------------------------------------------------


def test_a_second_job_loads_nothing(maker: Maker) -> None:
    maker.film()
    assert maker.models.cache.account()[0]
    maker.film(seed=9)
    assert maker.models.cache.account()[0] == []


def test_models_that_share_a_text_encoder_and_a_decoder_load_them_once(maker: Maker) -> None:
    maker.film(model="wan-t2v")
    maker.models.cache.account()
    maker.film(model="wan22-t2v")
    loads, _ = maker.models.cache.account()
    assert len(loads) == 2, "its two backbones; all else is there already"


# --- memory -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["model", "group", "sequential"])
def test_wherever_the_weights_are_the_pictures_are_the_same_and_so_are_those_after(
    maker: Maker, way: Offload
) -> None:
    film, picture = maker.film(), maker.picture()
    assert maker.film(way=way) == film
    assert maker.report()["memory"]["asked"] == way
    assert maker.picture(way=way) == picture
    assert maker.film() == film
    assert maker.picture() == picture


@pytest.mark.parametrize("precision", ["fp8", "int8", "bfloat16"])
def test_fewer_bits_change_the_picture_and_not_the_one_after(maker: Maker, precision: str) -> None:
    if precision == "int8":
        pytest.importorskip("torchao")
    film = maker.film()
    fewer = maker.film(precision=precision)
    assert fewer != film
    assert maker.report()["memory"]["precision"] == precision
    assert maker.film() == film
    assert maker.film(precision=precision) == fewer


def test_a_backbone_that_is_one_gguf_file_is_read(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf = pytest.importorskip("gguf")
    from safetensors.numpy import load_file

    film = maker.film()
    name = spoiled(tmp_path, monkeypatch, of="wan-t2v")
    plain = tmp_path / "spoiled/transformer/diffusion_pytorch_model.safetensors"
    writer = gguf.GGUFWriter(str(plain.with_name("model.gguf")), "wan")
    eight = gguf.GGMLQuantizationType.Q8_0
    for key, values in load_file(plain).items():
        if values.ndim == 2 and values.shape[-1] % 32 == 0:
            writer.add_tensor(key, gguf.quants.quantize(values, eight), raw_dtype=eight)
        else:
            writer.add_tensor(key, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    plain.unlink()
    with pytest.raises(InputError, match="has not one GGUF file"):
        maker.film(precision="gguf")
    assert maker.film(model=name, precision="gguf") != film
    assert maker.film() == film


def test_a_network_that_a_pipeline_widened_for_a_while_is_narrow_again() -> None:
    import torch

    from farm_diffusion.runtime.held import Held

    torch.manual_seed(0)
    held = Held(torch.nn.Linear(4, 4).to(torch.float16), "float16", "cpu")
    before = held.module.weight.clone()
    held.module.to(torch.float32)
    held.settle()
    assert held.module.weight.dtype == torch.float16
    assert torch.equal(held.module.weight, before)


def test_tiles_are_switched_off_again(maker: Maker) -> None:
    big = {"width": 128, "height": 128, "steps": 1}
    picture = maker.picture(**big)
    maker.picture(**big, tiling="on")
    assert maker.report()["memory"]["tiles"] is True
    assert maker.picture(**big) == picture


GREEDY = """
from farm_diffusion.runtime.shot import call_once

TRIES = []

def call(shot):
    import torch
    TRIES.append(shot.pipe.vae.use_tiling)
    if len(TRIES) == 1:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB")
    return call_once(shot)

def never(shot):
    raise MemoryError("Unable to allocate 8 GiB")
"""


def greedy(tmp_path: Path, function: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A provider whose first call runs out of memory, or every one."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    (tmp_path / f"greedy_{function}.py").write_text(GREEDY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, f"greedy_{function}", raising=False)
    text = (RECIPES / "sd15.toml").read_text().replace('"sd15"\ncap', '"greedy"\ncap')
    (folder / "greedy.toml").write_text(f'call = "greedy_{function}:{function}"\n{text}')
    return next(iter(stages_of(folder)))


class Roomy(TinyModels):
    """Models of a node with so much free memory."""

    def __init__(self, room_mb: int | None) -> None:
        super().__init__()
        self._room_mb = room_mb

    def room_mb(self) -> int | None:
        return self._room_mb


@pytest.fixture
def like_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planner takes the processor for a card, and the tiny weights for large ones."""

    def chosen(request: Request, **how: Any) -> Choice:
        large = [replace(part, millions=1000 * part.millions) for part in request.weights]
        return choose(replace(request, device="cuda:0", weights=large), **how)

    monkeypatch.setattr("farm_diffusion.runtime.run.choose", chosen)


@pytest.mark.usefixtures("like_a_card")
def test_the_same_job_makes_the_same_files_however_much_memory_a_node_has(
    maker: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    made, ways = set(), set()
    for room_mb, ran_out in ((None, 0), (2000, 0), (1, 0), (None, 1), (None, 2), (None, 3)):
        maker.models = Roomy(room_mb)
        caplog.clear()
        digest = maker.picture(memory=TaskMemory(reserved_mb=0, ran_out=ran_out))
        made.add((digest, maker.files["report"].read_bytes()))
        ways |= set(re.findall(r"memory: (.+?), because", caplog.text))
    assert len(made) == 1
    assert ways == {f"{way} float32" for way in ("full", "model", "group", "sequential")}


@pytest.mark.usefixtures("like_a_card")
def test_when_memory_runs_out_one_lower_way_is_tried_at_once_and_makes_the_same(
    maker: Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made_by = greedy(tmp_path, "call", monkeypatch)
    assert maker.of(made_by, "image", PICTURE) == maker.picture()
    assert "out of memory with full float32; trying model float32" in caplog.text


def test_a_lower_way_that_changes_the_picture_is_tried_only_by_leave(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by = greedy(tmp_path, "call", monkeypatch)
    with pytest.raises(ResourceError, match=r"memory ran out.*tiling: on.*may-change-result"):
        maker.of(made_by, "image", PICTURE)
    del sys.modules["greedy_call"]
    digest = maker.of(made_by, "image", {**PICTURE, "memory": "may-change-result"})
    assert maker.report()["memory"] == {
        "asked": "may-change-result",
        "precision": "float32",
        "tiles": True,
    }
    assert digest == maker.picture(tiling="on")


def test_when_it_runs_out_again_the_scheduler_is_told_and_the_next_job_is_as_ever(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = maker.picture()
    with pytest.raises(ResourceError, match=r"memory ran out.*fewer frames"):
        maker.of(greedy(tmp_path, "never", monkeypatch), "image", PICTURE)
    assert maker.picture() == picture


def test_a_task_that_ran_out_before_makes_what_it_would_have_made(maker: Maker) -> None:
    picture = maker.picture()
    ran_out = TaskMemory(reserved_mb=0, ran_out=1)
    assert maker.picture(memory=ran_out) == picture
    assert maker.report()["memory"]["tiles"] is False
    maker.picture(memory=ran_out, way="may-change-result")
    assert maker.report()["memory"]["tiles"] is True


# --- after a cancel or an error -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", [{}, {"way": "model"}, {"way": "group"}, {"cache": "first-block"}, {"tiling": "on"}]
)
def test_a_job_that_was_cancelled_between_two_steps_changes_nothing_after_it(
    maker: Maker, how: dict[str, str]
) -> None:
    film = maker.film(steps=4)
    cached = maker.film(steps=4, **how)
    with pytest.raises(TaskCancelled):
        maker.film(steps=12, cancel_after=5, **how)
    assert maker.film(steps=4) == film
    assert maker.film(steps=4, **how) == cached


class Watched(TinyModels):
    """Remembers the networks that were taken from it."""

    def __init__(self) -> None:
        super().__init__()
        self.networks: set[Any] = set()

    def get(self, key: str, load: Callable[[], Any], **how: Any) -> Any:
        found = super().get(key, load, **how)
        self.networks |= {found.module} if hasattr(found, "module") else set()
        return found


@pytest.mark.parametrize("way", ["full", "model", "group"])
def test_an_error_in_the_middle_of_a_network_changes_nothing_after_it(
    maker: Maker, way: Offload
) -> None:
    maker.models = models = Watched()
    film = maker.film(way=way)
    [backbone] = [m for m in models.networks if type(m).__name__ == "WanTransformer3DModel"]

    def fail(*_: Any) -> None:
        raise KeyError("a bug")

    hook = backbone.blocks[1].register_forward_pre_hook(fail)
    with pytest.raises(KeyError, match="a bug"):
        maker.film(way=way)
    hook.remove()
    assert maker.film(way=way) == film
    assert maker.film() == film


def test_a_cache_skips_work_and_is_gone_afterwards(maker: Maker) -> None:
    film = maker.film(steps=8)
    assert maker.film(steps=8, cache="first-block") != film
    assert maker.film(steps=8) == film


def test_an_attention_that_is_not_installed_is_refused_and_leaves_the_usual_one(
    maker: Maker,
) -> None:
    film = maker.film()
    with pytest.raises(ParameterError, match="attention does not run here"):
        maker.film(attention="sage")
    assert maker.film() == film


def test_random_state_and_threads_of_the_process_are_put_back(maker: Maker) -> None:
    import torch

    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    maker.picture()
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


# --- adapters ---------------------------------------------------------------------------------------


class WithAdapters(TinyModels):
    """The tiny models, and adapters of one file each."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def files(self, name: str) -> Path:
        own = self._folder / name
        return own if own.is_dir() else super().files(name)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two LoRAs for the tiny Wan's backbone, and one for nothing."""
    import torch
    from diffusers import WanPipeline, WanTransformer3DModel
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("adapters")
    for number, name in enumerate(("warm", "cold")):
        backbone = WanTransformer3DModel.from_pretrained(
            tiny_weights.folder("wan-t2v"), subfolder="transformer", local_files_only=True
        )
        torch.manual_seed(number)
        backbone.add_adapter(
            LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_v"], init_lora_weights=False)
        )
        WanPipeline.save_lora_weights(
            folder / name, transformer_lora_layers=get_peft_model_state_dict(backbone)
        )
    (folder / "stranger").mkdir()
    save_file({"lora.up.weight": torch.ones(2, 2)}, folder / "stranger" / "x.safetensors")
    return folder


def test_adapters_act_by_their_weight_and_are_gone_after_the_job(
    tmp_path: Path, prompt: Path, adapters: Path
) -> None:
    maker = Maker(tmp_path / "made", prompt, WithAdapters(adapters))
    plain = maker.film()
    warm = maker.film(loras=[{"model": "warm", "weight": 1.0}])
    cold = maker.film(loras=[{"model": "cold", "weight": 1.0}])
    both = maker.film(loras=[{"model": "warm", "weight": 0.7}, {"model": "cold", "weight": 0.3}])
    assert len({plain, warm, cold, both}) == 4
    assert maker.film() == plain
    assert maker.film(loras=[{"model": "warm", "weight": 1.0}], way="model") == warm
    assert maker.film() == plain


def test_a_job_that_is_cancelled_with_an_adapter_on_leaves_none(
    tmp_path: Path, prompt: Path, adapters: Path
) -> None:
    maker = Maker(tmp_path / "made", prompt, WithAdapters(adapters))
    plain = maker.film()
    with pytest.raises(TaskCancelled):
        maker.film(loras=[{"model": "warm"}], steps=12, cancel_after=10)
    assert maker.film() == plain


def test_an_adapter_for_another_model_is_refused_by_name(
    tmp_path: Path, prompt: Path, adapters: Path
) -> None:
    maker = Maker(tmp_path / "made", prompt, WithAdapters(adapters))
    plain = maker.film()
    with pytest.raises(InputError, match=r"stranger.*does not fit"):
        maker.film(loras=[{"model": "stranger"}])
    assert maker.film() == plain


# --- broken models ----------------------------------------------------------------------------------


def spoiled(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str = "",
    of: str = "sd15",
    **values: float,
) -> str:
    """A copy of a tiny model, with other numbers in one file; its name."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "spoiled"
    shutil.copytree(tiny_weights.folder(of), folder)
    if file:
        tensors = load_file(folder / file)
        for name, value in values.items():
            tensors[name.replace("__", ".")].fill_(value)
        save_file(tensors, folder / file)
    usual = tiny_weights.folder
    monkeypatch.setattr(
        tiny_weights, "folder", lambda name: folder if name == "spoiled" else usual(name)
    )
    tiny_task.facts_of.cache_clear()
    return "spoiled"


def test_numbers_that_are_none_stop_the_run_at_its_first_look(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unet = "unet/diffusion_pytorch_model.safetensors"
    name = spoiled(tmp_path, monkeypatch, unet, conv_out__bias=float("nan"))
    with pytest.raises(BrokenOutput, match=r"latents.*numbers that are none"):
        maker.picture(model=name)


def test_a_picture_that_is_black_from_end_to_end_is_no_picture(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vae = "vae/diffusion_pytorch_model.safetensors"
    name = spoiled(
        tmp_path, monkeypatch, vae, decoder__conv_out__weight=0, decoder__conv_out__bias=-9
    )
    with pytest.raises(BrokenOutput, match="black from end to end"):
        maker.picture(model=name)


def test_code_that_a_models_folder_asks_for_is_never_run(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = spoiled(tmp_path, monkeypatch)
    index = tmp_path / "spoiled" / "model_index.json"
    content = json.loads(index.read_text())
    content["unet"] = ["own_unet", "OwnUNet"]
    index.write_text(json.dumps(content))
    (tmp_path / "spoiled" / "unet" / "own_unet.py").write_text("raise SystemExit('run')\n")
    with pytest.raises(InputError, match=r"class that is not installed.*never run"):
        maker.picture(model=name)


def test_a_model_of_another_pipeline_is_refused_with_what_it_lacks(maker: Maker) -> None:
    with pytest.raises(InputError, match="has no unet, which StableDiffusionPipeline needs"):
        maker.picture(model="wan-t2v")


# --- previews ---------------------------------------------------------------------------------------


def test_a_preview_in_the_shape_of_the_film_is_shown_before_it_is_done(maker: Maker) -> None:
    task = maker.task(params={"width": 64, "height": 32})
    tiny_task_run(task)
    assert task.previews
    shown = task.previews[-1]
    assert isinstance(shown, bytes) and len(shown) < 256 * 1024
    with Image.open(io.BytesIO(shown)) as image:
        assert image.format == "JPEG"
        assert image.width == 2 * image.height
        assert np.ptp(np.asarray(image)) > 4, "something is to be seen"


def test_latents_are_shown_in_the_colours_that_a_recipe_names() -> None:
    import torch

    from farm_diffusion.runtime.preview import named, shown

    recipe = load_recipe(RECIPES / "sd15.toml")
    assert recipe.preview is not None
    colours = named(recipe.preview)
    latents = torch.zeros(1, 4, 8, 16)
    latents[:, 3] = -2.0
    picture = shown(latents, colours, 128, 64)
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as image:
        red, green, blue = np.asarray(image.convert("RGB"), float).mean(axis=(0, 1))
    # The fourth channel: -2 times (-0.184, -0.271, -0.473), from -1 to 1.
    assert [red, green, blue] == pytest.approx([174, 197, 248], abs=4)


def test_packed_latents_are_laid_out_as_the_picture_they_stand_for() -> None:
    import torch
    from diffusers import FluxPipeline

    from farm_diffusion.runtime.preview import _plane

    latents = torch.arange(16.0 * 8 * 12).reshape(1, 16, 8, 12)
    packed = FluxPipeline._pack_latents(latents, 1, 16, 8, 12)
    for scale in (0, 8):
        plane = _plane(packed, 16, 96, 64, scale)
        assert plane is not None
        assert np.array_equal(plane, latents[0].numpy())
    assert _plane(packed, 16, 96, 80, 8) is None, "another picture than these numbers are of"


def test_a_packed_film_is_shown_by_its_middle_frame() -> None:
    import torch
    from diffusers import LTXPipeline

    from farm_diffusion.runtime.preview import _plane

    latents = torch.arange(8.0 * 3 * 2 * 4).reshape(1, 8, 3, 2, 4)
    packed = LTXPipeline._pack_latents(latents)
    plane = _plane(packed, 8, 4 * 32, 2 * 32, 32)
    assert plane is not None
    assert np.array_equal(plane, latents[0, :, 1].numpy())


def tiny_task_run(task: TinyTask) -> None:
    from farm_diffusion.runtime.run import run as run_task

    run_task(task)  # type: ignore[arg-type]
    task.models.cache.task_ended()  # type: ignore[attr-defined]
