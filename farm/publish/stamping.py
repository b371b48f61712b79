"""Provenance inside a film's container, by copying its packets.

Invariant: no picture or sound is encoded again, and equal arguments give equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

STAMPED = (".mp4", ".m4v", ".mov")


def stamp(source: Path, target: Path, metadata: Mapping[str, str]) -> None:
    """Write ``source`` to ``target`` with ``metadata`` added to the container's, index first.

    Raises
    ------
    ValueError : the container cannot be read, or not be copied packet by packet.
    """
    import av

    try:
        _remux(source, target, metadata)
    except av.FFmpegError as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _remux(source: Path, target: Path, metadata: Mapping[str, str]) -> None:
    import av

    options = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}
    form = "mov" if target.suffix.lower() == ".mov" else "mp4"
    with (
        av.open(str(source)) as read,
        av.open(str(target), "w", format=form, options=options) as write,
    ):
        copied = [s for s in read.streams if s.type in ("video", "audio", "subtitle")]
        streams = {}
        for stream in copied:
            streams[stream.index] = write.add_stream_from_template(stream, opaque=True)
            streams[stream.index].metadata.update(stream.metadata)
        write.metadata.update({**read.metadata, **metadata})
        if chapters := read.chapters():
            write.set_chapters(chapters)
        for packet in read.demux(copied):
            if packet.dts is None:
                continue  # the demuxer's flush
            packet.stream = streams[packet.stream.index]
            write.mux(packet)
