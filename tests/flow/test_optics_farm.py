"""Pictures and clips through a lens, by pipelines of a running farm."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image
from running_farm import farm, running
from test_finish import clip

from farm.media.maps import write_maps

FRAMES, WIDE, HIGH = 24, 96, 64


def manifest(
    folder: Path, pipeline: str, inputs: dict[str, str], params: dict[str, object]
) -> Path:
    path = folder / f"{pipeline}.json"
    asked = {"farm": 1, "pipeline": pipeline, "inputs": inputs, "params": params}
    path.write_text(json.dumps(asked), encoding="utf-8")
    return path


def done(root: Path, asked: Path) -> None:
    [job] = json.loads(farm(root, "submit", str(asked), "--json"))
    [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    assert shown["state"] == "done", shown


def test_a_clip_is_focused_by_a_click_and_a_picture_swept_from_near_to_far(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    clip(given / "film.mkv", FRAMES, codec="ffv1", fps=12, sound_s=2.0)
    slope = np.linspace(1000, 9000, WIDE).astype(np.uint16)
    maps = [np.broadcast_to(slope, (HIGH, WIDE))] * FRAMES
    write_maps(given / "depth.mkv", maps, Fraction(12))
    Image.fromarray(np.ascontiguousarray(maps[0])).save(given / "depth.png")
    noise = np.random.default_rng(1).integers(0, 256, (HIGH, WIDE, 3)).astype(np.uint8)
    Image.fromarray(noise).save(given / "image.png")
    click = {"x": 0.25, "y": 0.5, "depth_is": "metres", "focal_length": "85 mm"}
    sweep = {"frames": 5, "depth_is": "metres", "aperture": "f/1.4"}
    with running(tmp_path / "farm") as root:
        inputs = {"video": "film.mkv", "depth": "depth.mkv"}
        done(root, manifest(given, "click-to-focus", inputs, click))
        inputs = {"image": "image.png", "depth": "depth.png"}
        done(root, manifest(given, "focal-stack", inputs, sweep))
        # Without a depth map it is estimated.
        inputs = {"video": "film.mkv"}
        done(root, manifest(given, "defocus", inputs, {"shape": "heart"}))
        counts = []
        for film in sorted(root.rglob("video.mp4"), key=lambda path: path.stat().st_mtime_ns):
            with av.open(str(film)) as container:
                counts.append(sum(1 for _ in container.decode(video=0)))
        assert sorted(counts) == [5, FRAMES, FRAMES]
        tracks = [json.loads(path.read_text()) for path in root.rglob("focus.json")]
        assert sorted(track["frames"] for track in tracks) == [5, FRAMES]
        clicked = next(track for track in tracks if "clicked" in track)
        assert 2.4 < clicked["keys"][0]["distance_m"] < 3.6
        [merged] = root.rglob("all_in_focus.png")
        assert Image.open(merged).size == (WIDE, HIGH)
