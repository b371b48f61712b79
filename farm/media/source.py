"""Opening media that somebody sent.

Invariant: a file that cannot be read is the submitter's to mend, and the message names the file.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from farm import InputError

_NODES_FAULT = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)


@contextmanager
def opened(path: Path, label: str = "") -> Iterator[InputContainer]:
    """The container at ``path``, closed afterwards.

    Raises
    ------
    InputError : it is no media file, or breaks off or is damaged while it is read.
    """
    try:
        with av.open(str(path)) as container:
            yield container
    except av.error.FFmpegError as error:
        if error.errno in _NODES_FAULT:
            raise  # A disk that is full while the result is written says nothing about the source.
        raise InputError(
            "cannot be read as media",
            where=label or path.name,
            got=str(error.strerror or error),
            mend="Check that the file plays, and send it again.",
            code="media.unreadable",
        ) from error


def video_stream(container: InputContainer, label: str) -> VideoStream:
    """The first video stream.

    Raises
    ------
    InputError : there is none.
    """
    if not container.streams.video:
        raise InputError(
            "has no pictures",
            where=label,
            expected="a video stream",
            got=", ".join(s.type for s in container.streams) or "nothing",
            mend="Send a video file.",
            code="media.no-video",
        )
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1
    return stream


def frame_rate(stream: VideoStream) -> Fraction:
    """Frames per second; 25 when the file does not tell."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate:
            return Fraction(rate)
    return Fraction(25)
