"""Finishing: look at media, encode it for delivery, join segments, choose a poster.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import MediaKind, Port, Resources, Stage, hookimpl
from farm_finish import (
    stages_audio,
    stages_captions,
    stages_deliver,
    stages_frames,
    stages_grade,
    stages_learned,
    stages_normalise,
    stages_onepass,
    stages_quality,
    stages_timeline,
)
from farm_finish.params import EncodeParams, JoinParams, PosterParams, ProbeParams

PROVIDER = "farm_finish"


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The stages of this plugin; of these only the grain of a grade uses the seed."""
    declared = list(_single_steps())
    yield from declared
    yield from stages_onepass.stages(declared)


def _single_steps() -> Iterable[Stage]:
    yield Stage(
        capability="media.probe",
        provider=PROVIDER,
        version=2,
        run="farm_finish.probe:run",
        inputs={"media": Port(MediaKind.ANY, description="A picture, a clip or a sound.")},
        outputs={"facts": Port(MediaKind.DATA, description="JSON, schema farm.media/1.")},
        params=ProbeParams,
        resources=Resources(cores=1, ram_mb=256),
        seeded=False,
        description="Counts frames and tells codec, size, rate, length and colour of a file.",
    )
    yield Stage(
        capability="image.poster",
        provider=PROVIDER,
        version=2,
        run="farm_finish.poster:run",
        inputs={"video": Port(MediaKind.VIDEO)},
        outputs={"image": Port(MediaKind.IMAGE, description="JPEG.")},
        params=PosterParams,
        resources=Resources(cores=1, ram_mb=384),
        seeded=False,
        description="Picks a telling frame of a film, never a black or flat one, as a JPEG.",
    )
    yield Stage(
        capability="video.encode",
        provider=PROVIDER,
        version=3,
        run="farm_finish.encode:run",
        inputs={
            "video": Port(MediaKind.VIDEO),
            "audio": Port(
                MediaKind.AUDIO,
                required=False,
                description="Replaces the sound of the video; cut to its length.",
            ),
        },
        outputs={"video": Port(MediaKind.VIDEO, description="MP4, index in front.")},
        params=EncodeParams,
        resources=Resources(cores=1, ram_mb=1536),
        seeded=False,
        description="Encodes a film for delivery as H.264, H.265 or AV1 with AAC sound.",
    )
    yield Stage(
        capability="video.join",
        provider=PROVIDER,
        version=2,
        run="farm_finish.join:run",
        inputs={
            "segments": Port(
                MediaKind.VIDEO,
                many=True,
                description="In order; same encoder settings, each a closed group of pictures.",
            ),
            "audio": Port(
                MediaKind.AUDIO, required=False, description="Cut to the length of the film."
            ),
        },
        outputs={"video": Port(MediaKind.VIDEO, description="MP4, index in front.")},
        params=JoinParams,
        resources=Resources(cores=1, ram_mb=256),
        seeded=False,
        description="Joins segments into one film by copying packets; nothing is encoded again.",
    )
    yield from stages_audio.stages()
    yield from stages_captions.stages()
    yield from stages_deliver.stages()
    yield from stages_frames.stages()
    yield from stages_learned.stages()
    yield from stages_grade.stages()
    yield from stages_normalise.stages()
    yield from stages_quality.stages()
    yield from stages_timeline.stages()


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """Pipelines of finishing alone, such as any clip to an MP4 with a poster."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_models() -> Iterable[Path]:
    """The models of finishing's own stages."""
    return sorted((Path(__file__).parent / "models").glob("*.toml"))


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Stages whose optional packages are not installed."""
    yield from stages_captions.checks()
    yield from stages_deliver.checks()
    yield from stages_learned.checks()
