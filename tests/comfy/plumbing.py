"""The nodes that only move pictures and sounds about, done for real.

Invariant: pictures are ``uint8 (T, H, W, 3)`` RGB, masks ``uint8 (T, H, W)``, sound ``float32
(channels, samples)``; what a file holds is what the next node gets, and a saved video has exactly
the frames it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from .running import NodeRun, Slot

FILTERS = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
Given = dict[str, Any]
_CODECS = {"flac": ("flac", "s16"), "mp3": ("libmp3lame", "fltp"), "opus": ("libopus", "s16")}


@dataclass(frozen=True, slots=True)
class Sound:
    """samples : float32 (channels, n)."""

    samples: np.ndarray
    rate: int


@dataclass(frozen=True, slots=True)
class Film:
    """Pictures with a rate and perhaps a sound."""

    images: np.ndarray
    fps: Fraction
    sound: Sound | None = None


def load_image(run: NodeRun, given: Given) -> tuple[Any, ...]:
    picture = Image.open(run.root / "input" / given["image"])
    alpha = np.asarray(picture.convert("RGBA"))[None, :, :, 3]
    return np.asarray(picture.convert("RGB"))[None], 255 - alpha


def load_video(run: NodeRun, given: Given) -> tuple[Any, ...]:
    path = run.root / "input" / given["file"]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = Fraction(stream.average_rate or 16)
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    return (Film(np.stack(frames), rate, _sound(path)),)


def load_audio(run: NodeRun, given: Given) -> tuple[Any, ...]:
    sound = _sound(run.root / "input" / given["audio"])
    if sound is None:
        raise ValueError("No audio stream found in the file.")
    return (sound,)


def _sound(path: Path) -> Sound | None:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", rate=stream.rate)
        parts = [
            made.to_ndarray()
            for frame in container.decode(stream)
            for made in resampler.resample(frame)
        ]
    return Sound(np.concatenate(parts, axis=1), stream.rate) if parts else None


def components(run: NodeRun, given: Given) -> tuple[Any, ...]:
    film: Film = given["video"]
    return film.images, film.sound, float(film.fps), 8, "sRGB"


def create_video(run: NodeRun, given: Given) -> tuple[Any, ...]:
    rate = Fraction(given["fps"]).limit_denominator(1001)
    return (Film(given["images"], rate, given.get("audio")),)


def scale(run: NodeRun, given: Given) -> tuple[Any, ...]:
    images, width, height = given["image"], given["width"], given["height"]
    if not width and not height:
        return (images,)
    _, tall, wide, _ = images.shape
    width = width or max(1, round(wide * height / tall))
    height = height or max(1, round(tall * width / wide))
    if given["crop"] == "center":
        if wide / tall > width / height:
            kept = round(wide - (wide - tall * width / height))
            images = images[:, :, (wide - kept) // 2 : (wide - kept) // 2 + kept]
        else:
            kept = round(tall - (tall - wide * height / width))
            images = images[:, (tall - kept) // 2 : (tall - kept) // 2 + kept]
    return (resized(images, width, height, FILTERS[given["upscale_method"]]),)


def resized(
    images: np.ndarray, width: int, height: int, how: Image.Resampling = Image.Resampling.BOX
) -> np.ndarray:
    """Pictures at another size, stretched."""
    if images.shape[1:3] == (height, width):
        return images
    return np.stack(
        [np.asarray(Image.fromarray(image).resize((width, height), how)) for image in images]
    )


def from_batch(run: NodeRun, given: Given) -> tuple[Any, ...]:
    images = given["image"]
    start = given["batch_index"]
    start = min(len(images) - 1, start) if start >= 0 else max(0, len(images) + start)
    return (images[start : start + given["length"]],)


def batch(run: NodeRun, given: Given) -> tuple[Any, ...]:
    first, second = given["image1"], given["image2"]
    height, width = first.shape[1:3]
    return (np.concatenate([first, resized(second, width, height)]),)


def empty(run: NodeRun, given: Given) -> tuple[Any, ...]:
    colour = given["color"]
    rgb = [colour >> 16 & 255, colour >> 8 & 255, colour & 255]
    shape = (given["batch_size"], given["height"], given["width"], 3)
    return (np.broadcast_to(np.array(rgb, np.uint8), shape),)


def repeat(run: NodeRun, given: Given) -> tuple[Any, ...]:
    return (np.repeat(given["image"], given["amount"], axis=0),)


def image_to_mask(run: NodeRun, given: Given) -> tuple[Any, ...]:
    return (given["image"][..., ["red", "green", "blue"].index(given["channel"])],)


def mask_to_image(run: NodeRun, given: Given) -> tuple[Any, ...]:
    return (np.repeat(given["mask"][..., None], 3, axis=3),)


def canny(run: NodeRun, given: Given) -> tuple[Any, ...]:
    grey = given["image"].astype(np.int16).mean(axis=3)
    edges = np.abs(np.gradient(grey, axis=1)) + np.abs(np.gradient(grey, axis=2))
    found = (edges > 255 * given["low_threshold"] / 4).astype(np.uint8) * 255
    return (np.repeat(found[..., None], 3, axis=3),)


def save_image(run: NodeRun, given: Given) -> tuple[Any, ...]:
    run.writable()
    files = []
    for image in given["images"]:
        path, told = _free(run, given["filename_prefix"], ".png", tail="_")
        Image.fromarray(image).save(path)
        files.append(told)
    return given["images"], Slot({"images": files})


def save_video(run: NodeRun, given: Given) -> tuple[Any, ...]:
    run.writable()
    film: Film = given["video"]
    kind = given.get("format", "auto")
    suffix = f".{kind}" if kind in ("mp4", "mkv", "webm") else ".mp4"
    path, told = _free(run, given["filename_prefix"], suffix, tail="_")
    write_film(path, film)
    return film, Slot({"images": [told], "animated": [True]})


def save_audio(kind: str) -> Callable[[NodeRun, Given], tuple[Any, ...]]:
    """A node that saves ``flac``, ``mp3`` or ``opus``, or whatever its ``format`` says."""

    def save(run: NodeRun, given: Given) -> tuple[Any, ...]:
        run.writable()
        ending = given.get("format", kind)
        path, told = _free(run, given["filename_prefix"], f".{ending}", tail="")
        write_sound(path, given["audio"], ending)
        return given["audio"], Slot({"audio": [told]})

    return save


def preview_audio(run: NodeRun, given: Given) -> tuple[Any, ...]:
    run.writable()
    path, told = _free(run, "ComfyUI_temp_abcde", ".flac", tail="", kind="temp")
    write_sound(path, given["audio"], "flac")
    return given["audio"], Slot({"audio": [told]})


def write_sound(path: Path, sound: Sound, kind: str) -> None:
    """Write FLAC, MP3 or Opus."""
    codec, form = _CODECS[kind]
    with av.open(str(path), "w") as container:
        # Opus has few rates; 48 kHz is the one that holds every other.
        rate = 48_000 if kind == "opus" else sound.rate
        stream = container.add_stream(codec, rate=rate, layout=_layout(sound))
        _write_sound(container, stream, sound, form)


def write_film(path: Path, film: Film) -> None:
    """Write H.264 with AAC."""
    height, width = film.images.shape[1:3]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=film.fps)
        stream.width, stream.height = width - width % 2, height - height % 2
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "20"}
        stream.thread_count = 1
        sound = None
        if film.sound is not None:
            # Now, because the first picture opens every stream's codec.
            heard = film.sound
            sound = container.add_stream("aac", rate=heard.rate, layout=_layout(heard))
        for image in film.images:
            cut = np.ascontiguousarray(image[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cut, format="rgb24")))
        container.mux(stream.encode())
        if film.sound is not None and sound is not None:
            _write_sound(container, sound, film.sound, "fltp")


def _layout(sound: Sound) -> str:
    return "mono" if len(sound.samples) == 1 else "stereo"


def _write_sound(container: Any, stream: Any, sound: Sound, form: str) -> None:
    layout = _layout(sound)
    resampler = av.AudioResampler(format=form, layout=layout, rate=stream.rate)
    for start in range(0, sound.samples.shape[1], 1024):
        piece = np.ascontiguousarray(sound.samples[:2, start : start + 1024], np.float32)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = sound.rate, start
        for made in resampler.resample(frame):
            container.mux(stream.encode(made))
    container.mux(stream.encode())


def _free(
    run: NodeRun, prefix: str, suffix: str, tail: str, kind: str = "output"
) -> tuple[Path, dict[str, str]]:
    prefix = prefix.lstrip("/")
    if ".." in prefix:
        raise ValueError("Saving image outside the output folder is not allowed.")
    folder = (run.root / kind / prefix).parent
    folder.mkdir(parents=True, exist_ok=True)
    stem = Path(prefix).name
    number = 1
    while (path := folder / f"{stem}_{number:05}{tail}{suffix}").exists():
        number += 1
    path.touch()
    subfolder = str(Path(prefix).parent)
    subfolder = "" if subfolder == "." else subfolder
    return path, {"filename": path.name, "subfolder": subfolder, "type": kind}


NODES = {
    "LoadImage": load_image,
    "LoadVideo": load_video,
    "LoadAudio": load_audio,
    "GetVideoComponents": components,
    "CreateVideo": create_video,
    "ImageScale": scale,
    "ImageFromBatch": from_batch,
    "ImageBatch": batch,
    "EmptyImage": empty,
    "RepeatImageBatch": repeat,
    "ImageToMask": image_to_mask,
    "MaskToImage": mask_to_image,
    "Canny": canny,
    "SaveImage": save_image,
    "SaveVideo": save_video,
    "SaveAudio": save_audio("flac"),
    "SaveAudioMP3": save_audio("mp3"),
    "SaveAudioOpus": save_audio("opus"),
    "SaveAudioAdvanced": save_audio("flac"),
    "PreviewAudio": preview_audio,
}
