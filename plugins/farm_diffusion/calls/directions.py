"""Light and camera as words of the prompt, for models that know no other way.

Invariant: what is not asked for is not said, so a prompt alone goes to the model as it was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

_LIGHT = {
    "studio": "soft studio lighting",
    "rembrandt": "Rembrandt lighting",
    "sunset": "warm sunset light",
    "moon": "cold moonlight",
    "neon": "neon lights",
    "stage": "a stage spotlight",
    "candle": "candlelight",
    "sweep": "the light sweeps over the scene",
    "orbit": "the light circles around",
    "flicker": "the light flickers",
    "pulse": "the light pulses",
}
_CAMERA = {
    "push-in": "the camera pushes in",
    "pull-out": "the camera pulls out",
    "pan-left": "the camera pans left",
    "pan-right": "the camera pans right",
    "rise": "the camera rises",
    "sink": "the camera sinks",
    "orbit": "the camera orbits",
    "handheld": "a handheld camera",
}


def directed(shot: Shot) -> str:
    """The prompt, with the job's ``light`` and ``camera`` said after it."""
    values = shot.settings.values
    said = [str(shot.arguments.get("prompt") or "").strip()]
    for name, words in (("light", _LIGHT), ("camera", _CAMERA)):
        asked = str(values.get(name, "")).lower().split("+")
        said += [words.get(word.strip(), "") for word in asked]
    return ", ".join(word for word in said if word)
