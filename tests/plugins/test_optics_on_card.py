"""Depth of field as torch makes it: the compiled renderer's pictures, the same bits each time."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from moving_scene import flat, luma, picture, same, seen, texture, written
from PIL import Image

import farm_optics
from farm import MissingExtra, Stage, TaskCancelled, Window
from farm.media.planes import Layout
from farm_optics import stages_lens
from farm_optics.focus.aperture import OUTLINES, Aperture, disc
from farm_optics.focus.defocus import Shown, rendered
from farm_optics.focus.look import Look
from farm_optics.focus.render import Renderer
from farm_optics.params import DefocusParams

torch = pytest.importorskip("torch")
from farm_optics.focus.torch_render import TorchRenderer  # noqa: E402

HIGH, WIDE = 72, 96
FRAMES = 5
LAYOUT = Layout(WIDE, HIGH, "yuv420p", full=True, matrix=1)
LENS = {"focal_length": "200 mm", "aperture": "f/4", "focus": "3 m", "depth": "metres"}
OPENINGS = {
    **{name: Aperture(make(6, 0.2, 2.0, 10.0)) for name, make in OUTLINES.items()},
    "swirl": Aperture(disc(), None, 0.6, 1.0),
    "cat's eye": Aperture(OUTLINES["blades"](7, 0.3, 1.0, 0.0), None, 0.7),
    "picture": Aperture(np.zeros((0, 4)), np.tri(24, dtype=np.float32), 0.3),
}


def on_card(capability: str) -> Stage:
    return next(
        stage for stage in farm_optics.farm_stages() if stage.id == f"{capability}/farm_optics_gpu"
    )


@pytest.fixture(scope="module")
def scene() -> tuple[np.ndarray, np.ndarray]:
    """Light with two lamps, and blurs: a slope through the focus, a sharp disc and a near one."""
    light = np.stack([texture(seed, HIGH, WIDE, 2.0, 0, 1) for seed in (1, 2, 3)])
    light[:, 12, 20] = light[:, 60, 84] = 40.0
    y, x = np.mgrid[0:HIGH, 0:WIDE]
    blur = np.linspace(-2, 15, WIDE, dtype=np.float32)[None].repeat(HIGH, 0)
    blur[(x - 36) ** 2 + (y - 36) ** 2 < 300] = 0
    blur[(x - 66) ** 2 + (y - 42) ** 2 < 200] = -9
    return light.astype(np.float32), blur


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    """Decibels between two lights, of which 1 is white; no more than 200."""
    return float(-10 * np.log10(np.mean((one - two).astype(float) ** 2) + 1e-20))


@pytest.mark.parametrize("opening", [*OPENINGS])
def test_torch_gives_the_picture_of_the_compiled_renderer(opening: str, scene) -> None:
    light, blur = scene
    wanted = Renderer(OPENINGS[opening], 6.0).blurred(light, blur)
    made = TorchRenderer(OPENINGS[opening], 6.0).blurred(light, blur)
    assert psnr(wanted, light) < 30
    assert psnr(made, wanted) > 65


@pytest.mark.parametrize("focus", [-12.0, -3.0, 0.0, 0.4, 4.0, 16.0])
def test_it_is_the_same_before_behind_and_in_the_focus_and_with_fringes(
    focus: float, scene
) -> None:
    light, blur = scene
    for finest, fringing in ((1e6, 0.0), (6.0, 0.06)):
        given = (light, np.full_like(blur, focus), 20.0)
        wanted = Renderer(OPENINGS["heart"], finest, fringing).blurred(*given)
        made = TorchRenderer(OPENINGS["heart"], finest, fringing).blurred(*given)
        assert psnr(made, wanted) > 100


def test_a_sharp_thing_keeps_its_bits_and_nothing_bleeds_into_it_or_out_of_it() -> None:
    light = np.zeros((3, HIGH, WIDE), np.float32)
    light[0, :, :48], light[1, :, 48:] = 0.8, 0.5
    blur = np.zeros((HIGH, WIDE), np.float32)
    blur[:, :48] = 9.0
    made = TorchRenderer(Aperture(disc())).blurred(light, blur)
    assert np.array_equal(made[:, :, 48:], light[:, :, 48:])
    assert made[0, :, :48] == pytest.approx(0.8, abs=1e-4)
    assert np.abs(made[1:, :, :48]).max() < 1e-4


def test_the_order_in_which_light_is_added_does_not_change_a_bit(scene) -> None:
    whole = TorchRenderer(OPENINGS["cat's eye"], fringing=0.05)
    parts = TorchRenderer(OPENINGS["cat's eye"], fringing=0.05)
    parts._at_once = 7_001
    wanted = whole.blurred(*scene, 20.0)
    assert np.array_equal(whole.blurred(*scene, 20.0), wanted)
    assert np.array_equal(parts.blurred(*scene, 20.0), wanted)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 90), (90, 5)])
def test_pictures_of_any_size_pass(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    light = rng.random((3, *size), np.float32)
    blur = rng.uniform(-20, 20, size).astype(np.float32)
    wanted = Renderer(Aperture(disc()), 2.0).blurred(light, blur)
    assert psnr(TorchRenderer(Aperture(disc()), 2.0).blurred(light, blur), wanted) > 100


# --- stages ---------------------------------------------------------------------------------------


def metres(n: int) -> np.ndarray:
    """A wall at 8 m and a ball at 3 m that wanders to the right."""
    y, x = np.mgrid[0:HIGH, 0:WIDE]
    return np.where(np.hypot(x - 30 - 4 * n, y - 36) < 20, 3.0, 8.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> dict[str, Path]:
    """A film and its true depth, from 1 m (black) to 9 m."""
    folder = tmp_path_factory.mktemp("clip")
    lit = texture(2, HIGH, WIDE, 2.0, 30, 250)
    grey = [np.full(shape, 128.0) for shape in LAYOUT.shapes[1:]]
    film = written(folder / "film.mkv", [picture(lit, *grey, layout=LAYOUT)] * FRAMES)
    maps = [picture((metres(n) - 1) / 8 * 255, *grey, layout=LAYOUT) for n in range(FRAMES)]
    return {"video": film, "depth": written(folder / "depth.mkv", maps)}


CLIP = LENS | {"depth": "distance", "far": "9 m", "breathing": 1.0, "cats_eye": 0.5}


@pytest.mark.parametrize("focus", ["3 m", "8 m"])
def test_a_film_and_a_picture_come_out_as_of_the_other_provider(
    focus: str, clip: dict[str, Path], tmp_path: Path
) -> None:
    given = CLIP | {"focus": focus}
    made, wanted = (
        seen(run_stage(stage, tmp_path / stage.provider, clip, given)["segment"])
        for stage in (on_card("video.defocus"), stage_of(farm_optics, "video.defocus"))
    )
    assert len(made) == len(wanted) == FRAMES
    for one, two in zip(made, wanted, strict=True):
        assert psnr(luma(one) / 255, luma(two) / 255) > 55
    pixels = np.random.default_rng(3).integers(0, 256, (HIGH, WIDE, 3)).astype(np.uint8)
    inputs = {"image": tmp_path / "image.png", "depth": tmp_path / "depth.png"}
    Image.fromarray(pixels).save(inputs["image"])
    Image.fromarray(np.round(metres(2) * 1000).astype(np.uint16)).save(inputs["depth"])
    given |= {"depth": "metres", "fringing": 0.03}
    one, two = (
        np.asarray(Image.open(run_stage(stage, tmp_path / stage.id, inputs, given)["image"]))
        for stage in (on_card("image.defocus"), stage_of(farm_optics, "image.defocus"))
    )
    assert psnr(one / 255, two / 255) > 55
    assert psnr(one / 255, pixels / 255) < 30


def test_windows_are_the_frames_of_the_whole_to_the_bit(
    clip: dict[str, Path], tmp_path: Path
) -> None:
    stage = on_card("video.defocus")
    given = CLIP | {"pull": [{"frame": 0, "focus": "3 m"}, {"frame": 4, "focus": "8 m"}]}
    whole = seen(run_stage(stage, tmp_path / "whole", clip, given, threads=2)["segment"])
    parts = []
    for start in range(0, FRAMES, 2):
        window = Window(start // 2, 3, start, min(start + 2, FRAMES))
        parts += seen(
            run_stage(stage, tmp_path / f"{start}", clip, given, window=window)["segment"]
        )
    assert [same(a, b) for a, b in zip(whole, parts, strict=True)] == [True] * FRAMES


def test_the_work_stops_when_asked_between_frames_and_within_one(
    clip: dict[str, Path], tmp_path: Path, scene
) -> None:
    with pytest.raises(TaskCancelled):
        run_stage(on_card("video.defocus"), tmp_path, clip, CLIP, cancel_after=2)
    asked = []

    def stop() -> None:
        asked.append(1)
        if len(asked) == 4:
            raise TaskCancelled("stopped")

    with pytest.raises(TaskCancelled):
        TorchRenderer(Aperture(disc()), checkpoint=stop).blurred(*scene)


def test_a_long_film_is_never_held_as_a_whole() -> None:
    alive: list[weakref.ref] = []
    most = 0
    power = np.full((8, 8), 0.2, np.float32)

    def shown() -> Iterator[Shown]:
        nonlocal most
        for number in range(60):
            one = flat(number, layout=Layout(8, 8, "yuv420p", full=True, matrix=1))
            alive.append(weakref.ref(one.planes[0]))
            most = max(most, sum(ref() is not None for ref in alive))
            yield one, power, 2.0
            del one

    params = DefocusParams(**LENS)
    look = partial(Look, params, params.lens(), Aperture(disc()), device="cpu")
    assert sum(1 for _ in rendered(shown(), look, 1, lambda: None)) == 60
    assert most <= 4


def test_it_takes_what_the_other_provider_takes_and_asks_for_a_card() -> None:
    for capability in ("video.defocus", "image.defocus"):
        card, other = on_card(capability), stage_of(farm_optics, capability)
        assert (card.params, card.inputs, card.outputs) == (
            other.params,
            other.inputs,
            other.outputs,
        )
        assert card.windows == other.windows
        assert (card.resources.gpus, other.resources.gpus) == (1, 0)
        assert card.resources.vram_mb > 0
        assert card.preference > other.preference


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is a card")
def test_a_machine_without_a_card_says_which_provider_needs_none() -> None:
    assert dict(farm_optics.farm_checks()) == {
        f"{capability}/farm_optics_gpu": "needs an NVIDIA card; the provider without _gpu needs none"
        for capability in ("video.defocus", "image.defocus")
    }


def test_without_torch_one_line_says_what_to_install(
    clip: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages_lens, "find_spec", lambda name: None)
    complaints = set(dict(farm_optics.farm_checks()).values())
    assert complaints == {"needs torch: pip install 'farm[learned]'"}
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        MissingExtra, match=r"torch is not installed.*pip install 'farm\[learned\]'"
    ):
        run_stage(on_card("video.defocus"), tmp_path, clip, CLIP)


@pytest.mark.gpu
def test_a_card_gives_the_same_picture_and_the_same_bits_each_time(scene) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    for opening in OPENINGS.values():
        wanted = Renderer(opening, 6.0, 0.04).blurred(*scene, 20.0)
        there = TorchRenderer(opening, 6.0, 0.04, device="cuda:0")
        made = there.blurred(*scene, 20.0)
        assert psnr(made, wanted) > 60
        assert np.array_equal(there.blurred(*scene, 20.0), made)
