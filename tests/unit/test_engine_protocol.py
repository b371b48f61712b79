"""Messages survive the pipe, in whatever pieces they arrive."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

from hypothesis import given, strategies as st

from farm.domain.media import MediaKind
from farm.engine.protocol import EngineInput, EngineRequest, Lines, send
from farm.stages import Window

MESSAGES = [{"type": "progress", "note": "naïve\n☂"}, {"type": "quit"}, {"n": [1, 2.5, None]}]


@given(st.lists(st.integers(0, 200), max_size=8))
def test_lines_are_put_together_from_any_pieces(cuts: list[int]) -> None:
    stream = b"".join(json.dumps(message).encode() + b"\n" for message in MESSAGES)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    lines = Lines()
    got = [m for a, b in pairwise(edges) for m in lines.feed(stream[a:b])]
    assert got == MESSAGES


def test_a_request_comes_back_as_it_was_but_for_the_limits_the_node_watches() -> None:
    odd = os.fsdecode(b"/in/\xff.mkv")
    request = EngineRequest(
        task_id="job.encode.0",
        number=2,
        stage_id="video.encode/farm_finish",
        version=3,
        params={"crf": 18},
        inputs={"video": [EngineInput(Path(odd), MediaKind.VIDEO, "ab", {"fps": "24"})]},
        seed=5,
        scratch=Path("/scratch"),
        log=Path("/log"),
        window=Window(1, 2, 10, 20),
        threads=4,
    )
    receiver, sender = os.pipe()
    try:
        send(sender, request.record())
        (record,) = Lines().feed(os.read(receiver, 65536))
    finally:
        os.close(receiver)
        os.close(sender)
    assert EngineRequest.from_record(record) == request
