"""A quality, a shape and the choices of a request as what a graph is set to.

Invariant: a quality decides size, steps, guidance, acceleration and the form of the weights, and
nothing else does; a choice that a quality cannot honour is refused, not weakened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from farm import ParameterError
from farm_comfyui.maps import ProfileMap, WorkflowMap
from farm_comfyui.requests import BindRequest


@dataclass(frozen=True, slots=True)
class Settled:
    """width, height : pixels. values : by the map's input names. switches : the ones that are on."""

    width: int
    height: int
    values: Mapping[str, int | float | str]
    switches: frozenset[str]
    max_s: float


def settled(said: WorkflowMap, request: BindRequest) -> Settled:
    """What the request's choices come to.

    Raises
    ------
    ParameterError : a quality, shape or choice that this workflow does not have, or choices that
        contradict one another; the sentence names the workflow that can.
    """
    profile = profile_of(said, request.quality)
    size = profile.sizes.get(request.aspect)
    if size is None:
        raise ParameterError(
            "this workflow does not make this shape",
            where="aspect",
            expected=", ".join(profile.sizes),
            got=request.aspect,
            code="comfy.aspect",
        )
    values = dict(profile.values)
    _adhere(said, request, values)
    switches = set(profile.switches) | _mixing(said, request)
    if request.control != "ready":
        if request.control not in said.switches:
            raise ParameterError(
                "this workflow does not prepare a control video",
                where="control",
                expected="ready",
                got=request.control,
                mend="Use pose-control, which can.",
                code="comfy.wrong-mode",
            )
        switches.add(request.control)
    return Settled(size[0], size[1], values, frozenset(switches), profile.max_s)


def profile_of(said: WorkflowMap, quality: str) -> ProfileMap:
    """The profile of a quality."""
    for name, profile in said.profiles.items():
        if name == quality:
            return profile
    raise ParameterError(
        "this workflow does not have this quality",
        where="quality",
        expected=", ".join(said.profiles),
        got=quality,
        code="comfy.quality",
    )


def precisions(said: WorkflowMap, request: BindRequest) -> tuple[str, ...]:
    """The forms of the weights to try, the best first; one when the request names it."""
    if request.precision:
        missing = [
            name
            for name, model in said.models.items()
            if "any" not in model.files and request.precision not in model.files
        ]
        if missing:
            raise ParameterError(
                "this workflow has no models in this precision",
                where="precision",
                got=request.precision,
                code="comfy.precision",
            )
        return (request.precision,)
    return profile_of(said, request.quality).precision


def _adhere(said: WorkflowMap, request: BindRequest, values: dict[str, int | float | str]) -> None:
    if not request.adherence:
        return
    factor = said.adherence.get(request.adherence)
    if factor is None:
        raise ParameterError(
            "this workflow does not know this adherence",
            where="adherence",
            expected=", ".join(said.adherence) or "none",
            got=request.adherence,
            mend="Leave adherence out.",
            code="comfy.wrong-mode",
        )
    guidance = float(values.get("cfg", 1.0))
    if factor != 1.0 and guidance == 1.0:
        raise ParameterError(
            "this quality works without guidance, so adherence cannot be changed",
            where="adherence",
            expected="balanced",
            got=request.adherence,
            mend="Use quality standard or high, or leave adherence out.",
            code="comfy.conflict",
        )
    values["cfg"] = round(guidance * factor, 2)


def _mixing(said: WorkflowMap, request: BindRequest) -> set[str]:
    """Relight and background, which only a workflow that mixes into a video can honour."""
    mixes = "relight" in said.switches
    if mixes:
        if request.background is False:
            raise ParameterError(
                "this workflow keeps the background of the video",
                where="background",
                mend="Use animate-move, whose background is the picture's.",
                code="comfy.conflict",
            )
        return set() if request.relight is False else {"relight"}
    for name, asked in (("relight", request.relight), ("background", request.background)):
        if asked:
            raise ParameterError(
                f"this workflow cannot honour {name}: nothing is put into the video",
                where=name,
                mend=f"Use animate-mix, which can; or leave {name} out.",
                code="comfy.conflict",
            )
    return set()
