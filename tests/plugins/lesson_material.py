"""Lessons to test with: small pictures, pages, and what a voice would have said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from direct_task import run_stage, stage_of
from PIL import Image, ImageDraw

import farm_avatar
import farm_finish

RATE = 48_000


def picture(path: Path, colour: str = "navy", size: tuple[int, int] = (320, 180)) -> Path:
    """A picture with a shape on it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).ellipse((40, 40, 120, 120), fill="white")
    image.save(path)
    return path


def pdf(path: Path, colours: list[str]) -> Path:
    """A PDF with a page of each colour."""
    pages = [Image.new("RGB", (160, 90), colour) for colour in colours]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def tone(path: Path, length_s: float, pitch_hz: float = 220.0) -> Path:
    """A mono FLAC of 48 kHz in place of a voice."""
    moments = np.arange(round(length_s * RATE)) / RATE
    samples = (9000 * np.sin(2 * np.pi * pitch_hz * moments)).astype(np.int16)
    with av.open(str(path), "w", format="flac") as out:
        stream = out.add_stream("flac", rate=RATE, layout="mono")
        stream.codec_context.format = "s16"
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def spoken_words(path: Path, text: str, length_s: float) -> Path:
    """``farm.words/1`` with the words of a text in equal parts."""
    written = text.split()
    step = length_s / len(written)
    words = [
        {"text": word, "start_s": round(n * step, 3), "end_s": round((n + 1) * step, 3)}
        for n, word in enumerate(written)
    ]
    path.write_text(json.dumps({"schema": "farm.words/1", "language": "en", "words": words}))
    return path


def spoken_phones(path: Path, length_s: float) -> Path:
    """``farm.phones/1`` of two phones."""
    middle = round(length_s / 2, 3)
    phones = [
        {"phone": "M", "start_s": 0.0, "end_s": middle},
        {"phone": "AA", "start_s": middle, "end_s": length_s},
    ]
    words = [{"word": "ma", "start_s": 0.0, "end_s": length_s}]
    record = {
        "schema": "farm.phones/1", "words": words, "phones": phones, "language": "en",
        "length_s": length_s, "method": "aligned", "guessed": [], "shared": [],
    }  # fmt: skip
    path.write_text(json.dumps(record))
    return path


def samples_of(path: Path) -> np.ndarray[Any, Any]:
    """Mono samples of a sound, as they are stored."""
    with av.open(str(path)) as sound:
        parts = [frame.to_ndarray().reshape(-1) for frame in sound.decode(audio=0)]
    return np.concatenate(parts)


def json_of(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def whole(folder: Path) -> dict[str, list[Path]]:
    """A lesson of one scene without a presenter, and all that is made of it, by port."""
    source = folder / "lesson.md"
    source.write_text("# A\n\nHello there.\n", encoding="utf-8")

    def run(capability: str, inputs: dict[str, Any], params: dict[str, Any] | None = None) -> Any:
        stage = stage_of(farm_avatar, capability)
        return run_stage(stage, folder / capability, inputs, params)

    made = run("lesson.read", {"lesson": source}, {"short_side": 144})
    speech, words = tone(folder / "said.flac", 0.5), spoken_words(folder / "w", "Hello there.", 0.5)
    said = {"lesson": made["lesson"], "speech": [speech], "words": [words]}
    told = run("lesson.narrate", said)
    scene = {
        "scene": made["scenes"][0],
        "visuals": made["visuals"][0],
        "timing": told["timing"][0],
    }
    heard = run("lesson.listen", {**scene, "clips": made["clips"][0]})
    drawn = run("lesson.compose", scene)
    joined = {"segments": [drawn["segment"]]}
    film = run_stage(stage_of(farm_finish, "video.join"), folder / "join", joined)
    return {
        **{port: [path] for port, path in (scene | heard).items()},
        "clips": made["clips"],
        "voice": [told["voice"]],
        "source": [source],
        "audio": [told["voice"]],
        "lesson": [made["lesson"]],
        "speech": [speech],
        "words": [words],
        "scenes": made["scenes"],
        "segments": [drawn["segment"]],
        "video": [film["video"]],
    }


def clapper(
    path: Path,
    length_s: float = 4.0,
    claps: tuple[tuple[float, float], ...] = ((1.0, 4.0),),
    pitch_hz: float = 1000.0,
    level: float = 0.25,
    sound_s: float | None = None,
) -> Path:
    """A film of 25 frames/s that is white, and hums, between the two moments of every clap.

    sound_s : how long its sound is; 0 for a film that has none.
    """
    with av.open(str(path), "w", format="mp4") as out:
        video = out.add_stream("libx264", rate=25, options={"crf": "20", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        video.codec_context.thread_count = 1
        audio = out.add_stream("aac", rate=RATE, layout="stereo") if sound_s != 0 else None
        for number in range(round(length_s * 25)):
            on = any(begin <= number / 25 + 1e-6 < end - 1e-6 for begin, end in claps)
            picture = np.full((90, 160, 3), 255 if on else 0, np.uint8)
            # A small thing moves all the time, so that no recording stands still.
            picture[40:50, 10 + number % 100 : 20 + number % 100] = (200, 60, 60)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None:
            moments = np.arange(round((sound_s or length_s) * RATE)) / RATE
            on_at = sum(((moments >= begin) & (moments < end)) for begin, end in claps)
            hum = (level * np.sin(2 * np.pi * pitch_hz * moments) * on_at).astype(np.float32)
            for at in range(0, len(hum), 1024):
                part = np.ascontiguousarray(np.stack([hum[at : at + 1024]] * 2))
                heard = AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
                heard.sample_rate, heard.pts = RATE, at
                out.mux(audio.encode(heard))
            out.mux(audio.encode(None))
    return path
