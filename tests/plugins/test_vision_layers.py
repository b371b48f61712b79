"""Layers, refined mattes and tracks against scenes whose truth is known."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import moving_scene as scenes
import numpy as np
import pytest
from direct_task import WarmModels, run_stage
from pydantic import ValidationError

import farm_vision
from farm import InputError, Stage
from farm.media.film import film
from farm.media.maps import read_maps, write_maps
from farm.media.planes import Layout
from farm_vision.layers.colours import colours_of, picture_of_colours
from farm_vision.layers.exemplar import inpainted
from farm_vision.layers.split import recomposed
from farm_vision.layers.spreading import spread

os.environ["HF_HUB_OFFLINE"] = "1"
WIDTH, HEIGHT, FRAMES = 192, 112, 12
RGB = Layout(WIDTH, HEIGHT, "gbrp", full=True, matrix=0)
GROUND = np.stack([scenes.texture(seed, 200, 320, 4.0, 20, 230) for seed in (11, 12, 13)])
THING = np.stack(
    [
        scenes.texture(seed, 120, 120, 2.0, low, low + 90)
        for seed, low in ((21, 150), (22, 20), (23, 90))
    ]
)
Array = np.ndarray[Any, Any]


def stage(capability: str, provider: str = "classical") -> Stage:
    return next(s for s in farm_vision.farm_stages() if s.id == f"{capability}/{provider}")


def scene(
    number: int, pan: float = 2.0, at: tuple[float, float] | None = None
) -> tuple[Array, Array, Array]:
    """Back and front float (3, H, W), and alpha (H, W), of a soft disc over a ground."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    cx, cy = at or (40.0 + 9 * number, 56.0 + 8 * np.sin(number / 2))
    alpha = np.clip((24 - np.hypot(x - cx, y - cy)) / 5 + 0.5, 0, 1)
    back = np.stack([scenes.between(p, x + 30 + pan * number, y + 40) for p in GROUND])
    front = np.stack([scenes.between(p, x - cx + 60, y - cy + 60) for p in THING])
    return back, front, alpha


def shown(parts: tuple[Array, Array, Array]) -> Array:
    back, front, alpha = parts
    return (back + alpha * (front - back) + 0.5).astype(np.uint8)


def write(folder: Path, parts: Iterable[tuple[Array, Array, Array]]) -> dict[str, Path]:
    """A film of scenes and its matte."""
    known = list(parts)
    pictures = (picture_of_colours(shown(p), RGB) for p in known)
    video = scenes.written(folder / "video.mkv", pictures)
    return {"video": video, "matte": mattes(folder / "matte.mkv", (p[2] for p in known))}


def mattes(path: Path, alphas: Iterable[Array]) -> Path:
    samples = ((alpha * 65535 + 0.5).astype(np.uint16) for alpha in alphas)
    write_maps(path, samples, Fraction(24))
    return path


def rgb(path: Path) -> list[Array]:
    return [colours_of(picture) for picture in scenes.seen(path)]


def layers(path: Path) -> list[Array]:
    with film(path, path.name) as source:
        return [frame.to_ndarray(format="bgra") for frame in source.frames()]


def psnr(ones: list[Array], twos: list[Array]) -> float:
    return scenes.psnr(np.stack(ones), np.stack(twos))


def as_mask(path: Path) -> list[Array]:
    return [samples > 32767 for samples in read_maps(path, "mask")]


def overlap(one: Array, two: Array) -> float:
    return float((one & two).sum() / (one | two).sum())


@pytest.mark.parametrize("pan", [0.0, 2.3])
def test_layers_put_together_are_the_film_and_each_is_what_was_there(
    tmp_path: Path, pan: float
) -> None:
    parts = [scene(number, pan) for number in range(FRAMES)]
    given = write(tmp_path, parts)
    made = run_stage(stage("layers.split"), tmp_path / "work", given)
    original, back, front = rgb(given["video"]), rgb(made["background"]), layers(made["subject"])
    again = [recomposed(b, f) for b, f in zip(back, front, strict=True)]
    assert psnr(original, again) > 40
    wrong, naive, behind = [], [], []
    for number, (ground, thing, alpha) in enumerate(parts):
        stored = front[number][..., 3]
        whole = (stored == 0) | (stored == 255)
        apart = np.abs(again[number].astype(int) - original[number])
        assert apart[:, whole].max() <= 1
        assert np.array_equal(back[number][:, stored == 0], original[number][:, stored == 0])
        edge = (alpha > 0.1) & (alpha < 0.9)
        colours = front[number][..., 2::-1].transpose(2, 0, 1)
        wrong.append(np.abs(colours - thing)[:, edge].mean())
        naive.append(np.abs(original[number] - thing)[:, edge].mean())
        behind.append(np.abs(back[number] - ground)[:, alpha > 0.5].mean())
    assert np.mean(wrong) < np.mean(naive) / 4
    assert np.mean(behind) < 3
    report = json.loads(made["report"].read_text())
    assert report["camera_moves"] is (pan > 0)
    assert report["mean_seen"] == 1


def test_what_was_never_seen_is_made_up_once_and_stays(tmp_path: Path) -> None:
    parts = [scene(0, at=(96 + np.sin(number), 56)) for number in range(8)]
    made = run_stage(stage("layers.split"), tmp_path / "work", write(tmp_path, parts))
    back = rgb(made["background"])
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    hidden = np.hypot(x - 96, y - 56) < 12
    assert all(np.array_equal(picture[:, hidden], back[0][:, hidden]) for picture in back)
    assert np.abs(back[0][:, hidden].astype(float).mean(1) - GROUND.mean((1, 2))).max() < 60
    assert json.loads(made["report"].read_text())["mean_seen"] < 0.2


def test_texture_goes_on_through_a_hole_where_colours_alone_would_blur_it() -> None:
    y, x = np.mgrid[0:72, 0:96]
    checks = np.where((x // 6 + y // 6) % 2, 200.0, 40.0).astype(np.float32)
    picture = np.stack([checks] * 3)
    hole = np.zeros(checks.shape, bool)
    hole[28:46, 36:58] = True
    missing = np.where(hole, np.float32(0), picture)
    textured, blurred = inpainted(missing, hole), spread(missing, ~hole)
    assert np.array_equal(textured[:, ~hole], picture[:, ~hole])
    errors = [np.abs(made - picture)[:, hole].mean() for made in (textured, blurred)]
    assert errors[0] < 0.35 * errors[1]


def test_a_second_matte_gives_a_layer_before_the_subject(tmp_path: Path) -> None:
    parts = [scene(number, 0.0) for number in range(6)]
    x = np.mgrid[0:HEIGHT, 0:WIDTH][1]
    bar = np.clip((9 - np.abs(x - 70)) / 3 + 0.5, 0, 1)
    pictures = [p + bar * (np.array([20, 200, 40.0])[:, None, None] - p) for p in map(shown, parts)]
    film_of = (picture_of_colours((p + 0.5).astype(np.uint8), RGB) for p in pictures)
    given = {
        "video": scenes.written(tmp_path / "video.mkv", film_of),
        "matte": mattes(tmp_path / "matte.mkv", (part[2] for part in parts)),
        "front_matte": mattes(tmp_path / "front.mkv", [bar] * len(parts)),
    }
    made = run_stage(stage("layers.split"), tmp_path / "work", given)
    rows = zip(
        *(
            f(made[p])
            for f, p in ((rgb, "background"), (layers, "subject"), (layers, "foreground"))
        ),
        strict=True,
    )
    again = [recomposed(back, subject, front) for back, subject, front in rows]
    original = rgb(given["video"])
    assert psnr(original, again) > 40
    front = layers(made["foreground"])[3]
    assert np.abs(front[bar > 0.2][:, :3] - np.array([40, 200, 20.0])).mean() < 4
    free = bar == 0
    assert np.abs(again[3].astype(int) - original[3])[:, free & (parts[3][2] % 1 == 0)].max() <= 1


def test_a_background_takes_nothing_from_another_shot(tmp_path: Path) -> None:
    one = [scene(number, 0.0) for number in range(4)]
    two = [(np.clip(255 - b, 0, 255), f, a) for b, f, a in (scene(n, 0.0) for n in range(4, 8))]
    made = run_stage(stage("layers.split"), tmp_path / "work", write(tmp_path, one + two))
    assert json.loads(made["report"].read_text())["shots"] == [0, 4]
    back = rgb(made["background"])
    for number, (ground, _, alpha) in enumerate(one + two):
        shot = one if number < 4 else two
        seen = (alpha > 0.9) & (np.min([part[2] for part in shot], axis=0) == 0)
        # Beside the subject there is a guard that is not trusted.
        assert np.median(np.abs(back[number] - ground)[:, seen]) < 2


@pytest.mark.parametrize("kind", ["one frame", "black", "all subject", "no subject"])
def test_films_with_little_to_see_are_taken_apart_too(tmp_path: Path, kind: str) -> None:
    parts = [scene(number) for number in range(1 if kind == "one frame" else 3)]
    if kind == "black":
        parts = [(b * 0, f * 0, a) for b, f, a in parts]
    if kind.endswith("subject"):
        parts = [(b, f, np.full_like(a, kind == "all subject")) for b, f, a in parts]
    given = write(tmp_path, parts)
    made = run_stage(stage("layers.split"), tmp_path / "work", given)
    again = [
        recomposed(*pair)
        for pair in zip(rgb(made["background"]), layers(made["subject"]), strict=True)
    ]
    assert psnr(rgb(given["video"]), again) > 40


@pytest.mark.parametrize("capability", ["layers.split", "matte.refine"])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda a: [m[:, 2:] for m in a], "layers.size"),
        (lambda a: a[:-1], "layers.length"),
        (lambda a: [*a, a[0]], "layers.length"),
    ],
)
def test_a_matte_of_another_film_is_refused(
    tmp_path: Path, capability: str, spoil: Callable[[list[Array]], list[Array]], code: str
) -> None:
    parts = [scene(number) for number in range(3)]
    given = write(tmp_path, parts)
    given["matte"] = mattes(tmp_path / "other.mkv", spoil([p[2] for p in parts]))
    with pytest.raises(InputError) as refused:
        run_stage(stage(capability), tmp_path / "work", given)
    assert refused.value.code == code


def test_a_film_in_colour_is_no_matte(tmp_path: Path) -> None:
    given = write(tmp_path, [scene(0)])
    with pytest.raises(InputError) as refused:
        run_stage(stage("layers.split"), tmp_path / "w", given | {"matte": given["video"]})
    assert refused.value.code == "layers.matte"


def coarse(alpha: Array) -> Array:
    """A matte as a small network gives it: in steps, too large, and soft."""
    grown = np.max([np.roll(alpha, (dy, dx), (0, 1)) for dy in (-3, 0, 3) for dx in (-3, 0, 3)], 0)
    steps = grown[::6, ::6].repeat(6, 0).repeat(6, 1)[: alpha.shape[0], : alpha.shape[1]]
    return steps


def test_a_coarse_matte_finds_the_edge_again(tmp_path: Path) -> None:
    parts = [(40 + 0.2 * b, f, a) for b, f, a in map(scene, range(5))]
    given = write(tmp_path, parts)
    rough = [coarse(part[2]) for part in parts]
    given["matte"] = mattes(tmp_path / "rough.mkv", rough)
    made = run_stage(stage("matte.refine"), tmp_path / "work", given, {"band": 9})
    fine = [samples / 65535 for samples in read_maps(made["matte"], "matte")]
    before = np.mean([np.abs(a - p[2]).sum() for a, p in zip(rough, parts, strict=True)])
    after = np.mean([np.abs(a - p[2]).sum() for a, p in zip(fine, parts, strict=True)])
    assert after < before / 2
    for alpha, part in zip(fine, parts, strict=True):
        assert alpha[:, -40:].max() == part[2][:, -40:].max() == 0


def test_a_refined_matte_is_calmer_than_each_frame_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    still = scene(0, at=(90, 56))
    noisy = [
        (still[0] + rng.normal(0, 5, (3, HEIGHT, WIDTH)), still[1], still[2]) for _ in range(6)
    ]
    noisy = [(np.clip(b, 0, 254), f, a) for b, f, a in noisy]
    given = write(tmp_path, noisy)
    given["matte"] = mattes(tmp_path / "rough.mkv", [coarse(still[2])] * 6)
    restless = []
    for steady in (0.0, 0.8):
        made = run_stage(
            stage("matte.refine"), tmp_path / f"w{steady}", given, {"band": 8, "steady": steady}
        )
        fine = np.stack([samples / 65535 for samples in read_maps(made["matte"], "matte")])
        restless.append(np.abs(np.diff(fine[2:], axis=0)).mean())
    assert restless[1] < 0.7 * restless[0]


class Folders(WarmModels):
    """``task.models`` over folders that a test wrote."""

    def __init__(self, **folders: Path) -> None:
        super().__init__()
        self._folders = folders

    def files(self, name: str) -> Path:
        return self._folders[name]


@pytest.fixture(scope="module")
def vitmatte(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(3)
    backbone = transformers.VitDetConfig(
        image_size=32, pretrain_image_size=32, patch_size=16, hidden_size=16,
        num_hidden_layers=1, num_attention_heads=2, num_channels=4, out_features=["stage1"],
        window_size=0,
    )  # fmt: skip
    config = transformers.VitMatteConfig(
        backbone_config=backbone, hidden_size=16, fusion_hidden_sizes=[16, 8, 8, 4],
        convstream_hidden_sizes=[4, 8, 8],
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("vitmatte")
    transformers.VitMatteForImageMatting(config).eval().save_pretrained(folder)
    transformers.VitMatteImageProcessorPil().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("side", [4096, 100])
def test_vitmatte_decides_what_is_doubted_and_nothing_else(
    tmp_path: Path, vitmatte: Path, side: int
) -> None:
    parts = [scene(number) for number in range(2)]
    given = write(tmp_path, parts)
    params = {"model": "tiny", "side": side, "steady": 0}
    made = run_stage(
        stage("matte.refine", "vitmatte"), tmp_path / "w", given, params,
        models=Folders(tiny=vitmatte),
    )  # fmt: skip
    again = run_stage(
        stage("matte.refine", "vitmatte"), tmp_path / "w2", given, params,
        models=Folders(tiny=vitmatte),
    )  # fmt: skip
    assert made["matte"].read_bytes() == again["matte"].read_bytes()
    for samples, part in zip(read_maps(made["matte"], "matte"), parts, strict=True):
        fine = samples / 65535
        y, x = np.nonzero(part[2] == 1)
        middle = round(y.mean()), round(x.mean())
        assert fine[middle] == 1 and fine[0, -1] == 0
        doubted = (fine > 0) & (fine < 1)
        assert 0.01 < doubted.mean() < 0.3


@pytest.fixture(scope="module")
def sam2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(3)
    backbone = transformers.Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, image_size=[64, 64], num_query_pool_stages=3,
        window_positional_embedding_background_size=[4, 4], blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[1, 2, 4, 8],
        window_size_per_stage=[4, 2, 4, 2], global_attention_blocks=[3],
    )  # fmt: skip
    vision = transformers.Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]], fpn_hidden_size=128,
        num_feature_levels=3,
    )  # fmt: skip
    config = transformers.Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={
            "hidden_size": 128, "image_size": 64, "patch_size": 16, "mask_input_channels": 8,
        },
        mask_decoder_config={
            "hidden_size": 128, "mlp_dim": 32, "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
        image_size=64, num_maskmem=3, memory_attention_hidden_size=128,
        memory_attention_num_layers=1, memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[4, 4], memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64, mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128, memory_fuser_intermediate_dim=32, memory_fuser_num_layers=1,
        max_object_pointers_in_encoder=4,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("sam2")
    transformers.Sam2VideoModel(config).eval().save_pretrained(folder)
    return folder


def test_sam2_given_one_picture_after_another_finds_what_it_finds_in_the_whole_clip(
    sam2: Path,
) -> None:
    import torch

    from farm_vision.layers.sam2 import Sam2, loaded

    model = loaded(sam2, "cpu", 1)
    pictures = [picture_of_colours(shown(scene(number)), RGB) for number in range(9)]
    tracker = Sam2(model)
    finds = [tracker.begin(pictures[0], 40, 56, None), *map(tracker.follow, pictures[1:])]
    held = tracker._session.output_dict_per_obj[0]["non_cond_frame_outputs"]
    assert len(held) <= 4 and not tracker._session.processed_frames
    # The library's own way: all pictures at once.
    from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

    pixels = torch.cat([tracker._pixels(picture) for picture in pictures])
    session = Sam2VideoInferenceSession(
        video=pixels, video_height=HEIGHT, video_width=WIDTH, dtype=torch.float32
    )
    session.obj_id_to_idx(1)
    place = torch.tensor([[[[40 * 64 / WIDTH, 56 * 64 / HEIGHT]]]])
    point = {"point_coords": place, "point_labels": torch.ones((1, 1, 1), dtype=torch.int32)}
    session.add_point_inputs(0, 0, point)
    session.obj_with_new_inputs = [1]
    with torch.inference_mode():
        model(inference_session=session, frame_idx=0)
        whole = list(model.propagate_in_video_iterator(session, start_frame_idx=0))
        assert [out.frame_idx for out in whole] == list(range(9))
        for find, out in zip(finds, whole, strict=True):
            score = float(torch.sigmoid(out.object_score_logits).reshape(-1)[0])
            assert find.confidence == pytest.approx(score, abs=1e-4)


def test_sam2_gives_one_mask_for_each_frame_on_both_sides_of_the_click(
    tmp_path: Path, sam2: Path
) -> None:
    given = write(tmp_path, [scene(number) for number in range(5)])
    made = run_stage(
        stage("object.track", "sam2"), tmp_path / "w", {"video": given["video"]},
        {"x": 0.3, "y": 0.5, "frame": 2, "model": "tiny"}, models=Folders(tiny=sam2),
    )  # fmt: skip
    masks = list(read_maps(made["matte"], "matte"))
    assert [mask.shape for mask in masks] == [(HEIGHT, WIDTH)] * 5
    track = json.loads(made["report"].read_text())["track"]
    for row, mask in zip(track, masks, strict=True):
        assert (row["state"] == "seen") is bool(mask.any())


SLOW = 0.6


def disc(number: int) -> Array:
    """Where the disc of the moving scene is."""
    moment = number * SLOW
    y, x = np.mgrid[0 : scenes.SMALL.height, 0 : scenes.SMALL.width].astype(float)
    dx, dy = x - 40 - 4.5 * moment, y - 56 - 20 * np.sin(moment / 5)
    cos, sin = np.cos(0.04 * moment), np.sin(0.04 * moment)
    inside: Array = np.hypot(cos * dx + sin * dy, (cos * dy - sin * dx) * 1.2) < 26
    return inside


@pytest.mark.parametrize("clicked", [0, 20])
def test_one_click_follows_a_thing_for_forty_frames(tmp_path: Path, clicked: int) -> None:
    video = scenes.written(tmp_path / "v.mkv", (scenes.scene(n * SLOW) for n in range(40)))
    y, x = (axis.mean() for axis in np.nonzero(disc(clicked)))
    made = run_stage(
        stage("object.track"), tmp_path / "w", {"video": video},
        {"x": (x + 6) / WIDTH, "y": (y - 4) / HEIGHT, "frame": clicked},
    )  # fmt: skip
    masks = as_mask(made["matte"])
    overlaps = [overlap(mask, disc(number)) for number, mask in enumerate(masks)]
    assert len(masks) == 40
    assert min(overlaps) > 0.85
    report = json.loads(made["report"].read_text())
    assert report["schema"] == "farm.track/1" and report["counts"]["seen"] == 40


def test_a_thing_that_stands_still_is_told_by_its_colours(tmp_path: Path) -> None:
    parts = [scene(0, at=(90, 60)) for _ in range(3)]
    given = write(tmp_path, parts)
    made = run_stage(
        stage("object.track"), tmp_path / "w", {"video": given["video"]}, {"x": 0.49, "y": 0.56}
    )
    for mask, part in zip(as_mask(made["matte"]), parts, strict=True):
        assert overlap(mask, part[2] > 0.5) > 0.85


def test_a_thing_that_goes_behind_another_is_called_hidden_and_found_again(
    tmp_path: Path,
) -> None:
    x = np.mgrid[0:HEIGHT, 0:WIDTH][1]
    bar = np.abs(x - 104) < 30
    parts = [scene(0, at=(28 + 6.0 * n, 56)) for n in range(26)]
    shows = [np.where(bar, np.uint8(70), shown(part)) for part in parts]
    video = scenes.written(tmp_path / "v.mkv", (picture_of_colours(p, RGB) for p in shows))
    made = run_stage(
        stage("object.track"), tmp_path / "w", {"video": video}, {"x": 0.146, "y": 0.5}
    )
    states = [row["state"] for row in json.loads(made["report"].read_text())["track"]]
    masks = as_mask(made["matte"])
    wholly = [n for n, part in enumerate(parts) if not ((part[2] > 0.5) & ~bar).any()]
    assert wholly and all(states[n] == "hidden" and not masks[n].any() for n in wholly)
    assert states[0] == "seen" and states[25] == "seen"
    assert overlap(masks[25], parts[25][2] > 0.5) > 0.85
    assert overlap(masks[3], parts[3][2] > 0.5) > 0.85


def test_a_thing_is_lost_at_a_cut_and_not_looked_for_in_another_shot(tmp_path: Path) -> None:
    parts = [scene(n, 0.0) for n in range(3)]
    other = [(255 - b[:, ::-1], 255 - b[:, ::-1], a) for b, _, a in parts]
    given = write(tmp_path, parts + other)
    made = run_stage(
        stage("object.track"),
        tmp_path / "w",
        {"video": given["video"]},
        {"x": 0.208, "y": 0.5},
    )
    states = [row["state"] for row in json.loads(made["report"].read_text())["track"]]
    assert states == ["seen"] * 3 + ["lost"] * 3
    assert not any(mask.any() for mask in as_mask(made["matte"])[3:])


@pytest.mark.parametrize("provider", ["classical", "sam2"])
def test_a_click_that_is_nowhere_is_refused(tmp_path: Path, sam2: Path, provider: str) -> None:
    given = {"video": write(tmp_path, [scene(0), scene(1)])["video"]}
    models = Folders(**{"sam2-hiera-small": sam2})
    with pytest.raises(InputError) as refused:
        run_stage(
            stage("object.track", provider), tmp_path / "w", given, {"frame": 2}, models=models
        )
    assert refused.value.code == "track.frame"
    for outside in ({"x": 1.01}, {"y": -0.2}, {"frame": -1}):
        with pytest.raises(ValidationError):
            stage("object.track", provider).params(**outside)


def test_a_click_into_black_is_refused_and_one_frame_is_enough(tmp_path: Path) -> None:
    black = scenes.written(tmp_path / "black.mkv", [scenes.flat(16)] * 2)
    with pytest.raises(InputError) as refused:
        run_stage(stage("object.track"), tmp_path / "b", {"video": black}, {"x": 0.3, "y": 0.4})
    assert refused.value.code == "track.nothing"
    part = scene(0, at=(90, 60))
    given = write(tmp_path, [part])
    made = run_stage(stage("object.track"), tmp_path / "w", {"video": given["video"]})
    (mask,) = as_mask(made["matte"])
    assert overlap(mask, part[2] > 0.5) > 0.85


def test_a_film_that_turns_black_hides_what_was_followed(tmp_path: Path) -> None:
    dark = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    shows = [shown(scene(n, 0.0)) for n in range(3)] + [dark] * 2
    video = scenes.written(tmp_path / "v.mkv", (picture_of_colours(p, RGB) for p in shows))
    made = run_stage(
        stage("object.track"), tmp_path / "w", {"video": video}, {"x": 0.208, "y": 0.5}
    )
    rows = json.loads(made["report"].read_text())["track"]
    assert [row["state"] for row in rows[:3]] == ["seen"] * 3
    assert all(row["state"] in ("hidden", "lost") for row in rows[3:])
    assert not any(mask.any() for mask in as_mask(made["matte"])[3:])
