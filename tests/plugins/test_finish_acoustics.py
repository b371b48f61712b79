"""A mix that sounds as its shot does: rooms that ring as long as they should, around voices only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from direct_task import run_stage, stage_of
from spoken import written

import farm_finish
import farm_optics
from farm import InputError
from farm.media.sound import RATE, sound_parts
from farm_finish.audio.space import space

MIX = stage_of(farm_finish, "audio.mix")
ROOMS = [(12.0, 0.18), (70.0, 0.5), (200.0, 1.0), (3000.0, 1.6), (9000.0, 3.5)]


def falls_in_s(sound: np.ndarray) -> float:
    """Seconds in which tones from 500 to 1000 Hz fall by 60 dB (ISO 3382: the slope from -5 to -25)."""
    size = 2 * sound.shape[1]
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1.0)
    band = 1 / np.sqrt((1 + (354 / hertz) ** 8) * (1 + (hertz / 1414) ** 8))
    kept = np.fft.irfft(np.fft.rfft(sound, size) * band, size)[:, : sound.shape[1]]
    rest = np.cumsum(np.square(kept).sum(axis=0)[::-1])[::-1]
    fall = 10 * np.log10(np.maximum(rest / rest[0], 1e-12))
    return 3 * float(np.argmax(fall < -25) - np.argmax(fall < -5)) / RATE


def click(length_s: float) -> np.ndarray:
    sound = np.zeros(round(length_s * RATE))
    sound[RATE // 10] = 0.9
    return sound


def acoustics(folder: Path, **params: Any) -> Path:
    stage = stage_of(farm_optics, "audio.acoustics")
    return run_stage(stage, folder / "acoustics", {}, params)["settings"]


def mixed(folder: Path, settings: Path | None, **tracks: np.ndarray) -> np.ndarray:
    folder.mkdir(parents=True, exist_ok=True)
    inputs: dict[str, Any] = {
        port: [written(folder / f"{port}.wav", sound, RATE)] for port, sound in tracks.items()
    }
    if settings is not None:
        inputs["acoustics"] = settings
    made = run_stage(MIX, folder / "mix", inputs, {"duck": [], "music_db": 0.0})
    return np.concatenate(list(sound_parts(made["audio"], "mix")), axis=1).astype(np.float64)


@pytest.mark.parametrize(("volume_m3", "reverb_s"), ROOMS)
def test_a_room_of_any_size_rings_as_long_as_it_is_asked_to(
    volume_m3: float, reverb_s: float
) -> None:
    response = space(volume_m3, reverb_s).astype(np.float64)
    assert falls_in_s(response) == pytest.approx(reverb_s, rel=0.1)
    assert np.square(response).sum() == pytest.approx(2, rel=1e-3)
    assert abs(np.corrcoef(response)[0, 1]) < 0.1
    assert np.array_equal(response, space.__wrapped__(volume_m3, reverb_s))


def test_first_reflections_come_later_in_a_larger_room() -> None:
    first = [np.argmax(np.abs(space(volume, 1.0)).max(axis=0) > 0) for volume in (20, 200, 2000)]
    assert first == sorted(first)
    # Floor or ceiling of a room of 200 m3, 4.2 m high: about a metre and a half more than straight.
    assert 0.002 < first[1] / RATE < 0.008


def test_a_voice_sounds_in_the_room_of_its_shot_and_music_does_not(tmp_path: Path) -> None:
    settings = acoustics(tmp_path, place="hall", shot="full", across=0.8)
    told = json.loads(settings.read_text("utf-8"))
    heard = mixed(tmp_path / "a", settings, voice=click(0.5))
    assert heard.shape[1] == round(0.5 * RATE) + round(told["space"]["reverb_s"] * RATE)
    at = RATE // 10
    left, right = heard[:, at]
    assert right > left
    plain = mixed(tmp_path / "plain", None, voice=click(0.5))[:, at]
    gain = 20 * np.log10(np.hypot(left, right) / np.hypot(*plain))
    assert gain == pytest.approx(told["mix"]["voice_db"], abs=0.1)
    ringing = heard[:, at + 1 :]
    assert falls_in_s(ringing) == pytest.approx(told["space"]["reverb_s"], rel=0.15)
    straight = (left + right) / 2
    strength = 10 * np.log10(np.square(ringing).sum() / 2 / straight**2)
    assert strength == pytest.approx(told["space"]["reflections_db"], abs=0.3)
    music = mixed(tmp_path / "b", settings, music=click(0.5))
    assert not np.delete(music, at, axis=1)[:, : RATE // 4].any()


def test_outdoors_nothing_answers_and_without_a_document_nothing_changes(tmp_path: Path) -> None:
    settings = acoustics(tmp_path, place="outdoors", shot="full")
    assert json.loads(settings.read_text("utf-8"))["space"] is None
    open_air, plain = (
        mixed(tmp_path / name, given, voice=click(0.3))
        for name, given in (("a", settings), ("b", None))
    )
    assert open_air.shape == plain.shape
    assert np.count_nonzero(open_air[0]) == np.count_nonzero(plain[0]) == 1
    assert np.abs(open_air).max() < np.abs(plain).max()


def test_own_settings_of_a_track_count_for_more_than_those_of_the_shot(tmp_path: Path) -> None:
    settings = acoustics(tmp_path, place="outdoors", shot="full", across=1.0)
    inputs = {"voice": [written(tmp_path / "v.wav", click(0.3), RATE)], "acoustics": settings}
    params = {"tracks": [{"of": "voice", "pan": -1.0}]}
    made = run_stage(MIX, tmp_path / "mix", inputs, params)
    heard = np.concatenate(list(sound_parts(made["audio"], "mix")), axis=1)
    assert np.abs(heard[0]).max() > 0.1
    assert np.abs(heard[1]).max() < 1e-6


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ("{", "acoustics"),
        ("[]", "acoustics"),
        ('{"schema": "farm.depth/1"}', "schema"),
        ('{"schema": "farm.acoustics/1", "space": {"volume_m3": 0}}', "space.volume_m3"),
        ('{"schema": "farm.acoustics/1", "mix": {"voice_db": 99}}', "mix.voice_db"),
        ('{"schema": "farm.acoustics/1", "mix": {"voice_db": NaN}}', "mix.voice_db"),
    ],
)
def test_a_damaged_document_is_refused(document: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "acoustics.json"
    path.write_text(document, encoding="utf-8")
    with pytest.raises(InputError, match=where):
        mixed(tmp_path, path, voice=click(0.2))
