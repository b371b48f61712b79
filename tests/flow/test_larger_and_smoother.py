"""A film made larger, and one made smoother, through a running farm."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
from running_farm import farm, running
from test_finish import clip, samples


def facts(film: Path) -> tuple[int, int, int, Fraction]:
    """Frames, width, height and rate, counted."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        return frames, stream.width, stream.height, Fraction(stream.average_rate)


def made(root: Path, pipeline: str, film: Path, setting: str) -> Path:
    told = farm(root, "submit", str(film), "-p", pipeline, "--json", "--set", setting)
    [job] = json.loads(told)
    [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    assert shown["state"] == "done", shown
    newest = max(root.rglob("normalise.json"), key=lambda path: path.stat().st_mtime_ns)
    return newest.parent / "video.mp4"


def test_a_clip_comes_back_larger_and_another_smoother_with_their_sound(tmp_path: Path) -> None:
    film = clip(tmp_path / "given.mkv", 60, codec="ffv1", fps=12, sound_s=5.0)
    with running(tmp_path / "farm") as root:
        larger = made(root, "enlarge", film, "target=x2")
        assert facts(larger) == (60, 192, 128, 12)
        assert abs(samples(larger).shape[1] - 5 * 48_000) <= 1024
        smoother = made(root, "smooth", film, "fps=30")
        assert facts(smoother) == (150, 96, 64, 30)
        assert abs(samples(smoother).shape[1] - 5 * 48_000) <= 1024
