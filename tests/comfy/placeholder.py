"""The nodes that need a model: they keep the true frame counts and sizes and draw a marked pattern.

Invariant: a latent of ``n`` frames decodes to ``4 (n - 1) + 1`` pictures, trims, offsets and chunks
count as on a real server, and every picture says ``PLACEHOLDER`` so that nobody takes it for a render;
a sound is a plain tone.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from .plumbing import Sound, resized
from .running import NodeRun, OutOfMemory

Given = dict[str, Any]
SOUND_RATE, SOUND_STEP = 44_100, 2048
"""Samples a second, and samples of one latent, of a model that makes sounds."""


@dataclass(frozen=True, slots=True)
class Latent:
    """frames : latent ones, a quarter of the pictures. hints : pictures that shape the pattern.

    start : index of the first picture in the whole film."""

    frames: int
    width: int
    height: int
    seed: int = 0
    start: int = 0
    hints: tuple[np.ndarray, ...] = ()

    @property
    def pictures(self) -> int:
        """How many pictures it decodes to."""
        return max(0, 4 * (self.frames - 1) + 1)


def _named(*names: str) -> Callable[[NodeRun, Given], tuple[Any, ...]]:
    def make(run: NodeRun, given: Given) -> tuple[Any, ...]:
        return ({"model": [given.get(name) for name in names]},)

    return make


def passed(name: str) -> Callable[[NodeRun, Given], tuple[Any, ...]]:
    """A node that hands an input on."""
    return lambda run, given: (given[name],)


def encode_audio(run: NodeRun, given: Given) -> tuple[Any, ...]:
    sound: Sound = given["audio"]
    return ({"seconds": sound.samples.shape[1] / sound.rate},)


def animate(run: NodeRun, given: Given) -> tuple[Any, ...]:
    length, offset = given["length"], given["video_frame_offset"]
    before = given.get("continue_motion")
    kept = 0
    if before is not None:
        kept = len(before[-given["continue_motion_max_frames"] :])
        offset = max(0, offset - kept)
    overlap = max(0, ((kept - 1) // 4 + 1) * 4 - 3) if kept else 0
    hints = []
    for name in ("reference_image", "pose_video", "background_video", "face_video"):
        images = given.get(name)
        if images is not None and (name == "reference_image" or len(images) > offset):
            hints.append(images if name == "reference_image" else images[offset : offset + length])
    trim = 1
    latent = Latent((length - 1) // 4 + 1 + trim, given["width"], given["height"], start=offset)
    latent = replace(latent, hints=tuple(hints))
    return given["positive"], given["negative"], latent, trim, overlap, offset + length


def sound_to_video(run: NodeRun, given: Given) -> tuple[Any, ...]:
    before: Latent | None = given.get("video_latent")
    width = before.width if before else given["width"]
    height = before.height if before else given["height"]
    hints = tuple(
        given[name] for name in ("ref_image", "control_video") if given.get(name) is not None
    )
    latent = Latent((given["length"] - 1) // 4 + 1, width, height, hints=hints)
    if before is not None:
        latent = replace(latent, start=before.frames * 4)
    return given["positive"], given["negative"], latent


def image_to_video(run: NodeRun, given: Given) -> tuple[Any, ...]:
    names = ("start_image", "end_image", "ref_image", "control_video")
    hints = tuple(given[name] for name in names if given.get(name) is not None)
    latent = Latent((given["length"] - 1) // 4 + 1, given["width"], given["height"], hints=hints)
    return given["positive"], given["negative"], latent


def sample(run: NodeRun, given: Given) -> tuple[Any, ...]:
    latent: Latent = given["latent_image"]
    seed = given.get("seed", given.get("noise_seed", 0))
    steps = given["steps"]
    first = min(given.get("start_at_step", 0), steps)
    last = min(given.get("end_at_step", steps), steps)
    drawn = replace(latent, seed=latent.seed ^ seed)

    def preview(step: int) -> bytes:
        return jpeg(draw(replace(drawn, frames=1), step))

    run.steps(0, last - first, max(1, last - first), run.step_s, preview)
    return (drawn,)


def decode(run: NodeRun, given: Given) -> tuple[Any, ...]:
    latent: Latent = given["samples"]
    return (np.stack([draw(latent, index) for index in range(latent.pictures)]),)


def encode(run: NodeRun, given: Given) -> tuple[Any, ...]:
    images = given["pixels"]
    frames = (len(images) - 1) // 4 + 1
    return (Latent(frames, images.shape[2], images.shape[1], hints=(images,)),)


def empty_sound(run: NodeRun, given: Given) -> tuple[Any, ...]:
    frames = round(given["seconds"] * SOUND_RATE / SOUND_STEP / 2) * 2
    return (Latent(frames, 64, 64),)


def decode_sound(run: NodeRun, given: Given) -> tuple[Any, ...]:
    latent: Latent = given["samples"]
    pitch_hz = 200 + latent.seed % 400
    moments = np.arange(latent.frames * SOUND_STEP) / SOUND_RATE
    tone = 0.25 * np.sin(2 * np.pi * pitch_hz * moments)
    return (Sound(np.stack([tone, tone]).astype(np.float32), SOUND_RATE),)


def trim_latent(run: NodeRun, given: Given) -> tuple[Any, ...]:
    latent: Latent = given["samples"]
    return (replace(latent, frames=max(0, latent.frames - given["trim_amount"])),)


def cut_latent(run: NodeRun, given: Given) -> tuple[Any, ...]:
    latent: Latent = given["samples"]
    if given["dim"] != "t":
        return (latent,)
    index, amount = given["index"], given["amount"]
    first = min(index, latent.frames - 1) if index >= 0 else max(0, latent.frames + index)
    kept = min(amount, latent.frames - first)
    return (replace(latent, frames=kept, start=latent.start + 4 * first),)


def concat_latent(run: NodeRun, given: Given) -> tuple[Any, ...]:
    first, second = given["samples1"], given["samples2"]
    if given["dim"] == "-t":
        first, second = second, first
    if given["dim"] not in ("t", "-t"):
        return (first,)
    return (replace(first, frames=first.frames + second.frames),)


def pose(run: NodeRun, given: Given) -> tuple[Any, ...]:
    images = given["image"]
    drawn = np.zeros_like(images)
    height, width = images.shape[1:3]
    bright = images.mean(axis=3)
    for index in range(len(images)):
        row = int(bright[index].mean(axis=1).argmax())
        column = int(bright[index].mean(axis=0).argmax())
        drawn[index, row : row + max(1, height // 32)] = (0, 255, 0)
        drawn[index, :, column : column + max(1, width // 32)] = (255, 0, 0)
    return drawn, {"people": []}


def segment(run: NodeRun, given: Given) -> tuple[Any, ...]:
    frames, height, width = given["image"].shape[:3]
    mask = np.zeros((frames, height, width), np.uint8)
    mask[:, height // 4 : height * 3 // 4, width // 4 : width * 3 // 4] = 255
    return (mask,)


def grow(run: NodeRun, given: Given) -> tuple[Any, ...]:
    mask, steps = given["mask"], max(0, min(64, given["expand"]))
    for _ in range(steps):
        wide = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
        mask = np.maximum.reduce(
            [mask, wide[:, :-2, 1:-1], wide[:, 2:, 1:-1], wide[:, 1:-1, :-2], wide[:, 1:-1, 2:]]
        )
    return (mask,)


def blockify(run: NodeRun, given: Given) -> tuple[Any, ...]:
    masks, size = given["masks"], given["block_size"]
    blocks = masks.copy()
    for top in range(0, masks.shape[1], size):
        for left in range(0, masks.shape[2], size):
            part = masks[:, top : top + size, left : left + size]
            blocks[:, top : top + size, left : left + size] = part.max(axis=(1, 2))[:, None, None]
    return (blocks,)


def draw_mask(run: NodeRun, given: Given) -> tuple[Any, ...]:
    images, mask = given["image"], given["mask"]
    colour = np.array([int(part) for part in given["color"].split(",")], np.uint8)
    chosen = mask[: len(images)] if len(mask) > 1 else np.repeat(mask, len(images), axis=0)
    drawn = images.copy()
    drawn[: len(chosen)][chosen > 127] = colour
    return (drawn,)


def lab_steps(run: NodeRun, given: Given) -> tuple[Any, ...]:
    steps = given["steps"]
    shown = jpeg(given["image"][0]) if given.get("preview") else None
    run.steps(0, steps, steps, given["seconds_per_step"], lambda step: shown)
    return (given["image"],)


def lab_fail(run: NodeRun, given: Given) -> tuple[Any, ...]:
    how = given["how"]
    if how == "oom":
        raise OutOfMemory(
            "Allocation on device\nThis error means you ran out of memory on your GPU."
        )
    if how == "disk-full":
        raise OSError(28, "No space left on device")
    if how == "bad-file":
        raise ValueError("No video stream found in the file.")
    raise RuntimeError("lab: raised on purpose")


def draw(latent: Latent, index: int) -> np.ndarray:
    """Picture ``index`` of a latent: its hints in the colours of the seed, a bar that moves, a mark."""
    width, height = latent.width, latent.height
    tint = np.array(
        [latent.seed * 37 % 96, latent.seed * 73 % 96, latent.seed * 11 % 96], np.uint16
    )
    picture = np.full((height, width, 3), 64, np.uint16) + tint
    for hint in latent.hints:
        image = resized(hint[min(index, len(hint) - 1)][None], width, height)[0]
        picture = (picture + image) // 2
    whole = latent.start + index
    bar = whole * 4 % max(1, width)
    picture[:, bar : bar + max(2, width // 32)] = 230
    shown = Image.fromarray(picture.astype(np.uint8))
    ImageDraw.Draw(shown).text((4, 4), f"PLACEHOLDER {whole}", fill=(255, 255, 255))
    return np.asarray(shown)


def jpeg(picture: np.ndarray) -> bytes:
    """A preview of at most 128 pixels."""
    small = Image.fromarray(picture)
    small.thumbnail((128, 128))
    out = io.BytesIO()
    small.save(out, "JPEG")
    return out.getvalue()


NODES = {
    "UNETLoader": _named("unet_name"),
    "CLIPLoader": _named("clip_name"),
    "VAELoader": _named("vae_name"),
    "CLIPVisionLoader": _named("clip_name"),
    "AudioEncoderLoader": _named("audio_encoder_name"),
    "CLIPTextEncode": _named("text"),
    "CLIPVisionEncode": _named("crop"),
    "AudioEncoderEncode": encode_audio,
    "LoraLoaderModelOnly": passed("model"),
    "ModelSamplingSD3": passed("model"),
    "WanAnimateToVideo": animate,
    "WanSoundImageToVideo": sound_to_video,
    "WanSoundImageToVideoExtend": sound_to_video,
    "WanFunInpaintToVideo": image_to_video,
    "Wan22FunControlToVideo": image_to_video,
    "WanFunControlToVideo": image_to_video,
    "WanImageToVideo": image_to_video,
    "WanFirstLastFrameToVideo": image_to_video,
    "KSampler": sample,
    "KSamplerAdvanced": sample,
    "VAEDecode": decode,
    "VAEEncode": encode,
    "EmptyLatentAudio": empty_sound,
    "VAEDecodeAudio": decode_sound,
    "TrimVideoLatent": trim_latent,
    "LatentCut": cut_latent,
    "LatentConcat": concat_latent,
    "DWPreprocessor": pose,
    "DownloadAndLoadSAM2Model": _named("model"),
    "Sam2Segmentation": segment,
    "GrowMask": grow,
    "BlockifyMask": blockify,
    "DrawMaskOnImage": draw_mask,
    "LabSteps": lab_steps,
    "LabFail": lab_fail,
}
