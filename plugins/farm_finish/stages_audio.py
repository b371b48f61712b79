"""Declarations of the stages of sound.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator

from farm import MediaKind, Port, Resources, Stage
from farm_finish.audio.params import MasterParams, MeasureParams, MixParams, MuxParams

PROVIDER = "farm_finish"
_HOUR_MB = 1400
"""An hour of stereo floats, as they lie in scratch while they are worked on."""


def stages() -> Iterator[Stage]:
    """Mix, master, measure, and put to pictures; none of them uses the seed."""
    yield Stage(
        capability="audio.mix",
        provider=PROVIDER,
        version=2,
        run="farm_finish.audio.mix:run",
        inputs={
            "video": Port(
                MediaKind.VIDEO,
                required=False,
                description="Its own sound is a track, and its length is that of the mix.",
            ),
            "voice": Port(
                MediaKind.AUDIO, many=True, required=False, description="Speech; others give way."
            ),
            "music": Port(
                MediaKind.AUDIO,
                many=True,
                required=False,
                description="One piece after another, each fading into the next.",
            ),
            "effects": Port(
                MediaKind.AUDIO, many=True, required=False, description="Sounds of any kind."
            ),
            "acoustics": Port(
                MediaKind.DATA,
                required=False,
                description="How the shot sounds to voices and effects, schema farm.acoustics/1.",
            ),
        },
        outputs={
            "audio": Port(
                MediaKind.AUDIO, description="WAV of floats, 48 kHz, stereo; no clipping."
            )
        },
        params=MixParams,
        resources=Resources(cores=1, ram_mb=512, disk_mb=2 * _HOUR_MB),
        seeded=False,
        description="Mixes a film's sound, voices, music and effects; music gives way to voices.",
    )
    yield Stage(
        capability="audio.master",
        provider=PROVIDER,
        version=1,
        run="farm_finish.audio.master:run",
        inputs={"audio": Port(MediaKind.AUDIO, description="A mix.")},
        outputs={
            "audio": Port(MediaKind.AUDIO, description="FLAC, 48 kHz, 24 bit, stereo."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.audio-master/1."),
        },
        params=MasterParams,
        resources=Resources(cores=1, ram_mb=512, disk_mb=2 * _HOUR_MB),
        seeded=False,
        description="Brings sound to a loudness (EBU R128) under a true-peak limit.",
    )
    yield Stage(
        capability="audio.measure",
        provider=PROVIDER,
        version=1,
        run="farm_finish.audio.measure:run",
        inputs={"media": Port(MediaKind.ANY, description="A sound, or a film with sound.")},
        outputs={"report": Port(MediaKind.DATA, description="JSON, schema farm.audio-measure/1.")},
        params=MeasureParams,
        resources=Resources(cores=1, ram_mb=512),
        seeded=False,
        description="Measures loudness, range, true peak, silence and clipping of a sound.",
    )
    yield Stage(
        capability="video.mux",
        provider=PROVIDER,
        version=1,
        run="farm_finish.audio.mux:run",
        inputs={
            "video": Port(MediaKind.VIDEO, description="Its pictures are copied as they are."),
            "audio": Port(MediaKind.AUDIO, description="Cut to the length of the pictures."),
        },
        outputs={"video": Port(MediaKind.VIDEO, description="MP4 (index in front) or Matroska.")},
        params=MuxParams,
        resources=Resources(cores=1, ram_mb=512),
        seeded=False,
        description="Puts sound to pictures in exact sync; no picture is encoded again.",
    )
