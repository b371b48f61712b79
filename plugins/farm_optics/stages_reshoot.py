"""Declaration of ``camera.reshoot``.

Invariant: light; what it runs is imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterator

from farm import MediaKind, Port, Resources, Stage, Windowing
from farm_optics.reshoot.params import RESHOOT_WINDOW, ReshootParams, reshot_frames


def stages() -> Iterator[Stage]:
    """New views of a clip."""
    yield Stage(
        capability="camera.reshoot",
        provider="farm_optics",
        version=1,
        run="farm_optics.reshoot.stage:run",
        inputs={
            "video": Port(MediaKind.VIDEO, description="The clip, or a film of one picture."),
            "depth": Port(MediaKind.VIDEO, description="Its depth map, one for each frame or one."),
            "scale": Port(MediaKind.DATA, required=False, description="JSON, schema farm.depth/1."),
            "trajectory": Port(
                MediaKind.DATA, required=False, description="JSON, schema farm.camera/1."
            ),
        },
        outputs={
            "segment": Port(MediaKind.VIDEO, description="FFV1, the views of one window."),
            "holes": Port(
                MediaKind.VIDEO, description="FFV1, 16-bit grey: white is what was made up."
            ),
        },
        params=ReshootParams,
        resources=Resources(cores=1, ram_mb=1800, disk_mb=512),
        windows=Windowing(length=reshot_frames, size=RESHOOT_WINDOW),
        description="Shows a clip from a camera that goes its own way, from the clip and its depth.",
    )
