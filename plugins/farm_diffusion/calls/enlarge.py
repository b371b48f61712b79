"""``image.enlarge``: a picture of any size enlarged by four, in squares that are denoised together.

Invariant: the result has four times the width and height, exactly; squares agree in every step where
they overlap, so they leave no border; one that holds the whole picture is as if there were none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from farm_diffusion.calls.together import in_parts

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

TIMES = 4
GRID = 8
"""The network halves a picture three times; of another side the rest would be cut off."""


def call(shot: Shot) -> Mapping[str, Any]:
    """Enlarges the picture. The network sees ``tile`` of its pixels each way at once."""
    import numpy as np
    from PIL import Image

    values, picture = shot.settings.values, shot.given["image"]
    width, height = picture.size
    # The picture is continued by its mirror image to the grid; that is cut off again.
    more = [(0, -side % GRID) for side in (height, width)]
    pixels = np.pad(np.asarray(picture.convert("RGB")), (*more, (0, 0)), mode="symmetric")
    tile, overlap = int(values["tile"]), values["overlap"]
    if max(pixels.shape) > tile:
        shot.pipe.vae.enable_tiling()
    network = shot.pipe.unet
    with (
        in_parts(network, axis=2, size=tile, overlap=overlap),
        in_parts(network, axis=3, size=tile, overlap=overlap),
    ):
        made = shot.generate(image=Image.fromarray(pixels)).images[0]
    return {"image": made[: height * TIMES, : width * TIMES]}
