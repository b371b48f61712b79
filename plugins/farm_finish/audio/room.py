"""Room tone: the reflections of a room that was never built, added to sound.

Invariant: the same room gives the same samples on every machine; what is heard in blocks equals
what is heard in one piece.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from farm.media.sound import RATE, Sound

ROOMS = {"booth": 0.18, "room": 0.5, "hall": 1.6, "church": 3.5}
"""Seconds in which the low tones of a room fall by 60 dB."""
_BEFORE = {"booth": 0.002, "room": 0.008, "hall": 0.02, "church": 0.035}
"""Seconds until the first reflection."""
_SOFT_HZ = 2500.0


@lru_cache(maxsize=4)
def impulse_response(name: str) -> Sound:
    """Reflections (2, n) of a room: noise that dies away, high tones twice as fast, of energy 1 per
    channel, each side with its own."""
    length = round(ROOMS[name] * RATE)
    key = int.from_bytes(name.encode()[:8], "little")
    noise = np.random.Generator(np.random.Philox(key=key)).standard_normal((2, length))
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(length, 1 / RATE)
    low = np.fft.irfft(spectrum / (1 + (hz / _SOFT_HZ) ** 4), length)
    fall = np.exp(-np.log(1000) * np.arange(length) / length)
    rough = low * fall + (noise - low) * fall**2
    rough /= np.sqrt(np.square(rough).sum(axis=1, keepdims=True))
    # Off the last bits, in which libraries differ.
    settled = np.round(rough * (1 << 24)) / (1 << 24)
    before = round(_BEFORE[name] * RATE)
    return np.pad(settled, ((0, 0), (before, 0))).astype(np.float32)


class Ringing:
    """What a room gives back of a sound, by its response (2, n)."""

    def __init__(self, response: Sound) -> None:
        self._response = np.asarray(response, np.float32)
        self._tail = np.zeros((2, 0), np.float32)

    def feed(self, sound: Sound) -> Sound:
        """What rings during the next (2, n) samples, of them and of those before."""
        count, reach = sound.shape[1], self._response.shape[1]
        size = 1 << (count + reach - 1).bit_length()
        spectrum = np.fft.rfft(sound, size) * np.fft.rfft(self._response, size)
        ringing = np.fft.irfft(spectrum, size)[:, : count + reach - 1].astype(np.float32)
        ringing[:, : self._tail.shape[1]] += self._tail[:, : ringing.shape[1]]
        self._tail = ringing[:, count:]
        return ringing[:, :count]


class Room:
    """Adds the reflections of room ``name``, ``wet`` times as strong as the sound, to it."""

    def __init__(self, name: str, wet: float) -> None:
        self._ringing = Ringing(impulse_response(name) * np.float32(wet))

    def feed(self, sound: Sound) -> Sound:
        """The next (2, n) samples, with what still rings from those before."""
        return np.asarray(sound + self._ringing.feed(sound), np.float32)
