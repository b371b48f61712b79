"""Speech is handed on trimmed, at one loudness, and in the same bytes each time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

from farm.media.sound import RATE, sound_parts
from farm_speech.sound import (
    CEILING,
    LEAD_S,
    TAIL_S,
    audible,
    flac_file,
    heard_span,
    levelled,
    loudness,
    resampled,
    write_flac,
)


def tone(seconds: float, level: float = 0.1, rate: int = RATE) -> np.ndarray:
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype("f4")


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def test_silence_around_is_cut_but_for_a_breath() -> None:
    start, stop = heard_span(np.concatenate([silence(1), tone(0.5), silence(2)]))
    assert start / RATE == pytest.approx(1 - LEAD_S, abs=0.011)
    assert stop / RATE == pytest.approx(1.5 + TAIL_S, abs=0.011)
    assert heard_span(silence(1)) == (0, 0)
    assert heard_span(silence(0)) == (0, 0)


def test_a_pause_within_is_kept() -> None:
    start, stop = heard_span(np.concatenate([tone(0.2), silence(1), tone(0.2)]))
    assert (start, stop) == (0, round(1.4 * RATE))


def test_a_word_ends_where_it_is_no_longer_heard() -> None:
    sound = np.concatenate([silence(0.3), tone(0.4), silence(0.6)])
    assert audible(sound, (0.0, 1.3)) == pytest.approx((0.3, 0.7), abs=0.011)
    assert audible(silence(1), (0.2, 0.4)) == (0.2, 0.4)


@pytest.mark.parametrize("lufs", [-23.0, -16.0])
def test_speech_is_as_loud_as_asked_and_no_sample_is_over_the_ceiling(lufs: float) -> None:
    chance = np.random.default_rng(3)
    bursts = chance.normal(0, 0.02, 3 * RATE) * (1 + 9 * (np.arange(3 * RATE) % 9000 < 40))
    out = levelled(bursts.astype(np.float32), lufs)
    assert loudness(out) == pytest.approx(lufs, abs=0.3)
    assert float(np.abs(out).max()) <= CEILING + 1e-6


def test_silence_stays_silent_and_a_short_word_is_levelled_as_a_whole() -> None:
    assert not levelled(silence(1), -16.0).any()
    assert loudness(levelled(tone(0.15), -16.0)) == pytest.approx(-16, abs=0.3)


@pytest.mark.parametrize("rate", [22_050, 24_000, 44_100])
def test_a_voice_of_any_rate_keeps_its_pitch_and_its_length(rate: int) -> None:
    out = resampled(tone(1.0, rate=rate), rate)
    assert len(out) == RATE
    middle = out[RATE // 4 : -RATE // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE / len(middle) == pytest.approx(440, abs=2)
    assert float(np.abs(middle).max()) == pytest.approx(0.1, rel=0.02)


def test_a_flac_has_the_same_bytes_in_one_piece_or_in_many(tmp_path: Path) -> None:
    sound = tone(1.3)
    write_flac(tmp_path / "one.flac", sound)
    with flac_file(tmp_path / "many.flac") as writer:
        for part in np.array_split(sound, 17):
            writer.write(part)
    first, second = ((tmp_path / f"{name}.flac").read_bytes() for name in ("one", "many"))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
    assert b"Lavf" not in first
    with av.open(str(tmp_path / "one.flac")) as file:
        stream = file.streams.audio[0]
        assert (stream.rate, stream.codec_context.layout.name) == (RATE, "mono")
    read = np.concatenate(list(sound_parts(tmp_path / "one.flac", "x", layout="mono")), axis=1)[0]
    assert len(read) == len(sound)
    assert float(np.abs(read - sound).max()) < 2 / 32768
