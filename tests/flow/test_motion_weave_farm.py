"""A folder with a picture, a clip and a voice becomes a film of a character that moves and speaks."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
import tiny_weights
from direct_task import run_stage
from drawn_people import movie, placed, portrait
from PIL import Image
from running_farm import farm, running
from stored_models import StoredModels, stored
from test_finish import wave_file

import farm_vision

FRAMES, SIZE = 24, (224, 208)
BACKBONES = {"svd": ("svd-xt", "svd"), "wan-animate": ("wan2.2-animate-14b", "wan_animate")}
"""Tiny weights, and the model and the provider that they stand for."""
MODELS = ("mediapipe-pose", "mediapipe-face", "mediapipe-selfie")


def dropped(folder: Path) -> Path:
    """A person's picture; a clip of her as she leans over and comes nearer; a tone."""
    folder.mkdir()
    Image.fromarray(placed(portrait(), SIZE, (8, 0), 208)).save(folder / "character.png")
    leaning = (
        placed(portrait(), SIZE, (4 + number, 6), 190, 12 * np.sin(number / 8))
        for number in range(FRAMES)
    )
    movie(folder / "motion.mkv", leaning)
    wave_file(folder / "voice.wav", FRAMES / 24)
    (folder / "job.yaml").write_text(
        "farm: 1\npipeline: motion-weave\nquality: draft\n"
        "params: {width: 160, drawn_fps: 24, light: sunset, camera: push-in, lips: false}\n"
    )
    return folder


def noses(path: Path) -> np.ndarray:
    """Where the nose is across the picture, frame by frame."""
    lines = path.read_text("utf-8").splitlines()[1:]
    return np.array([json.loads(line)["persons"][0]["points"][0][0] for line in lines])


def found(root: Path, name: str, timeout_s: float = 120.0) -> Path:
    """A published file, once it is there."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        ready = list(root.glob(f"dropbox/motion-weave/_done/*/*/{name}"))
        if ready:
            return ready[0]
        refused = list(root.glob("dropbox/motion-weave/_rejected/*/error.txt"))
        assert not refused, refused[0].read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError(farm(root, "jobs"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A farm that runs, with tiny weights of every backbone, and a folder dropped into it."""
    pytest.importorskip("ai_edge_litert", reason="pip install 'farm[vision]'")
    store = {stored(name).parents[1] for name in MODELS}
    folder = tmp_path_factory.mktemp("weave")
    (folder / "farm" / "dropbox" / "motion-weave").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARM_MODELS_SHARED_DIRS", json.dumps([str(shelf) for shelf in store]))
        if find_spec("diffusers"):
            for tiny, (name, _) in BACKBONES.items():
                facts = ("--name", name, "--family", "tiny", "--licence", "CC0-1.0")
                weights = str(tiny_weights.folder(tiny))
                told = ("models", "declare", weights, *facts, "--provides", "character.animate")
                farm(folder / "farm", *told)
            farm(folder / "farm", "models", "fetch", *(name for name, _ in BACKBONES.values()))
        with running(folder / "farm") as started:
            shutil.copytree(
                dropped(folder / "hello"), started / "dropbox" / "motion-weave" / "hello"
            )
            yield started


def test_a_dropped_folder_comes_back_as_a_film_of_its_character(root: Path, tmp_path: Path) -> None:
    done = found(root, "receipt.json").parent
    receipt = json.loads((done / "receipt.json").read_text("utf-8"))
    assert receipt["state"] == "done", receipt
    with av.open(str(done / "video.mp4")) as film:
        assert film.streams.video[0].average_rate == 24
        sound = film.streams.audio[0]
        assert abs(sound.duration * sound.time_base - FRAMES / 24) < 1 / 24
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(shown) == FRAMES
    assert shown[0].shape == (148, 160, 3)
    # Who looks at the film sees the nose go where the motion led it, but for the camera's push.
    track = "pose.estimate", "mediapipe"
    [stage] = [s for s in farm_vision.farm_stages() if (s.capability, s.provider) == track]
    film = {"video": movie(tmp_path / "shown.mkv", shown)}
    seen = noses(run_stage(stage, tmp_path / "seen", film, models=StoredModels())["pose"])
    led = noses(done / "pose.jsonl")
    assert len(led) == FRAMES
    assert np.ptp(led) > 12
    assert np.corrcoef(led, seen)[0, 1] > 0.95


@pytest.mark.parametrize("provider", [provider for _, provider in BACKBONES.values()])
def test_a_diffusion_model_draws_the_same_character_where_it_is_chosen(
    root: Path, provider: str
) -> None:
    pytest.importorskip("diffusers", reason="pip install 'farm[models]'")
    given = root.parent / "hello"
    asked = {
        "farm": 1,
        "pipeline": "motion-weave",
        "quality": "draft",
        "inputs": {
            "character": "character.png", "motion": "motion.mkv", "audio": "voice.wav",
        },
        "params": {"width": 64, "height": 64, "drawn_fps": 6, "fps": 12, "lips": False},
        "providers": {"character.animate": provider},
    }  # fmt: skip
    (given / f"{provider}.json").write_text(json.dumps(asked), encoding="utf-8")
    [job] = json.loads(farm(root, "submit", str(given / f"{provider}.json"), "--json"))
    [told] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
    assert told["state"] == "done", told
    assert told["counts"]["cached"] >= 10, "poses and cut-out are those of the other films"
    film = max(root.rglob("outputs/**/video.mp4"), key=lambda path: path.stat().st_mtime_ns)
    with av.open(str(film)) as made:
        shown = [frame.to_ndarray(format="gray") for frame in made.decode(video=0)]
        assert made.streams.audio
    assert len(shown) == FRAMES // 2
    assert shown[0].shape == (64, 64)
    assert max(picture.std() for picture in shown) > 1
