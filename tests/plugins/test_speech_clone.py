"""A cloned voice: never without consent, always on the record."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_dia
from direct_task import WarmModels, run_stage

import farm_speech
from farm import FarmError, InputError, Stage, TaskCancelled
from farm.media.sound import RATE
from farm_speech.sound import write_flac

AGREED = {"consent": True, "reference_text": "The sea is calm today."}


def clone() -> Stage:
    return next(s for s in farm_speech.farm_stages() if s.id == "speech.say/clone")


def sample(folder: Path, seconds: float = 2.5) -> Path:
    path = folder / "sample.flac"
    moments = np.arange(round(seconds * RATE)) / RATE
    voice = np.sin(2 * np.pi * 140 * moments) * (0.2 + 0.1 * np.sin(2 * np.pi * 4 * moments))
    write_flac(path, voice.astype(np.float32))
    return path


class Models(WarmModels):
    """One folder, whatever model is asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def files(self, _name: str) -> Path:
        return self.folder

    def get(self, key: str, load: Any, *, size_mb: int, group: str = "") -> Any:
        return super().get(key, load, size_mb=size_mb)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    pytest.importorskip("transformers", reason="pip install 'farm[diffusion]'")
    return Models(tiny_dia.saved(tmp_path_factory.mktemp("dia")))


def say(folder: Path, models: Models, params: dict[str, Any], **given: Any) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    asked = folder / "utterance.json"
    fields = {"schema": "farm.utterance/1", "text": "Hello there.", **given.pop("fields", {})}
    asked.write_text(json.dumps(fields), encoding="utf-8")
    inputs = {"utterance": asked}
    if given.pop("referred", True):
        inputs["reference"] = sample(folder, given.pop("seconds", 2.5))
    return run_stage(clone(), folder / "made", inputs, params, models=models, **given)


def test_a_voice_goes_on_from_its_sample_and_the_consent_is_recorded(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random weights never come to an end, so they are not given long.
    monkeypatch.setattr("farm_speech.clone.say._SPARE_S", 0.0)
    made = say(tmp_path, models, AGREED, fields={"text": "Hi."})
    told = json.loads(made["words"].read_text("utf-8"))
    reference = hashlib.sha256((tmp_path / "sample.flac").read_bytes()).hexdigest()
    assert told["cloned"] == {"reference": reference, "consent": True}
    assert (told["method"], told["voice"]) == ("shared", "reference")
    assert 0.1 < told["duration_s"] < 1


def test_the_same_seed_is_the_same_voice(tmp_path: Path, models: Models) -> None:
    from farm_speech.clone.network import RATE as CLONE_RATE, Dia

    network = Dia(models.folder, "cpu", 1)
    voice = (0.2 * np.sin(np.arange(CLONE_RATE) / 50)).astype(np.float32)

    def said(seed: int) -> bytes:
        steps: list[int] = []
        sound = network.go_on(
            voice, "la", "Hi.", seed=seed, most_s=0.2, told=lambda done, _: steps.append(done)
        )
        assert steps == sorted(set(steps))
        assert len(steps) > 10
        return sound.tobytes()

    first = said(1)
    assert first == said(1)
    assert first != said(2)


def test_cloning_stops_when_it_is_asked_to(tmp_path: Path, models: Models) -> None:
    with pytest.raises(TaskCancelled):
        say(tmp_path, models, AGREED, cancel_after=5)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "speech.no-consent"),
        ({"consent": True}, "speech.no-reference-text"),
    ],
)
def test_nobody_is_cloned_without_consent_and_it_is_refused_while_planned(
    params: dict[str, Any], code: str, tmp_path: Path
) -> None:
    stage = clone()
    assert stage.check is not None
    with pytest.raises(FarmError) as planned:
        stage.check(stage.params(**params), {})
    assert planned.value.code == code
    with pytest.raises(InputError) as run:
        say(tmp_path, Models(tmp_path), params)
    assert run.value.code == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"referred": False}, "speech.no-reference"),
        ({"seconds": 0.5}, "speech.bad-reference"),
        ({"seconds": 30}, "speech.bad-reference"),
        ({"fields": {"reference": "0" * 64}}, "speech.other-reference"),
        ({"fields": {"language": "de"}}, "speech.wrong-language"),
    ],
)
def test_a_sample_that_cannot_be_used_is_refused_by_name(
    given: dict[str, Any], code: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        say(tmp_path, Models(tmp_path), AGREED, **given)
    assert refused.value.code == code
