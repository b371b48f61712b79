"""A picture that speaks what is heard: ``video.speak`` by LTX-2, a window at a time.

Invariant: a window hears the sound of its own frames and goes on from the end of the window before,
so frame ``n`` always moves to the sound at ``n / fps`` seconds, however long the film is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from farm_diffusion.calls.chain import Span, span_of
from farm_diffusion.calls.mel import log_mel
from farm_diffusion.calls.tail import as_pixels, handed_on, taken_over

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

STEP, PLUS = 8, 1
LEAD = 9


def call(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window, and the tail for the next."""
    from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

    window, tail = shot.task.window, taken_over(shot)
    span = span_of(window, shot.task.params.overlap, lead=LEAD, step=STEP, plus=PLUS)
    if tail is None:
        condition = LTX2VideoCondition(frames=shot.given["image"], index=0, strength=1.0)
    else:
        # A picture is compressed as those in training were; what was made before is no such.
        lead = as_pixels(tail[-span.lead :])
        condition = LTX2VideoCondition(frames=lead, index=0, strength=1.0, crf=0)
    made = shot.generate(
        conditions=[condition],
        num_frames=span.made,
        sigmas=levels(shot.settings.values["steps"]),
        freeze_audio=True,
        audio_latents=_heard(shot, span),
        generate_slots=bool(shot.pipe.transformer.config.use_keyframes_abs_pos_embedding),
        output_type="pt",
    ).frames[0]
    return handed_on(shot, tail, made[span.lead : span.lead + span.fresh])


def levels(steps: int) -> list[float]:
    """Noise levels of a distilled model: its own eight, or some of them."""
    from diffusers.pipelines.ltx2.utils import DISTILLED_SIGMA_VALUES

    own = list(DISTILLED_SIGMA_VALUES)
    count = min(steps, len(own))
    return [own[round(at * (len(own) - 1) / max(1, count - 1))] for at in range(count)]


def _heard(shot: Shot, span: Span) -> Any:
    """Latents (1, C, length, bins) of the sound of the made frames; silence where there is none."""
    import torch

    pipe, fps = shot.pipe, float(shot.settings.fps)
    config, sound = pipe.audio_vae.config, np.asarray(shot.given["audio"], np.float32)
    rate, hop = config.sample_rate, config.mel_hop_length
    count = max(1, round(span.made / fps * rate / hop))
    first = round(span.start / fps * rate)
    part = sound[:, first : first + count * hop]
    part = np.pad(part, ((0, 0), (0, count * hop - part.shape[1])))
    stereo = torch.from_numpy(np.repeat(part, 2, axis=0) if len(part) == 1 else part[:2].copy())
    mel = log_mel(stereo, rate, hop, config.mel_bins)[:, :count]
    vae = pipe.audio_vae
    with torch.no_grad():
        given = mel[None].to(pipe._execution_device, vae.dtype)
        return vae.encode(given).latent_dist.mode()
