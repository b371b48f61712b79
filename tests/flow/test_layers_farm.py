"""One click, an object and what is behind it, by a pipeline of a running farm."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
from moving_scene import scene, written
from running_farm import farm, running

FRAMES = 8


def test_what_is_clicked_is_followed_and_taken_out_of_its_clip(tmp_path: Path) -> None:
    given = tmp_path / "given"
    written(given / "film.mkv", (scene(number * 1.5, pan=0) for number in range(FRAMES)))
    asked = {
        "farm": 1,
        "pipeline": "object",
        "inputs": {"video": "film.mkv"},
        "params": {"x": 0.22, "y": 0.5},
    }
    (given / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    with running(tmp_path / "farm") as root:
        [job] = json.loads(farm(root, "submit", str(given / "asked.json"), "--json"))
        [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
        assert shown["state"] == "done", shown
        [track] = root.rglob("track.json")
        report = json.loads(track.read_text(encoding="utf-8"))
        assert report["counts"]["seen"] == report["frames"] == FRAMES
        [cut_out] = root.rglob("object.mkv")
        [background] = root.rglob("background.mkv")
        with av.open(str(cut_out)) as film, av.open(str(background)) as behind:
            alphas = [frame.to_ndarray(format="bgra")[..., 3] for frame in film.decode(video=0)]
            assert len(alphas) == sum(1 for _ in behind.decode(video=0)) == FRAMES
        centres = [np.nonzero(alpha > 128)[1].mean() for alpha in alphas]
        assert 4 < np.diff(centres).mean() < 9
