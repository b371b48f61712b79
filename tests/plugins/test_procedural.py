"""The stage that renders scripts: windows join without a seam, bytes repeat, bad scripts do not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import run_stage, stage_of
from scripted import frames, script, shot

import farm_finish
import farm_procedural
from farm import InputError, TaskCancelled, Window
from farm_procedural.script import Grade, Motion, Script, Transition

GENERATE = stage_of(farm_procedural, "video.generate")
JOIN = stage_of(farm_finish, "video.join")
FILM = script(
    shot(frames=13, transition=Transition("dissolve", 5)),
    shot(frames=11, key=99),
)


def written(folder: Path, film: Script = FILM) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "script.json"
    file.write_text(json.dumps(film.record()), encoding="utf-8")
    return file


def segments(folder: Path, film: Script = FILM, each: int = 6, **changes: object) -> list[Path]:
    file = written(folder, film)
    starts = range(0, film.frames, each)
    return [
        run_stage(
            GENERATE,
            folder / str(index),
            {"script": file},
            {"window_frames": each, **changes},
            window=Window(index, len(starts), start, min(start + each, film.frames)),
        )["segment"]
        for index, start in enumerate(starts)
    ]


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="gray") for f in container.decode(video=0)])


def test_each_window_has_exactly_its_frames_and_starts_with_a_key_frame(tmp_path):
    counts = []
    for file in segments(tmp_path, each=7):
        with av.open(str(file)) as container:
            packets = [p for p in container.demux(video=0) if p.size]
            assert packets[0].is_keyframe
            counts.append(len(packets))
    assert counts == [7, 7, 7, 3]


def test_windows_join_without_a_jump(tmp_path):
    # Near lossless, so that what is measured is the film and not the encoder's rounding.
    film = script(shot(frames=24, motion=Motion(level=1.0, easing="linear")))
    files = segments(tmp_path, film, crf=2)
    joined = run_stage(JOIN, tmp_path / "join", {"segments": files})["video"]
    pictures = decoded(joined).astype(float)
    assert len(pictures) == 24
    steps = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2))
    seams = steps[[5, 11, 17]]
    inside = np.delete(steps, [5, 11, 17])
    assert steps.min() > 0.05, "nothing moves"
    assert seams.max() < 1.35 * inside.max()


def test_what_is_decoded_is_what_was_rendered(tmp_path):
    (file,) = segments(tmp_path, each=24, crf=1)
    with av.open(str(file)) as container:
        got = [f.to_ndarray()[:90, :160].astype(float) for f in container.decode(video=0)]
    assert np.abs(np.stack(got) - frames(FILM, range(24))).mean() < 1.0


def test_the_same_task_gives_the_same_bytes(tmp_path):
    runs = [[p.read_bytes() for p in segments(tmp_path / name)] for name in ("one", "two", "three")]
    assert runs[0] == runs[1] == runs[2]


def test_segments_are_tagged_bt709(tmp_path):
    (file,) = segments(tmp_path, each=24)
    with av.open(str(file)) as container:
        context = container.streams.video[0].codec_context
        next(container.decode(video=0))
        tags = context.colorspace, context.color_primaries, context.color_trc, context.color_range
    assert tuple(map(int, tags)) == (1, 1, 1, 1)


@pytest.mark.parametrize("size", [(16, 16), (18, 34), (322, 182), (180, 320)])
def test_odd_shapes_encode(size, tmp_path):
    film = script(shot(frames=3, grade=Grade(grain=0.3)), size=size)
    (file,) = segments(tmp_path, film)
    assert decoded(file).shape == (3, size[1], size[0])


def test_a_script_survives_its_file(tmp_path):
    film = replace(FILM, title="dusk")
    record = json.loads(written(tmp_path, film).read_text(encoding="utf-8"))
    assert Script.from_record(record) == film
    assert record["media"]["frames"] == 24


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[]", "{}", '{"schema": "farm.procedural.script/1"}', '{"schema": "x/1"}'],
)
def test_a_file_that_is_no_script_is_refused(text, tmp_path):
    file = tmp_path / "script.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"video\.script"):
        run_stage(GENERATE, tmp_path / "t", {"script": file}, window=Window(0, 1, 0, 4))


def test_a_script_without_shots_is_refused(tmp_path):
    file = written(tmp_path, script())
    with pytest.raises(InputError, match="no frames"):
        run_stage(GENERATE, tmp_path / "t", {"script": file}, window=Window(0, 1, 0, 4))


def test_a_running_window_stops_when_asked(tmp_path):
    file = written(tmp_path)
    with pytest.raises(TaskCancelled):
        run_stage(
            GENERATE, tmp_path / "t", {"script": file}, window=Window(0, 1, 0, 24), cancel_after=3
        )
