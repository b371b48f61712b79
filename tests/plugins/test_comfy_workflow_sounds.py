"""Workflows that save only sound: imported, refused where another pipeline fits, prepared and run."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comfy.process import StandIn
from direct_task import DirectTask
from own_workflows import imported

from farm import FarmError, InputFile
from farm.artifacts.probe import probe
from farm.media.sound import RATE, sound_parts
from farm_comfyui import configured, named, preparing, running, stages
from farm_comfyui.asked import Asked
from farm_comfyui.binding import bind
from farm_comfyui.params import RunParams, WorkflowParams
from farm_comfyui.pictures import write_png
from farm_comfyui.requests import BindRequest
from farm_comfyui.sounds import write_flac
from farm_comfyui.templates import OURS, catalog

SAVES: dict[str, dict[str, Any]] = {
    "SaveAudio": {"filename_prefix": "audio/mine"},
    "SaveAudioMP3": {"filename_prefix": "audio/mine", "quality": "V0"},
    "SaveAudioOpus": {"filename_prefix": "audio/mine", "quality": "128k"},
    "SaveAudioAdvanced": {
        "filename_prefix": "audio/mine",
        "format": "mp3",
        "format.quality": "320k",
    },
    "PreviewAudio": {},
}
SUFFIX = {
    "SaveAudio": "flac",
    "SaveAudioMP3": "mp3",
    "SaveAudioOpus": "opus",
    "SaveAudioAdvanced": "mp3",
    "PreviewAudio": "flac",
}
STEP, MODEL_RATE = 2 * 2048, 44_100
"""A model makes sound in steps of so many samples."""


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def music(saves: str = "SaveAudio") -> dict[str, Any]:
    """What is written becomes a second of sound."""
    ours = json.loads((OURS / "start-end-frame" / "1.0.0" / "graph.json").read_text("utf-8"))
    return {
        "1": ours["1"],
        "7": ours["7"],
        "8": ours["8"],
        "9": ours["9"],
        "10": ours["10"],
        "13": node("EmptyLatentAudio", seconds=1.0, batch_size=1),
        "14": node(
            "KSampler", model=["1", 0], seed=0, steps=2, cfg=4.0, sampler_name="euler",
            scheduler="simple", positive=["9", 0], negative=["10", 0], latent_image=["13", 0],
            denoise=1.0,
        ),
        "15": node("VAEDecodeAudio", samples=["14", 0], vae=["8", 0]),
        "20": node(saves, audio=["15", 0], **SAVES[saves]),
    }  # fmt: skip


def voice(saves: str = "SaveAudio") -> dict[str, Any]:
    """A sound goes through."""
    return {
        "41": node("LoadAudio", audio="voice.wav"),
        "42": node(saves, audio=["41", 0], **SAVES[saves]),
    }


def still() -> dict[str, Any]:
    """A picture goes through."""
    graph = json.loads((OURS / "plumbing" / "1.0.0" / "graph.json").read_text("utf-8"))
    graph["2"]["inputs"] |= {"width": 96, "height": 96}
    return {key: graph[key] for key in ("1", "2", "6")}


# --- imported -------------------------------------------------------------------------------------


@pytest.mark.parametrize("saves", SAVES)
def test_every_node_that_saves_a_sound_is_the_output_called_sound(own: Path, saves: str) -> None:
    assert imported(own, "our-song", music(saves)).doubts == []
    said = catalog(own).get("our-song").map
    assert {role: (one.node, one.media) for role, one in said.outputs.items()} == {
        "sound": ("20", "audio")
    }
    assert named.pipelines(said) == ["comfyui-sound"]
    assert said.prompt_required and {"prompt", "negative", "seed"} <= set(said.inputs)


def test_a_preview_counts_only_where_nothing_is_saved(own: Path) -> None:
    graph = music()
    graph["21"] = node("PreviewAudio", audio=["15", 0])
    imported(own, "our-song", graph)
    assert [one.node for one in catalog(own).get("our-song").map.outputs.values()] == ["20"]


def test_several_sounds_and_texts_of_other_packs_are_to_be_looked_at(own: Path) -> None:
    graph = music()
    graph["21"] = node("SaveAudioMP3", audio=["15", 0], **SAVES["SaveAudioMP3"])
    assert any(
        "several nodes save a sound" in one for one in imported(own, "our-songs", graph).doubts
    )
    graph = voice()
    graph["3"] = node("SomebodysSpeech", text="to be said", audio=["41", 0])
    graph["42"]["inputs"]["audio"] = ["3", 0]
    doubts = imported(own, "our-speech", graph).doubts
    assert any('prompt = [["3", "text"]]' in one for one in doubts)


def test_an_output_called_sound_that_is_none_is_refused(own: Path) -> None:
    imported(own, "our-song", music())
    said = own / "our-song" / "1.0.0" / "map.toml"
    said.write_text(said.read_text("utf-8").replace('media = "audio"', 'media = "image"'), "utf-8")
    with pytest.raises(FarmError, match=r"outputs\.sound: its media is not audio"):
        catalog(own)


def test_the_qualities_of_a_map_may_differ_in_how_long_a_sound_is(own: Path) -> None:
    imported(own, "our-song", music())
    path = own / "our-song" / "1.0.0" / "map.toml"
    said = path.read_text("utf-8").replace("[inputs]", '[inputs]\nseconds = [["13", "seconds"]]')
    head, draft, rest = said.partition("[profiles.draft]\n")
    path.write_text(f"{head}{draft}values = {{ seconds = 20.0 }}\n{rest}", encoding="utf-8")
    template = catalog(own).get("our-song")

    asked = [BindRequest(quality=quality, prompt="a waltz") for quality in ("draft", "high")]
    made = [bind(template, one).graph["13"]["inputs"]["seconds"] for one in asked]
    assert made == [20.0, 1.0]


# --- the pipeline that fits -----------------------------------------------------------------------


def test_each_pipeline_refuses_what_only_another_can_publish(own: Path) -> None:
    imported(own, "our-song", music())
    imported(own, "our-still", still())
    imported(own, "our-both", still() | voice())

    def told(workflow: str, makes: Any) -> str:
        with pytest.raises(FarmError, match="this workflow saves no") as caught:
            stages.check_named(WorkflowParams(workflow=workflow, makes=makes), {})
        return caught.value.mend

    assert "comfyui-sound," in told("our-song", "film")
    assert "comfyui-sound," in told("our-song", "pictures")
    assert "comfyui-pictures," in told("our-still", "sound")
    assert "comfyui-workflow," in told("start-end-frame", "sound")
    assert "comfyui-pictures or comfyui-sound," in told("our-both", "film")


# --- prepared and run -----------------------------------------------------------------------------


def given(path: Path) -> InputFile:
    kind, facts = probe(path)
    return InputFile(path, kind, hashlib.sha256(path.read_bytes()).hexdigest(), facts)


def ran(folder: Path, name: str, inputs: Mapping[str, Any]) -> Any:
    """What a workflow made, and the files that went up."""
    params = WorkflowParams(workflow=name, makes="sound", profile="draft")
    made: Any = preparing.run_named(DirectTask(folder / "prepare", params, inputs))  # type: ignore[arg-type]
    files = {"request": [given(made["request"])], "assets": [given(p) for p in made["assets"]]}
    done: Any = running.run_named(DirectTask(folder / "run", RunParams(), files))  # type: ignore[arg-type]
    return done, files


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn(tmp_path_factory.mktemp("sounds")) as one:
        yield one


@pytest.mark.parametrize("saves", SAVES)
def test_what_is_written_becomes_the_sound_that_the_workflow_saves(
    tmp_path: Path, own: Path, server: StandIn, saves: str
) -> None:
    configured.configure({"templates_dir": str(own), "servers": [{"name": "a", "url": server.url}]})
    imported(own, "our-song", music(saves))
    (tmp_path / "prompt.txt").write_text("a slow waltz", encoding="utf-8")
    done, _ = ran(tmp_path, "our-song", {"prompt": [given(tmp_path / "prompt.txt")]})
    assert "video" not in done
    kind, facts = probe(done["sound"])
    assert (kind.value, done["sound"].suffix) == ("audio", f".{SUFFIX[saves]}")
    heard = np.concatenate(list(sound_parts(done["sound"], "sound")), axis=1)
    asked_s = round(MODEL_RATE / STEP) * STEP / MODEL_RATE
    assert heard.shape[1] / RATE == pytest.approx(asked_s, abs=0.1) and facts.duration_s
    assert 0.2 < np.abs(heard).max() < 0.3
    with zipfile.ZipFile(done["saved"]) as packed:
        assert packed.namelist() == [f"sound.{SUFFIX[saves]}"]
        assert packed.read(packed.namelist()[0]) == done["sound"].read_bytes()
    told = json.loads(done["run"].read_text("utf-8"))["external"]
    graph = server.ask(f"/history/{told['id']}")[told["id"]]["prompt"][2]
    assert graph["9"]["inputs"]["text"] == "a slow waltz"
    assert ("filename_prefix" in graph["20"]["inputs"]) == (saves != "PreviewAudio")


def test_a_sound_of_which_no_film_is_made_goes_up_whole(
    tmp_path: Path, own: Path, server: StandIn
) -> None:
    configured.configure({"templates_dir": str(own), "servers": [{"name": "a", "url": server.url}]})
    imported(own, "our-voice", voice())
    # Longer than the length that stands in a guessed map, and no whole number of its frames.
    samples = RATE * 7 + 1234
    tone = 0.4 * np.sin(np.arange(samples) / 3, dtype=np.float32)
    write_flac(tmp_path / "voice.flac", [np.stack([tone, -tone])])
    said = given(tmp_path / "voice.flac")
    done, files = ran(tmp_path, "our-voice", {"audio": [said], "audio_sound": [said]})
    assert Asked.read(files["request"][0].path).bound().before[0].sample_rate == RATE
    for path in (files["assets"][0].path, done["sound"]):
        heard = np.concatenate(list(sound_parts(path, "sound")), axis=1)
        assert heard.shape == (2, samples)
        assert np.abs(heard[0] + heard[1]).max() < 1e-3 and np.abs(heard[0]).max() > 0.35


def test_a_workflow_that_saves_pictures_and_sound_gives_both_whatever_was_wanted(
    tmp_path: Path, own: Path, server: StandIn
) -> None:
    configured.configure({"templates_dir": str(own), "servers": [{"name": "a", "url": server.url}]})
    imported(own, "our-both", still() | voice("SaveAudioOpus"))
    write_png(tmp_path / "red.png", np.full((96, 96, 3), (200, 40, 30), np.uint8))
    write_flac(tmp_path / "tone.flac", [np.full((2, RATE), 0.1, np.float32)])
    red, tone = given(tmp_path / "red.png"), given(tmp_path / "tone.flac")
    inputs = {"image": [red], "image_film": [red], "audio": [tone], "audio_sound": [tone]}
    done, _ = ran(tmp_path, "our-both", inputs)
    assert done["sound"].suffix == ".opus"
    with zipfile.ZipFile(done["saved"]) as packed:
        assert sorted(packed.namelist()) == ["picture.png", "sound.opus"]
