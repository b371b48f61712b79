"""Requests for every workflow, and what a graph would make, counted as the nodes count.

The counting follows the nodes of ComfyUI 0.33.0 (``nodes_wan.py``, ``nodes_latent.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from farm import MediaFacts
from farm_comfyui.binding import bind
from farm_comfyui.bound import BoundGraph
from farm_comfyui.requests import ASPECTS, QUALITIES, BindRequest
from farm_comfyui.templates import catalog

PICTURE = MediaFacts(width=1200, height=900)


def assets(name: str, seconds: float) -> dict[str, MediaFacts]:
    """What a workflow takes, ``seconds`` long."""
    film = MediaFacts(
        width=1920, height=1080, duration_s=seconds, fps=Fraction(30000, 1001), audio_codec="aac"
    )
    sound = MediaFacts(duration_s=seconds, sample_rate=44_100, channels=2)
    kinds = {"image": PICTURE, "video": film, "audio": sound}
    template = catalog().get(name)
    return {asset: kinds[said.kind] for asset, said in template.map.assets.items()}


def bound(name: str, seconds: float = 4.0, **more: Any) -> BoundGraph:
    """A bound graph of a workflow; the seed and prompt are always the same."""
    more.setdefault("assets", assets(name, seconds))
    return bind(catalog().get(name), BindRequest(prompt="A woman dances.", seed=42, **more))


def lengths(name: str) -> tuple[float, ...]:
    """Durations worth looking at: at and around the edges of chunks."""
    rule = catalog().get(name).map.length.rule
    if rule == "chunks":
        return (0.3, 77 / 16, 78 / 16, 12.3)
    if rule == "sound":
        return (0.3, 5.0, 5.01, 14.2)
    return (0.3, 3.7, 81 / 16)


def cases() -> Iterator[tuple[str, str, str, float]]:
    """Workflow, quality, aspect and seconds: every combination."""
    for name in catalog().names():
        for quality in QUALITIES:
            for aspect in ASPECTS:
                for seconds in lengths(name):
                    yield name, quality, aspect, seconds


def needed() -> dict[str, set[str]]:
    """Every model file of every workflow, by folder."""
    found: dict[str, set[str]] = {}
    for name in catalog().names():
        for model in catalog().get(name).map.models.values():
            found.setdefault(model.folder, set()).update(model.files.values())
    return found


class Count:
    """What comes out of each node of a graph: frames, latents, or a number."""

    def __init__(self, made: BoundGraph) -> None:
        self.graph = made.graph
        self.frames = {one.asset: one.frames or 1 for one in made.before}
        self.heard = 0
        """The last frame of sound that a sampler's conditioning reaches."""

    def of(self, link: Any) -> int:
        """Of an output of a node; a plain number is itself."""
        if not isinstance(link, list):
            return int(link)
        node, output = link
        body = self.graph[node]
        inputs = body["inputs"]
        act = getattr(self, f"_{body['class_type']}", None)
        if act is None:
            first = next(value for value in inputs.values() if isinstance(value, list))
            return self.of(first)
        return int(act(inputs, output))

    def saved(self, node: str) -> int:
        """The frames in the file of a saving node."""
        return self.of(self.graph[node]["inputs"]["video"])

    def _LoadVideo(self, inputs: Any, _: int) -> int:
        return self.frames[inputs["file"].removeprefix("asset:")]

    def _LoadImage(self, *_: Any) -> int:
        return 1

    def _Sam2Segmentation(self, inputs: Any, _: int) -> int:
        return self.of(inputs["image"])

    def _WanAnimateToVideo(self, inputs: Any, output: int) -> int:
        length = inputs["length"]
        shown, offset = 0, self.of(inputs["video_frame_offset"])
        if "continue_motion" in inputs:
            before = self.of(inputs["continue_motion"])
            shown = min(before, inputs["continue_motion_max_frames"])
            offset = max(0, offset - shown)
        assert self.of(inputs["pose_video"]) >= offset + length, "the motion ends too early"
        assert self.of(inputs["face_video"]) >= offset + length, "the face ends too early"
        latents = (length - 1) // 4 + 1
        shown_latents = (shown - 1) // 4 + 1 if shown else 0
        return {2: latents + 1, 3: 1, 4: max(0, shown_latents * 4 - 3), 5: offset + length}[output]

    def _WanSoundImageToVideo(self, inputs: Any, output: int) -> int:
        self.heard = 80
        return {2: (inputs["length"] - 1) // 4 + 1}[output]

    def _WanSoundImageToVideoExtend(self, inputs: Any, output: int) -> int:
        latents = (inputs["length"] - 1) // 4 + 1
        before = self.of(inputs["video_latent"])
        assert before >= 19, "too little is known of what went before"
        self.heard = max(self.heard, 4 * (before + latents))
        return {2: latents}[output]

    def _WanFunInpaintToVideo(self, inputs: Any, output: int) -> int:
        return {2: (inputs["length"] - 1) // 4 + 1}[output]

    def _Wan22FunControlToVideo(self, inputs: Any, output: int) -> int:
        assert self.of(inputs["control_video"]) >= inputs["length"], "the control ends too early"
        return {2: (inputs["length"] - 1) // 4 + 1}[output]

    def _KSampler(self, inputs: Any, _: int) -> int:
        return self.of(inputs["latent_image"])

    _KSamplerAdvanced = _KSampler

    def _TrimVideoLatent(self, inputs: Any, _: int) -> int:
        return self.of(inputs["samples"]) - self.of(inputs["trim_amount"])

    def _LatentCut(self, inputs: Any, _: int) -> int:
        return min(inputs["amount"], self.of(inputs["samples"]))

    def _LatentConcat(self, inputs: Any, _: int) -> int:
        return self.of(inputs["samples1"]) + self.of(inputs["samples2"])

    def _VAEDecode(self, inputs: Any, _: int) -> int:
        return 4 * (self.of(inputs["samples"]) - 1) + 1

    def _ImageFromBatch(self, inputs: Any, _: int) -> int:
        return min(self.of(inputs["image"]) - self.of(inputs["batch_index"]), inputs["length"])

    def _ImageBatch(self, inputs: Any, _: int) -> int:
        return self.of(inputs["image1"]) + self.of(inputs["image2"])
