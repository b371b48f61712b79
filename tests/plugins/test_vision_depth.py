"""Depth: against scenes of which it is known, on bad input, and networks in their real form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from depth_scenes import film_of, moved, picture, scale_invariant_error, seen
from direct_task import WarmModels, run_stage

import farm_vision
from farm import InputError, ParameterError, Stage
from farm.media.maps import read_maps
from farm_vision.depth.pose import pose_of, powers, rotation
from farm_vision.depth.stereo import disparities

W, H, F = 240, 144, 60.0


def stage(provider: str) -> Stage:
    return next(s for s in farm_vision.farm_stages() if s.id == f"depth.estimate/{provider}")


def read(made: dict[str, Path]) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The document, and 1/distance of each frame."""
    told = json.loads(made["scale"].read_text())
    far = 0.0 if told["far_m"] == "infinity" else 1 / told["far_m"]
    scale = (1 / told["near_m"] - far) / 65535
    return told, [far + scale * samples for samples in read_maps(made["depth"], "depth")]


def estimated(folder: Path, frames: list[np.ndarray], **params: Any) -> tuple[dict[str, Any], list]:
    folder.mkdir(exist_ok=True)
    film = film_of(folder / "film.mkv", frames)
    given = {"fov_deg": F} | params
    return read(run_stage(stage("classical"), folder / "work", {"video": film}, given))


@pytest.mark.parametrize(
    ("path", "bound"),
    [
        ([moved(x=0.035 * n) for n in range(8)], 0.2),
        ([moved(z=0.12 * n) for n in range(8)], 0.25),
        ([moved(x=0.05 * n, yaw_deg=-0.4 * n) for n in range(8)], 0.2),
    ],
    ids=["sideways", "forward", "around"],
)
def test_a_moving_camera_tells_the_depth_of_a_room(
    tmp_path: Path, path: list[np.ndarray], bound: float
) -> None:
    scene = [seen(pose, W, H, F) for pose in path]
    told, maps = estimated(tmp_path, [rgb for rgb, _ in scene])
    assert told["methods"] == ["motion"] and not told["metric"] and told["frames"] == len(maps) == 8
    errors = [scale_invariant_error(p, reach) for p, (_, reach) in zip(maps, scene, strict=True)]
    assert max(errors) < bound, errors
    # One scale for the shot: the factor to the true depth does not wander.
    factors = [float(np.median(p * reach)) for p, (_, reach) in zip(maps, scene, strict=True)]
    assert max(factors) / min(factors) < 1.06, factors


def test_a_camera_that_only_turns_tells_nothing_and_says_so(tmp_path: Path) -> None:
    told, _ = estimated(tmp_path, [seen(moved(yaw_deg=0.8 * n), W, H, F)[0] for n in range(6)])
    assert told["methods"] == ["still"]
    assert max(told["confidence"]) <= 0.45


def test_a_cut_begins_a_new_shot_and_the_maps_do_not_mix(tmp_path: Path) -> None:
    one = [seen(moved(x=0.04 * n), W, H, F) for n in range(5)]
    boxes = [(-1.5, -0.2, -0.6, 1.5, 2.5, 3.0)]
    two = [seen(moved(x=0.04 * n), W, H, F, boxes, wall=6, seed=9) for n in range(5)]
    told, maps = estimated(tmp_path, [rgb for rgb, _ in one + two])
    assert told["shots"] == [0, 5]
    assert scale_invariant_error(maps[5], two[0][1]) < 0.25
    alone, after = estimated(tmp_path / "alone", [rgb for rgb, _ in two])
    step = 2 / 65535 / told["near_m"]
    np.testing.assert_allclose(maps[5], after[0], atol=step + 2 / 65535 / alone["near_m"])


def test_a_pair_gives_metres_within_three_per_cent(tmp_path: Path) -> None:
    left, reach = seen(moved(), 320, 192, F)
    right, _ = seen(moved(x=0.2), 320, 192, F)
    films = {
        "video": film_of(tmp_path / "left.mkv", [left, left]),
        "right": film_of(tmp_path / "right.mkv", [right, right]),
    }
    params = {"fov_deg": F, "baseline_m": 0.2}
    told, maps = read(run_stage(stage("classical"), tmp_path / "work", films, params))
    assert told["metric"] and told["methods"] == ["stereo"] and min(told["confidence"]) > 0.8
    off = np.abs(maps[0] * reach - 1)
    assert np.median(off) < 0.03, np.median(off)
    assert np.mean(off < 0.1) > 0.9


def test_pairs_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    rgb, _ = seen(moved(), 64, 48, F)
    film = film_of(tmp_path / "a.mkv", [rgb, rgb])
    for other in (
        film_of(tmp_path / "b.mkv", [rgb]),
        film_of(tmp_path / "c.mkv", [rgb[:, :48]] * 2),
    ):
        with pytest.raises(InputError, match="do not see the same film"):
            run_stage(stage("classical"), tmp_path / "w", {"video": film, "right": other})
    with pytest.raises(InputError, match="no second eye"):
        run_stage(stage("classical"), tmp_path / "w", {"video": film}, {"cues": "stereo"})


def test_what_moves_by_itself_stands_on_the_floor_in_front(tmp_path: Path) -> None:
    frames, inside = [], []
    for n in range(5):
        boxes = [(-1.2 + 0.08 * n, -0.5 + 0.08 * n, -0.4, 1.5, 3.0, 3.2)]
        rgb, reach = seen(moved(), W, H, F, boxes)
        frames.append(rgb)
        inside.append(np.abs(reach - 3.0) < 0.01)
    told, maps = estimated(tmp_path, frames)
    assert told["methods"] == ["still"]
    around = np.roll(inside[3], 60, axis=1) & ~inside[3]
    assert np.median(maps[3][inside[3]]) > 1.3 * np.median(maps[3][around])


def test_a_matte_says_who_is_in_front_of_a_camera_that_stands(tmp_path: Path) -> None:
    rgb, reach = seen(moved(), W, H, F, [(-0.4, 0.3, -0.6, 1.5, 3.0, 3.2)])
    inside = np.abs(reach - 3.0) < 0.01
    white = np.repeat(inside[..., None].astype(float), 3, axis=2)
    films = {
        "video": film_of(tmp_path / "v.mkv", [rgb]),
        "matte": film_of(tmp_path / "m.mkv", [white]),
    }
    _, maps = read(run_stage(stage("classical"), tmp_path / "w", films, {"fov_deg": F}))
    assert maps[0][inside].min() > 1.3 * np.percentile(maps[0][~inside & (reach > 8)], 90)
    films["video"] = film_of(tmp_path / "two.mkv", [rgb, rgb])
    with pytest.raises(InputError, match="ends before the clip does"):
        run_stage(stage("classical"), tmp_path / "w", films)


@pytest.mark.parametrize(
    "frames",
    [
        [np.zeros((48, 64, 3))] * 3,
        [np.full((64, 36, 3), 0.5)],
        [np.random.default_rng(n).random((16, 16, 3)) for n in range(3)],
    ],
    ids=["black", "one portrait", "noise"],
)
def test_pictures_that_tell_nothing_give_maps_that_are_hardly_trusted(
    tmp_path: Path, frames: list[np.ndarray]
) -> None:
    told, maps = estimated(tmp_path, frames)
    assert len(maps) == len(frames) == len(told["confidence"])
    assert max(told["confidence"]) <= 0.45
    assert all(np.isfinite(power).all() and power.max() > 0 for power in maps)


def test_a_turn_and_a_way_are_found_again_even_on_a_wall() -> None:
    rng = np.random.default_rng(3)
    one = np.ones((800, 3))
    one[:, :2] = rng.uniform(-0.5, 0.5, (800, 2))
    turn, way = rotation(np.array([0.01, -0.02, 0.005])), np.array([0.8, 0.0, 0.6])
    for power in (rng.uniform(0.05, 0.4, 800), 0.2 + 0.1 * one[:, 0]):
        two = one @ turn.T + power[:, None] * way
        two /= two[:, 2:]
        two[:80, :2] += rng.normal(0, 0.05, (80, 2))
        pose = pose_of(one, two, np.ones(800), 5e-4)
        found, _ = powers(pose.turn, pose.way, one, two)
        assert abs(float(pose.way @ way)) > 0.999
        np.testing.assert_allclose(found[80:], power[80:], rtol=0.02)


def test_disparities_are_found_to_a_fraction_of_a_pixel() -> None:
    rng = np.random.default_rng(5)
    wide = rng.uniform(0, 255, (60, 100))
    grey = np.repeat(np.repeat(wide, 2, axis=0), 2, axis=1).astype(np.float32)
    grey = (grey + np.roll(grey, 1, 1) + np.roll(grey, 1, 0) + np.roll(grey, (1, 1), (0, 1))) / 4
    shift, sure = disparities(grey[:, :180].copy(), grey[:, 7:187].copy())
    inner = np.s_[8:-8, 40:-12]
    assert sure[inner].mean() > 0.95
    np.testing.assert_allclose(shift[inner][sure[inner] > 0], 7, atol=0.6)


# --- networks -------------------------------------------------------------------------------------


class Folder(WarmModels):
    """A store with one model."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def files(self, name: str) -> Path:
        assert name == "some-depth"
        return self.path


def tiny_network(kind: str, folder: Path) -> None:
    """Random weights of a family, saved as its publisher saves them."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    torch.manual_seed(0)
    TINY[kind](folder)


def _anything(folder: Path, **more: Any) -> None:
    import transformers as t

    backbone = t.Dinov2Config(
        image_size=28, patch_size=14, hidden_size=16, num_hidden_layers=4, num_attention_heads=2,
        mlp_ratio=2, out_indices=[1, 2, 3, 4], apply_layernorm=True, reshape_hidden_states=False,
    )  # fmt: skip
    config = t.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, patch_size=14,
        neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, head_hidden_size=8, **more,
    )  # fmt: skip
    t.DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 28, "width": 28}
    t.DPTImageProcessor(size=size, ensure_multiple_of=14, do_pad=False).save_pretrained(folder)


def _dpt(folder: Path) -> None:
    import transformers as t

    config = t.DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16,
        image_size=32, patch_size=16, backbone_out_indices=[0, 1, 2, 3], is_hybrid=False,
        neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, head_hidden_size=8,
    )  # fmt: skip
    t.DPTForDepthEstimation(config).save_pretrained(folder)
    t.DPTImageProcessor(size={"height": 32, "width": 32}, do_pad=False).save_pretrained(folder)


def _zoe(folder: Path) -> None:
    import transformers as t

    backbone = t.BeitConfig(
        image_size=32, patch_size=16, hidden_size=16, num_hidden_layers=4, num_attention_heads=2,
        intermediate_size=16, out_indices=[1, 2, 3, 4], use_relative_position_bias=True,
        reshape_hidden_states=False,
    )  # fmt: skip
    bins = {"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}
    config = t.ZoeDepthConfig(
        backbone_config=backbone, neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8,
        bottleneck_features=8, num_relative_features=8, reassemble_factors=[4, 2, 1, 0.5],
        bin_embedding_dim=16, num_attractors=[4, 2, 2, 1], bin_configurations=[bins],
        num_patch_transformer_layers=1, patch_transformer_hidden_size=16,
        patch_transformer_intermediate_size=16, patch_transformer_num_attention_heads=2,
    )  # fmt: skip
    t.ZoeDepthForDepthEstimation(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    t.ZoeDepthImageProcessor(size=size, ensure_multiple_of=32).save_pretrained(folder)


def _pro(folder: Path) -> None:
    import transformers as t

    vit = {"model_type": "dinov2", "num_hidden_layers": 2, "hidden_size": 16, "mlp_ratio": 2,
           "num_attention_heads": 2, "image_size": 16, "patch_size": 4}  # fmt: skip
    config = t.DepthProConfig(
        patch_size=16, fusion_hidden_size=16, intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[8, 8], scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.2], scaled_images_feature_dims=[8, 8],
        use_fov_model=True, num_fov_head_layers=0, image_model_config=vit,
        patch_model_config=vit, fov_model_config=vit,
    )  # fmt: skip
    t.DepthProForDepthEstimation(config).save_pretrained(folder)


def _marigold(folder: Path) -> None:
    d = pytest.importorskip("diffusers")
    import transformers as t

    signs = [chr(code) for code in range(33, 127)]
    words = [*signs, *(f"{sign}</w>" for sign in signs), "<|startoftext|>", "<|endoftext|>"]
    tokens = t.CLIPTokenizer(vocab={w: n for n, w in enumerate(words)}, merges=[],
                             model_max_length=77)  # fmt: skip
    text = t.CLIPTextModel(t.CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, eos_token_id=tokens.eos_token_id,
        bos_token_id=tokens.bos_token_id,
    ))  # fmt: skip
    unet = d.UNet2DConditionModel(
        block_out_channels=(8, 16), layers_per_block=1, sample_size=8, in_channels=8,
        out_channels=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=16,
        norm_num_groups=4, attention_head_dim=2,
    )  # fmt: skip
    vae = d.AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(8, 16),
        norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, sample_size=32,
    )  # fmt: skip
    d.MarigoldDepthPipeline(
        unet=unet, vae=vae, scheduler=d.DDIMScheduler(), text_encoder=text, tokenizer=tokens,
        prediction_type="depth", scale_invariant=True, shift_invariant=True,
        default_denoising_steps=1, default_processing_resolution=32,
    ).save_pretrained(folder)  # fmt: skip


TINY = {
    "Depth Anything": _anything,
    "Depth Anything, metric": lambda f: _anything(f, depth_estimation_type="metric", max_depth=20),
    "DPT and MiDaS": _dpt,
    "ZoeDepth": _zoe,
    "Depth Pro": _pro,
    "Marigold": _marigold,
}
METRIC = {"Depth Anything, metric", "ZoeDepth", "Depth Pro"}


@pytest.mark.parametrize("kind", TINY)
def test_a_network_is_loaded_from_a_folder_and_looks_at_each_frame(
    tmp_path: Path, kind: str
) -> None:
    tiny_network(kind, tmp_path / "net")
    film = film_of(tmp_path / "film.mkv", [seen(moved(x=0.05 * n), 64, 48, F)[0] for n in range(2)])
    params = {"model": "some-depth", "fov_deg": F, "steps": 1}
    results = [
        run_stage(
            stage("transformers"), tmp_path / name, {"video": film}, params,
            models=Folder(tmp_path / "net"),
        )
        for name in ("one", "two")
    ]  # fmt: skip
    told, maps = read(results[0])
    assert told["metric"] is (kind in METRIC) and told["methods"] == [kind]
    assert [power.shape for power in maps] == [(48, 64)] * 2
    for port in ("depth", "scale"):
        assert results[0][port].read_bytes() == results[1][port].read_bytes()


def test_folders_that_hold_no_network_for_depth_are_refused(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.mkv", [seen(moved(), 32, 32, F)[0]])
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="no network for depth"):
        run_stage(
            stage("transformers"), tmp_path / "w", {"video": film}, {"model": "some-depth"},
            models=Folder(tmp_path),
        )  # fmt: skip
    with pytest.raises(ParameterError, match="names no model"):
        run_stage(stage("transformers"), tmp_path / "w", {"video": film})


def test_a_picture_is_handed_to_a_network_in_its_own_colours() -> None:
    from farm_vision.depth.rgb import rgb_of

    rgb, _ = seen(moved(), 64, 48, F)
    assert np.abs(rgb_of(picture(rgb), 64) / 255 - rgb).mean() < 0.01
