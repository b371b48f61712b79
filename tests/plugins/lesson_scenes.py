"""Small scenes with real files: slides, a presenter with transparency, a recorded screen."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from direct_task import run_stage
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from farm_avatar import stages_compose
from farm_avatar.compose.scene import Scene

COMPOSE = next(iter(stages_compose.stages()))
SIZE = (320, 180)
RED, GREEN, BLUE = (200, 30, 30), (30, 180, 60), (40, 60, 210)


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> Path:
    """A picture of one colour."""
    Image.new("RGB", size, colour).save(path)
    return path


def timing(path: Path, duration_s: float, sentences: Sequence[str] = ()) -> Path:
    """The clock of a scene in which the sentences are spoken evenly."""
    told, words = [], []
    each = duration_s / max(1, len(sentences))
    for number, text in enumerate(sentences):
        pieces = text.split()
        step = each / len(pieces)
        start = number * each
        told.append({"text": text, "start_s": start, "end_s": start + each})
        for at, piece in enumerate(pieces):
            begin = start + at * step
            words.append({"text": piece, "start_s": begin, "end_s": begin + step})
    document = {"schema": "farm.timing/1", "duration_s": duration_s, "sentences": told}
    path.write_text(json.dumps({**document, "words": words}))
    return path


def archive(path: Path, files: Mapping[str, Path]) -> Path:
    """A scene's archive."""
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("scene.json", "{}")
        for name, file in files.items():
            packed.write(file, name)
    return path


def film(
    path: Path,
    pictures: Iterable[NDArray[np.uint8]],
    fps: int = 25,
    codec: str = "ffv1",
    form: str = "yuva420p",
) -> Path:
    """A film of RGB(A) pictures."""
    kind = "rgba" if form == "yuva420p" else "rgb24"
    with av.open(str(path), "w") as output:
        stream = None
        for number, values in enumerate(pictures):
            if stream is None:
                stream = output.add_stream(codec, rate=fps)
                stream.height, stream.width = values.shape[:2]
                stream.pix_fmt = form
                stream.codec_context.thread_count = 1
                stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(values), format=kind)
            frame = frame.reformat(format=form, dst_colorspace=1, dst_color_range=1)
            frame.colorspace, frame.color_range = 1, 1
            frame.pts, frame.time_base = number, Fraction(1, fps)
            output.mux(stream.encode(frame))
        assert stream is not None
        output.mux(stream.encode(None))
    return path


def somebody(path: Path, frames: int, colour: tuple[int, int, int] = GREEN, size: int = 96) -> Path:
    """A figure of one colour, clear of the film's sides, in front of nothing."""
    shape = Image.new("RGBA", (size, size), (*BLUE, 0))
    draw = ImageDraw.Draw(shape)
    draw.ellipse((size * 0.36, size * 0.1, size * 0.64, size * 0.48), fill=(*colour, 255))
    draw.rectangle((size * 0.25, size * 0.45, size * 0.75, size), fill=(*colour, 255))
    return film(path, (np.array(shape) for _ in range(frames)))


def composed(
    folder: Path,
    scene: Scene,
    duration_s: float = 0.4,
    sentences: Sequence[str] = (),
    files: Mapping[str, Path] | None = None,
    presenter: Path | None = None,
    params: Mapping[str, Any] | None = None,
    **task: Any,
) -> dict[str, Any]:
    """Run the stage; its files, and its report as ``told``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scene.json").write_bytes(scene.as_json())
    inputs = {
        "scene": folder / "scene.json",
        "timing": timing(folder / "timing.json", duration_s, sentences),
        "visuals": archive(folder / "visuals.zip", files or {}),
    }
    if presenter is not None:
        inputs["presenter"] = presenter
    done: dict[str, Any] = run_stage(COMPOSE, folder / "work", inputs, params, **task)
    done["told"] = json.loads(done["report"].read_text())
    return done


def frames_of(path: Path, form: str = "rgb24") -> list[NDArray[np.uint8]]:
    """Every frame of a film."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=form) for frame in container.decode(video=0)]


def like(values: NDArray[np.uint8], colour: tuple[int, int, int], apart: int = 26) -> bool:
    """Whether a part of a picture has a colour, by its median."""
    median = np.median(values.reshape(-1, 3), axis=0)
    return bool(np.abs(median - np.array(colour)).max() <= apart)


def desktop(length_s: float, happens: Callable[[float, ImageDraw.ImageDraw], None], path: Path,
            fps: int = 10, size: tuple[int, int] = (640, 360)) -> Path:  # fmt: skip
    """A recorded screen: what ``happens`` draws at each moment."""

    def pictures() -> Iterable[NDArray[np.uint8]]:
        for number in range(round(length_s * fps)):
            shown = Image.new("RGB", size, (40, 44, 52))
            draw = ImageDraw.Draw(shown)
            draw.rectangle((0, 0, size[0], 20), fill=(80, 84, 96))
            happens(number / fps, draw)
            yield np.array(shown)

    return film(path, pictures(), fps, "libx264", "yuv420p")


def locked_pdf(path: Path) -> Path:
    """A PDF of one page that needs a password (standard security handler, revision 2)."""
    pad = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
    secret = (b"secret" + pad)[:32]
    owner = _rc4(hashlib.md5(secret).digest()[:5], secret)
    name = b"0123456789abcdef"
    key = hashlib.md5(secret + owner + (-44 & 0xFFFFFFFF).to_bytes(4, "little") + name).digest()[:5]
    user = _rc4(key, pad)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>",
        b"<</Filter/Standard/V 1/R 2/P -44/O<%s>/U<%s>>>"
        % (owner.hex().encode(), user.hex().encode()),
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, body)
    table = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n"
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    ids = name.hex().encode()
    data += b"trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<%s><%s>]>>\n" % (ids, ids)
    path.write_bytes(data + b"startxref\n%d\n%%%%EOF\n" % table)
    return path


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) & 255])
    return bytes(out)
