"""Declarations of hearing: features by frame, and the states of a speech network.

Invariant: light; a node offers the learned ones only where their models and libraries are.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage
from farm_vision.hearing.params import MODEL_VOICE, FeatureParams, StateParams, models_of

PROVIDER = "farm_vision"
_INPUTS = {
    "audio": Port(MediaKind.AUDIO),
    "video": Port(MediaKind.VIDEO, required=False, description="The film whose frames count."),
}
_FEATURES = {
    "features": Port(MediaKind.DATA, description="JSON lines, schema farm.audio-features/1.")
}
_NEEDS = {
    "audio.features/silero": (("onnxruntime",), "speech"),
    "audio.states/wav2vec2": (("torch", "transformers"), "models"),
}


def stages() -> Iterator[Stage]:
    """Hearing; none uses the seed."""
    yield Stage(
        capability="audio.features",
        provider=PROVIDER,
        version=1,
        run="farm_vision.hearing.features:run",
        inputs=_INPUTS,
        outputs=_FEATURES,
        params=FeatureParams,
        resources=Resources(cores=1, ram_mb=600),
        seeded=False,
        description="Tells for each frame how loud it is, and its onsets, beats, pitch and voice.",
    )
    yield Stage(
        capability="audio.features",
        provider="silero",
        version=1,
        run="farm_vision.hearing.features:run_silero",
        inputs=_INPUTS,
        outputs=_FEATURES,
        params=FeatureParams,
        resources=Resources(cores=1, ram_mb=700),
        preference={"draft": 5, "standard": 10, "high": 10},
        models=(MODEL_VOICE,),
        seeded=False,
        description="Tells the same, with voices found by silero-vad's network.",
    )
    yield Stage(
        capability="audio.states",
        provider="wav2vec2",
        version=1,
        run="farm_vision.hearing.states:run",
        inputs=_INPUTS,
        outputs={
            "states": Port(MediaKind.ANY, description="NumPy file, float32 (frames, width)."),
            "facts": Port(MediaKind.DATA, description="JSON, schema farm.audio-states/1."),
        },
        params=StateParams,
        resources=Resources(cores=1, ram_mb=2500),
        models=models_of,
        model_key=lambda params: params.model or None,
        seeded=False,
        stall_s=1800.0,
        description="Tells for each frame what wav2vec 2.0 makes of the sound, for lips and faces.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    for stage, (libraries, extra) in _NEEDS.items():
        missing = [name for name in libraries if find_spec(name) is None]
        if missing:
            yield stage, f"needs {', '.join(missing)}: pip install 'farm[{extra}]'"
