"""``image.layers``: the layers of a picture as one archive.

Invariant: every layer has the same size, and the same layers are the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm_diffusion.runtime.write import pixels

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

SCHEMA = "farm.picture-layers/1"
_THEN = (1980, 1, 1, 0, 0, 0)  # A clock's time would make other bytes every time.


def call(shot: Shot) -> Mapping[str, Any]:
    """Takes a picture apart."""
    side = int(shot.settings.values["resolution"])
    made = shot.generate(resolution=side).images[0]
    return {"layers": packed(pixels(made, "layers"), shot.task.scratch / "layers.zip")}


def packed(layers: Sequence[Any], path: Path) -> Path:
    """Write ``layer-00.png``, the lowest, and the others above it, and what they are.

    layers : uint8 (H, W, 4) each.
    """
    from PIL import Image

    names = [f"layer-{number:02}.png" for number in range(len(layers))]
    height, width = layers[0].shape[:2]
    what = {"schema": SCHEMA, "width": width, "height": height, "bottom_to_top": names}
    with zipfile.ZipFile(path, "w") as archive:
        for name, layer in zip(names, layers, strict=True):
            png = io.BytesIO()
            Image.fromarray(layer).save(png, "PNG")
            archive.writestr(zipfile.ZipInfo(name, _THEN), png.getvalue())
        text = json.dumps(what, indent=1)
        archive.writestr(zipfile.ZipInfo("layers.json", _THEN), text)
    return path
