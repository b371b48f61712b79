"""The provider of ``matte.refine`` that asks ViTMatte from a local folder.

Invariant: nothing is downloaded and no pickle is read.

The network: J. Yao et al., "ViTMatte: Boosting Image Matting with Pretrained Plain Vision
Transformers", 2023.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from farm import InputError, Result, Task
from farm.media.lanczos import resized
from farm_vision.layers.colours import Colours
from farm_vision.layers.networks import place_of, size_mb, transformers_for
from farm_vision.layers.params import ViTMatteParams
from farm_vision.layers.refine import Share, write_refined
from farm_vision.layers.trimap import Trimap


def run(task: Task[ViTMatteParams]) -> Result:
    """Refine the matte with the network in the folder of the model that the parameters name."""
    params = task.params
    folder = task.models.files(params.model)
    network = task.models.get(
        f"vitmatte:{params.model}:{task.device}",
        lambda: ViTMatte(folder, task.device, task.threads),
        size_mb=size_mb(folder),
    )

    def decide(picture: Colours, matte: Share, trimap: Trimap) -> Share:
        return network(picture, trimap, params.side)

    return write_refined(task, decide)


class ViTMatte:
    """The network of a folder, ready."""

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        """Raises MissingExtra."""
        transformers = transformers_for(folder.name, threads)
        self._place, precision = place_of(device)
        self._model: Any = (
            transformers.VitMatteForImageMatting.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=precision
            )
            .to(self._place)
            .eval()
        )
        # The one that works without torchvision.
        self._prepare = transformers.VitMatteImageProcessorPil.from_pretrained(
            folder, local_files_only=True
        )

    def __call__(self, picture: Colours, trimap: Trimap, side: int) -> Share:
        """The matte of a picture, of its size. side : longest that the network is given."""
        import torch

        _, height, width = picture.shape
        scale = min(1.0, side / max(height, width))
        columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
        planes = [_sized(plane, columns, rows) for plane in picture]
        doubt = _sized(trimap * np.float32(255), columns, rows)
        # Values between would be a fourth kind of certainty.
        doubt = np.where(doubt < 1, 0, np.where(doubt > 254, 255, 128)).astype(np.uint8)
        given = self._prepare(images=np.dstack(planes), trimaps=doubt, return_tensors="pt")
        with torch.inference_mode():
            made = self._model(given["pixel_values"].to(self._place, self._model.dtype)).alphas
        matte = made[0, 0, :rows, :columns].float().cpu().numpy()
        if not np.isfinite(matte).all():
            raise InputError(
                "the network gave no numbers",
                where="video",
                expected="a matte of 0 to 1",
                mend="Try another model, or the provider classical.",
                code="matte.not-finite",
            )
        matte = np.ascontiguousarray(matte, np.float32)
        return matte if scale == 1 else np.clip(resized(matte, width, height), 0, 1)


def _sized(plane: np.ndarray, columns: int, rows: int) -> np.ndarray:
    if plane.shape == (rows, columns):
        return plane.astype(np.uint8)
    small = resized(np.ascontiguousarray(plane, np.float32), columns, rows)
    return np.clip(small + np.float32(0.5), 0, 255).astype(np.uint8)
