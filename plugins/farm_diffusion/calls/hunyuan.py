"""HunyuanVideo 1.5 from a picture, in the size that was asked for.

Invariant: the film has that size; the pipeline itself would take one of its own by the picture's
shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot


def call(shot: Shot) -> Mapping[str, Any]:
    """The film."""
    height, width = shot.settings.height, shot.settings.width
    sizes = shot.pipe.video_processor
    sizes.calculate_default_height_width = lambda **_: (height, width)
    try:
        return {"frames": shot.generate().frames[0]}
    finally:
        del sizes.calculate_default_height_width
