"""Where things are in a picture: one table of shares for wide, square and upright ones.

Invariant: every box lies inside the picture on even coordinates (chroma is shared by two by two
pixels), letters keep clear of the edges, and in an upright picture of what phones draw over it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from farm_avatar.compose.scene import Scene

Shape = Literal["wide", "square", "upright"]
Frame = Literal["none", "cutout", "round", "card", "full"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, px, on even coordinates."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column right of it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.height

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class Places:
    """Where a scene's parts are. unit : px that sizes of letters are counted in.

    stage : what visuals are fitted into, at ``lean`` (0 left or top, 1 right or bottom).
    head : for the scene's title, if there is room. captions : letters stand on its bottom, or on
    its top (``captions_top``).
    """

    shape: Shape
    unit: int
    margin: int
    stage: Box
    lean: tuple[float, float]
    presenter: Box
    frame: Frame
    head: Box | None
    captions: Box
    captions_top: bool
    lower: Box
    lower_right: bool
    progress: Box


def box(x: float, y: float, right: float, bottom: float) -> Box:
    """The box between four edges, on even coordinates."""
    left, top = even(x), even(y)
    return Box(left, top, max(2, even(right) - left), max(2, even(bottom) - top))


def even(value: float) -> int:
    """The nearest even number."""
    return 2 * round(value / 2)


def shape_of(size: tuple[int, int]) -> Shape:
    """What kind of picture has that size."""
    aspect = size[0] / size[1]
    return "wide" if aspect >= 1.2 else "square" if aspect > 0.8 else "upright"


def places(scene: Scene, shown: bool, clear: bool = True) -> Places:
    """The places of a scene. shown : there is a presenter. clear : whose sides are free of the
    film's edges, so that it can be cut out."""
    arrange = {"wide": _wide, "square": _square, "upright": _upright}[shape_of(scene.size)]
    found = arrange(scene, shown and scene.presenter.layout != "none")
    if scene.captions != "none" and not found.captions_top:
        area, foot = found.lower, found.captions.y - even(found.unit * 0.01)
        beside = area.right <= found.captions.x or found.captions.right <= area.x
        if area.bottom > foot and not beside:
            found = replace(found, lower=replace(area, y=area.y - area.bottom + foot))
    if found.frame == "cutout" and not _can_be_cut_out(scene, clear):
        found = _in_round(scene, found)
    return found


def _can_be_cut_out(scene: Scene, clear: bool) -> bool:
    frame = scene.presenter.frame
    return frame == "cutout" or (frame == "auto" and clear and "top" not in scene.presenter.corner)


def _wide(scene: Scene, shown: bool) -> Places:
    wide, high = scene.size
    margin = even(high * 0.056)
    burnt = scene.captions != "none"
    layout = scene.presenter.layout if shown else "none"
    foot = even(high * (0.125 if burnt else 0.056))
    stage = box(margin, margin, wide - margin, high - foot)
    lean, presenter = (0.5, 0.5), Box(0, 0, 2, 2)
    frame: Frame = "none"
    left = "left" in scene.presenter.corner
    captions = box(wide * 0.1, high * 0.8, wide * 0.9, high * 0.96)
    if layout == "corner":
        top = "top" in scene.presenter.corner
        far = wide * 0.82
        stage = box(margin, margin, far, high - margin)
        tall = min(0.95, 0.56 * scene.presenter.scale) * high
        broad = min(wide * 0.5, tall * 0.9)
        presenter = box(wide - broad - wide * 0.008, high - tall, wide - wide * 0.008, high)
        if top:
            presenter = box(wide - broad - margin, margin, wide - margin, margin + tall)
        if left:
            stage = box(wide - far, margin, wide - margin, high - margin)
            presenter = _mirrored(presenter, wide)
        if burnt:
            stage = replace(stage, height=even(high - margin - high * 0.125))
        lean, frame = (1.0 if left else 0.0, 0.5), "cutout"
        edges = (wide * 0.03, wide - broad * 0.95) if not top else (wide * 0.1, wide * 0.9)
        captions = box(edges[0], high * 0.8, edges[1], high * 0.96)
        if left and not top:
            captions = _mirrored(captions, wide)
    elif layout == "side":
        panel = box(wide * 0.685, margin, wide - margin, high - margin)
        stage = box(margin, margin, wide * 0.685 - margin * 0.7, high - foot)
        captions = box(margin, high * 0.8, wide * 0.665, high * 0.96)
        if left:
            panel, stage = _mirrored(panel, wide), _mirrored(stage, wide)
            captions = _mirrored(captions, wide)
        presenter, frame = panel, "card"
    elif layout == "full":
        presenter, frame = Box(0, 0, wide, high), "full"
    return Places(
        "wide", high, margin, stage, lean, presenter, frame, None, captions, False,
        _lower(
            {"side": presenter, "full": box(margin, margin, wide - margin, high * 0.9)}.get(
                layout, stage
            )
        ),
        layout == "corner" and left,
        box(margin, high * 0.02, wide - margin, high * 0.02 + max(2, high * 0.006)),
    )  # fmt: skip


def _square(scene: Scene, shown: bool) -> Places:
    wide, high = scene.size
    short = min(wide, high)
    margin = even(short * 0.05)
    layout = scene.presenter.layout if shown else "none"
    burnt = scene.captions != "none"
    head = box(margin, high * 0.055, wide - margin, high * 0.155) if scene.title else None
    top = head.bottom + margin * 0.4 if head else margin * 1.4
    stage = box(margin, top, wide - margin, high - (high * 0.19 if burnt else margin))
    captions = box(margin, high * 0.79, wide - margin, high * 0.95)
    presenter, lean = Box(0, 0, 2, 2), (0.5, 0.5)
    frame: Frame = "none"
    left = "left" in scene.presenter.corner
    if layout == "corner":
        stage = box(margin, top, wide - margin, high * 0.64)
        tall = min(0.6, 0.46 * scene.presenter.scale) * high
        presenter = box(wide - tall * 0.95, high - tall, wide - wide * 0.01, high)
        captions = box(margin, high * 0.66, presenter.x + tall * 0.06, high * 0.95)
        lean, frame = (0.5, 0.0), "cutout"
    elif layout == "side":
        stage = box(margin, top, wide - margin, high * 0.585)
        presenter, frame = box(wide * 0.5, high * 0.615, wide - margin, high - margin), "card"
        captions = box(margin, high * 0.615, wide * 0.5 - margin * 0.6, high - margin)
        lean = (0.5, 0.5)
    elif layout == "full":
        presenter, frame = Box(0, 0, wide, high), "full"
    if left and layout in ("corner", "side"):
        presenter, captions = _mirrored(presenter, wide), _mirrored(captions, wide)
    captions_top = layout in ("corner", "side")
    return Places(
        "square", short, margin, stage, lean, presenter, frame,
        head if layout != "full" else None, captions, captions_top,
        _lower(stage if captions_top else box(margin, margin, wide - margin, high * 0.9)),
        left and layout == "corner",
        box(margin, high * 0.022, wide - margin, high * 0.022 + max(2, short * 0.007)),
    )  # fmt: skip


def _upright(scene: Scene, shown: bool) -> Places:
    wide, high = scene.size
    margin = even(wide * 0.055)
    layout = scene.presenter.layout if shown else "none"
    head = box(margin, high * 0.065, wide - margin, high * 0.15) if scene.title else None
    top = high * 0.165 if head else high * 0.085
    stage = box(margin, top, wide - margin, high * 0.68)
    captions = box(margin, high * 0.70, wide - margin, high * 0.83)
    presenter, lean = Box(0, 0, 2, 2), (0.5, 0.5)
    frame: Frame = "none"
    left = "left" in scene.presenter.corner
    if layout in ("corner", "side"):
        stage = box(margin, top, wide - margin, high * 0.465)
        captions = box(margin, high * 0.475, wide - margin, high * 0.59)
        tall = min(0.5, 0.42 * scene.presenter.scale) * high
        shift = wide * (-0.1 if left else 0.1) if layout == "corner" else 0
        presenter = box(shift, high - tall, wide + shift, high)
        lean, frame = (0.5, 0.0 if head else 0.5), "cutout"
        if layout == "side":
            presenter, frame = box(margin, high * 0.6, wide - margin, high - margin), "card"
    elif layout == "full":
        presenter, frame = Box(0, 0, wide, high), "full"
    return Places(
        "upright", wide, margin, stage, lean, presenter, frame,
        head if layout != "full" else None, captions, layout in ("corner", "side"),
        _lower(box(margin, high * 0.2, wide - margin, high * 0.9)), False,
        box(margin, high * 0.038, wide - margin, high * 0.038 + max(2, wide * 0.008)),
    )  # fmt: skip


def _in_round(scene: Scene, found: Places) -> Places:
    """The presenter in a round picture or a card instead of cut out."""
    wide, high = scene.size
    area = found.presenter
    share = {"wide": 0.36, "square": 0.34, "upright": 0.275}[found.shape]
    across = share * scene.presenter.scale * high
    across = min(across, area.height - found.margin * 0.5, wide * 0.9)
    gap = found.margin * 0.75
    left, top = "left" in scene.presenter.corner, "top" in scene.presenter.corner
    if found.shape == "upright":
        middle = wide / 2
        # Above what phones draw over the lowest part.
        top_edge = high * 0.6
        across = min(across, high - top_edge - gap)
        inner = box(middle - across / 2, top_edge, middle + across / 2, top_edge + across)
    else:
        x = gap if left else wide - gap - across
        y = gap * 1.6 if top and found.shape == "wide" else high - gap - across
        inner = box(x, y, x + across, y + across)
    framed: Frame = "card" if scene.presenter.frame == "card" else "round"
    return replace(found, presenter=inner, frame=framed)


def _lower(area: Box) -> Box:
    return box(area.x, area.bottom - area.height * 0.3, area.right, area.bottom)


def _mirrored(area: Box, wide: int) -> Box:
    return replace(area, x=even(wide - area.right))
