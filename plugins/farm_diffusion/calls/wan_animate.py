"""Wan-Animate a window at a time: ``character.animate`` and ``character.replace``.

Invariant: window after window gives what the pipeline's own loop over segments gives, bit for bit
where it gets the same noise; but each window has a seed of its own and begins from the stored end
of the one before, so it can be made again alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from farm import InputError
from farm_diffusion.calls.chain import at_least, part_of, span_of
from farm_diffusion.calls.directions import directed
from farm_diffusion.calls.faces import boxes_of, face_film, no_face
from farm_diffusion.calls.tail import stored, taken_over

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

STEP, PLUS = 4, 1
LEAD = 5
"""Frames that it goes on from; it was trained for 1 and 5."""


class _AsDecoded:
    """A pipeline's video processor that gives frames as the VAE gave them, not cut to 0 and 1."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def postprocess_video(self, video: Any, output_type: str = "np", **_: Any) -> Any:
        """``video`` (1, C, T, H, W) as frames (T, C, H, W)."""
        return video[0].transpose(0, 1)


@contextmanager
def segment(pipe: Any, tail: Any | None, start: int) -> Iterator[None]:
    """Inside, one call of ``pipe`` makes the segment that begins at ``start`` and follows ``tail``.

    tail : frames (T, C, H, W), -1 to 1, that the segment begins with; ``None`` for the first. The
    call's ``frames`` are as decoded: a tensor (T, C, H, W).
    """
    own, prepare = pipe.video_processor, pipe.prepare_prev_segment_cond_latents

    def going_on(prev_segment_cond_video: Any = None, *args: Any, **named: Any) -> Any:
        if tail is not None:
            device = named.get("device") or pipe._execution_device
            prev_segment_cond_video = tail.transpose(0, 1)[None].to(device)
            named["start_frame"] = start
        return prepare(prev_segment_cond_video, *args, **named)

    pipe.video_processor = _AsDecoded(own)
    pipe.prepare_prev_segment_cond_latents = going_on
    try:
        yield
    finally:
        pipe.video_processor = own
        del pipe.prepare_prev_segment_cond_latents


def animate(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window of ``character.animate``, and the tail for the next."""
    return _made(shot, "animate", lambda film: {})


def replace_person(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window of ``character.replace``: the film stays where ``matte`` is black."""

    def around(film: Any) -> dict[str, Any]:
        return {"background_video": film("video"), "mask_video": film("matte")}

    return _made(shot, "replace", around)


def _made(shot: Shot, mode: str, more: Any) -> Mapping[str, Any]:
    window, tail = shot.task.window, taken_over(shot)
    span = span_of(window, shot.task.params.overlap, lead=LEAD, step=STEP, plus=PLUS)
    # The pipeline counts one segment too many unless it is longer than twice its lead.
    span = replace(span, made=at_least(max(span.made, 2 * (span.lead or 1) + 1), STEP, PLUS))
    first = span.start - window.start

    def film(port: str) -> list[Any]:
        return part_of(
            needed(shot, port, "a film", "Draw the pose with pose.render"), first, span.made
        )

    with segment(shot.pipe, None if tail is None else tail[-span.lead :], span.start):
        made = shot.generate(
            prompt=directed(shot),
            mode=mode,
            pose_video=film("control"),
            face_video=part_of(_faces(shot), first, span.made),
            segment_frame_length=span.made,
            prev_segment_conditioning_frames=span.lead or 1,
            **more(film),
        ).frames
    frames, seen = joined(made[span.lead : span.lead + span.fresh], tail)
    return {"frames": seen, "tail": stored(shot, frames)}


def joined(fresh: Any, tail: Any | None) -> tuple[Any, Any]:
    """A window's frames (T, C, H, W), as decoded, and as they are seen, 0 to 1."""
    import torch

    frames = fresh.cpu()
    if tail is not None:
        frames = torch.cat([tail.to(frames.dtype), frames])
    return frames, (frames.float() / 2 + 0.5).clamp(0, 1)


def _faces(shot: Shot) -> list[Any]:
    """The performer's face in each frame of the window."""
    side, window = shot.pipe.transformer.config.motion_encoder_size, shot.task.window
    performer, found = _performer(shot), shot.given.get("motion_face")
    if not performer or found is None:
        return no_face(window.frames, side)
    boxes = boxes_of(found, shot.settings.fps, range(window.start, window.stop))
    return face_film(performer, boxes, side)


def _performer(shot: Shot) -> Any:
    """The film in which the performer is seen: that of the motion, or the one that is changed."""
    return shot.given.get("motion") or shot.given.get("video")


def needed(shot: Shot, port: str, what: str, mend: str) -> Sequence[Any]:
    """The pictures of a film that this provider cannot do without. Raises InputError."""
    pictures: Sequence[Any] = shot.given.get(port) or ()
    if not pictures:
        raise InputError(
            "is needed by this provider",
            where=port,
            expected=what,
            mend=f"{mend}, or choose another provider.",
            code="diffusion.no-film",
        )
    return pictures
