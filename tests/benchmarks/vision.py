"""Seeing and hearing against plain scripts that call the same networks on the same frames.

    python -m tests.benchmarks vision

Invariant: both sides of every ratio are measured in this one run, in processor seconds, on one thread
of the same network; the plain script decodes the film, shrinks each frame, runs the network and writes
what it says, and nothing else: it follows nobody, and its mattes stay soft. The features of a sound are
more than its network tells, so they are told against the sound's length. Where the models are not in
the store there are no figures.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

import farm_vision
from farm.config import load_settings
from farm.media.film import write_lossless
from farm.media.maps import write_maps
from farm.models.manifest import load_manifest
from farm.models.store import open_models
from farm_vision.hearing.voice import Silero, session
from tests.plugins.direct_task import WarmModels, run_stage
from tests.plugins.drawn_people import picture, placed, portrait

FPS, FRAMES, SIZE = 24, 24, (1280, 720)
SOUND_S, RATE = 30, 16_000
TARGETS: list[tuple[str, str, str, float]] = [
    ("pose at 720p, against a plain script", "vision.pose.ratio", "<=", 1.1),
    ("matte at 720p, against a plain script", "vision.matte.ratio", "<=", 1.5),
    ("audio features, times real time", "vision.features.real_time", ">=", 10.0),
]
Plain = Callable[[Path, Path], None]


class _Stored(WarmModels):
    """The models of this farm's own store."""

    def __init__(self) -> None:
        super().__init__()
        settings, _ = load_settings(Path(__file__).parents[2])
        self._store = open_models(settings)
        self._manifests = {m.name: m for m in map(load_manifest, farm_vision.farm_models())}

    def files(self, name: str) -> Path:
        folder = self._store.standing(self._manifests[name]).folder
        if folder is None:
            raise FileNotFoundError(name)
        return folder


def measure() -> dict[str, Any]:
    """Processor seconds of each stage and of its plain script, and their ratio."""
    models = _Stored()
    try:
        found = {name: models.files(name) for name in ("mediapipe-pose", "mediapipe-selfie")}
        found["silero-vad"] = models.files("silero-vad")
    except FileNotFoundError as missing:
        return {"skipped": f"the model {missing} is not in the store"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shown = _film(folder / "film.mkv")
        sound = _sound(folder / "sound.wav")
        return {
            "pose": _film_ratio(
                folder, "pose.estimate/mediapipe", shown, models, _plain_pose(found)
            ),
            "matte": _film_ratio(
                folder, "matte.person/mediapipe", shown, models, _plain_matte(found)
            ),
            "features": _sound_ratio(folder, sound, models, found["silero-vad"]),
        }


def _film_ratio(
    folder: Path, stage: str, shown: Path, models: WarmModels, plain: Plain
) -> dict[str, float]:
    def farms(number: int) -> None:
        _run(stage, folder / f"{stage.partition('.')[0]}{number}", {"video": shown}, models)

    farms(0)
    ours = _processor_s(lambda: farms(1))
    plain(shown, folder / "plain-0")
    theirs = _processor_s(lambda: plain(shown, folder / "plain-1"))
    return {
        "stage_ms": 1000 * ours / FRAMES,
        "plain_ms": 1000 * theirs / FRAMES,
        "ratio": ours / theirs,
    }


def _sound_ratio(folder: Path, sound: Path, models: WarmModels, model: Path) -> dict[str, float]:
    def farms(number: int) -> None:
        _run("audio.features/silero", folder / f"sound{number}", {"audio": sound}, models)

    def plain() -> None:
        with av.open(str(sound)) as container:
            resampler = av.AudioResampler("flt", "mono", RATE)
            parts = [
                made.to_ndarray()[0]
                for frame in container.decode(audio=0)
                for made in resampler.resample(frame)
            ]
        listener = Silero(network)
        listener.take(np.concatenate(parts))
        chances = listener.found(np.zeros(0))
        (folder / "plain.json").write_text(json.dumps(chances.tolist()), encoding="utf-8")

    network = session(model / "silero_vad_16k_op15.onnx")
    farms(0)
    plain()
    ours, theirs = _processor_s(lambda: farms(1)), _processor_s(plain)
    return {
        "stage_ms_per_s": 1000 * ours / SOUND_S,
        "plain_ms_per_s": 1000 * theirs / SOUND_S,
        "real_time": SOUND_S / ours,
    }


def _run(stage: str, folder: Path, inputs: dict[str, Path], models: WarmModels) -> None:
    chosen = next(made for made in farm_vision.farm_stages() if made.id == stage)
    run_stage(chosen, folder, inputs, models=models)


def _processor_s(act: Callable[[], None]) -> float:
    """The lesser of two tries."""
    tries = []
    for _ in range(2):
        begun = time.process_time()
        act()
        tries.append(time.process_time() - begun)
    return min(tries)


def _network(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    made = Interpreter(model_path=str(path), num_threads=1)
    made.allocate_tensors()
    return made


def _answers(network: Any, pixels: np.ndarray) -> list[np.ndarray]:
    network.set_tensor(network.get_input_details()[0]["index"], pixels[None])
    network.invoke()
    return [network.get_tensor(made["index"])[0] for made in network.get_output_details()]


def _plain_pose(found: dict[str, Path]) -> Plain:
    import cv2

    network = _network(found["mediapipe-pose"] / "pose_landmark_full.tflite")

    def script(shown: Path, target: Path) -> None:
        with av.open(str(shown)) as container, target.open("w", encoding="utf-8") as out:
            for frame in container.decode(video=0):
                pixels = cv2.resize(frame.to_ndarray(format="rgb24"), (256, 256))
                points = _answers(network, pixels.astype(np.float32) / 255)
                told = sorted(points, key=np.size)[-2].reshape(-1)
                out.write(json.dumps(told.tolist()) + "\n")

    return script


def _plain_matte(found: dict[str, Path]) -> Plain:
    import cv2

    network = _network(found["mediapipe-selfie"] / "selfie_segmentation_landscape.tflite")
    rows, columns = (int(side) for side in network.get_input_details()[0]["shape"][1:3])

    def script(shown: Path, target: Path) -> None:
        def mattes() -> Any:
            with av.open(str(shown)) as container:
                for frame in container.decode(video=0):
                    pixels = cv2.resize(frame.to_ndarray(format="rgb24"), (columns, rows))
                    (matte,) = _answers(network, pixels.astype(np.float32) / 255)
                    yield (cv2.resize(matte.reshape(rows, columns), SIZE) * 65535).astype(np.uint16)

        write_maps(target.with_suffix(".mkv"), mattes(), Fraction(FPS))

    return script


def _film(path: Path) -> Path:
    """A portrait that goes sideways, at 720p, losslessly packed."""
    frames = (
        placed(portrait(), SIZE, (200 + 6 * number, 40), 640, 3 * np.sin(number / 5))
        for number in range(FRAMES)
    )
    write_lossless(path, map(picture, frames), Fraction(FPS))
    return path


def _sound(path: Path) -> Path:
    """Noise that swells like speech."""
    moments = np.arange(SOUND_S * RATE) / RATE
    noise = np.random.default_rng(1).normal(0, 0.1, len(moments))
    samples = np.rint(noise * np.sin(2 * np.pi * 2 * moments) * 32767).astype(np.int16)[None]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return path
