"""Generated clips of nasty kinds, each with the ffmpeg filters that make of it what we should."""

# ruff: noqa: E501 -- a table is read by its lines

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import nasty_clips as nasty
import numpy as np
from ffmpeg_reference import call
from nasty_clips import film, scene, tone
from PIL import Image

SCALER = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
TO_709 = f"scale={SCALER}:out_color_matrix=bt709:out_range=limited"
SOUND = "aresample=48000:async=1:min_hard_comp=0.1"
MONO = f"pan=stereo|c0=0.70711*c0|c1=0.70711*c0,{SOUND}"
SURROUND = f"pan=stereo|FL<FL+0.70711*FC+0.70711*BL|FR<FR+0.70711*FC+0.70711*BR,{SOUND}"
SEVEN = "pan=stereo|FL<FL+0.70711*FC+0.70711*BL+0.70711*SL|FR<FR+0.70711*FC+0.70711*BR+0.70711*SR"
SEVEN += f",{SOUND}"
FILM, DVD = Fraction(24000, 1001), Fraction(30000, 1001)


@dataclass(frozen=True)
class Kind:
    """A clip and what is to come of it.

    make : writes it into a folder. pixels : format of the result. filters : ffmpeg's way there.
    psnr : the least, in dB; ``None`` for equal to the bit. fps : of the result. sound : ffmpeg's
    way, if the result has sound. params : of the stage. slack : frames the counts may differ.
    before : ffmpeg's options for reading it.
    """

    make: Callable[[Path], Path]
    pixels: str = "yuv420p"
    filters: str = ""
    psnr: float | None = None
    fps: Fraction = Fraction(24)
    sound: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    slack: int = 0
    before: tuple[str, ...] = ()


def clip(name: str, frames: Any = 8, **how: Any) -> Callable[[Path], Path]:
    """A maker of :func:`nasty_clips.film`."""
    return lambda folder: film(folder / name, frames, **how)


def deep(index: int, width: int, height: int) -> np.ndarray:
    """The scene in 16 bits."""
    return scene(index, width, height).astype(np.uint16) * 257


def glass(index: int, width: int, height: int) -> np.ndarray:
    """RGBA: the scene, fading out to the right."""
    alpha = np.broadcast_to(np.linspace(255, 0, width).astype(np.uint8), (height, width))
    return np.dstack([scene(index, width, height), alpha])


def dim(code: int, peak: float) -> Callable[[int, int, int], np.ndarray]:
    """Greys below the knee of the tone curve, in PQ (16) or HLG (18), as 16-bit RGB."""

    def draw(index: int, width: int, height: int) -> np.ndarray:
        nits = np.geomspace(1, peak, width) * (1 - index / 50)
        if code == 16:
            power = (nits / 10_000) ** (2610 / 16384)
            signal = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
        else:
            signal = np.sqrt(3 * (nits / 1000) ** (1 / 1.2))
        return np.broadcast_to(np.rint(signal * 65535)[None, :, None], (height, width, 3)).astype(
            np.uint16
        )

    return draw


def grey(limited: bool) -> Callable[[int, int, int], av.VideoFrame]:
    """A ramp of grey."""

    def draw(index: int, width: int, height: int) -> av.VideoFrame:
        levels = np.linspace(16, 235, width) if limited else np.linspace(0, 255, width)
        plane = np.repeat(np.roll(levels, index).astype(np.uint8)[None], height, 0)
        frame = av.VideoFrame.from_ndarray(plane, format="gray")
        frame.color_range = 1 if limited else 2
        return frame

    return draw


def mirrored(folder: Path) -> Path:
    plain = film(folder / "plain.mp4", 4, pixels="yuv444p")
    return nasty.mirrored(plain, folder / "in.mp4", (96, 64))


def upside_down(folder: Path) -> Path:
    plain = film(folder / "plain.mp4", 4, pixels="yuv444p")
    return nasty.display_matrix(plain, folder / "in.mp4", (1, 0, 0, -1, 0, 64))


def turned_mirrored(folder: Path) -> Path:
    plain = film(folder / "plain.mp4", 4, pixels="yuv444p")
    return nasty.display_matrix(plain, folder / "in.mp4", (0, 1, 1, 0, 0, 0))


def trimmed(folder: Path, start_s: str, *how: str) -> Path:
    """Packets copied from ``start_s``: what precedes is in the file and hidden by an edit list."""
    whole = film(
        folder / "whole.mp4", 24, g="12", bf="2", sound=[(0, tone(1.0))], sound_codec="aac"
    )
    return copied(whole, folder / "in.mp4", "-ss", start_s, *how)


def copied(source: Path, target: Path, *before: str, after: tuple[str, ...] = ()) -> Path:
    """The packets of ``source`` in another file."""
    call(*before, "-i", source, "-c", "copy", *after, target)
    return target


def cut_off(folder: Path, name: str, **how: Any) -> Path:
    """A file whose last fifth is missing."""
    whole = film(folder / f"plain-{name}", 20, **how)
    if name.endswith("mp4"):
        whole = copied(whole, folder / f"whole-{name}", after=("-movflags", "+faststart"))
    data = whole.read_bytes()
    (folder / name).write_bytes(data[: len(data) * 8 // 10])
    return folder / name


def animation(folder: Path) -> Path:
    pages = [Image.fromarray(scene(index)) for index in range(4)]
    path = folder / "in.gif"
    pages[0].save(path, save_all=True, append_images=pages[1:], duration=[200, 120, 40, 200])
    return path


def still(name: str, mode: str = "RGB", **how: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        Image.fromarray(scene(3)).convert(mode).save(folder / name, **how)
        return folder / name

    return make


def two_sizes(folder: Path) -> Path:
    parts = [
        film(folder / f"{size[0]}.h264", 5, size=size, fps=25, bf="0")
        for size in ((96, 64), (48, 32))
    ]
    path = folder / "in.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


UNEVEN = [0, 40, 80, 200, 240, 260, 270, 280, 400, 640, 680, 720]
MS = Fraction(1, 1000)
uneven = partial(clip, frames=UNEVEN, tick=MS, fps=25)
paced_25 = "setpts=PTS-STARTPTS,fps=25:round=near"
H265 = {"codec": "libx265", "x265-params": "log-level=none:pools=none"}
laced = partial(clip, frames=10, size=(128, 96), fps=25)
TFF = "bwdif=mode=send_frame:parity=tff:deint=all"
BFF = "bwdif=mode=send_frame:parity=bff:deint=all"
SQUARE = f"scale=trunc(iw*sar/2+0.5)*2:ih:{SCALER},setsar=1"
RISEN = f"scale=iw:trunc(ih/sar/2+0.5)*2:{SCALER},setsar=1"
EVEN = "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0:exact=1"
LINEAR = "zscale=tin={}:min=2020_ncl:pin=2020:rin=limited:t=linear:npl=203,format=gbrpf32le,"
LINEAR += "zscale=p=709,zscale=t=709:m=709:r=limited,format=yuv444p10le"
heard = partial(clip, frames=12, codec="ffv1")

KINDS: dict[str, Kind] = {
    # Codecs and containers: every frame passes to the bit.
    "h264-b-frames-mp4": Kind(clip("in.mp4", 14, bf="3")),
    "h264-open-gop-mkv": Kind(clip("in.mkv", 14, bf="2", g="5", **{"x264-params": "open-gop=1"})),
    "h264-ts": Kind(clip("in.ts", 14, bf="2")),
    "h264-flv": Kind(clip("in.flv", 14, bf="2")),
    "h264-elementary": Kind(clip("in.h264", 14, bf="2", fps=25), fps=Fraction(25)),
    "h264-fragmented": Kind(clip("in.mp4", 14, g="4")),
    "h264-422": Kind(clip("in.mp4", pixels="yuv422p"), "yuv422p"),
    "h264-444-10": Kind(clip("in.mkv", pixels="yuv444p10le", draw=deep), "yuv444p10le"),
    "h265-mp4": Kind(clip("in.mp4", 14, **H265)),
    "h265-10-mkv": Kind(clip("in.mkv", 14, pixels="yuv420p10le", draw=deep, **H265), "yuv420p10le"),
    "mpeg4-b-frames-avi": Kind(clip("in.avi", 14, codec="mpeg4", bf="2", colour=(6, 1, 1, 1)), filters=TO_709, psnr=45),
    "mpeg4-mov": Kind(clip("in.mov", 14, codec="mpeg4", bf="1")),
    "vp8-webm": Kind(clip("in.webm", 14, codec="libvpx", **{"auto-alt-ref": "1", "lag-in-frames": "8"}), filters=TO_709, psnr=45),
    "vp9-webm": Kind(clip("in.webm", 14, codec="libvpx-vp9", **{"auto-alt-ref": "1", "lag-in-frames": "8"})),
    "vp9-444": Kind(clip("in.webm", codec="libvpx-vp9", pixels="yuv444p"), "yuv444p"),
    "av1-mp4": Kind(clip("in.mp4", 12, codec="libsvtav1", preset="12")),
    "av1-10-mkv": Kind(clip("in.mkv", 12, codec="libsvtav1", preset="12", pixels="yuv420p10le", draw=deep), "yuv420p10le"),
    "mpeg2-ts": Kind(clip("in.ts", 14, codec="mpeg2video", bf="2", fps=25), fps=Fraction(25)),
    "mpeg2-program-stream": Kind(clip("in.mpg", 14, codec="mpeg2video", bf="2", fps=25, colour=(1, 1, 1, 1)), fps=Fraction(25)),
    "mpeg1-program-stream": Kind(clip("in.mpg", 14, codec="mpeg1video", bf="2", fps=25), filters=TO_709, psnr=45, fps=Fraction(25)),
    "prores-mov": Kind(clip("in.mov", codec="prores_ks", pixels="yuv422p10le", draw=deep), "yuv422p10le"),
    "ffv1-rgb": Kind(clip("in.mkv", codec="ffv1", pixels="bgr0"), "bgr0"),
    "ffv1-422-10": Kind(clip("in.mkv", codec="ffv1", pixels="yuv422p10le", draw=deep), "yuv422p10le"),
    "ffv1-16-bits": Kind(clip("in.mkv", codec="ffv1", pixels="yuv444p16le", draw=deep), "yuv444p10le", f"scale={SCALER}", 55),
    "mjpeg-avi": Kind(clip("in.avi", codec="mjpeg", pixels="yuvj420p", colour=(5, 2, 2, 2)), filters=TO_709, psnr=45),
    "mjpeg-444-mov": Kind(clip("in.mov", codec="mjpeg", pixels="yuvj444p", colour=(5, 2, 2, 2)), "yuv444p", TO_709, 45),
    "huffyuv-avi": Kind(clip("in.avi", codec="huffyuv", pixels="yuv422p", colour=None), "yuv422p", TO_709, 45),
    "utvideo-avi": Kind(clip("in.avi", codec="utvideo", pixels="gbrp", colour=None), "bgr0", "format=gbrp,format=bgr0"),
    "packed-422-avi": Kind(clip("in.avi", codec="rawvideo", pixels="uyvy422", colour=None), "yuv422p", TO_709, 45),
    "qtrle-mov": Kind(clip("in.mov", codec="qtrle", pixels="rgb24", colour=None), "bgr0", f"scale={SCALER}"),
    "wmv": Kind(clip("in.wmv", 12, codec="wmv2", fps=25, colour=None), filters=TO_709, psnr=45, fps=Fraction(25)),
    "y4m": Kind(clip("in.y4m", codec="wrapped_avframe", colour=None), filters=TO_709, psnr=45),
    "gif": Kind(animation, "bgr0", f"setpts=PTS-STARTPTS,fps=25:round=near,scale={SCALER}", fps=Fraction(25), slack=4),
    "apng": Kind(clip("in.apng", codec="apng", pixels="rgb24", fps=10, f="apng", colour=None), "bgr0", f"scale={SCALER}", fps=Fraction(10)),
    # Stills.
    "png": Kind(still("in.png"), "bgr0", f"scale={SCALER}", fps=Fraction(25)),
    "png-palette": Kind(still("in.png", "P"), "bgr0", f"scale={SCALER}", 45, Fraction(25)),
    "jpeg": Kind(still("in.jpg"), filters=TO_709, psnr=45, fps=Fraction(25)),
    "jpeg-grey": Kind(still("in.jpg", "L"), filters=f"format=yuvj420p,{TO_709}", psnr=45, fps=Fraction(25)),
    "webp": Kind(still("in.webp", lossless=True), "bgr0", f"scale={SCALER}", fps=Fraction(25)),
    "bmp": Kind(still("in.bmp"), "bgr0", f"scale={SCALER}", fps=Fraction(25)),
    "tiff": Kind(still("in.tiff"), "bgr0", f"scale={SCALER}", fps=Fraction(25)),
    # Rates and time.
    "rate-23.976": Kind(clip("in.mp4", 14, fps=FILM), fps=FILM),
    "rate-29.97-mkv": Kind(clip("in.mkv", 14, fps=DVD), fps=DVD),
    "rate-50": Kind(clip("in.ts", 14, fps=50), fps=Fraction(50)),
    "rate-59.94-mkv": Kind(clip("in.mkv", 14, fps=2 * DVD), fps=2 * DVD),
    "rate-120": Kind(clip("in.mkv", 14, fps=120), fps=Fraction(120)),
    "rate-7": Kind(clip("in.mkv", 5, codec="ffv1", fps=7), fps=Fraction(7)),
    "rate-12.5": Kind(clip("in.mp4", 6, fps=Fraction(25, 2)), fps=Fraction(25, 2)),
    "variable-rate-mkv": Kind(uneven("in.mkv", codec="ffv1"), filters=paced_25, fps=Fraction(25), slack=1),
    "variable-rate-mp4": Kind(uneven("in.mp4"), filters=paced_25, fps=Fraction(25), slack=1),
    "variable-rate-b-frames": Kind(uneven("in.mp4", bf="3"), filters=paced_25, fps=Fraction(25), slack=1),
    "dropped-frames": Kind(clip("in.mp4", [0, 1, 2, 5, 6, 7, 9, 10, 11, 12], fps=25), filters=paced_25, fps=Fraction(25), slack=1),
    "another-rate": Kind(clip("in.mp4", 12), filters="setpts=PTS-STARTPTS,fps=30:round=near", params={"fps": "30"}, fps=Fraction(30), slack=1),
    "one-frame-h264": Kind(clip("in.mp4", 1)),
    "one-frame-h265": Kind(clip("in.mp4", 1, **H265)),
    "two-frames-vp9": Kind(clip("in.webm", 2, codec="libvpx-vp9")),
    "starts-at-100-s": Kind(clip("in.ts", range(2400, 2412), bf="2")),
    "starts-before-zero": Kind(lambda folder: copied(film(folder / "whole.mkv", range(12), bf="0"), folder / "in.mkv", "-itsoffset", "-0.25", after=("-avoid_negative_ts", "disabled")), filters="setpts=N/24/TB"),
    "empty-edit": Kind(lambda folder: copied(film(folder / "whole.mp4", 12, bf="2"), folder / "in.mp4", "-itsoffset", "0.5", after=("-avoid_negative_ts", "disabled"))),
    "edit-list-on-a-key-frame": Kind(lambda folder: trimmed(folder, "0.5"), sound=SOUND),
    "edit-list-inside-a-group": Kind(lambda folder: trimmed(folder, "0.70"), sound=SOUND),
    "truncated-mkv": Kind(lambda folder: cut_off(folder, "in.mkv", codec="ffv1"), params={"damaged": "keep"}, before=("-fflags", "+genpts")),
    "truncated-ts": Kind(lambda folder: cut_off(folder, "in.ts", codec="mpeg2video", bf="0", g="1", fps=25), params={"damaged": "keep"}, fps=Fraction(25), before=("-fflags", "+genpts"), slack=1),
    "truncated-mp4": Kind(lambda folder: cut_off(folder, "in.mp4", bf="0", g="4"), params={"damaged": "keep"}, before=("-fflags", "+genpts"), slack=1),
    # Shape.
    "turned-90": Kind(clip("in.mp4", 4, pixels="yuv444p", rotate=90), "yuv444p"),
    "turned-180": Kind(clip("in.mp4", 4, rotate=180)),
    "turned-270": Kind(clip("in.mov", 4, rotate=-90)),
    "mirrored": Kind(mirrored, "yuv444p"),
    "upside-down": Kind(upside_down, "yuv444p"),
    "turned-and-mirrored": Kind(turned_mirrored, "yuv444p"),
    "odd-size": Kind(clip("in.mkv", 4, codec="ffv1", pixels="yuv444p", size=(97, 65)), "yuv444p", EVEN),
    "odd-size-420": Kind(clip("in.mkv", 4, codec="ffv1", size=(97, 65)), filters=EVEN),
    "wide-pixels": Kind(clip("in.mkv", 4, aspect=Fraction(16, 11)), filters=SQUARE, psnr=45),
    "narrow-pixels": Kind(clip("in.mkv", 4, aspect=Fraction(8, 9)), filters=RISEN, psnr=45),
    "wide-pixels-turned": Kind(clip("in.mp4", 4, aspect=Fraction(2), rotate=90), filters=RISEN, psnr=30),
    "two-sizes": Kind(two_sizes, filters=f"scale=96:64:{SCALER},setsar=1", psnr=45, fps=Fraction(25)),
    # Interlacing.
    "mpeg2-top-first": Kind(laced("in.ts", codec="mpeg2video", draw=nasty.woven(True), flags="+ilme+ildct", top="1"), filters=TFF, fps=Fraction(25)),
    "mpeg2-bottom-first": Kind(laced("in.mpg", codec="mpeg2video", draw=nasty.woven(False), flags="+ilme+ildct", top="0"), filters=BFF, fps=Fraction(25)),
    "h264-top-first": Kind(laced("in.mp4", draw=nasty.woven(True), **{"x264-params": "tff=1"}), filters=TFF, psnr=70, fps=Fraction(25)),
    "unflagged-top-first": Kind(laced("in.mkv", codec="ffv1", draw=nasty.woven(True)), filters=TFF, fps=Fraction(25)),
    "unflagged-bottom-first": Kind(laced("in.mkv", codec="ffv1", draw=nasty.woven(False)), filters=BFF, fps=Fraction(25)),
    "progressive-with-flags": Kind(laced("in.ts", codec="mpeg2video", draw=nasty.moving, flags="+ilme+ildct"), fps=Fraction(25)),
    # Colour.
    "bt601": Kind(clip("in.mkv", codec="ffv1", colour=(6, 6, 6, 1)), filters=TO_709, psnr=45),
    "bt470bg": Kind(clip("in.mp4", colour=(5, 5, 6, 1)), filters=TO_709, psnr=45),
    "smpte240m": Kind(clip("in.mkv", codec="ffv1", colour=(7, 7, 7, 1)), filters=TO_709, psnr=45),
    "untagged-small": Kind(clip("in.mkv", codec="ffv1", colour=None), filters=TO_709, psnr=45),
    "full-range": Kind(clip("in.mkv", codec="ffv1", colour=(1, 1, 1, 2)), filters=TO_709, psnr=45),
    "full-range-h264": Kind(clip("in.mp4", pixels="yuvj420p", colour=(1, 1, 1, 2)), filters=TO_709, psnr=45),
    "grey-full": Kind(clip("in.mkv", 4, codec="ffv1", pixels="gray", draw=grey(False), colour=(1, 1, 1, 2)), filters=f"scale=in_range=full:out_color_matrix=bt709:out_range=limited:{SCALER}", psnr=45),
    "grey-limited": Kind(clip("in.mkv", 4, codec="ffv1", pixels="gray", draw=grey(True), colour=(1, 1, 1, 1)), filters="scale=in_range=full:out_range=full"),
    "dv-411": Kind(clip("in.mkv", 4, codec="ffv1", pixels="yuv411p"), "yuv422p", TO_709, 45),
    "yuv440": Kind(clip("in.mkv", 4, codec="ffv1", pixels="yuv440p"), "yuv444p", TO_709, 45),
    "hdr10": Kind(clip("in.mkv", 4, codec="ffv1", pixels="yuv444p10le", draw=dim(16, 60), colour=(9, 9, 16, 1)), "yuv444p10le", LINEAR.format("smpte2084"), 45),
    "hlg": Kind(clip("in.mkv", 4, codec="ffv1", pixels="yuv444p10le", draw=dim(18, 45), colour=(9, 9, 18, 1)), "yuv444p10le", LINEAR.format("arib-std-b67"), 35),
    "alpha-png": Kind(lambda folder: film(folder / "in.png", 1, codec="png", pixels="rgba", draw=glass, colour=None), "bgr0", "premultiply=inplace=1,format=rgb24,format=bgr0", 45, Fraction(25)),
    "alpha-qtrle": Kind(clip("in.mov", 4, codec="qtrle", pixels="argb", draw=glass, colour=None), "bgr0", "format=rgba,premultiply=inplace=1,format=rgb24,format=bgr0", 45),
    "alpha-kept": Kind(clip("in.mkv", 4, codec="ffv1", pixels="yuva444p", draw=glass), "yuva444p", params={"alpha": "keep"}),
    # Sound.
    "no-sound": Kind(heard("in.mkv")),
    "mono-44100": Kind(heard("in.mkv", sound=[(0, tone(0.5, 44_100, 1))], sound_rate=44_100, layout="mono"), sound=MONO),
    "mono-8000": Kind(heard("in.avi", sound=[(0, tone(0.5, 8000, 1))], sound_rate=8000, layout="mono", colour=None), filters=TO_709, psnr=45, sound=MONO),
    "surround-5.1": Kind(heard("in.mkv", sound=[(0, tone(0.5, channels=6, level=0.2))], layout="5.1"), sound=SURROUND),
    "surround-7.1": Kind(heard("in.mkv", sound=[(0, tone(0.5, channels=8, level=0.2))], layout="7.1"), sound=SEVEN),
    "aac-priming": Kind(clip("in.mp4", 12, sound=[(0, tone(0.5))], sound_codec="aac"), sound=SOUND),
    "left-out-frames-mp3-avi": Kind(clip("in.avi", 12, codec="mpeg4", colour=None, sound=[(0, tone(0.5))], sound_codec="libmp3lame"), filters=f"setpts=PTS-STARTPTS,fps=24:round=near,{TO_709}", psnr=45, sound=SOUND),
    "opus-webm": Kind(clip("in.webm", 12, codec="libvpx-vp9", sound=[(0, tone(0.5))], sound_codec="libopus"), sound=SOUND),
    "ac3-ts": Kind(clip("in.ts", 12, sound=[(0, tone(0.5))], sound_codec="ac3", fps=25), sound=SOUND, fps=Fraction(25)),
    "flac-mkv": Kind(heard("in.mkv", sound=[(0, tone(0.5))], sound_codec="flac"), sound=SOUND),
    "sound-with-a-hole": Kind(heard("in.mkv", sound=[(0, tone(0.15)), (14_400, tone(0.2))]), sound=SOUND),
    "sound-later": Kind(heard("in.mkv", sound=[(9600, tone(0.3))]), sound=SOUND),
    "sound-longer": Kind(heard("in.mkv", sound=[(0, tone(0.9))]), sound=SOUND),
    "sound-shorter": Kind(heard("in.mkv", sound=[(0, tone(0.25))]), sound=SOUND),
    "sound-earlier": Kind(heard("in.mkv", frames=range(6, 18), sound=[(0, tone(0.75))]), sound=SOUND),
}  # fmt: skip
