"""Named qualities as settings of encoders, and the settings that stand in for them.

Invariant: the same settings give the same bytes on any machine: one thread, and no instruction set
whose results differ from the others'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from llvmlite.binding import get_host_cpu_features

from farm import InputError
from farm_finish.params import EncodeParams

ENCODERS = {"h264": "libx264", "h265": "libx265", "av1": "libsvtav1"}
QUALITY: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("h264", "draft"): {"preset": "veryfast", "crf": "26"},
    ("h264", "standard"): {"preset": "medium", "crf": "20"},
    ("h264", "high"): {"preset": "slow", "crf": "16"},
    ("h264", "master"): {"preset": "slow", "crf": "10"},
    ("h265", "draft"): {"preset": "superfast", "crf": "28"},
    ("h265", "standard"): {"preset": "medium", "crf": "23"},
    ("h265", "high"): {"preset": "slow", "crf": "19"},
    ("h265", "master"): {"preset": "slow", "crf": "12"},
    ("av1", "draft"): {"preset": "10", "crf": "38"},
    ("av1", "standard"): {"preset": "8", "crf": "30"},
    ("av1", "high"): {"preset": "5", "crf": "24"},
    ("av1", "master"): {"preset": "5", "crf": "12"},
}
LIMITED_RANGE = 1
_OWN = {"h264": "x264-params", "h265": "x265-params", "av1": "svtav1-params"}
_STEADY = {
    "h264": (),
    "h265": ("pools=none", "frame-threads=1", "log-level=error"),
    "av1": ("lp=1",),
}

_FAR_SEEING = ("medium", "slow", "slower", "veryslow", "placebo")
_FAR, _LEAST_AHEAD = 20, 8
_AHEAD_PIXELS = 100_000_000
"""Pictures that an encoder holds to look ahead, all together: up to 1440p as many as its presets
have, at 2160p twelve, as forty would take a gigabyte."""


@dataclass(frozen=True, slots=True)
class Coding:
    """What beside the parameters decides how pictures are encoded.

    tags : matrix, primaries, transfer. mastered : settings that carry HDR metadata. statistics :
    the file that the first of two passes writes and the second reads. number : of the pass.
    """

    tags: tuple[int, int, int] = (1, 1, 1)
    mastered: tuple[str, ...] = field(default=())
    statistics: Path | None = None
    number: int = 0


def add_video(
    output: OutputContainer,
    params: EncodeParams,
    first: VideoFrame,
    fps: Fraction,
    coding: Coding | None = None,
) -> VideoStream:
    """A new video track of the size and pixel format of ``first``; one thread, steady bytes.

    Raises
    ------
    InputError : the encoder does not take a setting.
    """
    how = coding or Coding()
    options = settings(params, fps, how, (first.width, first.height))
    stream = output.add_stream(ENCODERS[params.codec], rate=fps, options=options)
    dress(stream, first, fps, how.tags)
    if params.codec == "h265":
        stream.codec_context.codec_tag = "hvc1"  # What Apple's players look for.
    try:
        stream.codec_context.open(strict=False)
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(
            "the encoder refuses these settings",
            where=params.codec,
            expected="settings that go together, and pictures of a size it takes",
            got=f"{first.width}x{first.height} {first.format.name}",
            mend="Take a named profile without further settings.",
            code="encode.settings",
        ) from error
    return stream


def dress(
    stream: VideoStream, first: VideoFrame, fps: Fraction, tags: tuple[int, int, int]
) -> None:
    """Size, pixel format, clock and colour of a track, and a single thread."""
    stream.width, stream.height, stream.pix_fmt = first.width, first.height, first.format.name
    context = stream.codec_context
    context.thread_count, context.thread_type = 1, "FRAME"
    context.time_base = 1 / fps
    context.colorspace, context.color_primaries, context.color_trc = tags
    context.color_range = LIMITED_RANGE


def pixel_format(params: EncodeParams) -> str:
    """What the pictures are encoded as."""
    deep = params.bits == "10" or (params.bits == "auto" and params.hdr == "keep")
    return f"yuv{params.chroma}p{'10le' if deep else ''}"


def settings(
    params: EncodeParams, fps: Fraction, coding: Coding, size: tuple[int, int]
) -> dict[str, str]:
    """The encoder's options for these parameters and pictures of that size."""
    options = dict(QUALITY[params.codec, params.profile])
    own = [*_STEADY[params.codec], *coding.mastered]
    if params.preset:
        options["preset"] = params.preset
    if params.crf is not None:
        options["crf"] = str(params.crf)
    if params.bitrate_kbps:
        del options["crf"]
        options["b"] = str(params.bitrate_kbps * 1000)
    if params.cap_kbps:
        options |= {"maxrate": str(params.cap_kbps * 1000), "bufsize": str(params.cap_kbps * 2000)}
    if params.keyframe_s:
        options["g"] = str(max(1, round(Fraction(params.keyframe_s) * fps)))
    ahead = max(_LEAST_AHEAD, _AHEAD_PIXELS // (size[0] * size[1]))
    if params.codec != "av1" and options["preset"] in _FAR_SEEING and ahead < _FAR:
        own.append(f"rc-lookahead={ahead}")
    if coding.number and params.codec == "h264":
        options |= {"flags": f"+pass{coding.number}", "passlogfile": str(coding.statistics)}
    elif coding.number:
        name = str(coding.statistics).replace("\\", "\\\\").replace(":", "\\:")
        own += [f"pass={coding.number}", f"stats={name}"]
    if params.codec == "h264" and get_host_cpu_features().get("avx512f"):
        # With AVX-512, x264 gave other bytes for the same small frames from run to run; SSE4.2 to
        # AVX2 agree to the bit.
        own.append("asm=avx2")
    if own:
        options[_OWN[params.codec]] = ":".join(own)
    return options
