"""How much truer the learned providers are than the classical ones, as the table of farm_finish.

    python -m tests.benchmarks.learned_quality [--pictures FOLDER] [--frames 9]

Every clip has a known truth: frames are left out and made again, or shrunk (bicubic) and enlarged
again. Clips are rendered by the procedural engine; photographs, if a folder of pictures is given, move
over one another. Needs the models in the store, and imageio-ffmpeg for its libvmaf. Prints Markdown.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from farm.config import load_settings
from farm.media.between import Maker, Motion
from farm.media.film import write_lossless
from farm.media.planes import Layout, Picture, frame_of, picture_of
from farm.models.manifest import load_manifest
from farm.models.store import ModelStore
from farm_finish import farm_models
from farm_finish.frames.enlarge import Enlarger, enlarged as classical
from farm_finish.learned.ncnn_net import NcnnNet
from farm_finish.learned.params import COMPACT, PLUS, RIFE, LearnedSizeParams
from farm_finish.learned.realesrgan import FAMILIES, enlarged as learned
from farm_finish.learned.rife import Rife
from farm_procedural.render.film import Film
from farm_procedural.render.planes import Planes
from farm_procedural.script import Script, Shot
from tests.benchmarks.procedural import everything, usual

WIDTH, HEIGHT, FPS = 448, 256, 24
LAYOUT = Layout(WIDTH, HEIGHT, "yuv420p", matrix=1, primaries=1, transfer=1)
Clip = Callable[[float], Picture]
"""A picture at a moment, in frames."""


@dataclass(frozen=True, slots=True)
class Score:
    """Luma PSNR in decibels, VMAF, and levels by which frames change otherwise than the truth."""

    psnr: float
    vmaf: float
    unrest: float

    def __str__(self) -> str:
        return f"{self.psnr:.2f} dB, {self.vmaf:.1f}, {self.unrest:.2f}"


def main() -> None:
    """Measure every clip and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="folder with two or more photographs")
    parser.add_argument("--frames", type=int, default=9)
    options = parser.parse_args()
    print("| clip | job | provider | classical: PSNR, VMAF, unrest | learned: PSNR, VMAF, unrest |")
    print("|---|---|---|---|---|")
    for name, clip in clips(options.pictures).items():
        for job, provider, plain, ours in jobs(clip, options.frames):
            print(f"| {name} | {job} | `{provider}` | {plain} | {ours} |", flush=True)


def jobs(clip: Clip, frames: int) -> Iterator[tuple[str, str, Score, Score]]:
    """Each job on a clip: what is done, by whom, and the scores of both."""
    truth = [clip(n) for n in range(frames)]
    made = partial(smoothed, truth)
    rife = Rife(folder(RIFE), "cpu")
    yield ("every second frame", "rife", *(made(by) for by in (Motion.picture, rife.picture)))
    for model, times, provider in (
        (COMPACT, 2, "realesrgan"),
        (COMPACT, 4, "realesrgan"),
        (PLUS, 4, "realesrgan_x4plus"),
    ):
        few = truth[:3] if model == PLUS else truth
        both = (classical, network(model, times))
        yield (f"x{times}", provider, *(larger(few, times, by) for by in both))


def smoothed(truth: list[Picture], make: Maker) -> Score:
    """The score of every second frame, made from its neighbours."""
    odd = range(1, len(truth) - 1, 2)
    made = [make(Motion.of(truth[n - 1], truth[n + 1]), 0.5) for n in odd]
    return score(made, [truth[n] for n in odd])


def larger(truth: list[Picture], times: int, enlarge: Enlarger) -> Score:
    """The score of frames enlarged again to their size."""
    return score([enlarge(shrunk(one, times), WIDTH, HEIGHT) for one in truth], truth)


def network(model: str, times: int) -> Enlarger:
    """The learned enlarger of a model."""
    family = FAMILIES[model]
    net = NcnnNet(folder(model) / family.files[times])

    def enlarge(picture: Picture, width: int, height: int) -> Picture:
        return learned(picture, (width, height), times, net, family.tiling, LearnedSizeParams())

    return enlarge


def folder(name: str) -> Path:
    """Where the files of a model are. Raises ModelError when it was not fetched."""
    settings, _ = load_settings()
    (manifest,) = (m for m in map(load_manifest, farm_models()) if m.name == name)
    return ModelStore(settings.models_dir, settings.models_shared_dirs).files(manifest)


def shrunk(picture: Picture, times: int) -> Picture:
    """A picture at a part of its size, by the scaler everybody uses."""
    frame = frame_of(picture).reformat(
        width=WIDTH // times, height=HEIGHT // times, interpolation="BICUBIC"
    )
    return picture_of(frame, "clip")


def score(made: list[Picture], truth: list[Picture]) -> Score:
    """How true frames are."""
    ours, theirs = (
        np.stack([one.planes[0].astype(float) for one in some]) for some in (made, truth)
    )
    psnr = 10 * np.log10(255**2 / np.mean((ours - theirs) ** 2))
    steps = [np.abs((a - b) - (c - d)).mean() for (b, a), (d, c) in
             zip(pairwise(ours), pairwise(theirs), strict=True)]  # fmt: skip
    return Score(float(psnr), vmaf(made, truth), float(np.mean(steps)))


def vmaf(made: list[Picture], truth: list[Picture]) -> float:
    """VMAF of a film against another, by libvmaf's usual model."""
    with tempfile.TemporaryDirectory() as place:
        paths = [Path(place) / name for name in ("made.mkv", "truth.mkv")]
        for path, pictures in zip(paths, (made, truth), strict=True):
            write_lossless(path, pictures, Fraction(FPS))
        inputs = [word for path in paths for word in ("-i", str(path))]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), *inputs, "-lavfi", "libvmaf", "-f", "null", "-"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = re.search(r"VMAF score: ([\d.]+)", told)
    if found is None:
        raise RuntimeError(f"no VMAF score in: {told[-400:]}")
    return float(found[1])


def clips(pictures: Path | None) -> dict[str, Clip]:
    """The clips by name."""
    found = {
        "sky, snow, title": rendered(everything(0.0)),
        "gradient, shapes, grain": rendered(usual(0.1)),
    }
    if pictures is not None:
        paths = sorted(pictures.iterdir())
        shown = [Image.open(path).convert("RGB") for path in paths]
        for number, (path, ground) in enumerate(zip(paths, shown, strict=True)):
            thing = shown[(number + 1) % len(shown)]
            found[f"{path.stem}, moving"] = partial(photographed, ground, None)
            found[f"{path.stem}, a disc in front"] = partial(photographed, ground, thing)
    return found


def rendered(shot: Shot) -> Clip:
    """A shot of the procedural engine."""
    film = Film(Script(WIDTH, HEIGHT, FPS, 7, (shot,)))

    def picture(moment: float) -> Picture:
        planes = Planes.blank(WIDTH, HEIGHT)
        film.frame(60 + int(moment), planes)
        return Picture(LAYOUT, (planes.luma.copy(), planes.cb.copy(), planes.cr.copy()))

    return picture


def photographed(ground: Image.Image, thing: Image.Image | None, moment: float) -> Picture:
    """A camera turns over a photograph; a disc cut from another may fly across it."""
    fine = 2
    size = (WIDTH * fine, HEIGHT * fine)
    turn, scale = 0.012 * moment, (1 + 0.008 * moment) * ground.width / WIDTH / fine * 0.8
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    x = ground.width / 2 + 3 * moment - (cos * size[0] - sin * size[1]) / 2
    y = ground.height / 2 + moment - (sin * size[0] + cos * size[1]) / 2
    affine = (cos, -sin, x, sin, cos, y)
    shown = ground.transform(size, Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
    if thing is not None:
        side = 110 * fine
        cut = thing.resize((side, side), Image.Resampling.LANCZOS)
        rows, columns = np.mgrid[0:side, 0:side] - side / 2 + 0.5
        inside = np.clip(side / 2 - 2 - np.hypot(rows, columns), 0, 1) * 255
        place = (round((20 + 18 * moment) * fine), round((60 + 4 * moment) * fine))
        shown.paste(cut, place, Image.fromarray(inside.astype(np.uint8)))
    return coloured(np.asarray(shown.resize((WIDTH, HEIGHT), Image.Resampling.BOX)).astype(float))


def coloured(values: np.ndarray) -> Picture:
    """Colours float (H, W, 3) as a picture in BT.709."""
    red, green, blue = np.moveaxis(values, -1, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = [
        (colour - luma).reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3)) / swing
        for colour, swing in ((blue, 1.8556), (red, 1.5748))
    ]
    planes = [luma * 219 / 255 + 16, *(part * 224 / 255 + 128 for part in chroma)]
    y, u, v = (np.clip(plane + 0.5, 0, 255).astype(np.uint8) for plane in planes)
    return Picture(LAYOUT, (y, u, v))


if __name__ == "__main__":
    main()
