"""Wan-Animate-2 a window at a time: the performer's film itself drives the character.

Invariant: as for Wan-Animate: a window is one segment that begins with the stored end of the one
before, and what was changed in the pipeline's blocks for it is put back, whatever happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from farm_diffusion.calls.chain import part_of, span_of
from farm_diffusion.calls.directions import directed
from farm_diffusion.calls.tail import stored, taken_over
from farm_diffusion.calls.wan_animate import joined, needed

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

STEP, PLUS = 4, 1
LEAD = 1


def call(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window, and the tail for the next."""
    window, tail = shot.task.window, taken_over(shot)
    span = span_of(window, shot.task.params.overlap, lead=LEAD, step=STEP, plus=PLUS)
    film = needed(shot, "motion", "the performer's film", "Send a motion")
    wanted = shot.settings.values["compile"]
    with (
        compiled(shot.pipe.transformer, wanted == "on" or (_on_card(shot) and wanted == "auto")),
        segment(shot.pipe, None if tail is None else tail[-span.lead :]) as made,
    ):
        shot.generate(
            prompt=directed(shot),
            driving_video=part_of(film, span.start - window.start, span.made),
            segment_frame_length=span.made,
            prev_segment_conditioning_frames=span.lead or 1,
            max_sequence_length=shot.pipe.transformer.config.text_len,
            output="videos",
        )
    frames, seen = joined(made["frames"][span.lead : span.lead + span.fresh], tail)
    return {"frames": seen, "tail": stored(shot, frames)}


def _on_card(shot: Shot) -> bool:
    return bool(shot.task.device.startswith("cuda"))


@contextmanager
def compiled(network: Any, wanted: bool) -> Iterator[None]:
    """Inside, the network's blocks are compiled: its attention would else hold the scores of all
    pairs of tokens at once."""
    if not wanted:
        yield
        return
    network.compile_repeated_blocks()
    try:
        yield
    finally:
        for part in network.modules():
            part._compiled_call_impl = None


@contextmanager
def segment(pipe: Any, tail: Any | None) -> Iterator[dict[str, Any]]:
    """Inside, one call of ``pipe`` makes the segment that follows ``tail`` (T, C, H, W), -1 to 1.

    Yields a dictionary that has its ``frames`` (T, C, H, W), as decoded, after the call.
    """
    loop = next(
        block.sub_blocks
        for block in _blocks(pipe._blocks)
        if "prev_frames" in (getattr(block, "sub_blocks", None) or {})
    )
    before, decode, found = loop["prev_frames"], loop["decode"], dict[str, Any]()
    for step in loop.values():
        if hasattr(step, "set_progress_bar_config"):
            step.set_progress_bar_config(disable=True)

    def going_on(components: Any, state: Any, k: int) -> Any:
        if tail is not None:
            state.out_frames = tail.transpose(0, 1)[None].to(components._execution_device)
            k += 1
        return before(components, state, k=k)

    def decoded(components: Any, state: Any, k: int) -> Any:
        components, state = decode(components, state, k=k)
        found["frames"] = state.out_frames[0].transpose(0, 1)
        return components, state

    loop["prev_frames"], loop["decode"] = _Step(before, going_on), _Step(decode, decoded)
    try:
        yield found
    finally:
        loop["prev_frames"], loop["decode"] = before, decode


class _Step:
    """A block that tells the same of itself as ``own`` and does something else."""

    def __init__(self, own: Any, act: Callable[..., Any]) -> None:
        self._own, self._act = own, act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._act(*args, **named)


def _blocks(block: Any) -> Iterator[Any]:
    yield block
    for part in (getattr(block, "sub_blocks", None) or {}).values():
        yield from _blocks(part)
