"""Declarations of speech: phones, visemes and a mouth to look at.

Invariant: light; what they run is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage
from farm_vision.speech.params import MouthParams, PhoneParams, VisemeParams

PROVIDER = "farm_vision"
_PHONES = "JSON, schema farm.phones/1."
_VISEMES = "JSON, schema farm.visemes/1."
_MOUTH_INPUTS = {
    "phones": Port(MediaKind.DATA, required=False, description=_PHONES),
    "audio": Port(MediaKind.AUDIO, required=False, description="The sound of the speech."),
    "video": Port(MediaKind.VIDEO, required=False, description="The film whose frames count."),
}


def stages() -> Iterator[Stage]:
    """Speech; none uses the seed."""
    yield Stage(
        capability="speech.phones",
        provider="pocketsphinx",
        version=1,
        run="farm_vision.speech.phones:run",
        inputs={
            "audio": Port(MediaKind.AUDIO, description="Speech."),
            "text": Port(MediaKind.TEXT, required=False, description="What is said, in English."),
            "words": Port(
                MediaKind.DATA,
                required=False,
                description="The same with times, schema farm.words/1; of no use beside a text.",
            ),
        },
        outputs={"phones": Port(MediaKind.DATA, description=_PHONES)},
        params=PhoneParams,
        resources=Resources(cores=1, ram_mb=900),
        seeded=False,
        description="Finds when each phone is said, of words that are known or of any.",
    )
    yield Stage(
        capability="speech.visemes",
        provider=PROVIDER,
        version=1,
        run="farm_vision.speech.visemes:run",
        inputs=_MOUTH_INPUTS,
        outputs={"visemes": Port(MediaKind.DATA, description=_VISEMES)},
        params=VisemeParams,
        resources=Resources(cores=1, ram_mb=700),
        seeded=False,
        description="Moves a mouth by phones, each shaped by those beside it; by sound without any.",
    )
    yield Stage(
        capability="speech.visemes",
        provider="formants",
        version=1,
        run="farm_vision.speech.visemes:run_by_sound",
        inputs=_MOUTH_INPUTS,
        outputs={"visemes": Port(MediaKind.DATA, description=_VISEMES)},
        params=VisemeParams,
        resources=Resources(cores=1, ram_mb=700),
        preference=-10,
        seeded=False,
        description="Moves a mouth by loudness and formants of any language.",
    )
    yield Stage(
        capability="mouth.render",
        provider=PROVIDER,
        version=1,
        run="farm_vision.speech.mouth:run",
        inputs={"visemes": Port(MediaKind.DATA, description=_VISEMES)},
        outputs={"video": Port(MediaKind.VIDEO, description="A drawn mouth, FFV1 in Matroska.")},
        params=MouthParams,
        resources=Resources(cores=1, ram_mb=384),
        seeded=False,
        description="Draws a mouth that makes the visemes, to look at.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    if find_spec("pocketsphinx") is None:
        yield "speech.phones/pocketsphinx", "needs pocketsphinx: pip install 'farm[speech]'"
