"""Motion Weave: a character's picture moved by a motion and a voice, without weights.

Invariant: this module declares and nothing more; media libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from farm import MediaKind, Port, Resources, Stage, Windowing, hookimpl
from farm_motion_weave.params import LARGEST_UNASKED, AnimateParams, film_frames

PROVIDER = "farm_motion_weave"


def _needs(params: AnimateParams) -> Resources:
    """Sheets with margins and what they are made from: some 400 bytes a pixel, as measured."""
    sides = [side for side in (params.width, params.height) if side] or [LARGEST_UNASKED]
    # Of one side alone the other is not known: a person who stands is higher than wide.
    pixels = sides[0] * sides[-1] * (1.4 if len(sides) == 1 and params.width else 1.0)
    return Resources(cores=1, ram_mb=330 + round(pixels * 430 / 1e6))


ANIMATE = Stage(
    capability="character.animate",
    provider=PROVIDER,
    version=1,
    run="farm_motion_weave.animate:run",
    inputs={
        "character": Port(MediaKind.IMAGE, description="The picture of the character."),
        "pose": Port(
            MediaKind.DATA,
            required=False,
            description="farm.pose/1: the motion in the picture of the character.",
        ),
        "rest": Port(
            MediaKind.DATA, required=False, description="farm.pose/1 of the picture itself."
        ),
        "face": Port(
            MediaKind.DATA, required=False, description="farm.face/1 of the picture itself."
        ),
        "matte": Port(
            MediaKind.ANY,
            required=False,
            description="White where the character is: a picture, or a film's first frame.",
        ),
        "plate": Port(
            MediaKind.VIDEO,
            required=False,
            description="What is behind the character: the first frame counts.",
        ),
        "depth": Port(MediaKind.VIDEO, required=False, description="Not used here."),
        "control": Port(MediaKind.VIDEO, required=False, description="Not used here."),
        "motion_face": Port(
            MediaKind.DATA,
            required=False,
            description="farm.face/1 of the motion: the mouth follows it where no sound moves it.",
        ),
        "motion": Port(
            MediaKind.VIDEO, required=False, description="Tells the length if nothing else does."
        ),
        "audio": Port(
            MediaKind.AUDIO, required=False, description="Tells the length if nothing else does."
        ),
        "features": Port(
            MediaKind.DATA, required=False, description="farm.audio-features/1 of the sound."
        ),
        "visemes": Port(
            MediaKind.DATA, required=False, description="farm.visemes/1: what the mouth does."
        ),
        "prompt": Port(MediaKind.TEXT, required=False, description="Not used here."),
    },
    outputs={
        "video": Port(MediaKind.VIDEO, description="FFV1 in Matroska, the frames of one window.")
    },
    params=AnimateParams,
    resources=_needs,
    windows=Windowing(
        length=film_frames,
        size=lambda params: params.window,
        overlap=lambda params: params.overlap,
    ),
    description="Moves a character's picture by a pose, a voice, light and a camera.",
)


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """The classical backbone."""
    return [ANIMATE]


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """``motion-weave``."""
    return sorted((Path(__file__).parent / "pipelines").glob("*.yaml"))


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Whether what it draws with is installed."""
    missing = [name for name in ("av", "numba") if find_spec(name) is None]
    if missing:
        yield ANIMATE.id, f"needs {' and '.join(missing)}: pip install {' '.join(missing)}"
