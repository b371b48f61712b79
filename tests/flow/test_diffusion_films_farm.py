"""Films by diffusion models in a farm that runs: a picture that speaks, a character that moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
import tiny_weights
from film_material import clip, picture, sound
from running_farm import farm, running
from stored_models import standing
from test_motion_weave_farm import FRAMES, MODELS, dropped

# The name that a recipe asks for, and the tiny model that is declared under it.
DECLARED = (
    ("ltx-2-distilled", "ltx-2-dfr"),
    ("wan2.2-animate-14b", "wan-animate"),
    ("svd-xt", "svd"),
)
SMALL = {"width": 64, "height": 64, "steps": 2, "window": 9, "overlap": 1}
SECONDS = 0.76


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A farm with tiny models under the names of large ones."""
    folder = tmp_path_factory.mktemp("farm")
    with pytest.MonkeyPatch.context() as settings:
        seeing = [state.folder for name in MODELS if (state := standing(name)) and state.folder]
        if seeing:
            shared = json.dumps([str(seeing[0].parents[1])])
            settings.setenv("FARM_MODELS_SHARED_DIRS", shared)
        for name, tiny in DECLARED:
            facts = ("--name", name, "--family", "tiny", "--licence", "CC0-1.0")
            place = str(tiny_weights.folder(tiny))
            farm(folder, "models", "declare", place, *facts)
            farm(folder, "models", "fetch", name)
        with running(folder):
            yield folder


def film_of(root: Path, *asked: str) -> Path:
    """What a job that is submitted delivers, when it has ended."""
    outputs = root / "spool" / "outputs"
    before = set(outputs.rglob("video.mp4"))
    farm(root, "submit", *asked, "--wait")
    [film] = set(outputs.rglob("video.mp4")) - before
    return film


def with_sound(path: Path, film: Path, heard: Path) -> Path:
    """A film with a sound, by copying both."""
    with av.open(str(path), "w") as out, av.open(str(film)) as seen, av.open(str(heard)) as said:
        sources = (seen.streams.video[0], said.streams.audio[0])
        pairs = [(source, out.add_stream_from_template(source)) for source in sources]
        for (source, stream), opened in zip(pairs, (seen, said), strict=True):
            for packet in opened.demux(source):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
    return path


@pytest.mark.parametrize("heard", ["voice.wav", "driver.mkv"])
def test_a_picture_speaks_as_long_as_it_is_heard(root: Path, tmp_path: Path, heard: str) -> None:
    shot = tmp_path / "shot"
    shot.mkdir()
    picture(shot / "image.png")
    spoken = sound(tmp_path / "voice.wav", SECONDS)
    if heard == "driver.mkv":
        with_sound(shot / heard, clip(tmp_path / "film.mkv", 18), spoken)
    else:
        spoken.rename(shot / heard)
    settings = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    film = film_of(root, "-p", "talking-head", str(shot), *settings)
    with av.open(str(film)) as made:
        frames = sum(1 for _ in made.decode(video=0))
        assert frames == round(SECONDS * 25) == 19
        assert made.streams.video[0].average_rate == 25
        length_s = float(made.streams.audio[0].duration * made.streams.audio[0].time_base)
        assert abs(length_s - frames / 25) < 1 / 25


@pytest.mark.parametrize("provider", ["wan_animate", "svd"])
def test_a_character_moves_by_a_diffusion_model(root: Path, tmp_path: Path, provider: str) -> None:
    if not all((state := standing(name)) and state.folder for name in MODELS):
        pytest.skip("farm models fetch " + " ".join(MODELS))
    given = dropped(tmp_path / provider)
    (given / "job.yaml").write_text(
        "farm: 1\npipeline: motion-weave\nquality: draft\nproviders: {animate: PROVIDER}\n"
        "params: {width: 64, drawn_fps: 24, camera: push-in, lips: false, steps: 2}\n".replace(
            "PROVIDER", provider
        )
    )
    with av.open(str(film_of(root, str(given)))) as film:
        assert sum(1 for _ in film.decode(video=0)) == FRAMES
