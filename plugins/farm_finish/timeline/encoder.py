"""The encoder of rendered pieces: delivery settings, and parameter sets under a number of its own.

Invariant: every window of a film is encoded with the same settings and the same parameter sets.
"""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm import FarmError
from farm_finish.deliver.packets import encoded
from farm_finish.deliver.quality import ENCODERS, Coding, dress, settings
from farm_finish.params import EncodeParams
from farm_finish.timeline.model import Timeline
from farm_finish.timeline.parameter_sets import Setup, setup_of

KEY_FRAME = 1
"""Picture type of a frame that the encoder must begin anew with."""


def add_encoder(
    output: OutputContainer, params: EncodeParams, first: VideoFrame, fps: Fraction, number: int
) -> VideoStream:
    """A video track for frames like ``first``. number : of its parameter sets, for H.264."""
    named = (f"sps-id={number}",) if number else ()
    options = settings(params, fps, Coding(mastered=named), (first.width, first.height))
    if params.codec != "av1":
        options["forced-idr"] = "1"
    stream = output.add_stream(ENCODERS[params.codec], rate=fps, options=options)
    dress(stream, first, fps, Coding().tags)
    if params.codec == "h265":
        stream.codec_context.codec_tag = "hvc1"  # What Apple's players look for.
    return stream


def own_setup(params: EncodeParams, timeline: Timeline, number: int) -> Setup:
    """The parameter sets that the encoder writes for pictures of a timeline."""
    frame = flat_frame(timeline.width, timeline.height)
    frame.pts, frame.time_base = 0, 1 / timeline.fps
    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as output:
        stream = add_encoder(output, params, frame, timeline.fps, number)
        for packet in [*encoded(stream, frame), *encoded(stream, None)]:
            output.mux(packet)
    held.seek(0)
    with av.open(held) as container:
        context = container.streams.video[0].codec_context
        codec = container.streams.video[0].codec.canonical_name
        setup = setup_of(codec, bytes(context.extradata or b""))
    if setup is None:
        raise FarmError("the encoder wrote no parameter sets", where=params.codec)
    return setup


def flat_frame(width: int, height: int) -> VideoFrame:
    """A black picture in delivery form."""
    rows = np.full((height * 3 // 2, width), 128, np.uint8)
    rows[:height] = 16
    frame = VideoFrame.from_ndarray(rows, format="yuv420p")
    return frame
