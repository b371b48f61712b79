"""Finishing in one pass: the film that the stages would have made one after another."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import ffmpeg_reference as reference
import nasty_clips as nasty
import pytest
from direct_task import run_stage, stage_of
from nasty_clips import film, tone
from nasty_kinds import KINDS, deep
from pydantic import ValidationError

import farm_finish
from farm import InputError, MediaFacts, MediaKind, TaskCancelled
from farm.domain.errors import ParameterError
from farm.domain.media import Artifact
from farm.manifest import manifest_from
from farm.pipelines.template import load_pipeline
from farm.planning import plan
from farm.plugins import load_plugins
from farm_finish import stages_onepass

NORMALISE, ENLARGE, INTERPOLATE, GRADE, ENCODE, FINISH = (
    stage_of(farm_finish, name)
    for name in (
        "media.normalise", "video.enlarge", "video.interpolate", "video.grade", "video.encode",
        "video.finish",
    )
)  # fmt: skip
STAGES = {"enlarge": ENLARGE, "interpolate": INTERPOLATE, "grade": GRADE}


def one_by_one(
    folder: Path, source: Path, steps: list[dict], normalising: dict, encoding: dict
) -> dict[str, Path]:
    """The same through a file after each step."""
    made = run_stage(NORMALISE, folder / "normalise", {"media": source}, normalising)
    video = made["video"]
    for number, step in enumerate(steps):
        params = {key: value for key, value in step.items() if key != "do"}
        stage = STAGES[step["do"]]
        video = run_stage(stage, folder / str(number), {"video": video}, params)["segment"]
    inputs = {"video": video} | ({"audio": made["audio"]} if "audio" in made else {})
    done = run_stage(ENCODE, folder / "encode", inputs, encoding)
    return {"video": done["video"], "report": made["report"]}


def check_same(folder: Path, source: Path, steps: list[dict], **normalising) -> Path:
    encoding = {"profile": "draft"}
    apart = one_by_one(folder / "apart", source, steps, normalising, encoding)
    params = {**normalising, **encoding, "steps": steps}
    fused = run_stage(FINISH, folder / "fused", {"video": source}, params)
    one, other = (
        reference.packets(made["video"], folder / name)
        for made, name in ((apart, "a"), (fused, "b"))
    )
    assert one == other
    assert apart["video"].read_bytes() == fused["video"].read_bytes()
    assert json.loads(apart["report"].read_text()) == json.loads(fused["report"].read_text())
    return fused["video"]


ALONE = [
    "h264-b-frames-mp4", "h265-10-mkv", "vp8-webm", "mjpeg-avi", "ffv1-rgb", "ffv1-422-10", "gif",
    "png", "variable-rate-mp4", "dropped-frames", "one-frame-h264", "starts-before-zero",
    "edit-list-inside-a-group", "turned-90", "turned-180", "turned-and-mirrored", "odd-size",
    "wide-pixels-turned", "two-sizes", "mpeg2-top-first", "hdr10", "alpha-qtrle", "grey-limited",
    "mono-44100", "sound-with-a-hole", "sound-shorter", "truncated-mkv",
]  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_normalised_and_encoded_in_one_pass_is_the_same_file(tmp_path, name):
    kind = KINDS[name]
    check_same(tmp_path, kind.make(tmp_path), [], **kind.params)


GRADED = {"do": "grade", "saturation": 1.3, "gain": [1.1, 1.0, 0.9], "grain": 4}
LARGER = {"do": "enlarge", "target": "x2"}
SMOOTHER = {"do": "interpolate", "fps": "48"}
CHAINS = {
    "three": [GRADED, LARGER, SMOOTHER],
    "smooth-first": [SMOOTHER, GRADED],
    "twice": [{"do": "enlarge", "target": "160x120"}, {"do": "enlarge", "target": "x2"}],
}


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("kind", ["h264", "turned-10-bit", "rgb"])
def test_a_chain_of_steps_in_one_pass_has_the_same_frames(tmp_path, name, kind):
    how = {
        "h264": {"bf": "2", "sound": [(0, tone(0.4))]},
        "turned-10-bit": {"rotate": 90, "pixels": "yuv420p10le", "draw": deep},
        "rgb": {"codec": "ffv1", "pixels": "bgr0", "colour": None},
    }[kind]
    source = film(tmp_path / ("in.mkv" if kind == "rgb" else "in.mp4"), 6, **how)
    made = check_same(tmp_path, source, CHAINS[name])
    frames = nasty.frames(made)
    assert len(frames) == (6 if name == "twice" else 12)


def test_a_sound_that_is_given_replaces_that_of_the_film(tmp_path):
    source = film(tmp_path / "in.mkv", 12, codec="ffv1", sound=[(0, tone(0.5))])
    quiet = film(tmp_path / "quiet.mkv", 12, codec="ffv1", sound=[(0, tone(0.5, level=0.01))])
    inputs = {"video": source, "audio": quiet}
    made = run_stage(FINISH, tmp_path / "out", inputs, {"profile": "draft"})["video"]
    seen = reference.seen(made, tmp_path / "a", "yuv420p", sound="anull")
    assert 0.002 < abs(seen.heard(20_000)).max() < 0.03
    assert seen.moments[1] == Fraction(1, 24)


def test_a_new_version_of_a_step_is_a_new_version_of_the_pass():
    (before,) = stages_onepass.stages([NORMALISE, ENCODE])
    newer = replace(ENCODE, version=ENCODE.version + 1)
    (after,) = stages_onepass.stages([NORMALISE, newer])
    assert after.version == before.version + 1
    assert FINISH.version == 1 + sum(
        stage.version for stage in (NORMALISE, ENLARGE, INTERPOLATE, GRADE, ENCODE)
    )


@pytest.mark.parametrize(
    "params",
    [
        {"steps": [{"do": "melt"}]},
        {"steps": [{"do": "enlarge", "target": "huge"}]},
        {"steps": [LARGER] * 9},
        {"passes": 2, "bitrate_kbps": 900},
        {"alpha": "keep"},
        {"hdr": "keep"},
        {"width": 64},
    ],
    ids=str,
)
def test_what_one_pass_cannot_do_is_refused(params):
    with pytest.raises(ValidationError):
        FINISH.params(**params)


def test_a_sound_alone_is_refused_and_a_pass_stops_when_it_is_asked_to(tmp_path):
    lonely = tmp_path / "in.wav"
    reference.call("-f", "lavfi", "-i", "sine=d=0.2", lonely)
    with pytest.raises(InputError) as refused:
        run_stage(FINISH, tmp_path / "a", {"video": lonely})
    assert refused.value.code == "media.no-video"
    source = film(tmp_path / "in.mp4", 24)
    with pytest.raises(TaskCancelled):
        run_stage(FINISH, tmp_path / "b", {"video": source}, {}, cancel_after=8)


# --- in a pipeline --------------------------------------------------------------------------------


def finished(**params):
    """The plan of the pipeline ``finish`` for a clip."""
    clip = Artifact("0" * 64, MediaKind.VIDEO, 1000, ".mp4", MediaFacts(frames=12))
    path = next(path for path in farm_finish.farm_pipelines() if path.name == "finish.yaml")
    manifest = manifest_from({"pipeline": "finish", "params": params}, name="test")
    return plan(manifest, load_pipeline(path), load_plugins(), inputs={"video": [clip]}, offers={})


def test_a_pass_is_one_stage_and_one_task_and_its_steps_are_in_the_key():
    made = finished(steps=[GRADED, LARGER])
    (stage,) = (stage for stage in made.stages if stage.capability == "video.finish")
    assert [one.name for one in made.stages] == ["finish", "poster"]
    assert (stage.version, len(stage.windows)) == (FINISH.version, 1)
    assert [step["do"] for step in stage.params["steps"]] == ["grade", "enlarge"]
    # Written out with the step's defaults, so that a new default is another key.
    assert stage.params["steps"][1]["sharpness"] == 0.4
    assert finished(steps=[LARGER, GRADED]).content_key != made.content_key
    assert finished(steps=[GRADED, LARGER]).content_key == made.content_key


def test_a_step_that_is_wrong_is_refused_when_the_job_is_planned():
    with pytest.raises(ParameterError) as refused:
        finished(steps=[{"do": "enlarge", "target": "huge"}])
    assert refused.value.where == "params.steps"
