"""The provider of ``depth.estimate`` that asks a network from a local folder.

Invariant: nothing is downloaded and no pickle is read; a family of networks is a row of ``FAMILIES``,
and what its numbers mean is said there and nowhere else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from farm import InputError, MissingExtra, ParameterError, Result, Task
from farm.media.lanczos import resized
from farm_vision.depth.estimate import write_depth
from farm_vision.depth.frames import Estimate, Frame, Power
from farm_vision.depth.params import LearnedDepthParams
from farm_vision.depth.rgb import Rgb, rgb_of

LONGEST = 1536
"""Longer side of the picture that is given to a network, which shrinks it further itself."""
_MARIGOLD = "MarigoldDepthPipeline"


@dataclass(frozen=True, slots=True)
class Family:
    """What the numbers of a network are.

    gives : ``inverse`` (1/distance up to scale and shift), ``metres``, ``canonical`` (1/distance for
    a focal length of the picture's width), or ``order`` (distance up to scale and shift).
    """

    title: str
    gives: str
    confidence: float


FAMILIES: Mapping[str, Family] = {
    "depth_anything": Family("Depth Anything", "inverse", 0.8),
    "depth_anything:metric": Family("Depth Anything, metric", "metres", 0.8),
    "dpt": Family("DPT and MiDaS", "inverse", 0.7),
    "zoedepth": Family("ZoeDepth", "metres", 0.7),
    "glpn": Family("GLPN", "metres", 0.6),
    "depth_pro": Family("Depth Pro", "canonical", 0.85),
    _MARIGOLD: Family("Marigold", "order", 0.75),
}
"""By ``model_type`` in a folder's config.json, or the class in its model_index.json."""

Network = Callable[[Rgb, tuple[int, int]], Power]
"""Gives the numbers of a picture uint8 (H, W, 3) at a size (rows, columns)."""


def run(task: Task[LearnedDepthParams]) -> Result:
    """Estimate depth with the network in the folder of the model that the parameters name."""
    params = task.params
    if not params.model:
        raise ParameterError(
            "names no model",
            where="model",
            expected="the name of a model in the store that is a folder of transformers or diffusers",
            mend="See `farm models ls`, or choose the provider classical.",
            code="depth.no-model",
        )
    folder = task.models.files(params.model)
    family = family_of(folder)
    network = task.models.get(
        f"depth:{params.model}:{params.steps}:{params.fov_deg}:{task.seed}:{task.device}",
        lambda: loaded(folder, task.device, task.threads, params, task.seed),
        size_mb=max(1, sum(file.stat().st_size for file in folder.rglob("*")) >> 20),
    )
    return write_depth(task, partial(maps, network=network, family=family))


def maps(
    frames: Iterable[Frame], network: Network, family: Family
) -> Iterator[tuple[Frame, Estimate]]:
    """The network's map of each frame, as 1/distance."""
    for frame in frames:
        numbers = network(rgb_of(frame.picture, LONGEST), frame.grey.shape)
        if not np.isfinite(numbers).all():
            raise InputError(
                "the network gave no numbers",
                where=f"video, frame {frame.number}",
                expected="finite distances",
                mend="Try it in another precision, or another model.",
                code="depth.not-finite",
            )
        if family.gives in ("metres", "canonical"):
            power = numbers if family.gives == "canonical" else 1 / np.maximum(numbers, 1e-3)
            yield (
                frame,
                Estimate(
                    power.astype(np.float32), family.confidence, family.title, "", metric=True
                ),
            )
        else:
            power = 1 / (0.1 + numbers) if family.gives == "order" else numbers
            power = (power - power.min()).astype(np.float32)
            yield frame, Estimate(power, family.confidence, family.title, "shift")


def family_of(folder: Path) -> Family:
    """The row of ``FAMILIES`` that a folder belongs to.

    Raises
    ------
    InputError : it is no folder of a network for depth that is known here.
    """
    name = ""
    for file, field in (("model_index.json", "_class_name"), ("config.json", "model_type")):
        if (folder / file).is_file():
            config = json.loads((folder / file).read_text(encoding="utf-8"))
            name = str(config.get(field, ""))
            if config.get("depth_estimation_type") == "metric":
                name += ":metric"
            break
    if name not in FAMILIES:
        raise InputError(
            "is no network for depth that is known here",
            where=folder.name,
            expected=", ".join(sorted(FAMILIES)),
            got=name or "no config.json and no model_index.json",
            mend="Name another model of the store.",
            code="depth.unknown-model",
        )
    return FAMILIES[name]


def loaded(
    folder: Path, device: str, threads: int, params: LearnedDepthParams, seed: int
) -> Network:
    """The network of a folder, ready. Raises MissingExtra."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(
            f"the package {error.name} is not installed",
            where=folder.name,
            mend="pip install 'farm[models]'",
            code="extra.models",
        ) from error
    torch.set_num_threads(threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    place = device if torch.cuda.is_available() else "cpu"
    precision = torch.float16 if place.startswith("cuda") else torch.float32
    family = family_of(folder)
    if family.title == "Marigold":
        return _marigold(folder, place, precision, params.steps, seed)
    model: Any = transformers.AutoModelForDepthEstimation.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, dtype=precision
    )
    model = model.to(place).eval()
    prepare = (
        _canonical_pixels(model)
        if family.gives == "canonical"
        else transformers.AutoImageProcessor.from_pretrained(
            folder, local_files_only=True, use_fast=False
        )
    )

    def look(rgb: Rgb, shape: tuple[int, int]) -> Power:
        # ZoeDepth's processor would pad the picture, and its edges are as good without.
        plain = {"do_pad": False} if family.title == "ZoeDepth" else {}
        given = prepare(images=rgb, return_tensors="pt", **plain)
        with torch.inference_mode():
            out = model(given["pixel_values"].to(place, precision))
        numbers = out.predicted_depth.float()
        if family.gives == "canonical":
            numbers = _metric(numbers, out.field_of_view, params.fov_deg)
        sized = torch.nn.functional.interpolate(
            numbers.reshape(1, 1, *numbers.shape[-2:]), size=shape, mode="bilinear"
        )
        return np.asarray(sized[0, 0].cpu().numpy(), np.float32)

    return look


def _canonical_pixels(model: Any) -> Callable[..., Any]:
    """What Depth Pro is given: -1 to 1, square. Its own processor needs another package."""
    import torch

    config = model.config
    side = int(config.patch_size / min(config.scaled_images_ratios))

    def prepare(images: Rgb, return_tensors: str) -> dict[str, Any]:
        pixels = torch.from_numpy(images.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        sized = torch.nn.functional.interpolate(pixels, size=(side, side), mode="bilinear")
        return {"pixel_values": sized}

    return prepare


def _metric(numbers: Any, view: Any, fov_deg: float) -> Any:
    """1/metres of Depth Pro's numbers, by the angle of view that it estimates, or the one given."""
    angle = math.radians(fov_deg if view is None else float(view.reshape(-1)[0]))
    return (numbers * 2 * math.tan(min(max(angle, 0.05), 3.0) / 2)).clamp(1e-4, 1e4)


def _marigold(folder: Path, place: str, precision: Any, steps: int, seed: int) -> Network:
    try:
        from diffusers import MarigoldDepthPipeline
    except ImportError as error:
        raise MissingExtra(
            "the package diffusers is not installed",
            where=folder.name,
            mend="pip install 'farm[models]'",
            code="extra.models",
        ) from error
    import torch

    pipeline = MarigoldDepthPipeline.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, dtype=precision
    ).to(place)
    pipeline.set_progress_bar_config(disable=True)

    def look(rgb: Rgb, shape: tuple[int, int]) -> Power:
        made = pipeline(
            rgb.astype(np.float32) / 255,
            num_inference_steps=steps,
            # The same noise for each frame: what differs between frames is what they show.
            generator=torch.Generator("cpu").manual_seed(seed % 2**63),
            output_type="np",
        )
        return resized(
            np.ascontiguousarray(made.prediction[0, ..., 0], np.float32), shape[1], shape[0]
        )

    return look
