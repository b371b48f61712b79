"""Packets of a video encoder, with time stamps that every container takes.

Invariant: films of one or two pictures are the same bytes each time, as longer ones are.
"""

from __future__ import annotations

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_DELAY = 2
"""Pictures after which x265 knows by how much decoding comes before showing."""


def encoded(stream: VideoStream, frame: VideoFrame | None) -> list[Packet]:
    """The packets of the next picture, the first of which has the time 0; with ``None`` those that
    the encoder held back.

    For a film that ends within its delay x265 gives decoding times that lie in memory by chance;
    its pictures are decoded when they are shown.
    """
    packets = stream.encode(frame)
    whole = frame is None and any(packet.pts == 0 for packet in packets)
    if whole and len(packets) <= _DELAY and stream.codec_context.name == "libx265":
        for packet in packets:
            packet.dts = packet.pts
    return packets
