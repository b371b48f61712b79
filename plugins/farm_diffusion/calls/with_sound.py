"""Films that come with their sound: LTX-2.

Invariant: the sound is as long as the kept frames, to the sample; what the model leaves out at the
end is silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot


def call(shot: Shot) -> Mapping[str, Any]:
    """The film, and its sound as samples (channels, samples) and their rate."""
    made = shot.generate()
    rate = int(shot.pipe.vocoder.config.output_sampling_rate)
    samples = made.audio[0].float().cpu().numpy()
    length = round(shot.settings.frames / shot.settings.fps * rate)
    silence = max(0, length - samples.shape[1])
    sound = np.pad(samples[:, :length], ((0, 0), (0, silence)))
    return {"frames": made.frames[0], "audio": (sound, rate)}
