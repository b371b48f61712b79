"""The stage ``media.probe``: what a file is, found by reading it.

Invariant: the number of frames is counted, never taken from a header.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from farm import MediaFacts, Result, Task
from farm.media.source import opened
from farm_finish.params import ProbeParams

SCHEMA = "farm.media/1"


def run(task: Task[ProbeParams]) -> Result:
    """Write the facts of ``media`` to ``facts``."""
    target: Path = task.output("facts", ".json")
    facts = probe(task.input("media").path)
    target.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"facts": target}


def probe(path: Path) -> dict[str, Any]:
    """Facts of a media file as JSON: ``schema``, ``container``, ``facts``, ``colour``, ``tags``.

    Raises
    ------
    farm.InputError : it is no media file, or its first picture cannot be decoded.
    """
    with opened(path, "media") as container:
        video = container.streams.video[0] if container.streams.video else None
        audio = container.streams.audio[0] if container.streams.audio else None
        length = Fraction(container.duration, 1_000_000) if container.duration else None
        colour: dict[str, int] = {}
        frames, fps = None, None
        if video is not None:
            context = video.codec_context
            packets = (packet for packet in container.demux(video) if packet.size)
            frames = 0
            decoded = False
            for packet in packets:
                # What lies outside of the edit list is decoded, never shown.
                frames += not packet.is_discard
                decoded = decoded or bool(packet.decode())
            if not decoded:
                context.decode(None)
            fps = Fraction(video.average_rate) if video.average_rate else None
            colour = {
                "matrix": int(context.colorspace),
                "primaries": int(context.color_primaries),
                "transfer": int(context.color_trc),
                "range": int(context.color_range),
            }
            if length is None and fps and frames:
                length = frames / fps
        facts = MediaFacts(
            frames=frames,
            fps=fps,
            duration_s=float(length) if length is not None else None,
            width=video.width if video else None,
            height=video.height if video else None,
            sample_rate=audio.rate if audio else None,
            channels=audio.channels if audio else None,
            codec=video.codec.canonical_name if video else None,
            audio_codec=audio.codec.canonical_name if audio else None,
            pixel_format=video.codec_context.pix_fmt if video else None,
        )
        return {
            "schema": SCHEMA,
            "container": container.format.name,
            "facts": facts.record(),
            "colour": colour,
            "tags": dict(container.metadata),
        }
