"""The command ``farm voices``: who can speak, and a sentence to hear them by.

Invariant: ``ls`` changes nothing; ``say`` writes the one file it is told to, by the same code that an
engine runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import wave
from importlib import import_module
from pathlib import Path

from farm import CommandContext, InputError
from farm_speech.listing import Voice, voices as every_voice
from farm_speech.stages import stages
from farm_speech.trial import TrialTask, this_farm
from farm_speech.utterance import SCHEMA

_PROVIDERS = ("kokoro", "piper", "espeak")


def voices(context: CommandContext) -> int:
    """``farm voices``: every voice; ``farm voices say TEXT -o FILE``: hear one."""
    parser = argparse.ArgumentParser("farm voices", description=voices.__doc__)
    acts = parser.add_subparsers(dest="act")
    listed = acts.add_parser("ls", help="every voice, with its language and its licence")
    said = acts.add_parser("say", help="say a text and write it to a FLAC or WAV file")
    for one in (parser, listed):
        one.add_argument("--language", default="", help="only voices of this language, such as en")
        one.add_argument("--provider", default="", help="only voices of this provider")
        one.add_argument("--json", action="store_true", help="print JSON")
    said.add_argument("text")
    said.add_argument("-o", "--output", type=Path, required=True, help="FILE.flac or FILE.wav")
    said.add_argument("--voice", default="")
    said.add_argument("--provider", default="kokoro", choices=_PROVIDERS)
    said.add_argument("--language", default="")
    said.add_argument("--speed", type=float, default=1.0)
    given = parser.parse_args(context.arguments)
    return _say(context, given) if given.act == "say" else _list(context, given)


def _list(context: CommandContext, given: argparse.Namespace) -> int:
    found = [voice for voice in every_voice() if _wanted(voice, given)]
    if given.json:
        context.echo(json.dumps([voice.record() for voice in found], indent=2))
        return 0
    for voice in found:
        note = f"; {voice.note}" if voice.note else ""
        context.echo(
            f"{voice.provider:8}{voice.name:14}{voice.language:8}{voice.licence}, "
            f"{voice.description}{note}"
        )
    return 0


def _wanted(voice: Voice, given: argparse.Namespace) -> bool:
    spoken, asked = voice.language.lower(), given.language.lower()
    speaks = not asked or spoken == asked or spoken.startswith(f"{asked}-")
    return speaks and given.provider in ("", voice.provider)


def _say(context: CommandContext, given: argparse.Namespace) -> int:
    if given.output.suffix not in (".flac", ".wav"):
        raise InputError(
            "this kind of file is not written",
            where="farm voices say: --output",
            expected="a name that ends in .flac or .wav",
            got=str(given.output),
            code="speech.bad-output",
        )
    stage = next(stage for stage in stages() if stage.id == f"speech.say/{given.provider}")
    with tempfile.TemporaryDirectory(prefix="farm-voices-") as folder:
        asked = Path(folder) / "utterance.json"
        fields = {"voice": given.voice, "language": given.language, "speed": given.speed}
        asked.write_text(json.dumps({"schema": SCHEMA, "text": given.text, **fields}))
        task = TrialTask(Path(folder), asked, this_farm())
        module, _, function = stage.run.partition(":")
        made = getattr(import_module(module), function)(task)
        _written(made["speech"], given.output)
        told = json.loads(made["words"].read_text(encoding="utf-8"))
    for warning in told["warnings"]:
        context.echo(f"warning: {warning}")
    context.echo(f"{given.output}: {told['voice']}, {told['duration_s']:.1f} s")
    return 0


def _written(speech: Path, target: Path) -> None:
    """The FLAC as it is, or as a WAV."""
    if target.suffix == ".flac":
        target.write_bytes(speech.read_bytes())
        return
    import numpy as np

    from farm.media.sound import RATE, sound_parts

    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for part in sound_parts(speech, "speech", layout="mono"):
            file.writeframesraw(np.rint(part[0] * 32767).astype("<i2").tobytes())
