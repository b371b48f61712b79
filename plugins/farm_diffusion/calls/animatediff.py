"""AnimateDiff: films from prompts, and ``character.animate`` by drawn poses.

Invariant: windows of a character are independent of one another, and what they share depends on
the film's frame number only; a film longer than the network knows is denoised in parts together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from farm_diffusion.calls.directions import directed
from farm_diffusion.calls.together import in_parts, noise_of_frames
from farm_diffusion.calls.wan_animate import needed

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot


def text_to_video(shot: Shot) -> Mapping[str, Any]:
    """The film that a prompt describes."""
    values = shot.settings.values
    _placed(shot)
    with in_parts(shot.pipe.unet, axis=2, size=values["part"], overlap=values["part_overlap"]):
        return {"frames": shot.generate().frames[0]}


def animate(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window: they begin as the character's picture and are steered by the pose."""
    window, values, pipe = shot.task.window, shot.settings.values, shot.pipe
    control = needed(shot, "control", "a film of the poses", "Draw the pose with pose.render")
    _placed(shot)
    scale = pipe.vae_scale_factor
    channels = pipe.unet.config.in_channels
    shape = (channels, shot.settings.height // scale, shot.settings.width // scale)
    noise = noise_of_frames(shot.task.seed, window.start, window.stop, shape)
    start = _begun(pipe, shot.given["character"], noise, values["steps"], values["strength"])
    with in_parts(pipe.unet, axis=2, size=values["part"], overlap=values["part_overlap"]):
        made = shot.generate(
            prompt=directed(shot), latents=start, conditioning_frames=list(control)
        )
    return {"frames": made.frames[0]}


def _placed(shot: Shot) -> None:
    """The pipeline builds its network anew, of the picture's and the motion's, in memory."""
    network = shot.pipe.unet
    if not hasattr(network, "_hf_hook"):
        network.to(shot.task.device)


def _begun(pipe: Any, picture: Any, noise: Any, steps: int, strength: float) -> Any:
    """Latents (1, C, T, H, W): the picture in every frame, as noisy as ``strength`` says.

    The pipeline would do the same with noise that depends on a frame's place in the window.
    """
    import torch

    pipe.scheduler.set_timesteps(steps)
    timesteps, _ = pipe.get_timesteps(steps, pipe.scheduler.timesteps, strength, "cpu")
    device, vae = pipe._execution_device, pipe.vae
    with torch.no_grad():
        pixels = pipe.video_processor.preprocess(picture).to(device, vae.dtype)
        clean = vae.encode(pixels).latent_dist.mode().cpu().float() * vae.config.scaling_factor
    noisy = pipe.scheduler.add_noise(clean.expand_as(noise), noise, timesteps[:1])
    return noisy.transpose(0, 1)[None].to(pipe.unet.dtype)
