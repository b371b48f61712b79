"""A film with music and a voice through a running farm: mixed, mastered, in sync."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from running_farm import farm, running
from test_finish import clip, packets
from test_finish_audio import by_ffmpeg, click, heard, saved, sine


def test_a_dropped_film_comes_back_mixed_mastered_and_in_sync(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    film = clip(given / "video.mp4", 24 * 4)
    saved(given / "music.wav", sine(220, 9, -24) + sine(331, 9, -30))
    saved(given / "voice.wav", click(2.0, 3.0) + sine(700, 3.0, -30))
    with running(tmp_path / "farm") as root:
        told = farm(root, "submit", str(given), "-p", "master-audio", "--json",
                    "--set", "target_lufs=-23")  # fmt: skip
        [job] = json.loads(told)
        [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
        assert shown["state"] == "done"
        done = next(root.rglob("loudness.json")).parent
        report = json.loads((done / "loudness.json").read_text())
        made, sound = heard(done / "video.mp4"), heard(done / "audio.flac")
        assert packets(done / "video.mp4") == packets(film)
    assert report["target_lufs"] == -23
    assert sound.shape[1] == 4 * 48_000
    assert np.abs(made).max(axis=0).argmax() / 48_000 == pytest.approx(2.0, abs=0.002)
    found = by_ffmpeg(sound)
    assert found["integrated_lufs"] == pytest.approx(-23, abs=0.15)
    assert found["true_peak_dbtp"] <= -1.5
    assert report["limited_db"] < 0
