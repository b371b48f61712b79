"""Signals and sounds of a clip, by pipelines of a running farm."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
from running_farm import farm, running
from test_finish import clip
from test_vision_hearing import clicks, written

FRAMES = 60
"""More than one window."""


def done(root: Path, folder: Path, pipeline: str, inputs: dict[str, str]) -> None:
    path = folder / f"{pipeline}.json"
    asked = {"farm": 1, "pipeline": pipeline, "inputs": inputs}
    path.write_text(json.dumps(asked), encoding="utf-8")
    [job] = json.loads(farm(root, "submit", str(path), "--json"))
    [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    assert shown["state"] == "done", shown


def test_a_clip_gives_its_edges_and_its_motion_and_a_sound_its_beats(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    clip(given / "film.mkv", FRAMES, codec="ffv1", fps=24)
    sound, times = clicks(120, FRAMES / 24)
    written(given / "sound.wav", sound)
    with running(tmp_path / "farm") as root:
        done(root, given, "signals", {"video": "film.mkv"})
        done(root, given, "audio-features", {"audio": "sound.wav", "video": "film.mkv"})
        for name in ("edges.mkv", "flow.mkv", "flow-colours.mp4"):
            [film] = root.rglob(name)
            with av.open(str(film)) as container:
                shown = [frame.format.name for frame in container.decode(video=0)]
            assert len(shown) == FRAMES
            assert name != "flow.mkv" or set(shown) == {"gbrp16le"}
        note = json.loads(next(root.rglob("flow.json")).read_text("utf-8"))
        assert (note["frames"], note["without_motion"][-1]) == (FRAMES, FRAMES - 1)
        [features] = root.rglob("features.jsonl")
        first, *lines = map(json.loads, features.read_text("utf-8").splitlines())
        assert len(lines) == first["frames"] == FRAMES
        assert max(np.abs(times - beat).min() for beat in first["beats_s"]) < 1 / 24
