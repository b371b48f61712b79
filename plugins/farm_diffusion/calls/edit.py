"""``image.edit``: pictures changed by an instruction, or painted anew where a mask is white.

Invariant: where a mask is black, the result has the pixels of the first picture, to the bit if that
has the size of the result already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from farm import InputError

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

MOST_PICTURES = 3
"""More than the model was taught to tell apart would be mixed up."""


def instructed(shot: Shot) -> Mapping[str, Any]:
    """The first picture, changed as the prompt says; others are there to take something from."""
    pictures = _at_most(shot.given["images"], MOST_PICTURES)
    made = shot.generate().images[0]
    return {"image": kept(made, pictures[0], shot.given.get("mask"))}


def painted(shot: Shot) -> Mapping[str, Any]:
    """The picture, painted anew under the mask; without a mask, everywhere."""
    from PIL import Image

    (picture,) = _at_most(shot.given["images"], 1)
    mask = shot.given.get("mask")
    everywhere = Image.new("L", picture.size, 255)
    made = shot.generate(image=picture, mask_image=mask or everywhere).images[0]
    return {"image": kept(made, picture, mask)}


def kept(made: Any, before: Any, mask: Any | None) -> Any:
    """``made`` (H, W, 3; 0 to 1) where ``mask`` is white, ``before`` where it is black; greys mix."""
    import numpy as np
    from PIL import Image, ImageOps

    if mask is None:
        return made
    size = made.shape[1], made.shape[0]
    under = ImageOps.fit(before.convert("RGB"), size, Image.Resampling.LANCZOS)
    share = np.asarray(mask.convert("L").resize(size), np.float32)[..., None] / 255
    return made * share + np.asarray(under, np.float32) / 255 * (1 - share)


def _at_most(pictures: Sequence[Any], most: int) -> Sequence[Any]:
    if not 1 <= len(pictures) <= most:
        raise InputError(
            "this provider takes another number of pictures",
            where="images",
            expected="one" if most == 1 else f"1 to {most}",
            got=str(len(pictures)),
            mend="Give fewer of them, or choose another provider.",
            code="diffusion.pictures",
        )
    return pictures
