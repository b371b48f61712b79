"""Workflow templates bound to graphs: what they come to, and that servers take them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from comfy.descriptions import Descriptions, install_models
from comfy.validation import validate
from comfy_requests import PICTURE, Count, assets, bound, cases, needed
from comfy_snapshots import kept, taken

from farm import MediaFacts
from farm_comfyui.binding import bind, choices
from farm_comfyui.bound import BoundGraph
from farm_comfyui.descriptions import RECORDED, complaints, is_link, recorded
from farm_comfyui.filling import chunk_seed
from farm_comfyui.requests import BindRequest
from farm_comfyui.templates import catalog

NAMES = catalog().names()
MODES = [name for name in NAMES if name != "plumbing"]


def every() -> Iterator[BoundGraph]:
    for name, quality, aspect, seconds in cases():
        request = BindRequest(
            prompt="x", seed=2**64 - 1, quality=quality, aspect=aspect,
            assets=assets(name, seconds),
        )  # fmt: skip
        yield from choices(catalog().get(name), request)


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_binds_to_what_it_did_when_it_was_released(name: str) -> None:
    # What changed on purpose is written anew by tests/plugins/comfy_snapshots.py.
    assert json.loads(json.dumps(taken(name))) == kept(name)


def test_every_value_and_link_of_every_bound_graph_is_one_that_its_node_takes() -> None:
    for made in every():
        assert complaints(made.graph, recorded()) == []


def test_every_bound_graph_is_taken_by_a_server(tmp_path: Path) -> None:
    install_models(tmp_path, needed())
    (tmp_path / "input").mkdir()
    for ending in ("png", "mp4", "wav"):
        (tmp_path / "input" / f"a.{ending}").touch()
    nodes = Descriptions(tmp_path, [RECORDED])
    for made in every():
        files = {one.asset: f"a{one.suffix}" for one in made.before}
        verdict = validate(made.prompt(files, "farm/x"), nodes, tmp_path / "input")
        assert verdict.error is None and not verdict.node_errors
        assert set(verdict.outputs) == {one.node for one in made.outputs}


def test_the_chunks_of_a_graph_add_up_to_the_frames_that_are_expected() -> None:
    for made in every():
        count = Count(made)
        for output in made.outputs:
            if output.media == "video":
                assert count.saved(output.node) == output.frames == made.expected.frames
        if count.heard:
            sound = next(one for one in made.before if one.asset == "audio")
            assert sound.duration_s is not None
            assert count.heard == sound.duration_s * 16


def test_a_film_is_as_long_as_was_asked_to_a_frame() -> None:
    for name, quality, aspect, seconds in cases():
        made = bound(name, seconds, quality=quality, aspect=aspect, fps=Fraction(24))
        after = made.after
        assert after.drop_first + after.keep_frames <= made.expected.frames
        if after.ends:
            assert after.keep_frames == made.expected.frames
        else:
            assert 0 <= after.keep_frames - seconds * 16 < 1
        if name != "start-end-frame":
            assert abs(after.frames_out - seconds * 24) <= 0.5 or after.frames_out == 1
            assert after.duration_s == pytest.approx(seconds)


def test_chunks_are_equal_as_few_as_can_be_and_waste_little() -> None:
    for tenth in range(3, 600, 7):
        made = bound("animate-move", tenth / 10)
        chunks, length = len(made.record["chunks"]), made.record["chunk_frames"]
        assert length % 4 == 1 and length <= 77
        assert made.expected.frames == length + (length - 5) * (chunks - 1)
        assert chunks == 1 or 77 + 72 * (chunks - 2) < made.after.keep_frames
        # A chunk is rounded up to 4k+1; the shortest is 17.
        assert made.expected.frames - made.after.keep_frames <= max(4 * chunks, 16)


def test_each_chunk_has_a_seed_of_its_own_that_is_on_record() -> None:
    made = bound("animate-move", 20.0)
    seeds = [one["seed"] for one in made.record["chunks"]]
    assert seeds == [chunk_seed(42, at) for at in range(5)] and len(set(seeds)) == 5
    assert seeds[0] == 42
    used = [
        body["inputs"]["seed"] for body in made.graph.values() if body["class_type"] == "KSampler"
    ]
    assert sorted(used) == sorted(seeds)


def test_move_has_no_links_to_a_background_or_a_mask_and_mix_has_both() -> None:
    def wan(name: str) -> list[dict[str, Any]]:
        graph = bound(name, 12.0).graph.values()
        return [one["inputs"] for one in graph if one["class_type"] == "WanAnimateToVideo"]

    assert len(wan("animate-move")) == 3
    for inputs in wan("animate-move"):
        assert not {"background_video", "character_mask"} & set(inputs)
    for inputs in [*wan("animate-mix"), *wan("animate-mix-sam")]:
        assert is_link(inputs["background_video"]) and is_link(inputs["character_mask"])


def test_relighting_is_a_lora_of_mix_that_can_be_left_out() -> None:
    def loras(relight: bool | None, quality: str) -> list[str]:
        made = bound("animate-mix", relight=relight, quality=quality)
        return [one.name for one in made.needs.models if one.folder == "loras"]

    relight = "WanAnimate_relight_lora_fp16.safetensors"
    assert loras(None, "standard") == [relight]
    assert loras(False, "standard") == []
    assert relight in loras(True, "draft") and len(loras(True, "draft")) == 2
    assert relight not in loras(False, "draft")


@pytest.mark.parametrize("name", MODES)
def test_only_a_draft_is_accelerated_and_only_the_models_that_are_used_are_needed(
    name: str,
) -> None:
    for quality in ("draft", "standard", "high"):
        made = bound(name, quality=quality)
        fast = [one for one in made.needs.models if "lightx2v" in one.name]
        assert bool(fast) == (quality == "draft")
        loaded = {
            value
            for body in made.graph.values()
            for value in body["inputs"].values()
            if isinstance(value, str) and value.endswith(".safetensors") and "sam2" not in value
        }
        assert loaded == {one.name for one in made.needs.models}


@pytest.mark.parametrize("name", MODES)
def test_the_choices_of_a_request_differ_in_its_models_alone(name: str) -> None:
    request = BindRequest(prompt="x", assets=assets(name, 4.0), quality="high")
    best, other = choices(catalog().get(name), request)
    assert best.record["precision"] == "bf16" and other.record["precision"] == "fp8"
    assert (best.before, best.after, best.expected) == (other.before, other.after, other.expected)
    files = {
        (node, wanted)
        for node, body in best.graph.items()
        for wanted, value in body["inputs"].items()
        if value != other.graph[node]["inputs"][wanted]
    }
    assert {wanted for _, wanted in files} == {"unet_name"}
    chosen = BindRequest(prompt="x", assets=assets(name, 4.0), quality="high", precision="fp8")
    assert bind(catalog().get(name), chosen).graph == other.graph


def test_the_noise_of_the_two_expert_workflows_is_handed_over_at_half_the_steps() -> None:
    for quality, steps in (("draft", 4), ("standard", 20), ("high", 30)):
        graph = bound("start-end-frame", 2.0, quality=quality).graph
        high, low = graph["14"]["inputs"], graph["15"]["inputs"]
        assert high["steps"] == low["steps"] == steps
        assert high["end_at_step"] == low["start_at_step"] == steps // 2
        assert (high["add_noise"], low["add_noise"]) == ("enable", "disable")
        assert {body["inputs"].get("shift") for body in graph.values()} == {None, 8.0}


def test_the_sound_goes_up_as_long_as_all_chunks_and_its_first_latent_is_doubled() -> None:
    made = bound("audio-performance", 11.2)
    (sound,) = [one for one in made.before if one.kind == "audio"]
    assert (sound.duration_s, sound.sample_rate, sound.channels) == (15.0, 16_000, 1)
    assert (made.expected.frames, made.after.keep_frames) == (240, 180)
    assert made.after.sound == "audio"
    double = made.graph["15"]["inputs"]
    assert made.graph[double["samples1"][0]]["class_type"] == "LatentCut"
    assert made.graph["17"]["inputs"]["batch_index"] == 1


def test_a_control_video_is_prepared_on_the_server_only_when_asked() -> None:
    ready, canny, pose = (
        bound("pose-control", control=one) for one in ("ready", "canny", "dwpose")
    )
    assert [one.role for one in ready.outputs] == ["video"] and not ready.needs.packs
    assert [one.role for one in canny.outputs] == ["video", "control"] and not canny.needs.packs
    assert [one.role for one in pose.outputs] == ["video", "pose"]
    assert pose.needs.packs == {"DWPreprocessor": "comfyui_controlnet_aux"}
    assert pose.graph["23"]["inputs"]["image"] == ["21", 0]


def test_a_picture_that_may_be_missing_goes_with_its_node() -> None:
    without = {name: facts for name, facts in assets("pose-control", 4).items() if name != "image"}
    made = bound("pose-control", assets=without)
    assert "ref_image" not in made.graph["13"]["inputs"] and "11" not in made.graph
    assert made.assets == ("control",)


def test_points_on_a_subject_follow_the_cut_of_the_video() -> None:
    made = bound("animate-mix-sam", aspect="9:16", subject=((0.5, 0.25), (0.45, 0.9)))
    points = json.loads(made.graph["41"]["inputs"]["coordinates_positive"])
    # 1920x1080 becomes 853x480 … 480x832 is cut from 1479x832.
    assert points == [{"x": 240, "y": 208}, {"x": 166, "y": 749}]


def test_a_prompt_is_filled_with_names_of_files_and_a_prefix_that_is_its_own() -> None:
    made = bound("animate-move", 12.0)
    names = {"image": "farm/a.png", "motion": "farm/b.mp4"}
    first, second = made.prompt(names, "farm/one"), made.prompt(names, "farm/two")
    assert first["12"]["inputs"]["file"] == "farm/b.mp4"
    assert first["31"]["inputs"]["filename_prefix"] == "farm/one_video"
    assert first["33"]["inputs"]["filename_prefix"] == "farm/one_pose"
    assert second["31"]["inputs"]["filename_prefix"] == "farm/two_video"
    assert made.graph["12"]["inputs"]["file"] == "asset:motion"
    assert sum(made.weights.values()) == pytest.approx(1.0) and set(made.weights) == set(made.graph)


def test_framing_poses_and_references_are_soft_and_on_record() -> None:
    made = bound(
        "audio-performance", framing="portrait", adherence="strict",
        poses={"pose1": "waving", "pose2": ""}, references=("reference1",), negative="snow",
    )  # fmt: skip
    text = made.graph["6"]["inputs"]["text"]
    assert text.startswith("A woman dances. Close framing") and "waving" in text
    assert made.graph["7"]["inputs"]["text"].endswith(", snow, full body, distant subject")
    assert made.graph["13"]["inputs"]["cfg"] == 7.5
    assert made.record["pose_sheets"][0] == {
        "asset": "pose1", "shows": "waving", "guidance": "soft",
    }  # fmt: skip
    assert len(made.record["warnings"]) == 2
    assert made.record["models"] == bound("audio-performance").record["models"]


def test_a_request_survives_being_written_down() -> None:
    request = BindRequest(
        prompt="x", negative="y", assets=assets("animate-mix", 3.3), duration_s=2.5,
        fps=Fraction(30000, 1001), aspect="9:16", quality="high", seed=2**63, precision="fp8",
        relight=False, background=True, poses={"pose1": "waving"}, references=("reference1",),
        segments=2, subject=((0.1, 0.9),),
    )  # fmt: skip
    assert BindRequest.from_record(json.loads(json.dumps(request.record()))) == request


def test_the_rate_of_a_film_is_the_asked_one_or_that_of_its_driving_video() -> None:
    assert bound("animate-move").after.fps_out == Fraction(30000, 1001)
    assert bound("animate-move", fps=Fraction(25)).after.fps_out == 25
    assert bound("audio-performance").after.fps_out == 16
    slow = {
        "image": PICTURE,
        "motion": MediaFacts(width=640, height=360, duration_s=2, fps=Fraction(8)),
    }
    assert bound("animate-move", assets=slow).after.fps_out == 16
    assert bound("animate-move", assets=slow).after.sound is None


def test_segments_bound_how_much_of_a_video_is_used() -> None:
    made = bound("animate-move", 40.0, segments=2)
    assert len(made.record["chunks"]) == 2
    assert made.after.duration_s == pytest.approx((77 + 72) / 16)
