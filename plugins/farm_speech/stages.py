"""Declarations of speech: one capability, several voices of its own each.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage
from farm_speech.clone.consent import require_consent
from farm_speech.espeak import calling as espeak
from farm_speech.params import JoinParams, SayParams, SentenceParams
from farm_speech.piper import program as piper

PROVIDER = "farm_speech"
_INPUTS = {
    "utterance": Port(MediaKind.DATA, description="JSON, schema farm.utterance/1."),
    "reference": Port(
        MediaKind.AUDIO, required=False, description="A voice to clone; for the provider clone."
    ),
}
_OUTPUTS = {
    "speech": Port(MediaKind.AUDIO, description="FLAC, 48 kHz, one channel, trimmed."),
    "text": Port(MediaKind.TEXT, description="What is said, in plain words."),
    "words": Port(MediaKind.DATA, description="The script's words, JSON, schema farm.words/1."),
}


def stages() -> Iterator[Stage]:
    """Every provider takes and gives the same."""
    yield Stage(
        capability="speech.say",
        provider="kokoro",
        version=1,
        run="farm_speech.kokoro.say:run",
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        params=SayParams,
        resources=Resources(cores=1, ram_mb=900),
        preference=20,
        models=("english-words", "kokoro-82m-int8", "kokoro-voices"),
        model_key=lambda _: "kokoro.int8",
        seeded=False,
        description="Forty voices of seven languages, natural, about twice as fast as they speak.",
    )
    yield Stage(
        capability="speech.say",
        provider="piper",
        version=1,
        run="farm_speech.piper.say:run",
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        params=SayParams,
        resources=Resources(cores=1, ram_mb=600),
        preference=-10,
        models=("piper-en-us-joe",),
        seeded=False,
        description="A light American voice, by a program that the operator installs.",
    )
    yield Stage(
        capability="speech.say",
        provider="espeak",
        version=1,
        run="farm_speech.espeak.say:run",
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        params=SayParams,
        resources=Resources(cores=1, ram_mb=300),
        preference=-20,
        seeded=False,
        description="A hundred languages, plainly: the last resort.",
    )
    yield Stage(
        capability="speech.say",
        provider="clone",
        version=1,
        run="farm_speech.clone.say:run",
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        params=SayParams,
        resources=Resources(cores=2, ram_mb=6000, gpus=1, vram_mb=8000),
        preference=-30,
        models=lambda params: (params.model,),
        model_key=lambda params: params.model,
        check=require_consent,
        description="The voice of a sample, with the consent of whoever speaks in it.",
    )
    yield from _narration()


def _narration() -> Iterator[Stage]:
    yield Stage(
        capability="speech.sentences",
        provider=PROVIDER,
        version=1,
        run="farm_speech.narration:split",
        inputs={"text": Port(MediaKind.TEXT, description="What is to be said; plain or Markdown.")},
        outputs={
            "utterances": Port(
                MediaKind.DATA, many=True, description="One a sentence, schema farm.utterance/1."
            ),
            "pauses": Port(MediaKind.DATA, description="JSON, schema farm.pauses/1."),
        },
        params=SentenceParams,
        resources=Resources(cores=1, ram_mb=300),
        seeded=False,
        description="Cuts a text into sentences.",
    )
    yield Stage(
        capability="speech.join",
        provider=PROVIDER,
        version=1,
        run="farm_speech.narration:join",
        inputs={
            "speech": Port(MediaKind.AUDIO, many=True, description="Sentences, in order."),
            "words": Port(MediaKind.DATA, many=True, description="Their words, farm.words/1."),
            "pauses": Port(MediaKind.DATA, description="JSON, schema farm.pauses/1."),
        },
        outputs={
            "narration": Port(MediaKind.AUDIO, description="FLAC, 48 kHz, one channel."),
            "words": Port(MediaKind.DATA, description="JSON, schema farm.words/1."),
        },
        params=JoinParams,
        resources=Resources(cores=1, ram_mb=300),
        seeded=False,
        description="Puts sentences together, with the pauses between them.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    if find_spec("onnxruntime") is None:
        yield "speech.say/kokoro", "needs onnxruntime: pip install 'farm[speech]'"
    if not espeak.available():
        yield "speech.say/espeak", f"needs eSpeak NG: {espeak.MEND}"
    if not piper.command():
        yield "speech.say/piper", f"needs Piper: {piper.MEND}"
    if find_spec("torch") is None or find_spec("transformers") is None:
        yield "speech.say/clone", "needs torch and transformers: pip install 'farm[models]'"
