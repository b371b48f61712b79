"""Pictures in and out: frames of a film, stored pictures, PNG between stages.

Invariant: what is kept in the memory is small enough for the ledger, whatever the film's size.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from farm import InputError
from farm.media.film import Film
from farm.media.planes import frame_of
from farm_story.looks.measures import Pixels

KEPT_SIDE = 768
"""Longest side of a kept picture, pixels: about 60 kB, and enough for a model to know a face by."""
_KEPT_QUALITY = 90


def even(count: int, wanted: int) -> list[int]:
    """At most ``wanted`` frame numbers of ``count``, even in time: the middle of each part."""
    parts = min(count, wanted)
    return [(2 * part + 1) * count // (2 * parts) for part in range(parts)]


def frames(film: Film, numbers: list[int]) -> Iterator[tuple[int, Pixels]]:
    """Those frames as RGB."""
    for number, picture in zip(numbers, film.picked(numbers), strict=True):
        pixels = frame_of(picture).reformat(format="rgb24", threads=1).to_ndarray()
        yield number, np.asarray(pixels, np.uint8)


def jpeg(pixels: Pixels) -> bytes:
    """The picture as the memory keeps it."""
    image = Image.fromarray(pixels)
    image.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=_KEPT_QUALITY, subsampling=0)
    return data.getvalue()


def write_png(path: Path, pixels: Pixels) -> Path:
    """Write a picture for another stage."""
    Image.fromarray(pixels).save(path, "PNG")
    return path


def album(path: Path, files: Sequence[Path], name: str) -> Path:
    """The files as one archive, ``NAME-1.png`` and so on; the same files give the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, file in enumerate(files, 1):
            # Stored without a date of its own.
            archive.writestr(zipfile.ZipInfo(f"{name}-{number}{file.suffix}"), file.read_bytes())
    return path


def read(source: Path | bytes, label: str) -> Pixels:
    """A picture file as RGB. Raises InputError."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            return np.asarray(image.convert("RGB"), np.uint8)
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(
            "cannot be read as a picture", where=label, got=str(error), code="media.unreadable"
        ) from error
