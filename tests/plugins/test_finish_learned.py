"""Learned providers with their real weights: closer to the truth, without seams, exact in count."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from direct_task import run_stage
from moving_scene import (
    SMALL,
    apart,
    flat,
    luma,
    picture,
    psnr,
    rate,
    same,
    scene,
    seen,
    texture,
    written,
)
from PIL import Image, ImageDraw, ImageFont
from stored_models import StoredModels, stored

import farm_finish
from farm import FarmError, InputError, TaskCancelled, Window
from farm.domain.media import Artifact, MediaFacts, MediaKind
from farm.manifest import manifest_from
from farm.media.between import Motion
from farm.media.planes import Layout, Picture
from farm.planning import plan
from farm.plugins import load_plugins
from farm_finish import stages_learned
from farm_finish.frames.enlarge import enlarged as classical
from farm_finish.learned.params import COMPACT, PLUS, RIFE, LearnedSizeParams
from farm_finish.learned.tiles import Tiling, enlarged_in_tiles

STAGES = {stage.id: stage for stage in farm_finish.farm_stages()}
COMPACT_STAGE = STAGES["video.enlarge/realesrgan"]
RIFE_STAGE = STAGES["video.interpolate/rife"]
WIDE, HIGH = 192, 128
BARE = {"source": "compressed", "detail": 1.0}
"""Parameters that leave everything to the network."""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As in an engine: two threads on shared cores wait for each other."""
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)


def run(stage, folder, source, params=None, **how):
    how.setdefault("models", StoredModels())
    return seen(run_stage(stage, folder, {"video": source}, params, **how)["segment"])


# --- Real-ESRGAN: a drawn picture whose original is known -----------------------------------------


def drawn(moment: int) -> np.ndarray:
    """A picture of lines, a disc and words that move, float (HIGH, WIDE, 3)."""
    fine = 4
    image = Image.new("RGB", (WIDE * fine, HIGH * fine), (70, 90, 120))
    pen = ImageDraw.Draw(image)
    for n in range(9):
        left = (20 * n + 3 * moment) * fine
        line = [(left, 0), (left + 60 * fine, HIGH * fine)]
        pen.line(line, fill=(200, 180 - 10 * n, 90 + 15 * n), width=3 * fine)
    disc = [(60 + moment) * fine, 20 * fine, (130 + moment) * fine, 90 * fine]
    pen.ellipse(disc, fill=(220, 60, 50), outline=(20, 20, 20), width=2 * fine)
    words = ImageFont.load_default(22 * fine)
    pen.text((20 * fine, 92 * fine), "Farm 24 fps", font=words, fill=(250, 250, 240))
    return shrunk(np.asarray(image).astype(float), fine)


def shrunk(values: np.ndarray, times: int) -> np.ndarray:
    rows, columns = values.shape[0] // times, values.shape[1] // times
    return values.reshape(rows, times, columns, times, 3).mean(axis=(1, 3))


def coloured(values: np.ndarray) -> Picture:
    layout = Layout(values.shape[1], values.shape[0], "gbrp", full=True, matrix=0)
    return picture(*(values[..., channel] for channel in (1, 2, 0)), layout=layout)


def colours(shown: Picture) -> np.ndarray:
    green, blue, red = shown.planes
    return np.stack([red, green, blue], axis=-1).astype(float)


@pytest.fixture(scope="session")
def network():
    """The network of a model at an enlargement, with how pictures are cut for it."""
    from farm_finish.learned.ncnn_net import NcnnNet
    from farm_finish.learned.realesrgan import FAMILIES

    def load(model: str, times: int):
        family = FAMILIES[model]
        return NcnnNet(stored(model) / family.files[times]), family.tiling

    return load


def enlarge(network, shown, size, times, model=COMPACT, tiling=None, pause=lambda: None, **params):
    from farm_finish.learned.realesrgan import enlarged

    net, usual = network(model, times)
    how = LearnedSizeParams(**params)
    return enlarged(shown, size, times, net, tiling or usual, how, pause)


@pytest.mark.parametrize(
    ("model", "times", "gain"), [(COMPACT, 2, 2.0), (COMPACT, 4, 0.7), (PLUS, 4, 1.0)]
)
def test_it_is_closer_to_the_original_than_the_fallback(network, model, times, gain):
    original = drawn(0)
    small = coloured(shrunk(original, times))
    made = enlarge(network, small, (WIDE, HIGH), times, model)
    ours = psnr(colours(made), original)
    assert ours > psnr(colours(classical(small, WIDE, HIGH)), original) + gain


def test_it_is_steadier_in_time_than_the_fallback_and_the_bare_network(network):
    originals = [drawn(n) for n in range(4)]
    small = [coloured(shrunk(one, 2)) for one in originals]

    def unrest(shown: list[Picture]) -> float:
        """How much else changes from frame to frame than what truly moved, in levels."""
        seen_steps = np.diff([colours(one) for one in shown], axis=0)
        return float(np.abs(seen_steps - np.diff(originals, axis=0)).mean())

    ours = unrest([enlarge(network, one, (WIDE, HIGH), 2) for one in small])
    bare = unrest([enlarge(network, one, (WIDE, HIGH), 2, **BARE) for one in small])
    plain = unrest([classical(one, WIDE, HIGH) for one in small])
    assert ours < 0.8 * plain and ours < 0.8 * bare


def test_shrunk_again_it_is_its_source(network):
    source = shrunk(drawn(0), 2)
    held = colours(enlarge(network, coloured(source), (WIDE, HIGH), 2, detail=1.0))
    free = colours(enlarge(network, coloured(source), (WIDE, HIGH), 2, **BARE))
    assert np.abs(shrunk(held, 2) - source).mean() < 0.8
    assert np.abs(shrunk(free, 2) - source).mean() > 2 * np.abs(shrunk(held, 2) - source).mean()


def test_a_compressed_source_is_repaired_when_that_is_asked_for(network):
    kept = BytesIO()
    small = shrunk(drawn(0), 2).round().astype(np.uint8)
    Image.fromarray(small).save(kept, "JPEG", quality=30)
    worn = coloured(np.asarray(Image.open(kept)).astype(float))
    repaired = colours(enlarge(network, worn, (WIDE, HIGH), 2, source="compressed"))
    held = colours(enlarge(network, worn, (WIDE, HIGH), 2))
    plain = colours(classical(worn, WIDE, HIGH))
    assert psnr(repaired, drawn(0)) > psnr(held, drawn(0)) + 0.3
    assert psnr(repaired, drawn(0)) > psnr(plain, drawn(0)) + 0.3


def test_tiles_of_the_compact_network_give_the_whole_picture(network):
    small = coloured(shrunk(drawn(0), 2))
    whole = enlarge(network, small, (WIDE, HIGH), 2)
    tiles = enlarge(network, small, (WIDE, HIGH), 2, tiling=Tiling(33, 18))
    assert apart(whole, tiles) <= 1
    careless = enlarge(network, small, (WIDE, HIGH), 2, tiling=Tiling(33, 2))
    assert apart(whole, careless) > 8


def test_tiles_of_the_large_network_leave_no_seam(network):
    original = drawn(0)[40:72]
    small, size = coloured(shrunk(original, 4)), (WIDE, len(original))
    _, usual = network(PLUS, 4)
    whole = colours(enlarge(network, small, size, 4, PLUS))
    cut = Tiling(24, usual.context, usual.fade)
    tiles = colours(enlarge(network, small, size, 4, PLUS, cut))
    # Two tiles meet at the middle column: a seam would be a step there that the whole lacks.
    middle = WIDE // 2
    steps = [np.abs(np.diff(shown, axis=1)[:, middle - 1]).mean() for shown in (tiles, whole)]
    assert steps[0] < steps[1] + 0.5
    assert np.abs(whole - tiles).mean() < 1.0


def test_tiles_run_into_each_other_with_weights_that_sum_to_one():
    signal = texture(1, 50, 70, 2, 0, 1).astype(np.float32)[None].repeat(3, axis=0)
    twice = enlarged_in_tiles(
        signal, 2, Tiling(17, 5, 6), lambda tile: tile.repeat(2, axis=1).repeat(2, axis=2)
    )
    assert np.abs(twice - signal.repeat(2, axis=1).repeat(2, axis=2)).max() < 1e-6


@pytest.mark.parametrize(
    ("target", "size"),
    [("x2", (96, 64)), ("x3", (144, 96)), ("x4", (192, 128)), ("120x80", (120, 80)),
     ("130x130", (130, 86)), ("300x200", (300, 200))],
)  # fmt: skip
def test_every_target_is_met_to_the_pixel(tmp_path, target, size):
    tiny = Layout(48, 32, "yuv420p")
    source = written(tmp_path / "in.mkv", [flat(90, 110, 150, tiny)] * 2, 12)
    shown = run(COMPACT_STAGE, tmp_path / "o", source, {"target": target})
    assert len(shown) == 2
    assert (shown[0].layout.width, shown[0].layout.height) == size


@pytest.mark.parametrize(
    "layout",
    [
        Layout(48, 32, "yuv420p"),
        Layout(49, 33, "yuv422p", 10),
        Layout(48, 32, "yuv444p", 12),
        Layout(48, 32, "gbrp", full=True),
    ],
    ids=lambda layout: layout.pixel_format,
)
def test_a_flat_colour_stays_that_colour_in_every_layout(network, layout):
    scale = 2 ** (layout.depth - 8)
    shown = enlarge(network, flat(90 * scale, 110 * scale, 150 * scale, layout), (98, 66), 2)
    expected = flat(90 * scale, 110 * scale, 150 * scale, shown.layout)
    assert shown.layout.pixel_format == layout.pixel_format
    assert apart(shown, expected) <= scale


def test_what_becomes_too_large_on_the_way_is_refused(network):
    huge = Layout(8200, 2, "yuv420p")
    with pytest.raises(InputError, match="too large on the way"):
        enlarge(network, flat(90, layout=huge), (8202, 2), 2)


def test_a_picture_can_be_left_in_the_middle(network):
    asked = 0

    def pause():
        nonlocal asked
        asked += 1
        if asked == 20:
            raise TaskCancelled("stopped by the test")

    with pytest.raises(TaskCancelled):
        enlarge(network, coloured(shrunk(drawn(0), 4)), (WIDE, HIGH), 4, PLUS, pause=pause)


def test_an_enlarged_film_repeats_its_bytes_in_windows_and_as_a_whole(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(3)))
    whole = run(COMPACT_STAGE, tmp_path / "whole", source)
    parts = []
    for index, (start, stop) in enumerate([(0, 2), (2, 3)]):
        window = Window(index, 2, start, stop)
        parts += run(COMPACT_STAGE, tmp_path / f"{index}", source, window=window)
    assert [same(a, b) for a, b in zip(parts, whole, strict=True)] == [True] * 3
    with pytest.raises(TaskCancelled):
        run(COMPACT_STAGE, tmp_path / "c", source, cancel_after=1)


@pytest.mark.parametrize("name", ["realesr-animevideov3-x2", "realesr-animevideov3-x3", "x4plus"])
def test_torch_runs_the_same_network_as_ncnn(name):
    torch_net = pytest.importorskip("farm_finish.learned.torch_net")
    from farm_finish.learned.ncnn_net import NcnnNet

    stem = stored(PLUS) / "realesrgan-x4plus" if name == "x4plus" else stored(COMPACT) / name
    signal = shrunk(drawn(0)[40:80, 40:88], 2).transpose(2, 0, 1).astype(np.float32) / 255
    one, two = (
        net(signal, lambda: None) for net in (NcnnNet(stem), torch_net.TorchNet(stem, "cpu"))
    )
    assert one.shape == two.shape and np.abs(one - two).max() < 1e-4


@pytest.mark.parametrize(
    ("param", "weights", "message"),
    [
        ("Convolution c 1 1 a b 0=1 1=1 5=1 6=3", b"\0" * 8, "too few weights"),
        ("Convolution c 1 1 a b 0=1 1=1 5=1 6=3", b"\0" * 40, "20 bytes too many"),
        ("Convolution c 1 1 a b 0=1 1=1 5=1 6=3", b"\1" * 40, "kept as 0x01010101"),
        ("Softmax s 1 1 a b", b"", "Softmax"),
    ],
)
def test_a_network_that_torch_cannot_run_is_refused(tmp_path, param, weights, message):
    torch_net = pytest.importorskip("farm_finish.learned.torch_net")
    (tmp_path / "n.param").write_text(f"7767517\n2 2\nInput i 0 1 a\n{param}\n", encoding="ascii")
    (tmp_path / "n.bin").write_bytes(weights)
    with pytest.raises(FarmError, match=message):
        torch_net.TorchNet(tmp_path / "n", "cpu")


def test_weights_that_ncnn_cannot_read_are_told(tmp_path):
    from farm_finish.learned.ncnn_net import NcnnNet

    with pytest.raises(FarmError, match="cannot load"):
        NcnnNet(tmp_path / "nothing")


# --- RIFE: pictures whose moment is known ---------------------------------------------------------


@pytest.fixture(scope="session")
def rife():
    from farm_finish.learned.rife import Rife

    return Rife(stored(RIFE), "cpu")


def over_a_ground(moment: float, speed: float = 26.0) -> Picture:
    """A disc with a sharp pattern flies over another one that stands; what it covers is seen later."""
    y, x = np.mgrid[0 : SMALL.height, 0 : SMALL.width].astype(float)
    away = np.hypot(x - 40 - speed * moment, y - 56)
    inside = np.clip(24.5 - away, 0, 1)
    ground = texture(2, SMALL.height, SMALL.width, 1.5, 30, 130)
    across = np.arange(SMALL.width) - 40 - speed * moment
    pattern = 190 + 40 * np.sin(across * 0.7)[None] * np.cos((np.arange(112) - 56) * 0.6)[:, None]
    return picture(
        ground * (1 - inside) + pattern * inside, *(np.full(s, 128.0) for s in SMALL.shapes[1:])
    )


@pytest.mark.parametrize("moment", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("pan", [2.3, 12.0])
def test_a_picture_between_two_is_truer_than_that_of_optical_flow(rife, pan, moment):
    gains = []
    for number in (0, 5, 11):
        motion = Motion.of(scene(number, pan=pan), scene(number + 1, pan=pan))
        expected = luma(scene(number + moment, pan=pan))
        ours = psnr(luma(rife.picture(motion, moment)), expected)
        gains.append(ours - psnr(luma(motion.picture(moment)), expected))
    assert min(gains) > 0 and np.mean(gains) > 1


def test_what_is_covered_and_uncovered_is_truer(rife):
    motion = Motion.of(over_a_ground(1), over_a_ground(2))
    expected = luma(over_a_ground(1.5))
    ours = psnr(luma(rife.picture(motion, 0.5)), expected)
    assert ours > psnr(luma(motion.picture(0.5)), expected) + 1.5


def test_the_network_agrees_with_a_known_shift(rife):
    first, second = (scene(n, pan=6.0) for n in (0, 1))
    flow, share = rife._flow(first, second, 0.5)
    ground = flow[0, :, 90:, 110:].mean(axis=(1, 2)).numpy()
    assert ground[[0, 2]] == pytest.approx([3.0, -3.0], abs=0.4)
    assert float(share.min()) >= 0 and float(share.max()) <= 1


@pytest.mark.parametrize(
    "layout",
    [Layout(97, 51, "yuv422p", 10), Layout(34, 18, "yuv420p"), Layout(96, 64, "gbrp", full=True)],
    ids=lambda layout: f"{layout.width}x{layout.height} {layout.pixel_format}",
)
def test_every_size_and_layout_keeps_its_colours_and_depth(rife, layout):
    scale = 2 ** (layout.depth - 8)
    first, second = (flat(y * scale, 110 * scale, 150 * scale, layout) for y in (90, 94))
    made = rife.picture(Motion.of(first, second), 0.5)
    assert made.layout == layout
    assert apart(made, flat(92 * scale, 110 * scale, 150 * scale, layout)) <= 2.5 * scale
    assert [plane.shape for plane in made.planes] == layout.shapes


def test_pictures_larger_than_the_network_looks_at_keep_their_size(rife, monkeypatch):
    from farm_finish.learned import rife as module

    monkeypatch.setattr(module, "WORKING_SIDE", 96)
    motion = Motion.of(scene(0, pan=6.0), scene(1, pan=6.0))
    made = rife.picture(motion, 0.5)
    fade = (luma(motion.first) + luma(motion.second)) / 2
    truth = luma(scene(0.5, pan=6.0))
    assert made.layout == SMALL and psnr(luma(made), truth) > psnr(fade, truth) + 8


@pytest.mark.parametrize(
    ("frames", "fps", "target"),
    [(6, 12, "25"), (4, Fraction(24000, 1001), "60"), (5, 16, "24"), (1, 12, "60"), (6, 60, "24")],
)
def test_the_count_and_the_rate_are_exact(tmp_path, frames, fps, target):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(frames)), fps)
    film = run_stage(
        RIFE_STAGE, tmp_path / "o", {"video": source}, {"fps": target}, models=StoredModels()
    )["segment"]
    assert rate(film) == Fraction(target)
    assert len(seen(film)) == max(1, round(frames * Fraction(target) / fps))


def test_no_picture_is_mixed_across_a_cut_and_source_frames_stay(tmp_path):
    source = written(
        tmp_path / "in.mkv", (scene(n) if n < 3 else scene(n + 60) for n in range(6)), 12
    )
    shown = run(RIFE_STAGE, tmp_path / "o", source, {"fps": "36"})
    assert all(same(shown[3 * n], scene(n)) for n in range(3))
    assert all(same(shown[k], scene(2)) for k in (6, 7, 8))
    assert same(shown[9], scene(63)) and not same(shown[10], scene(63))


def test_motion_goes_on_through_repeats_and_stills_stay(tmp_path):
    source = written(
        tmp_path / "in.mkv", [*(scene(n // 2 * 2) for n in range(6)), *[scene(6)] * 8], 24
    )
    shown = run(RIFE_STAGE, tmp_path / "o", source, {"fps": "24"})
    assert min(psnr(luma(shown[n]), luma(scene(n))) for n in range(6)) > 36
    assert all(same(one, scene(6)) for one in shown[6:])


def test_windows_of_a_smooth_film_are_the_whole_to_the_bit(tmp_path):
    source = written(tmp_path / "in.mkv", (scene(n) for n in range(6)), 12)
    whole = run(RIFE_STAGE, tmp_path / "whole", source, {"fps": "25"})
    parts = []
    for start in range(0, len(whole), 5):
        window = Window(0, 1, start, min(start + 5, len(whole)))
        parts += run(RIFE_STAGE, tmp_path / f"{start}", source, {"fps": "25"}, window=window)
    assert [same(a, b) for a, b in zip(parts, whole, strict=True)] == [True] * len(whole)
    with pytest.raises(TaskCancelled):
        run(RIFE_STAGE, tmp_path / "c", source, {"fps": "25"}, cancel_after=2)


@pytest.mark.gpu
def test_half_precision_on_a_gpu_gives_nearly_the_same(rife):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    from farm_finish.learned.rife import Rife

    motion = Motion.of(scene(0, pan=12.0), scene(1, pan=12.0))
    there = Rife(stored(RIFE), "cuda:0").picture(motion, 0.5)
    assert psnr(luma(there), luma(rife.picture(motion, 0.5))) > 45


@pytest.mark.gpu
def test_a_card_enlarges_nearly_the_same(network):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    from farm_finish.learned.realesrgan import FAMILIES, enlarged
    from farm_finish.learned.torch_net import TorchNet

    family = FAMILIES[COMPACT]
    net = TorchNet(stored(COMPACT) / family.files[2], "cuda:0")
    small = coloured(shrunk(drawn(0), 2))
    there = enlarged(small, (WIDE, HIGH), 2, net, family.tiling, LearnedSizeParams())
    assert psnr(colours(there), colours(enlarge(network, small, (WIDE, HIGH), 2))) > 45


# --- weights and the choice of providers ----------------------------------------------------------


def test_a_pickle_of_either_kind_becomes_the_same_plain_weights(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from farm_finish.learned.convert import rife as convert

    weights = {"block0.conv0.0.0.bias": torch.arange(3.0), "encode.cnn0.bias": torch.ones(2)}
    trained = weights | {"teacher.conv0.0.0.bias": torch.zeros(3)}
    digests = set()
    for prefix in ("", "module."):
        folder = tmp_path / f"raw{prefix}"
        folder.mkdir()
        torch.save({prefix + name: v for name, v in trained.items()}, folder / "flownet.pkl")
        convert(folder, folder)
        made = folder / "flownet.safetensors"
        digests.add(hashlib.sha256(made.read_bytes()).hexdigest())
        assert sorted(load_file(made)) == sorted(weights)
    assert len(digests) == 1


def test_a_pickle_that_wants_to_run_code_is_not_loaded(tmp_path):
    torch = pytest.importorskip("torch")
    from farm_finish.learned.convert import rife as convert

    torch.save({"block0": Path("anything")}, tmp_path / "flownet.pkl")
    with pytest.raises(Exception, match=r"[Ww]eights"):
        convert(tmp_path, tmp_path)
    assert not (tmp_path / "flownet.safetensors").exists()


@pytest.mark.parametrize(
    ("quality", "offered", "provider"),
    [
        ("draft", ("farm_finish", "realesrgan", "realesrgan_x4plus"), "farm_finish"),
        ("standard", ("farm_finish", "realesrgan", "realesrgan_x4plus"), "realesrgan"),
        ("high", ("farm_finish", "realesrgan", "realesrgan_x4plus"), "realesrgan_x4plus"),
        ("high", ("farm_finish", "realesrgan"), "realesrgan"),
        ("standard", ("farm_finish", "realesrgan", "realesrgan_gpu"), "realesrgan_gpu"),
        ("high", ("realesrgan_x4plus", "realesrgan_gpu"), "realesrgan_x4plus"),
        ("draft", ("farm_finish", "realesrgan_gpu"), "farm_finish"),
        ("standard", ("farm_finish", "realesrgan_x4plus"), "farm_finish"),
        ("high", ("farm_finish",), "farm_finish"),
        ("high", (), "farm_finish"),
    ],
)
def test_quality_and_what_nodes_offer_choose_who_enlarges(quality, offered, provider):
    offers = {f"video.enlarge/{name}": [[]] for name in offered}
    assert planned("enlarge", quality, offers)["enlarge"] == provider


@pytest.mark.parametrize(
    ("quality", "offered", "provider"),
    [
        ("draft", ("farm_finish", "rife"), "farm_finish"),
        ("standard", ("farm_finish", "rife"), "rife"),
        ("high", ("farm_finish", "rife"), "rife"),
        ("standard", ("farm_finish", "rife", "rife_gpu"), "rife_gpu"),
        ("standard", ("farm_finish",), "farm_finish"),
        ("standard", (), "farm_finish"),
    ],
)
def test_quality_and_what_nodes_offer_choose_who_smooths(quality, offered, provider):
    offers = {f"video.interpolate/{name}": [[]] for name in offered}
    assert planned("smooth", quality, offers)["smooth"] == provider


def test_what_a_machine_lacks_is_said_with_its_mend(monkeypatch):
    monkeypatch.setattr(stages_learned, "find_spec", lambda name: None)
    told = dict(stages_learned.checks())
    ours = {stage.id for stage in stages_learned.stages()}
    assert set(told) == ours
    assert all("pip install 'farm[learned]'" in complaint for complaint in told.values())


def planned(pipeline: str, quality: str, offers: dict[str, list[list[str]]]) -> dict[str, str]:
    """Stage to provider, as a job with a clip is planned."""
    clip = Artifact("0" * 64, MediaKind.VIDEO, 1, ".mkv", MediaFacts(frames=20, fps=Fraction(24)))
    fields = {"pipeline": pipeline, "quality": quality, "inputs": {"video": "clip.mkv"}}
    registry = load_plugins()
    made = plan(
        manifest_from(fields, name="test"),
        registry.pipeline(pipeline),
        registry,
        inputs={"video": [clip]},
        offers=offers,
    )
    return {stage.name: stage.provider for stage in made.stages}
