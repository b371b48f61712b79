"""The stage ``speech.say`` by a cloned voice.

Invariant: no voice is cloned without the speaker's consent, which is recorded beside the sound,
together with which sample it was.
"""

from __future__ import annotations

import numpy as np

from farm import InputError, Result, Task
from farm.media.sound import RATE, Sound, sound_parts
from farm_speech.casting import Role, cast
from farm_speech.clone.consent import no_reference, require_consent
from farm_speech.clone.network import RATE as CLONE_RATE, Dia, Samples
from farm_speech.params import SayParams
from farm_speech.saying import Take, delivered
from farm_speech.script import spoken_script
from farm_speech.sound import heard_span, resampled
from farm_speech.text.said import Reading
from farm_speech.utterance import Utterance, read_utterance

PROVIDER = "clone"
VOICE = "reference"
LEAST_S, MOST_S = 2.0, 20.0
_SPOKEN_WORD_S, _SPARE_S = 0.7, 2.0


def run(task: Task[SayParams]) -> Result:
    """Say ``utterance`` in the voice of ``reference``.

    Raises
    ------
    InputError : no consent, no usable sample, or an utterance that cannot be said. MissingExtra.
    """
    require_consent(task.params, {})
    if not task.inputs.get("reference"):
        raise no_reference()
    utterance = read_utterance(task.input("utterance").path, "utterance")
    reference = task.input("reference")
    if utterance.reference and utterance.reference != reference.hash:
        raise InputError(
            "the utterance asks for the voice of another sample",
            where="utterance: reference",
            expected=utterance.reference,
            got=reference.hash,
            mend="Send the sample it names, or leave `reference` out.",
            code="speech.other-reference",
        )
    role = _role(utterance, task.params)
    reading, warnings = spoken_script(utterance, role, can_take_phones=False)
    sample = _sample(task)
    model = task.params.model
    network = task.models.get(
        f"dia.{model}.{task.device}",
        lambda: Dia(task.models.files(model), task.device, max(1, task.threads)),
        size_mb=6500 if task.device == "cpu" else 3500,
        group=model,
    )
    said = network.go_on(
        sample,
        task.params.reference_text.strip(),
        _text(reading),
        seed=task.seed,
        most_s=_SPARE_S + _SPOKEN_WORD_S * len(reading.plain.split()),
        told=lambda done, most: task.progress(done, most, "speaking"),
    )
    return delivered(
        task, role, PROVIDER, reading, Take(said, CLONE_RATE), warnings, reference.hash
    )


def _role(utterance: Utterance, params: SayParams) -> Role:
    role = cast(
        utterance.model_copy(update={"voice": VOICE}), params, {VOICE: "en"}, VOICE, PROVIDER
    )
    return Role(VOICE, utterance.language or params.language or role.language, 1.0)


def _text(reading: Reading) -> str:
    return " ".join(word.plain + word.mark for word in reading.words)


def _sample(task: Task[SayParams]) -> Samples:
    """What is said in the reference, without the silence around it, at 44.1 kHz."""
    parts: list[Sound] = []
    for part in sound_parts(task.input("reference").path, "reference", layout="mono"):
        parts.append(part)
        task.checkpoint()
    samples = np.concatenate(parts, axis=1)[0] if parts else np.zeros(0, np.float32)
    start, stop = heard_span(samples)
    length = (stop - start) / RATE
    if not LEAST_S <= length <= MOST_S:
        raise InputError(
            "the sample of the voice is too short"
            if length < LEAST_S
            else "the sample is too long",
            where="reference",
            expected=f"{LEAST_S:g} to {MOST_S:g} s of speech",
            got=f"{length:.1f} s",
            mend="Cut a clean piece of speech by one person out of it.",
            code="speech.bad-reference",
        )
    return resampled(samples[start:stop], RATE, CLONE_RATE)
