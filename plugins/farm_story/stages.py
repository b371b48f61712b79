"""Declarations of ``story.remember`` and ``story.recall``.

Invariant: light; neither stage is cached, because what they read and write is the memory itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from farm import MediaKind, Port, Resources, Stage
from farm_story.params import RecallParams, RememberParams

MODEL = "efficientnet-lite0"


def stages() -> Iterator[Stage]:
    """Both stages by each way of telling looks apart."""
    for provider, ram_mb, models, preference, how in (
        ("classical", 900, (), 0, "a descriptor of colours and edges"),
        # What a picture shows counts more than its colours; where the network is, it is better.
        ("learned", 1800, (MODEL,), 10, "the features of a network"),
    ):
        yield Stage(
            capability="story.remember",
            provider=provider,
            version=1,
            run=f"farm_story.remember:{provider}",
            inputs={
                "video": Port(MediaKind.VIDEO, description="The shot."),
                "faces": Port(
                    MediaKind.DATA,
                    required=False,
                    description="Points of faces, schema farm.face/1; pictures with a good view "
                    "of a face are preferred.",
                ),
                "prompt": Port(
                    MediaKind.TEXT, required=False, description="What the shot is about."
                ),
            },
            outputs={
                "keyframes": Port(MediaKind.IMAGE, many=True, description="PNG, best first."),
                "album": Port(MediaKind.ARCHIVE, description="The same, as one folder."),
                "memory": Port(MediaKind.DATA, description="JSON, schema farm.story.shot/1."),
            },
            params=RememberParams,
            resources=Resources(cores=1, ram_mb=ram_mb),
            models=models,
            model_key=(lambda _params: MODEL) if models else None,
            preference=preference,
            seeded=False,
            cacheable=False,
            description=f"Keeps the best pictures of a shot in the project's memory, by {how}.",
        )
        yield Stage(
            capability="story.recall",
            provider=provider,
            version=1,
            run=f"farm_story.recall:{provider}",
            inputs={
                "prompt": Port(
                    MediaKind.TEXT, required=False, description="What the next shot is about."
                ),
                "image": Port(
                    MediaKind.IMAGE,
                    required=False,
                    description="What the next shot should look like; default: how the shot before "
                    "ended.",
                ),
            },
            outputs={
                "references": Port(
                    MediaKind.IMAGE, many=True, required=False, description="PNG, weightiest first."
                ),
                "best": Port(
                    MediaKind.IMAGE, required=False, description="The weightiest reference."
                ),
                "album": Port(
                    MediaKind.ARCHIVE, required=False, description="All of them, as one folder."
                ),
                "weights": Port(MediaKind.DATA, description="JSON, schema farm.story.recall/1."),
            },
            params=RecallParams,
            resources=Resources(cores=1, ram_mb=ram_mb),
            models=models,
            model_key=(lambda _params: MODEL) if models else None,
            preference=preference,
            seeded=False,
            cacheable=False,
            description=f"Chooses pictures of earlier shots for the next one, by {how}.",
        )


def checks() -> Iterator[tuple[str, str]]:
    """Stages whose libraries are not on this machine."""
    missing = [name for name in ("torch", "safetensors") if find_spec(name) is None]
    for capability in ("story.remember", "story.recall") if missing else ():
        yield (
            f"{capability}/learned",
            f"needs {', '.join(missing)}: pip install 'farm[learned]'",
        )
