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
    drawn = run("lesson.compose", scene)
    joined = {"segments": [drawn["segment"]]}
    film = run_stage(stage_of(farm_finish, "video.join"), folder / "join", joined)
    return {
        **{port: [path] for port, path in scene.items()},
        "source": [source],
        "audio": [told["voice"]],
        "lesson": [made["lesson"]],
        "speech": [speech],
        "words": [words],
        "scenes": made["scenes"],
        "segments": [drawn["segment"]],
        "video": [film["video"]],
    }
