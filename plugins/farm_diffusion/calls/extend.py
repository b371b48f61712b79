"""Films without an end: ``video.extend`` by SkyReels' diffusion forcing, a window at a time.

Invariant: a window begins with the frames that the one before ended with, as latents that are kept
while the rest is denoised; a picture or the end of a film begins the first in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from farm_diffusion.calls.chain import at_least, span_of
from farm_diffusion.calls.tail import handed_on, taken_over

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

STEP, PLUS = 4, 1
LEAD = 17
"""Frames that it goes on from; it was trained with this many."""


def call(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window, and the tail for the next."""
    tail = taken_over(shot)
    span = span_of(shot.task.window, shot.task.params.overlap, lead=LEAD, step=STEP, plus=PLUS)
    begun, lead, made = None, span.lead, span.made
    if tail is not None:
        begun = tail[-lead:]
    elif film := shot.given.get("video"):
        lead = (min(LEAD, len(film)) - PLUS) // STEP * STEP + PLUS
        begun, made = _tensor(film[-lead:]), at_least(lead + span.fresh, STEP, PLUS)
    elif (image := shot.given.get("image")) is not None:
        begun = _tensor([image])
    with going_on(shot.pipe, begun, made):
        frames = shot.generate(num_frames=made, base_num_frames=made, output_type="pt").frames[0]
    return handed_on(shot, tail, frames[lead : lead + span.fresh])


@contextmanager
def going_on(pipe: Any, frames: Any | None, made: int) -> Iterator[None]:
    """Inside, a call of ``pipe`` makes ``made`` frames that begin with ``frames`` (T, C, H, W),
    0 to 1; as always if there are none."""
    if frames is None:
        yield
        return
    prepare, factor = pipe.prepare_latents, pipe.vae_scale_factor_temporal

    def held(*args: Any, **named: Any) -> Any:
        known = latents_of(pipe, frames)
        named |= {
            "video_latents": known,
            "base_latent_num_frames": (made - 1) // factor + 1,
            "overlap_history_latent_frames": known.shape[2],
            "long_video_iter": 0,
        }
        return prepare(*args, **named)

    pipe.prepare_latents = held
    try:
        yield
    finally:
        del pipe.prepare_latents


def latents_of(pipe: Any, frames: Any) -> Any:
    """Normalised latents (1, C, t, h, w) of frames (T, C, H, W), 0 to 1."""
    import torch

    vae, device = pipe.vae, pipe._execution_device
    film = (frames.float() * 2 - 1).transpose(0, 1)[None].to(device, vae.dtype)
    with torch.no_grad():
        latents = vae.encode(film).latent_dist.mode().float()

    def per_channel(values: Any) -> Any:
        return torch.tensor(values, device=latents.device).view(1, -1, 1, 1, 1)

    return (latents - per_channel(vae.config.latents_mean)) / per_channel(vae.config.latents_std)


def _tensor(pictures: Any) -> Any:
    import numpy as np
    import torch

    stack = np.stack([np.asarray(picture.convert("RGB")) for picture in pictures])
    return torch.from_numpy(stack).permute(0, 3, 1, 2).float() / 255
