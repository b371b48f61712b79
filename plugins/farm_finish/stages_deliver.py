"""Declarations of the stages that deliver, and whether this machine's card can encode.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

from farm import MediaKind, Port, Resources, Stage
from farm_finish.deliver.params import (
    LadderParams,
    PreviewParams,
    ProresParams,
    SequenceParams,
    SheetParams,
    WaveformParams,
)
from farm_finish.params import EncodeParams

PROVIDER = "farm_finish"
_VIDEO = Port(MediaKind.VIDEO)
_AUDIO = Port(
    MediaKind.AUDIO,
    required=False,
    description="Replaces the sound of the video; cut to its length.",
)


def _ladder_needs(params: LadderParams) -> Resources:
    """Every rung holds the pictures that its encoder looks ahead at; segments lie in scratch."""
    large = not params.heights or max(params.heights) > 1080
    return Resources(cores=1, ram_mb=3072 if large else 1280, disk_mb=4096)


def stages() -> Iterator[Stage]:
    """What a film leaves the farm as; none of them uses the seed."""
    yield Stage(
        capability="video.encode",
        provider="nvenc",
        version=1,
        run="farm_finish.deliver.hardware:run",
        inputs={"video": _VIDEO, "audio": _AUDIO},
        outputs={"video": Port(MediaKind.VIDEO, description="MP4, BT.709, index in front.")},
        params=EncodeParams,
        resources=Resources(cores=1, ram_mb=1024, gpus=1, vram_mb=768),
        preference=-100,
        cacheable=False,
        seeded=False,
        description="Encodes a film on a graphics card; only where it is chosen by name.",
    )
    yield Stage(
        capability="video.prores",
        provider=PROVIDER,
        version=1,
        run="farm_finish.deliver.prores:run",
        inputs={"video": _VIDEO, "audio": _AUDIO},
        outputs={"video": Port(MediaKind.VIDEO, description="ProRes and 24-bit PCM in MOV.")},
        params=ProresParams,
        resources=Resources(cores=1, ram_mb=1024),
        seeded=False,
        description="Masters a film as ProRes 422 LT to 4444, transparency kept in 4444.",
    )
    yield Stage(
        capability="video.sequence",
        provider=PROVIDER,
        version=1,
        run="farm_finish.deliver.sequence:run",
        inputs={"video": _VIDEO},
        outputs={
            "folder": Port(
                MediaKind.ARCHIVE, description="Numbered pictures and sequence.json, as a folder."
            )
        },
        params=SequenceParams,
        resources=Resources(cores=1, ram_mb=1024),
        seeded=False,
        description="Writes a film as numbered PNG, TIFF or EXR pictures.",
    )
    yield Stage(
        capability="video.preview",
        provider=PROVIDER,
        version=1,
        run="farm_finish.deliver.preview:run",
        inputs={"video": _VIDEO},
        outputs={
            "gif": Port(MediaKind.ANY, description="Animated GIF, a palette of its own."),
            "webp": Port(MediaKind.IMAGE, description="Animated WebP."),
        },
        params=PreviewParams,
        resources=Resources(cores=1, ram_mb=768),
        seeded=False,
        description="Shows the beginning of a film as an animated GIF and an animated WebP.",
    )
    yield Stage(
        capability="video.hls",
        provider=PROVIDER,
        version=1,
        run="farm_finish.deliver.hls:run",
        inputs={"video": _VIDEO, "audio": _AUDIO},
        outputs={
            "folder": Port(
                MediaKind.ARCHIVE,
                description="master.m3u8, and a folder of fragmented MP4 for each rung.",
            )
        },
        params=LadderParams,
        resources=_ladder_needs,
        seeded=False,
        description="Writes a film as an HLS ladder: many sizes, one decode, aligned key frames.",
    )
    yield Stage(
        capability="image.contact_sheet",
        provider=PROVIDER,
        version=1,
        run="farm_finish.deliver.contact_sheet:run",
        inputs={"video": _VIDEO},
        outputs={"image": Port(MediaKind.IMAGE, description="PNG.")},
        params=SheetParams,
        resources=Resources(cores=1, ram_mb=512),
        seeded=False,
        description="Lays out pictures of a film with their timecodes on one sheet.",
    )
    yield Stage(
        capability="audio.waveform",
        provider=PROVIDER,
        version=1,
        run="farm_finish.deliver.waveform:run",
        inputs={"media": Port(MediaKind.ANY, description="A sound, or a film with sound.")},
        outputs={"image": Port(MediaKind.IMAGE, description="PNG.")},
        params=WaveformParams,
        resources=Resources(cores=1, ram_mb=512),
        seeded=False,
        description="Draws a sound: peaks, loudness, and where it is at full scale.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """Why this machine cannot encode on a graphics card, if it cannot."""
    if not sys.platform.startswith("linux") or not Path("/dev/nvidiactl").exists():
        yield "video.encode/nvenc", "needs an NVIDIA card; video.encode/farm_finish needs none"
        return
    try:
        ctypes.CDLL("libnvidia-encode.so.1")
    except OSError:
        yield (
            "video.encode/nvenc",
            "needs NVIDIA's encoder, libnvidia-encode.so.1: apt install libnvidia-encode-<version>, "
            "the version being the driver's",
        )
