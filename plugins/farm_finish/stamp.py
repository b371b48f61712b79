"""Provenance written into a finished MP4 without encoding it again.

Invariant: packets and their times stay as they are; only the container's tags change.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from farm.media.source import opened
from farm_finish.delivery import delivered


def stamp(source: Path, target: Path, tags: Mapping[str, str]) -> None:
    """Copy the MP4 ``source`` to ``target`` with ``tags`` added to those it has.

    Raises
    ------
    farm.InputError : ``source`` is no media file.
    """
    with opened(source) as container:
        # Tags of the container format itself describe the old file, not its content.
        kept = {
            name: text
            for name, text in container.metadata.items()
            if name not in ("major_brand", "minor_version", "compatible_brands", "encoder")
        }
        video = container.streams.video
        timescale = video[0].time_base.denominator if video and video[0].time_base else None
        with delivered(target, {**kept, **tags}, timescale) as output:
            if chapters := container.chapters():
                output.set_chapters(chapters)
            streams = {}
            for stream in container.streams:
                if stream.type in ("video", "audio", "subtitle"):
                    streams[stream.index] = output.add_stream_from_template(stream, opaque=True)
                    streams[stream.index].time_base = stream.time_base
            for packet in container.demux():
                if packet.size and packet.stream_index in streams:
                    packet.stream = streams[packet.stream_index]
                    output.mux(packet)
