"""``character.animate`` by Stable Video Diffusion.

Invariant: windows are independent of one another. What they share (the picture, the noise on it, the
noise of a frame) depends on the film's frame number only, so shared frames are alike and the blend
of the windows has little to hide.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm import InputError
from farm_diffusion.calls.together import in_parts, noise_of_frames

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

USUAL = 127
STILL, LIVELY = 32, 640
"""Stable Video Diffusion's measure of motion: for none, and more for each picture's diagonal that
the joints travel in a second. Its usual 127 is a person who walks."""


def animate(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window: they move as much as the pose does, not as it does."""
    import torch

    window, values, pipe = shot.task.window, shot.settings.values, shot.pipe
    # Half of the network's channels are the picture's.
    channels, scale = pipe.unet.config.in_channels // 2, pipe.vae_scale_factor
    shape = (channels, shot.settings.height // scale, shot.settings.width // scale)
    noise = noise_of_frames(shot.task.seed, window.start, window.stop, shape)
    pose = shot.given.get("pose")
    part, overlap = values["part"], values["part_overlap"]
    with in_parts(pipe.unet, axis=1, size=part, overlap=overlap):
        made = shot.generate(
            num_frames=window.frames,
            latents=noise[None].to(pipe.unet.dtype),
            # The noise on the picture is the same in every window.
            generator=torch.Generator("cpu").manual_seed(shot.task.seed),
            motion_bucket_id=values["motion_bucket"] or (motion_of(pose) if pose else USUAL),
            fps=max(1, round(float(shot.settings.fps))),
            # One guidance for all frames: the ramp over a take would differ between windows.
            min_guidance_scale=values["guidance"],
            max_guidance_scale=values["guidance"],
        )
    return {"frames": made.frames[0]}


def motion_of(path: Path) -> int:
    """1 to 255: how much somebody moves in a file of poses.

    Raises
    ------
    InputError : it is no file of poses.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        header = lines[0]
        if header["schema"] != "farm.pose/1":
            raise ValueError(header["schema"])
        diagonal = math.hypot(header["width"], header["height"])
        fps = float(Fraction(str(header["fps"])))
        people = [line["persons"][0]["points"] if line["persons"] else [] for line in lines[1:]]
        paths = [
            math.hypot(a[0] - b[0], a[1] - b[1])
            for before, after in itertools.pairwise(people)
            for a, b in zip(before, after, strict=False)
            if min(a[-1], b[-1]) > 0.5
        ]
    except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError) as error:
        raise InputError(
            "is no file of poses",
            where="pose",
            expected="JSON lines, schema farm.pose/1",
            got=str(error) or type(error).__name__,
            mend="Make it with pose.estimate.",
            code="diffusion.pose",
        ) from error
    speed = sum(paths) / len(paths) * fps / diagonal if paths else 0.0
    return max(1, min(255, round(STILL + LIVELY * speed)))
