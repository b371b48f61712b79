"""A presenter for tests: scikit-image's astronaut, found, matted and moved once for all tests."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import av
import numpy as np
from direct_task import WarmModels, run_stage
from PIL import Image
from skimage import data
from stored_models import StoredModels

import farm_finish
import farm_vision
from farm_avatar import stages_presenter
from farm_vision.speech.shapes import VISEMES

STAGES = {
    stage.id: stage
    for stage in (
        *stages_presenter.stages(),
        *farm_vision.farm_stages(),
        *farm_finish.farm_stages(),
    )
}
PORTRAIT, IDLE, SPEAK = (
    STAGES[f"avatar.{what}/classical"] for what in ("portrait", "idle", "speak")
)
FPS = 25
MODELS = StoredModels()


@cache
def folder() -> Path:
    """Where the shared files lie."""
    made = Path(tempfile.mkdtemp(prefix="presenter"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def astronaut() -> Image.Image:
    """A woman who smiles at the camera, 512 by 512."""
    return Image.fromarray(data.astronaut())


def found(image: Path, where: Path) -> Path:
    """The faces of a picture, as the pipeline finds them."""
    params = {"fit": "fit", "width": 512, "height": 512}
    look = run_stage(
        STAGES["media.normalise/farm_finish"], where / "look", {"media": image}, params
    )
    return faces(look["video"], where / "seen", most=4)


def faces(video: Path, where: Path, most: int = 1) -> Path:
    """The faces of a film, each frame by itself."""
    stage, params = STAGES["face.landmarks/mediapipe"], {"most": most, "smooth": 0}
    return run_stage(stage, where, {"video": video}, params, models=MODELS)["face"]


def points(face: Path) -> np.ndarray:
    """(frames, 468, 2) of a file of faces."""
    lines = face.read_text().splitlines()[1:]
    return np.array([json.loads(line)["faces"][0]["points"] for line in lines])[..., :2]


@cache
def portrait() -> dict[str, Path]:
    """The astronaut's portrait, with its matte."""
    image = folder() / "astronaut.png"
    astronaut().save(image)
    given = {"image": image, "face": found(image, folder())}
    made = run_stage(PORTRAIT, folder() / "portrait", given, {"size": 256})
    stage = STAGES["matte.person/mediapipe"]
    matte = run_stage(stage, folder() / "find", {"video": made["still"]}, models=MODELS)
    stage = next(stage for name, stage in STAGES.items() if name.startswith("matte.refine/"))
    refined = {"video": made["still"], "matte": matte["matte"]}
    cut = run_stage(stage, folder() / "cut", refined)
    return {**made, "matte": cut["matte"]}


@cache
def idle() -> dict[str, Path]:
    """Four seconds of the astronaut, cut out."""
    given = {port: portrait()[port] for port in ("image", "face", "matte")}
    return run_stage(IDLE, folder() / "idle", given, {"seconds": 4})


@cache
def idle_frames() -> list[np.ndarray]:
    """The loop's frames, uint8 (H, W, 4)."""
    return frames(idle()["loop"])


def frames(film: Path) -> list[np.ndarray]:
    """Frames of a film, uint8 (H, W, 4): red, green, blue, alpha."""
    with av.open(str(film)) as container:
        return [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]


def silence(path: Path, seconds: float) -> Path:
    """A WAV file of nothing, 48 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(bytes(2 * round(48_000 * seconds)))
    return path


def visemes(path: Path, names: Sequence[str]) -> Path:
    """One viseme a frame, fully made."""
    lines = [
        {
            "frame": number,
            "open": VISEMES[name].open,
            "wide": VISEMES[name].wide,
            "round": VISEMES[name].round,
            "viseme": name,
        }
        for number, name in enumerate(names)
    ]
    record = {"schema": "farm.visemes/1", "fps": float(FPS), "language": "en"}
    record |= {"method": "phones", "visemes": [], "frames": lines}
    path.write_text(json.dumps(record))
    return path


def speaking(where: Path, names: Sequence[str], seconds: float | None = None, **more) -> Path:
    """The astronaut making visemes, one a frame."""
    where.mkdir(parents=True, exist_ok=True)
    given = {
        "loop": idle()["loop"],
        "mesh": idle()["mesh"],
        "narration": silence(where / "sound.wav", len(names) / FPS if seconds is None else seconds),
        "visemes": visemes(where / "visemes.json", names),
    }
    given |= more.pop("inputs", {})
    params = more.pop("params", {})
    return run_stage(SPEAK, where, given, params, **({"models": WARM} | more))["video"]


WARM = WarmModels()


def sample(capability: str) -> tuple[dict[str, list[Path]], dict[str, object]]:
    """Inputs and parameters for a short run of one of the presenter's stages."""
    given: dict[str, Path] = {}
    params: dict[str, object] = {}
    if capability == "avatar.portrait":
        portrait()
        found_in = folder() / "seen" / "face-0.jsonl"
        given, params = {"image": folder() / "astronaut.png", "face": found_in}, {"size": 128}
    elif capability == "avatar.idle":
        given = {port: portrait()[port] for port in ("image", "face", "matte")}
        params = {"seconds": 4}
    elif capability == "avatar.loop":
        given, params = {"video": idle()["loop"]}, {"seconds": 2, "turn_s": 0.1}
    else:
        given = {"loop": idle()["loop"], "mesh": idle()["mesh"]}
        given["narration"] = silence(folder() / "second.wav", 1.0)
        given["visemes"] = visemes(folder() / "second.json", ["aa"] * FPS)
    return {port: [path] for port, path in given.items()}, params
