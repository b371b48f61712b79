"""What the modes refuse before anything is queued, and which mode they name instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from farm import FarmError, MediaFacts
from farm.artifacts.probe import probe
from farm.plugins import load_plugins
from farm_comfyui import stages
from farm_comfyui.asked import asked_of, aspect_of
from farm_comfyui.params import PrepareParams

ROOT = Path(__file__).parents[2]


@dataclass
class Sent:
    facts: MediaFacts = field(default_factory=MediaFacts)


def still(width: int = 640, height: int = 480, **extra: Any) -> tuple[Sent, ...]:
    return (Sent(MediaFacts(width=width, height=height, extra=extra)),)


def clip(seconds: float = 2.0, width: int = 640, height: int = 360) -> tuple[Sent, ...]:
    frames = round(seconds * 24)
    facts = MediaFacts(
        width=width, height=height, duration_s=seconds, frames=frames, fps=Fraction(24)
    )
    return (Sent(facts),)


def sound(seconds: float = 2.0) -> tuple[Sent, ...]:
    return (Sent(MediaFacts(duration_s=seconds, sample_rate=48_000, channels=2)),)


PROMPT = (Sent(),)
ANIMATE = {"prompt": PROMPT, "character": still(), "motion": clip()}
SPEAK = {"prompt": PROMPT, "character": still(), "audio": sound()}
ENDS = {"prompt": PROMPT, "first": still(), "last": still()}
POSES = {"prompt": PROMPT, "control": clip()}
WHOLE = {
    "animate": ANIMATE,
    "audio-performance": SPEAK,
    "start-end-frame": ENDS,
    "pose-control": POSES,
}


def refused(mode: str, files: dict[str, Any], **params: Any) -> FarmError:
    with pytest.raises(FarmError) as caught:
        stages.check(PrepareParams(mode=mode, **params), files)
    assert caught.value.error_class.value == "input"
    assert caught.value.mend
    return caught.value


@pytest.mark.parametrize("mode", WHOLE)
@pytest.mark.parametrize("profile", ["draft", "standard", "high"])
def test_a_whole_request_is_accepted(mode: str, profile: str) -> None:
    stages.check(PrepareParams(mode=mode, profile=profile), WHOLE[mode])


@pytest.mark.parametrize(
    ("mode", "extra", "instead"),
    [
        ("animate", {"audio": sound()}, "audio-performance"),
        ("animate", {"last": still()}, "start-end-frame"),
        ("animate", {"control": clip()}, "pose-control"),
        ("audio-performance", {"last": still()}, "start-end-frame"),
        ("audio-performance", {"motion": clip()}, "animate"),
        ("start-end-frame", {"audio": sound()}, "audio-performance"),
        ("pose-control", {"first": still()}, "start-end-frame"),
    ],
)
def test_what_a_mode_cannot_honour_names_the_mode_that_can(
    mode: str, extra: dict[str, Any], instead: str
) -> None:
    error = refused(mode, {**WHOLE[mode], **extra})
    assert instead in error.mend
    assert error.code == "comfy.wrong-mode"


@pytest.mark.parametrize("mode", ["animate", "audio-performance", "start-end-frame"])
def test_a_pose_sheet_is_not_met_exactly(mode: str) -> None:
    files = {**WHOLE[mode], "pose": still()}
    stages.check(PrepareParams(mode=mode), files)
    assert "pose-control" in refused(mode, files, poses="exact").mend


@pytest.mark.parametrize(
    ("mode", "without"),
    [("animate", "character"), ("animate", "motion"), ("audio-performance", "audio"),
     ("start-end-frame", "last"), ("pose-control", "control")],
)  # fmt: skip
def test_a_missing_file_is_named(mode: str, without: str) -> None:
    files = {name: sent for name, sent in WHOLE[mode].items() if name != without}
    error = refused(mode, files)
    assert (error.where, error.code) == (without, "comfy.missing-asset")


@pytest.mark.parametrize(
    ("params", "files", "where"),
    [
        ({"relight": "on"}, {}, "params.relight"),
        ({"background": "keep"}, {}, "params.background"),
        ({"mix": True, "background": "replace"}, {}, "params.background"),
        ({}, {"mask": clip()}, "mask"),
    ],
)
def test_settings_of_move_and_mix_do_not_contradict_one_another(
    params: dict[str, Any], files: dict[str, Any], where: str
) -> None:
    assert refused("animate", {**ANIMATE, **files}, **params).where == where


def test_mix_takes_what_is_its_own() -> None:
    params = {"mix": True, "background": "keep", "relight": "on"}
    stages.check(PrepareParams(mode="animate", **params), ANIMATE)


@pytest.mark.parametrize(
    ("mode", "files", "code"),
    [
        ("animate", {"character": still(255, 900)}, "comfy.too-small"),
        ("animate", {"character": still(1000, 400)}, "comfy.aspect"),
        ("animate", {"motion": clip(width=100, height=100)}, "comfy.too-small"),
        ("animate", {"motion": clip(0.1)}, "comfy.too-short"),
        ("animate", {"motion": clip(61)}, "comfy.too-long"),
        ("audio-performance", {"audio": sound(61)}, "comfy.too-long"),
        ("audio-performance", {"audio": sound(0.1)}, "comfy.too-short"),
        ("start-end-frame", {"last": still(1600, 300)}, "comfy.aspect"),
        ("animate", {"pose": still() * 5}, "comfy.too-many"),
        ("animate", {"reference": still() * 5}, "comfy.too-many"),
    ],
)
def test_a_file_out_of_bounds_is_refused(mode: str, files: dict[str, Any], code: str) -> None:
    assert refused(mode, {**WHOLE[mode], **files}).code == code


@pytest.mark.parametrize(
    ("mode", "params"),
    [
        ("animate", {"framing": "portrait"}),
        ("start-end-frame", {"mix": True}),
        ("audio-performance", {"relight": "on"}),
        ("animate", {"control_form": "canny"}),
    ],
)
def test_a_setting_of_another_mode_is_refused(mode: str, params: dict[str, Any]) -> None:
    assert refused(mode, WHOLE[mode], **params).code == "comfy.wrong-mode"


def test_longer_than_the_driving_file_is_refused_and_shorter_is_not() -> None:
    assert refused("animate", ANIMATE, duration_s=3).where == "duration_s"
    stages.check(PrepareParams(mode="animate", duration_s=1), {**ANIMATE, "motion": clip(90)})


@pytest.mark.parametrize("mode", WHOLE)
def test_the_packaged_samples_are_accepted_as_they_are(mode: str) -> None:
    folder = ROOT / "dropbox" / mode / "_samples" / "first-try"
    files = {
        path.stem: (Sent(probe(path)[1]),)
        for path in folder.iterdir()
        if path.suffix not in (".yaml", ".md")
    }
    job = yaml.safe_load((folder / "job.yaml").read_text("utf-8"))
    stages.check(PrepareParams(mode=mode, profile=job["quality"]), files)
    assert job["pipeline"] == mode
    assert job["seed"] > 0
    assert "prompt" in files


@pytest.mark.parametrize("mode", WHOLE)
def test_the_files_that_a_drop_folders_readme_names_are_the_pipelines_inputs(mode: str) -> None:
    told = (ROOT / "dropbox" / mode / "README.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z]+)[0-9]*\.(?:png|mp4|wav|txt)`", told))
    named -= {"video", "pose_preview", "error", "first_frame", "poster"} - ({"first"} & named)
    pipeline = load_plugins().latest(mode)
    required = {name for name, spec in pipeline.inputs.items() if spec.required}
    assert required <= named <= set(pipeline.inputs)
    for block in re.findall(r"```yaml\n(.*?)```", told, flags=re.S):
        job = yaml.safe_load(block)
        assert job["pipeline"] == mode
        assert set(job["params"]) <= set(pipeline.params)
        files = {**WHOLE[mode], **({"motion": clip(8)} if mode == "animate" else {})}
        stages.check(PrepareParams(mode=mode, profile=job["quality"], **job["params"]), files)


def test_a_version_that_is_not_there_is_refused() -> None:
    with pytest.raises(FarmError, match="no such version"):
        stages.check(PrepareParams(mode="animate", workflow_version="9.9.9"), ANIMATE)


@pytest.mark.parametrize(
    ("width", "height", "turned", "aspect"),
    [
        (1920, 1080, 0, "16:9"),
        (1920, 1080, 90, "9:16"),
        (600, 640, 0, "1:1"),
        (900, 1200, 0, "9:16"),
    ],
)
def test_the_shape_follows_the_picture_as_it_is_seen(
    width: int, height: int, turned: int, aspect: str
) -> None:
    extra = {"rotation": turned} if turned else {}
    files = {"character": still(width, height, **extra)}
    assert aspect_of(PrepareParams(), files) == aspect


def test_a_pose_sheet_says_what_it_shows_by_its_name() -> None:
    files = {**ANIMATE, "pose": still() * 3}
    names = PrepareParams(pose_names=["waving_arms.png", "pose2.png", "03.png"])
    request = asked_of(names, files, prompt="x", negative="", seed=1)
    assert request.poses == {"pose1": "waving arms", "pose2": "", "pose3": ""}
