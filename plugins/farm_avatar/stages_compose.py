"""Declarations of the picture of a lesson: one scene to one segment of film.

Invariant: light; what it runs is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage
from farm_avatar.compose.params import ComposeParams

COMPOSE = "lesson.compose"


def stages() -> Iterator[Stage]:
    """Composition; nothing in it is left to chance."""
    yield Stage(
        capability=COMPOSE,
        provider="farm_avatar",
        version=1,
        run="farm_avatar.compose.stage:run",
        inputs={
            "scene": Port(MediaKind.DATA, description="JSON, schema farm.scene/1."),
            "visuals": Port(
                MediaKind.ARCHIVE,
                required=False,
                description="ZIP with the files that the scene names.",
            ),
            "timing": Port(MediaKind.DATA, description="JSON, schema farm.timing/1."),
            "cues": Port(
                MediaKind.DATA,
                required=False,
                description="JSON, schema farm.cues/1; used where captions are burnt in.",
            ),
            "presenter": Port(
                MediaKind.VIDEO,
                required=False,
                description="The presenter, with transparency, as long as the scene.",
            ),
        },
        outputs={
            "segment": Port(
                MediaKind.VIDEO,
                description="H.264 in MP4 without sound, closed groups of pictures.",
            ),
            "sheet": Port(MediaKind.IMAGE, description="PNG: a frame that shows the scene."),
            "report": Port(
                MediaKind.DATA, description="JSON, schema farm.compose-report/1: what was done."
            ),
        },
        params=ComposeParams,
        resources=Resources(cores=1, ram_mb=900),
        seeded=False,
        description="Draws a scene: what is on screen, the presenter, titles, captions.",
    )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    for module, package in (("pygments", "pygments"), ("pypdfium2", "pypdfium2")):
        if find_spec(module) is None:
            yield f"{COMPOSE}/farm_avatar", f"needs {package}: pip install 'farm[avatar]'"
