"""Films of one or two pictures, which end before an encoder knows its own delay."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from farm_finish.deliver.packets import encoded
from farm_finish.deliver.quality import add_video
from farm_finish.params import EncodeParams
from farm_finish.timeline.encoder import flat_frame

FPS = Fraction(25)
TURNS = 200
"""What lies in memory is often zero in the first turns of a process."""


def film(codec: str, pictures: int) -> bytes:
    held = io.BytesIO()
    with av.open(held, "w", format="mp4", options={"fflags": "+bitexact"}) as output:
        stream = None
        for index in range(pictures):
            frame = flat_frame(160, 96)
            frame.pts, frame.time_base = index, 1 / FPS
            stream = stream or add_video(output, EncodeParams(codec=codec), frame, FPS)
            output.mux(encoded(stream, frame))
        assert stream is not None
        output.mux(encoded(stream, None))
    return held.getvalue()


@pytest.mark.parametrize("pictures", [1, 2, 3])
def test_a_short_film_in_h265_is_the_same_each_time_and_begins_at_zero(pictures: int) -> None:
    [made] = {film("h265", pictures) for _ in range(TURNS)}
    with av.open(io.BytesIO(made)) as container:
        shown = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert shown == [index / FPS for index in range(pictures)]


@pytest.mark.parametrize("codec", ["h264", "av1"])
def test_other_encoders_tell_their_own_times(codec: str) -> None:
    with av.open(io.BytesIO(film(codec, 2))) as container:
        shown = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert shown == [Fraction(0), 1 / FPS]
