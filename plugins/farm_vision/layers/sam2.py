"""The provider of ``object.track`` that asks SAM 2 from a local folder.

Invariant: nothing is downloaded and no pickle is read; pictures are given one by one, and what the
network no longer looks back at is let go, so memory does not grow with the film.

The network: N. Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024. Its pictures are
prepared here, as its own processor would do (that one needs torchvision): squeezed to a square, with
the mean and the spread that its weights were trained with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from farm import FarmError, Result, Task
from farm.media.planes import Picture
from farm_vision.layers.colours import colours_of
from farm_vision.layers.networks import place_of, size_mb, transformers_for
from farm_vision.layers.params import Sam2Params
from farm_vision.layers.track import Find, write_track

_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_OBJECT = 1


def run(task: Task[Sam2Params]) -> Result:
    """Follow what is clicked with the network in the folder of the model that is named."""
    folder = task.models.files(task.params.model)
    network = task.models.get(
        f"sam2:{task.params.model}:{task.device}",
        lambda: loaded(folder, task.device, task.threads),
        size_mb=size_mb(folder),
    )
    return write_track(task, lambda: Sam2(network))


def loaded(folder: Path, device: str, threads: int) -> Any:
    """The network of a folder, ready. Raises MissingExtra."""
    transformers = transformers_for(folder.name, threads)
    place, precision = place_of(device)
    model = transformers.Sam2VideoModel.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, dtype=precision
    )
    return model.to(place).eval()


class Sam2:
    """Follows one object."""

    def __init__(self, model: Any) -> None:
        self._model = model
        side = model.config.image_size
        self._side = (side, side) if isinstance(side, int) else tuple(side)
        self._session: Any = None
        self._number = 0
        self._size = (0, 0)

    def begin(self, picture: Picture, x: float, y: float, beside: Picture | None) -> Find:
        """See :class:`farm_vision.layers.track.Tracker`."""
        import torch
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        layout, model = picture.layout, self._model
        self._size = layout.height, layout.width
        self._session = Sam2VideoInferenceSession(
            video_height=layout.height,
            video_width=layout.width,
            inference_device=model.device,
            inference_state_device=model.device,
            video_storage_device=model.device,
            dtype=model.dtype,
        )
        place = [x * self._side[1] / layout.width, y * self._side[0] / layout.height]
        index = self._session.obj_id_to_idx(_OBJECT)
        point = {
            "point_coords": torch.tensor([[[place]]], dtype=torch.float32),
            "point_labels": torch.ones((1, 1, 1), dtype=torch.int32),
        }
        self._session.add_point_inputs(index, 0, point)
        self._session.obj_with_new_inputs = [_OBJECT]
        self._number = 0
        return self._look(picture)

    def follow(self, picture: Picture) -> Find:
        """See :class:`farm_vision.layers.track.Tracker`."""
        self._number += 1
        return self._look(picture)

    def _look(self, picture: Picture) -> Find:
        import torch

        with torch.inference_mode():
            out = self._model(
                inference_session=self._session,
                frame=self._pixels(picture),
                frame_idx=self._number,
            )
            wide = torch.nn.functional.interpolate(
                out.pred_masks.float(), size=self._size, mode="bilinear", align_corners=False
            )
            score = float(torch.sigmoid(out.object_score_logits.float()).reshape(-1)[0])
            mask = np.asarray((wide[0, 0] > 0).cpu().numpy(), np.float32)
        self._let_go()
        if not np.isfinite(score):
            raise FarmError(
                "the network gave no numbers",
                where=f"frame {self._number}",
                code="track.not-finite",
            )
        shown = score > 0.5 and bool(mask.any())
        return Find(mask if shown else np.zeros_like(mask), "seen" if shown else "hidden", score)

    def _pixels(self, picture: Picture) -> Any:
        import torch

        colours = torch.from_numpy(colours_of(picture)).to(self._model.device)
        sized = torch.nn.functional.interpolate(
            colours[None].float(), size=self._side, mode="bilinear", antialias=True
        )
        mean, spread = (
            torch.tensor(values, device=sized.device)[:, None, None] for values in (_MEAN, _SPREAD)
        )
        return ((sized / 255 - mean) / spread).to(self._model.dtype)

    def _let_go(self) -> None:
        """Forget what lies further back than the network looks; the click stays."""
        config, session = self._model.config, self._session
        oldest = self._number - max(config.num_maskmem, config.max_object_pointers_in_encoder)
        session.processed_frames.pop(self._number, None)
        for outputs in session.output_dict_per_obj.values():
            outputs["non_cond_frame_outputs"].pop(oldest, None)
        for tracked in session.frames_tracked_per_obj.values():
            tracked.pop(oldest, None)
