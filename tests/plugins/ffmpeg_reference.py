"""What the ffmpeg command line makes of a file: frames with their moments, sound, loudness."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

RATE = 48_000


@cache
def ffmpeg() -> str:
    """Path of the binary that comes with imageio-ffmpeg."""
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def call(*arguments: str | Path, complaints: bool = False) -> str:
    """Run ffmpeg; its standard error. ``complaints``: it may find fault with the file."""
    level = "info" if complaints else "error"
    done = subprocess.run(
        [ffmpeg(), "-v", level, "-nostdin", "-y", "-threads", "1", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0 or complaints, done.stderr
    return done.stderr


@dataclass(frozen=True)
class Seen:
    """moments : seconds. frames : the bytes of each, without padding. sound : float (2, n) from
    ``sound_s`` (seconds) on."""

    moments: list[Fraction]
    frames: list[bytes]
    sound: np.ndarray | None = None
    sound_s: Fraction = Fraction(0)

    def heard(self, length: int) -> np.ndarray:
        """``length`` samples (2, length) of the sound from the first picture on, silence around."""
        assert self.sound is not None
        late = round((self.sound_s - self.moments[0]) * RATE)
        early = self.sound[:, max(0, -late) :]
        whole = np.concatenate([np.zeros((2, max(0, late)), np.float32), early], axis=1)[:, :length]
        return np.pad(whole, ((0, 0), (0, length - whole.shape[1])))


def seen(
    path: Path,
    folder: Path,
    pixels: str,
    filters: str = "",
    *,
    sound: str | None = None,
    before: tuple[str, ...] = (),
    track: str = "0:v:0",
) -> Seen:
    """Frames of ``track`` through ``filters`` in a pixel format, at the file's own moments; and its
    sound through the filters ``sound``."""
    folder.mkdir(parents=True, exist_ok=True)
    told, raw = folder / "frames.txt", folder / "frames.raw"
    beats, heard = folder / "sound.txt", folder / "sound.raw"
    picture = ["-map", track, "-fps_mode", "passthrough", "-vf", filters or "null"]
    picture += ["-pix_fmt", pixels, "-c:v", "rawvideo"]
    wanted: list[str | Path] = [*picture, "-f", "framecrc", told, *picture, "-f", "rawvideo", raw]
    if sound is not None:
        part = ["-map", "0:a:0", "-af", sound, "-ar", str(RATE), "-c:a", "pcm_f32le"]
        wanted += [*part, "-f", "framecrc", beats, *part, "-f", "f32le", heard]
    call("-copyts", *before, "-i", path, *wanted, complaints=bool(before))
    moments, sizes = _listed(told)
    data, ends = raw.read_bytes(), np.cumsum([0, *sizes])
    frames = [data[one:other] for one, other in pairwise(ends)]
    if sound is None:
        return Seen(moments, frames)
    samples = np.fromfile(heard, np.float32).reshape(-1, 2).T
    return Seen(moments, frames, samples, _listed(beats)[0][0])


def _listed(path: Path) -> tuple[list[Fraction], list[int]]:
    """Moments and sizes in a list of ``framecrc``."""
    base, moments, sizes = Fraction(1), [], []
    for line in path.read_text().splitlines():
        if match := re.match(r"#tb 0: (\S+)", line):
            base = Fraction(match[1])
        elif not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            moments.append(int(fields[2]) * base)
            sizes.append(int(fields[4]))
    return moments, sizes


def packets(path: Path, folder: Path, track: str = "0:v:0") -> list[tuple[Fraction, str]]:
    """Moment in seconds and hash of every packet of a track, in order of decoding."""
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "packets.txt"
    call("-copyts", "-i", path, "-map", track, "-c", "copy", "-f", "framemd5", told)
    base, found = Fraction(1), []
    for line in told.read_text().splitlines():
        if match := re.match(r"#tb 0: (\S+)", line):
            base = Fraction(match[1])
        elif not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            found.append((int(fields[2]) * base, fields[5]))
    return found


def loudness(path: Path) -> dict[str, float]:
    """Integrated LUFS (``I``), range LU (``LRA``) and true peak dBTP (``Peak``) of a file."""
    text = call(
        "-i", path, "-map", "0:a:0", "-af", f"aresample={RATE},ebur128=peak=true", "-f", "null", "-",
        complaints=True,
    )  # fmt: skip
    summary = text[text.rindex("Summary:") :]
    return {
        name: float(value)
        for name, value in re.findall(r"\b(I|LRA|Peak):\s+(-?[\d.]+|-inf|nan)", summary)
    }


def psnr(one: bytes, other: bytes, deep: bool = False) -> float:
    """Peak signal-to-noise ratio in dB over all planes; infinite when they are equal."""
    kind, top = (np.uint16, 1023) if deep else (np.uint8, 255)
    a, b = np.frombuffer(one, kind).astype(float), np.frombuffer(other, kind).astype(float)
    assert a.size == b.size, f"{a.size} samples, not {b.size}"
    error = float(np.mean((a - b) ** 2))
    return 10 * np.log10(top**2 / error) if error else float("inf")
