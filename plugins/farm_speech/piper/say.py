"""The stage ``speech.say`` by Piper: light and quick. Its program, whose licence is the GPL, is one
that the operator installs.

Invariant: the program runs as a process of its own and is never imported; it gets the text and a path.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from farm import MissingExtra, Result, Task, TransientError
from farm_speech.casting import cast
from farm_speech.params import SayParams
from farm_speech.piper.program import MEND, command
from farm_speech.saying import Take, delivered
from farm_speech.script import spoken_script
from farm_speech.utterance import read_utterance
from farm_speech.waves import read_wave

PROVIDER = "piper"
MODEL = "piper-en-us-joe"
VOICE = "joe"
_TIMEOUT_S = 600.0


def run(task: Task[SayParams]) -> Result:
    """Say ``utterance``.

    Raises
    ------
    InputError : the utterance is no such document, is empty, or in another language than the voice's.
    MissingExtra, TransientError : the program is not to be had, or ended with an error.
    """
    utterance = read_utterance(task.input("utterance").path, "utterance")
    folder = task.models.files(MODEL)
    role = cast(utterance, task.params, {VOICE: _language(folder)}, VOICE, PROVIDER)
    reading, warnings = spoken_script(utterance, role, can_take_phones=False)
    wave = task.scratch / "piper.wav"
    text = " ".join(word.plain + word.mark for word in reading.words)
    task.progress(0, 1, "speaking")
    _speak(text, folder / "voice.onnx", 1 / role.speed, wave)
    return delivered(task, role, PROVIDER, reading, Take(*read_wave(wave)), warnings)


def _language(folder: Path) -> str:
    config = json.loads((folder / "voice.onnx.json").read_bytes())
    return str(config["language"]["code"]).replace("_", "-").lower()


def _speak(text: str, model: Path, slowness: float, wave: Path) -> None:
    program = command()
    if not program:
        raise MissingExtra("Piper is not installed", where="speech.say/piper", mend=MEND)
    # Without noise the same text gives the same samples.
    quiet = ["--noise-scale", "0", "--noise-w-scale", "0"]
    done = subprocess.run(
        [
            *program,
            *("--model", str(model), "--config", f"{model}.json", "--output-file", str(wave)),
            *("--length-scale", f"{slowness:.4f}", "--sentence-silence", "0.3", *quiet),
        ],
        input=text.encode(),
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode or not wave.is_file():
        raise TransientError(
            "Piper ended with an error",
            where="speech.say/piper",
            got=done.stderr.decode("utf-8", "replace")[-300:],
        )
