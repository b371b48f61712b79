"""A cut and its media through a running farm: planned, rendered in windows, mixed, joined."""

from __future__ import annotations

import json
from pathlib import Path

from cut_material import cut, film, frames, hashes, loudest_hz, numbers, sound
from running_farm import farm, running
from test_finish_bake_forms import EDL
from test_front_doors import wait_for

PLAIN = cut(
    media=["a.mp4", "b.mp4", "music.wav"],
    video=[
        {
            "clips": [
                {"media": "a.mp4", "in": 5, "out": 250},
                {"dissolve": 10},
                {"media": "b.mp4", "in": 10, "out": 250},
            ]
        },
        {"clips": [{"title": "Over a window's edge", "at": 10, "length": 220}]},
    ],
    audio=[{"clips": [{"media": "music.wav", "length": 485}]}],
)


def baked(root: Path, given: Path, *settings: str) -> Path:
    told = farm(root, "submit", str(given), "-p", "bake", "--json", *settings)
    [job] = json.loads(told)
    [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    assert shown["state"] == "done", shown
    return max(root.rglob("plan.json"), key=lambda path: path.stat().st_mtime_ns).parent


def test_a_dropped_cut_comes_back_as_one_film(tmp_path: Path) -> None:
    given, other = tmp_path / "given", tmp_path / "other"
    a, b = film(given / "a.mp4", 260), film(given / "b.mp4", 260, hue=30)
    sound(given / "music.wav", 20, 500)
    (given / "timeline.yaml").write_text(json.dumps(PLAIN), encoding="utf-8")
    for name in "abc":
        film(other / f"{name}.mp4", tone_hz=440)
    (other / "assembly.edl").write_text(EDL, encoding="utf-8")
    dropped = tmp_path / "farm" / "dropbox" / "bake"
    dropped.mkdir(parents=True)
    with running(tmp_path / "farm") as root:
        done = baked(root, given)
        plan = json.loads((done / "plan.json").read_text())
        shown = frames(done / "video.mp4")
        assert len(shown) == plan["frames"] == 485
        assert plan["rendered"] > 192 and plan["copied"] > 192
        assert hashes(shown[-60:-10]) == hashes(frames(b)[190:240])
        assert numbers(done / "video.mp4")[235:239] == numbers(a)[240:244]
        assert abs(loudest_hz(done / "video.mp4", 17, 19) - 500) < 3
        assert (done / "poster.jpg").stat().st_size > 500
        other.rename(dropped / "reel")
        receipt = wait_for(lambda: next(root.glob("dropbox/bake/_done/*/reel/receipt.json"), None))
        reel = receipt.parent
        assert numbers(reel / "video.mp4")[:25] == [*range(5, 30)]
        assert len(frames(reel / "video.mp4")) == 90
        manifest = json.loads((reel / "job_manifest.json").read_text())
        assert manifest["params"]["names"] == ["a.mp4", "b.mp4", "c.mp4"]
        again = baked(root, reel / "job_manifest.json")
        assert again != reel
        for name in ("video.mp4", "plan.json"):
            assert (again / name).read_bytes() == (reel / name).read_bytes()
