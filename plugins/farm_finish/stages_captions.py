"""Declarations of the stages of captions: from speech to what is read.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage, Windowing
from farm.media.service import ADDRESS, configured
from farm_finish.captions.params import (
    BURN_WINDOW,
    BurnParams,
    ReadParams,
    SegmentParams,
    TrackParams,
    TranscribeParams,
    TranslateParams,
    WriteParams,
)
from farm_finish.frames.params import film_frames

PROVIDER = "farm_finish"
_CUES = Port(MediaKind.DATA, description="JSON, schema farm.cues/1.")
_WORDS = Port(MediaKind.DATA, description="JSON, schema farm.words/1.")


def stages() -> Iterator[Stage]:
    """Listen, cut into cues, read and write files, translate, burn in, put beside the pictures."""
    yield Stage(
        capability="speech.transcribe",
        provider="faster_whisper",
        version=1,
        run="farm_finish.captions.transcribe:run",
        inputs={"media": Port(MediaKind.ANY, description="A sound, or a film with sound.")},
        outputs={"words": _WORDS},
        params=TranscribeParams,
        resources=Resources(cores=1, ram_mb=1200),
        models=("whisper-base",),
        model_key=lambda params: "whisper-base",
        seeded=False,
        description="Understands speech, with the moment of every word, by Whisper.",
    )
    yield Stage(
        capability="captions.segment",
        provider=PROVIDER,
        version=1,
        run="farm_finish.captions.segment:run",
        inputs={
            "words": _WORDS,
            "text": Port(
                MediaKind.TEXT,
                required=False,
                description="What is said, as it is to be spelled; the times are those of words.",
            ),
            "video": Port(
                MediaKind.VIDEO, required=False, description="Lines are shorter if it is upright."
            ),
        },
        outputs={"cues": _CUES},
        params=SegmentParams,
        resources=Resources(cores=1, ram_mb=512),
        seeded=False,
        description="Cuts speech into cues by reading speed, at the ends of sentences and clauses.",
    )
    yield Stage(
        capability="captions.read",
        provider=PROVIDER,
        version=1,
        run="farm_finish.captions.files:read",
        inputs={"captions": Port(MediaKind.TEXT, description="SubRip, WebVTT or ASS.")},
        outputs={"cues": _CUES},
        params=ReadParams,
        resources=Resources(cores=1, ram_mb=384),
        seeded=False,
        description="Reads a file of captions, or says which line of it is wrong.",
    )
    yield Stage(
        capability="captions.write",
        provider=PROVIDER,
        version=1,
        run="farm_finish.captions.files:write",
        inputs={"cues": _CUES},
        outputs={
            "srt": Port(MediaKind.TEXT, description="SubRip."),
            "vtt": Port(MediaKind.TEXT, description="WebVTT."),
            "ass": Port(MediaKind.TEXT, description="Advanced SubStation Alpha."),
        },
        params=WriteParams,
        resources=Resources(cores=1, ram_mb=384),
        seeded=False,
        description="Writes captions as SubRip, WebVTT and ASS files.",
    )
    yield Stage(
        capability="captions.translate",
        provider="openai_compatible",
        version=1,
        run="farm_finish.captions.translate:run",
        inputs={"cues": _CUES},
        outputs={"cues": _CUES},
        params=TranslateParams,
        resources=Resources(cores=1, ram_mb=384),
        seeded=False,
        description="Translates captions by an OpenAI-compatible service, times as they are.",
    )
    yield Stage(
        capability="captions.burn",
        provider=PROVIDER,
        version=1,
        run="farm_finish.captions.burn:run",
        inputs={
            "video": Port(MediaKind.VIDEO),
            "cues": _CUES,
            "font": Port(
                MediaKind.ARCHIVE,
                required=False,
                description="A zip archive with the font for what the farm's own lacks.",
            ),
        },
        outputs={
            "segment": Port(MediaKind.VIDEO, description="FFV1 in Matroska, one window."),
            "report": Port(MediaKind.DATA, description="JSON, schema farm.caption-burn/1."),
        },
        params=BurnParams,
        resources=Resources(cores=1, ram_mb=768),
        windows=Windowing(length=film_frames, size=BURN_WINDOW),
        seeded=False,
        description="Draws captions into the pictures; frames without one stay as they are.",
    )
    yield Stage(
        capability="captions.track",
        provider=PROVIDER,
        version=1,
        run="farm_finish.captions.track:run",
        inputs={
            "video": Port(MediaKind.VIDEO, description="Pictures and sound are copied."),
            "cues": Port(
                MediaKind.DATA, many=True, description="JSON, schema farm.cues/1; a track of each."
            ),
        },
        outputs={"video": Port(MediaKind.VIDEO, description="MP4 or Matroska.")},
        params=TrackParams,
        resources=Resources(cores=1, ram_mb=512),
        seeded=False,
        description="Puts captions beside the pictures as tracks that players can show.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """What these stages lack on this machine."""
    if find_spec("faster_whisper") is None:
        yield (
            "speech.transcribe/faster_whisper",
            "faster-whisper is not installed: pip install 'farm[speech]'",
        )
    if not configured()[0]:
        yield (
            "captions.translate/openai_compatible",
            f"no endpoint: set {ADDRESS} to the address of an OpenAI-compatible service",
        )
