"""The stage ``video.encode/nvenc``: the same delivery, encoded by a graphics card.

Invariant: it runs only where it was asked for by name. A card's bytes depend on its generation and
driver, and a result must not depend on the node that happened to make it; so this provider stands
behind the software one, and its output is never taken from an earlier task.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm import InputError, ResourceError, Result, Task
from farm_finish.deliver.quality import dress, pixel_format
from farm_finish.deliver.reading import Upright, Wanted, upright
from farm_finish.deliver.writing import SoundForm, write_film
from farm_finish.params import WORST_CRF, EncodeParams

ENCODERS = {"h264": "h264_nvenc", "h265": "hevc_nvenc", "av1": "av1_nvenc"}
_QUALITY = {
    "draft": {"preset": "p2", "cq": "30"},
    "standard": {"preset": "p5", "cq": "24"},
    "high": {"preset": "p6", "cq": "19"},
    "master": {"preset": "p7", "cq": "12"},
}


def run(task: Task[EncodeParams]) -> Result:
    """Encode ``video`` (and ``audio``, or the video's own sound) to ``video``."""
    target: Path = task.output("video", ".mp4")
    source, params = task.input("video"), task.params
    if params.preset or params.chroma != "420":
        raise InputError(
            "a graphics card does not take this setting",
            where="preset" if params.preset else "chroma",
            expected="no preset, and chroma 420",
            got=params.preset or params.chroma,
            mend="Take it away, or choose the provider farm_finish.",
            code="encode.settings",
        )
    deep = pixel_format(params) != "yuv420p"
    wanted = Wanted(
        lambda _: "p010le" if deep else "yuv420p",
        background=params.background,
        hdr=params.hdr == "keep",
    )
    with upright(source.path, wanted, frames=source.facts.frames or 0) as film:
        add = partial(_add_video, film=film, task=task)
        sound = SoundForm("aac", params.audio_kbps)
        write_film(task, film, target, add, sound, params.metadata)
    task.progress(1, 1)
    return {"video": target}


def settings(params: EncodeParams, fps: Fraction, card: str) -> dict[str, str]:
    """The card's options for these parameters."""
    options = {**_QUALITY[params.profile], "rc": "vbr", "b": "0", "gpu": card}
    if params.crf is not None:
        options["cq"] = str(min(WORST_CRF, params.crf))
    if params.bitrate_kbps:
        del options["cq"]
        options["b"] = str(params.bitrate_kbps * 1000)
    if params.passes == 2:
        options["multipass"] = "fullres"
    if params.cap_kbps:
        options |= {"maxrate": str(params.cap_kbps * 1000), "bufsize": str(params.cap_kbps * 2000)}
    if params.keyframe_s:
        options["g"] = str(max(1, round(Fraction(params.keyframe_s) * fps)))
    return options


def _add_video(
    output: OutputContainer, first: VideoFrame, film: Upright, task: Task[EncodeParams]
) -> VideoStream:
    params = task.params
    options = settings(params, film.fps, task.device.partition(":")[2] or "0")
    try:
        stream = output.add_stream(ENCODERS[params.codec], rate=film.fps, options=options)
        dress(stream, first, film.fps, film.tags)
        if params.codec == "h265":
            stream.codec_context.codec_tag = "hvc1"
        stream.codec_context.open(strict=False)
    except (av.error.FFmpegError, ValueError) as error:
        raise ResourceError(
            "the graphics card does not encode this",
            where=ENCODERS[params.codec],
            expected="a card with that encoder, a driver that fits, and a free session",
            got=f"{first.width}x{first.height} on {task.device}: "
            f"{getattr(error, 'strerror', None) or type(error).__name__}",
            mend="Choose the provider farm_finish.",
            code="encode.no-hardware",
        ) from error
    return stream
