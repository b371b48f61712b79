"""A film and its captions through a running farm: burned in, beside it, and as files."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from running_farm import farm, running
from spoken import spoken, written
from stored_models import stored
from test_finish import clip
from test_finish_captions_picture import texts
from test_finish_captions_speech import Service

from farm.media.service import ADDRESS

GIVEN = "1\n00:00:00,500 --> 00:00:01,000\nHello, world\n"


def shades(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_a_dropped_film_comes_back_with_its_captions(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    clip(given / "video.mp4", 36, size=(320, 180), sound_s=1.5, draw=lambda n, w, h: grey(w, h))
    (given / "captions.srt").write_text(GIVEN, encoding="utf-8")
    with running(tmp_path / "farm") as root:
        told = farm(root, "submit", str(given), "-p", "caption", "--json",
                    "--set", "track=true", "--set", "language=en")  # fmt: skip
        [job] = json.loads(told)
        [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
        assert shown["state"] == "done"
        done = next(root.rglob("captions.vtt")).parent
        seen = shades(done / "video.mp4")
        assert (done / "captions.srt").read_text(encoding="utf-8") == GIVEN
        with av.open(str(done / "tracks.mp4")) as container:
            [track] = container.streams.subtitles
            assert (track.codec_context.name, track.metadata["language"]) == ("mov_text", "eng")
            assert len(container.streams.audio) == 1
        beside = shades(done / "tracks.mp4")
    assert [picture.max() > 200 for picture in seen] == [12 <= n < 24 for n in range(36)]
    assert len(beside) == 36 and all(picture.max() < 150 for picture in beside)
    assert all(picture[:90].max() < 150 for picture in seen)


def test_a_film_that_speaks_is_heard_spelled_and_translated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_MODELS_DIR", str(stored("whisper-base").parents[1]))
    text = "The render farm starts a new video job."
    speech = spoken(text)
    given = tmp_path / "given"
    given.mkdir()
    clip(given / "video.mp4", 96, size=(180, 320), draw=lambda n, w, h: grey(w, h))
    written(given / "voice.wav", speech.samples, speech.rate)
    (given / "transcript.txt").write_text(text, encoding="utf-8")
    service = Service()
    monkeypatch.setenv(ADDRESS, service.address)
    with running(tmp_path / "farm") as root:
        told = farm(root, "submit", str(given), "-p", "caption", "--json",
                    "--set", "translate=de", "--set", "track=true",
                    "--set", "burn=false")  # fmt: skip
        [job] = json.loads(told)
        [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
        assert shown["state"] == "done"
        done = next(root.rglob("captions.vtt")).parent
        with av.open(str(done / "tracks.mp4")) as container:
            tracks = container.streams.subtitles
            assert [track.metadata["language"] for track in tracks] == ["deu", "eng"]
        german, english = texts(done / "tracks.mp4")
        assert not (done / "video.mp4").exists()
    service.server.shutdown()
    said = [" ".join(shown.split()) for _, _, shown in english]
    assert " ".join(said) == text
    # Each cue was translated by itself, at its own time.
    assert [(s, e, t.replace("\n", " ")) for s, e, t in german] == [
        (s, e, t.replace("\n", " ").upper()) for s, e, t in english
    ]


def grey(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 100, np.uint8)
