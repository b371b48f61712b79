"""What is prepared for a server and made of its answer: exact frames, exact sound, every moment."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import DirectTask

from farm import FarmError, InputFile, Result
from farm.artifacts.probe import probe
from farm.media.film import film
from farm.media.sound import sound_parts
from farm_comfyui import finishing, preparing
from farm_comfyui.asked import Asked
from farm_comfyui.bound import Finishing
from farm_comfyui.params import FinishParams, PrepareParams
from farm_comfyui.pictures import cropped_share, fitted, resampled, write_mp4, write_png
from farm_comfyui.retiming import moments
from farm_comfyui.sounds import exact, write_flac, write_wav

SIDE = 256


def given(path: Path) -> InputFile:
    import hashlib

    kind, facts = probe(path)
    return InputFile(path, kind, hashlib.sha256(path.read_bytes()).hexdigest(), facts)


def bar(at: int, width: int = 96, height: int = 64) -> np.ndarray:
    """A white bar at column ``at`` on grey."""
    picture = np.full((height, width, 3), 60, np.uint8)
    picture[:, at : at + 8] = 235
    return picture


def column(picture: np.ndarray) -> float:
    bright = picture[..., 1].astype(float).mean(axis=0) > 150
    return float(np.flatnonzero(bright).mean())


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InputFile]:
    folder = tmp_path_factory.mktemp("material")
    (folder / "prompt.txt").write_text("a bar", encoding="utf-8")
    write_png(folder / "character.png", np.full((SIDE, 400, 3), (200, 90, 30), np.uint8))
    sliding = (bar(10 + 2 * n, 288, SIDE) for n in range(24))
    write_mp4(folder / "motion.mp4", sliding, Fraction(24))
    tone = 0.4 * np.sin(np.arange(24_000) / 20, dtype=np.float32)
    write_flac(folder / "audio.flac", [np.stack([tone, tone])])
    return {path.stem: given(path) for path in folder.iterdir()}


def prepared(
    mode: str, names: dict[str, str], material: dict[str, InputFile], folder: Path
) -> Result:
    inputs = {port: [material[name]] for port, name in names.items()}
    task = DirectTask(folder, PrepareParams(mode=mode, profile="draft"), inputs)  # type: ignore[arg-type]
    return preparing.run(task)  # type: ignore[arg-type]


ANIMATE = {"prompt": "prompt", "character": "character", "motion": "motion"}


def test_files_for_a_server_have_exactly_the_size_rate_and_length_it_needs(
    material: dict[str, InputFile], tmp_path: Path
) -> None:
    made = prepared("animate", ANIMATE, material, tmp_path)
    bound = Asked.read(made["request"]).bound()  # type: ignore[arg-type]
    files = dict(zip(bound.assets, made["assets"], strict=True))  # type: ignore[arg-type]
    image, motion = probe(files["image"])[1], probe(files["motion"])[1]
    wanted = bound.expected
    assert (image.width, image.height) == (wanted.width, wanted.height)
    assert (motion.width, motion.height) == (wanted.width, wanted.height)
    assert motion.fps == 16
    assert motion.frames == wanted.frames
    assert wanted.frames % 4 == 1


def test_the_same_files_are_prepared_to_the_same_bytes(
    material: dict[str, InputFile], tmp_path: Path
) -> None:
    one = prepared("animate", ANIMATE, material, tmp_path / "one")
    two = prepared("animate", ANIMATE, material, tmp_path / "two")
    for first, second in zip(one["assets"], two["assets"], strict=True):  # type: ignore[arg-type]
        assert first.read_bytes() == second.read_bytes()
    assert one["request"].read_bytes() == two["request"].read_bytes()  # type: ignore[union-attr]


def test_a_sound_is_padded_for_the_server_and_whole_under_the_film(
    material: dict[str, InputFile], tmp_path: Path
) -> None:
    names = {"prompt": "prompt", "character": "character", "audio": "audio"}
    made = prepared("audio-performance", names, material, tmp_path)
    bound = Asked.read(made["request"]).bound()  # type: ignore[arg-type]
    files = dict(zip(bound.assets, made["assets"], strict=True))  # type: ignore[arg-type]
    facts = probe(files["audio"])[1]
    assert facts.duration_s == pytest.approx(bound.expected.frames / 16, abs=0.05)
    assert bound.after.duration_s == pytest.approx(0.5)
    assert bound.after.sound == "audio"


def test_every_moment_of_a_new_rate_is_shown_as_it_was(tmp_path: Path) -> None:
    write_mp4(tmp_path / "in.mp4", (bar(10 + 2 * n) for n in range(24)), Fraction(24))
    with film(tmp_path / "in.mp4", "in") as reel:
        chosen = [
            column(f.to_ndarray(format="rgb24")) for f in resampled(reel.frames(), reel.fps, 16, 20)
        ]
    nearest = [13.5 + 2 * int(k * 1.5 + 0.5) for k in range(16)]
    assert np.abs(np.array(chosen[:16]) - nearest).max() < 1
    assert chosen[16:] == [chosen[15]] * 4


@pytest.mark.parametrize(("fit", "share"), [("cover", 0.0), ("contain", 0.5), ("stretch", 0.0)])
def test_a_picture_is_fitted_as_it_was_asked(fit: str, share: float) -> None:
    wide = np.full((100, 200, 3), 200, np.uint8)
    made = fitted(wide, 64, 64, fit)
    assert made.shape == (64, 64, 3)
    assert (made.mean(axis=2) < 100).mean() == pytest.approx(share, abs=0.05)
    assert cropped_share(200, 100, 64, 64) == pytest.approx(0.5)


def finish(folder: Path, how: dict[str, object], frames: int, **inputs: InputFile) -> Result:
    """Finish a server's film of a bar that moves two columns a frame."""
    write_mp4(folder / "server.mp4", (bar(4 + 2 * n) for n in range(frames)), Fraction(16))
    (folder / "run.json").write_text(json.dumps({"run": {}, "external": {"id": "x"}}))
    files = {"video": [given(folder / "server.mp4")], "run": [given(folder / "run.json")]}
    files |= {port: [file] for port, file in inputs.items()}
    task = DirectTask(folder / "work", FinishParams(), files)
    return finishing.finished(task, Finishing(**how))  # type: ignore[arg-type]


def test_a_film_is_trimmed_and_retimed_so_that_motion_is_even(tmp_path: Path) -> None:
    how = {"drop_first": 1, "keep_frames": 16, "fps_in": 16, "fps_out": Fraction(24)}
    made = finish(tmp_path, {**how, "frames_out": 24, "duration_s": 1.0}, 21)
    with film(made["video"], "made") as reel:  # type: ignore[arg-type]
        assert reel.fps == 24
        places = [column(frame.to_ndarray(format="rgb24")) for frame in reel.frames()]
    assert len(places) == 24
    steps = np.diff(places[:22])
    assert steps == pytest.approx(np.full(21, 2 * 16 / 24), abs=0.8)
    assert places[0] == pytest.approx(9.5, abs=0.6)


def test_both_ends_stay_where_they_are(tmp_path: Path) -> None:
    told = Finishing(0, 9, 16, Fraction(24), 13, 13 / 24, ends=True)
    found = list(moments(told))
    assert (found[0], found[-1], len(found)) == (0, 8, 13)


def test_the_sound_under_a_film_is_exactly_as_long(
    material: dict[str, InputFile], tmp_path: Path
) -> None:
    how = {"drop_first": 0, "keep_frames": 8, "fps_in": 16, "fps_out": Fraction(16)}
    how |= {"frames_out": 8, "duration_s": 0.5, "sound": "audio"}
    made = finish(tmp_path, how, 9, sound=material["audio"])
    assert sum(part.shape[1] for part in sound_parts(made["audio"], "made")) == 24_000  # type: ignore[arg-type]
    assert "external" not in json.loads(made["record"].read_text())  # type: ignore[union-attr]


def test_a_film_that_is_too_short_is_not_finished_in_silence(tmp_path: Path) -> None:
    how = {"drop_first": 0, "keep_frames": 16, "fps_in": 16, "fps_out": Fraction(16)}
    with pytest.raises(FarmError, match="shorter than it should be"):
        finish(tmp_path, {**how, "frames_out": 16, "duration_s": 1.0}, 11)


def test_a_wav_has_the_rate_channels_and_length_of_the_workflow(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(np.arange(48_000) / 15, dtype=np.float32)
    write_wav(tmp_path / "a.wav", [np.stack([tone, tone])], rate=16_000, channels=1, samples=24_000)
    with av.open(str(tmp_path / "a.wav")) as sound:
        stream = sound.streams.audio[0]
        samples = np.concatenate([f.to_ndarray().reshape(-1) for f in sound.decode(stream)])
        assert (stream.rate, stream.channels) == (16_000, 1)
    assert len(samples) == 24_000
    assert np.abs(samples[:15_000]).max() > 10_000
    assert not samples[16_200:].any()
    assert sum(part.shape[1] for part in exact([], 70_000)) == 70_000
