"""Every recipe that makes a film in one call, through its real run on tiny weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tiny_task
from film_material import picture, said

from farm import InputError, TaskCancelled
from farm.media.film import film

T2V, I2V = "video.text_to_video", "video.image_to_video"
Inputs = Callable[[Path], dict[str, Any]]


def prompt(folder: Path) -> dict[str, Any]:
    return {"prompt": said(folder / "prompt.txt", "a red boat on a calm sea")}


def first(folder: Path) -> dict[str, Any]:
    return {"image": picture(folder / "first.png")}


def both_ends(folder: Path) -> dict[str, Any]:
    return {**first(folder), "last": picture(folder / "last.png", seed=1)}


def two_pictures(folder: Path) -> dict[str, Any]:
    document = {"keyframes": [{"image": 1, "at_s": 0.5}, {"image": 0, "at_s": 0, "strength": 0.8}]}
    return {
        "images": [picture(folder / "a.png"), picture(folder / "b.png", seed=1)],
        "keyframes": said(folder / "keys.json", json.dumps(document)),
    }


def begun(folder: Path) -> dict[str, Any]:
    return {**prompt(folder), **first(folder)}


# Capability, provider, model, inputs, side in pixels, frames, further parameters.
FILMS: list[tuple[str, str, str, Inputs, int, int, dict[str, Any]]] = [
    (T2V, "wan22", "wan22-t2v", prompt, 32, 6, {}),
    (I2V, "wan_i2v", "wan-i2v", first, 32, 5, {}),
    (I2V, "wan_flf", "wan-flf", both_ends, 32, 5, {}),
    (I2V, "wan22_i2v", "wan22-i2v", both_ends, 32, 5, {}),
    (I2V, "wan22_5b", "wan22-ti2v-5b", first, 64, 5, {}),
    (I2V, "svd", "svd", first, 64, 3, {}),
    (
        T2V,
        "animatediff",
        "sd15",
        prompt,
        32,
        6,
        {"motion_adapter_model": "motion-adapter", "part": 4},
    ),
    (T2V, "ltx", "ltx", prompt, 32, 10, {}),
    (I2V, "ltx_i2v", "ltx-i2v", first, 32, 9, {}),
    ("video.keyframes", "ltx_keyframes", "ltx-condition", two_pictures, 32, 17, {}),
    (T2V, "ltx2", "ltx-2", prompt, 64, 9, {"quality": "draft"}),
    (I2V, "ltx2_i2v", "ltx-2-i2v", first, 64, 9, {"quality": "draft"}),
    (T2V, "hunyuan15", "hunyuan-15", prompt, 32, 5, {}),
    (I2V, "hunyuan15_i2v", "hunyuan-15-i2v", first, 48, 5, {}),
    (T2V, "cogvideox", "cogvideox", prompt, 32, 5, {}),
    (I2V, "cogvideox_i2v", "cogvideox-i2v", first, 32, 5, {}),
    ("video.extend", "framepack", "framepack", begun, 32, 14, {"section": 3}),
]


def made(
    case: tuple[str, str, str, Inputs, int, int, dict[str, Any]], folder: Path, **task: Any
) -> Mapping[str, Path]:
    capability, provider, model, inputs, side, frames, more = case
    params = {"model": model, "frames": frames, "steps": 2, "width": side, "height": side, **more}
    folder.mkdir(exist_ok=True)
    return tiny_task.run(
        tiny_task.stage(capability, provider), folder / "work", inputs(folder), params, **task
    )


@pytest.mark.parametrize("case", FILMS, ids=lambda case: case[1])
def test_a_film_has_its_size_and_exactly_the_frames_that_were_asked_for(
    case: tuple[str, str, str, Inputs, int, int, dict[str, Any]], tmp_path: Path
) -> None:
    files = made(case, tmp_path)
    side, frames = case[4], case[5]
    with film(files["video"], "made") as opened:
        pictures = list(opened.pictures())
    assert len(pictures) == frames
    assert {(p.layout.width, p.layout.height) for p in pictures} == {(side, side)}
    report = json.loads(files["report"].read_text())
    assert report["schema"] == "farm.diffusion/1"
    assert len({p.planes[0].tobytes() for p in pictures}) > 1, "a film in which nothing moves"


def test_the_sound_of_a_film_is_as_long_as_its_pictures(tmp_path: Path) -> None:
    import av

    case = next(case for case in FILMS if case[1] == "ltx2")
    files = made(case, tmp_path)
    with av.open(str(files["audio"])) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        assert samples == round(case[5] / 24 * stream.rate)


def test_a_film_stopped_between_two_steps_is_the_same_when_it_is_made_again(tmp_path: Path) -> None:
    case = next(case for case in FILMS if case[1] == "wan_i2v")
    whole = made(case, tmp_path / "whole")["video"].read_bytes()
    with pytest.raises(TaskCancelled):
        made(case, tmp_path / "stopped", cancel_after=2)
    assert made(case, tmp_path / "again")["video"].read_bytes() == whole
    assert made(case, tmp_path / "other", seed=8)["video"].read_bytes() != whole


def test_the_end_of_a_film_follows_its_last_picture(tmp_path: Path) -> None:
    case = next(case for case in FILMS if case[1] == "wan22_i2v")
    alone = (*case[:3], first, *case[4:])
    ends = [
        tiny_task.frames_of(made(c, tmp_path / str(n))["video"])
        for n, c in enumerate((case, alone))
    ]
    assert ends[0] != ends[1]


def test_a_picture_that_no_keyframe_can_show_is_refused(tmp_path: Path) -> None:
    case = next(case for case in FILMS if case[1] == "ltx_keyframes")

    def late(folder: Path) -> dict[str, Any]:
        return two_pictures(folder) | {
            "keyframes": said(folder / "late.json", '{"keyframes": [{"image": 0, "at_s": 9}]}')
        }

    with pytest.raises(InputError, match=r"keyframes\[0\].*before 0\.708 s"):
        made((*case[:3], late, *case[4:]), tmp_path)
