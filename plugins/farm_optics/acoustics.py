"""What a shot should sound like: its size and lens mapped to room, distance and gain.

Invariant: pure; every setting lies within the range that mixing and mastering accept.

The sound that comes straight from a mouth falls by 6 dB with each doubling of the distance, the
reflections of a room do not: their ratio is 0 dB at the critical distance 0.057 * sqrt(V / T), V in
cubic metres, T the seconds in which they fall by 60 dB (H. Kuttruff, "Room Acoustics", 2009).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SCHEMA = "farm.acoustics/1"
NEAREST_M = 0.3
"""A mouth is not heard from nearer."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place to be heard in. room : the synthetic room of mastering, ``none`` in the open.

    ambience_db : gain of the place's own sounds against a film's effects.
    """

    room: str
    volume_m3: float
    reverb_s: float
    ambience_db: float

    @property
    def critical_m(self) -> float:
        """Distance at which reflections are as strong as the sound itself."""
        return 0.057 * math.sqrt(self.volume_m3 / self.reverb_s)


PLACES = {
    "booth": Place("booth", 12.0, 0.18, -18.0),
    "room": Place("room", 70.0, 0.5, -9.0),
    "hall": Place("hall", 3000.0, 1.6, -6.0),
    "church": Place("church", 9000.0, 3.5, -6.0),
    "outdoors": Place("none", 1e9, 1.0, -3.0),
}


def acoustics(
    place: str, distance_m: float, follow: float, across: float, angle_deg: float
) -> dict[str, object]:
    """The document ``farm.acoustics/1``.

    distance_m : from the camera to who speaks. follow : 0 hears from a microphone 0.5 m away
    whatever the camera does, 1 from where the camera is. across : where in the picture the speaker
    is, 0 left, 1 right. angle_deg : angle of view across.

    ``mix`` and ``space`` are for the mix, where music stays outside of the room; ``master`` is for
    who puts all of a film into it, and not for both.
    """
    where = PLACES[place]
    far = max(distance_m if math.isfinite(distance_m) else 1e4, NEAREST_M)
    heard = 0.5 * (far / 0.5) ** follow
    # Voices must be understood: level follows distance by half of what physics would take.
    gain = max(-24.0, min(3.0, -10 * math.log10(heard / 0.5)))
    reflections = 20 * math.log10(heard / where.critical_m)
    sideways = math.radians(angle_deg) / 2
    bearing = math.atan((2 * across - 1) * math.tan(sideways))
    # 45 degrees to the side is all the way: farther out nobody looks for a voice.
    pan = max(-1.0, min(1.0, bearing / (math.pi / 4)))
    near = math.log2(max(heard, 0.5) / 0.5) / math.log2(30)
    ambience = max(-24.0, min(0.0, where.ambience_db * (1 - min(near, 1.0)) ** 0.5))
    return {
        "schema": SCHEMA,
        "place": place,
        "distance_m": round(far, 3),
        "heard_from_m": round(heard, 3),
        "critical_distance_m": round(where.critical_m, 3),
        "mix": {
            "voice_db": round(gain, 2),
            "effects_db": round(ambience, 2),
            "tracks": [{"of": "voice", "pan": round(pan, 3)}],
        },
        "space": None
        if where.room == "none"
        else {
            "volume_m3": where.volume_m3,
            "reverb_s": where.reverb_s,
            "reflections_db": round(max(-60.0, min(6.0, reflections)), 2),
        },
        "master": {
            "room": where.room,
            "room_db": round(max(-60.0, min(0.0, reflections)), 2),
        },
    }
