"""A cut-out taken apart into limbs: what belongs to which, and what lies under what.

Invariant: limbs put over one another where they were are the cut-out again; where an arm lay before
the trunk, the trunk goes on behind it in the trunk's own colours.

After P. Willis, "Cut-out animation by computer", and the layered puppets of T. Igarashi et al., 2005.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.light import Light
from farm_motion_weave.bones import (
    ARMS,
    CHEST,
    ENDS,
    HEAD,
    HIPS,
    LEGS,
    PELVIS,
    SKULL,
    TRUNK,
    Body,
)
from farm_motion_weave.filling import filled
from farm_motion_weave.joints import Points

Mask = NDArray[np.float32]
_THICK = {"arm": (0.15, 0.125, 0.16), "leg": (0.26, 0.19, 0.19)}
"""Half the width of a limb's parts, in torsos."""
_SURE = 0.55
"""How sure a joint of the picture must be for its bone to be a limb's."""
_FEATHER = 0.012
"""Softness of an edge between limbs, in torsos."""


@dataclass(frozen=True, slots=True)
class Limb:
    """A sheet of the puppet. light (3, H, W) and alpha (H, W), straight. bones : that move it, the
    first being what it hangs on. radii : half widths of those, pixels. region : where it may be
    seen, bool (H, W)."""

    name: str
    light: Light
    alpha: Mask
    bones: tuple[int, ...]
    radii: tuple[float, ...]
    region: NDArray[np.bool_]


def taken_apart(light: Light, alpha: Mask, body: Body, limbs: bool) -> list[Limb]:
    """Sheets from back to front: legs, trunk with head, arms. limbs : whether there are any."""
    torso = body.torso
    legs_of = {f"{side}_leg": (PELVIS, *_seen(LEGS[side], body)) for side in LEGS}
    arms_of = {f"{side}_arm": (TRUNK, *_seen(ARMS[side], body)) for side in ARMS}
    chains = {
        name: bones for name, bones in (legs_of | arms_of).items() if limbs and len(bones) > 1
    }
    arms = chains.keys() & arms_of.keys()
    radii = {
        name: tuple(torso * share for share in (0.3, *_THICK[name.split("_")[1]]))[
            : len(chains[name])
        ]
        for name in chains
    }
    label = np.zeros(alpha.shape, np.int8)
    if chains:
        segments = np.array(
            [
                [*body.tails[bone], *body.heads[bone], radii[name][at + 1], number + 1]
                for number, name in enumerate(chains)
                for at, bone in enumerate(chains[name][1:])
            ]
        )
        corners = np.concatenate([_trunk(body), body.joints[HEAD][None, :2]])
        _name(segments, corners, body.skull * 0.95, torso, label)
    feather = max(1.0, _FEATHER * torso)
    made = []
    for number, (name, bones) in enumerate(chains.items(), 1):
        own = (label == number) & (alpha > 0.004)
        if own.sum() < 0.0005 * alpha.size:
            continue
        weight = _soft(own, feather)
        joint = body.tails[bones[1]]
        reach = radii[name][1] * (0.95 if name.endswith("arm") else 1.5)
        weight = np.maximum(weight, _disc(alpha.shape, joint, reach) * (label == 0))
        made.append(_limb(name, light, alpha * weight, bones, radii[name]))
    drawn = {limb.name for limb in made}
    rest = (label == 0) | ~np.isin(label, [n for n, name in enumerate(chains, 1) if name in drawn])
    weight = _soft(rest, feather)
    before = [number for number, name in enumerate(chains, 1) if name in drawn and name in arms]
    hidden = np.isin(label, before) & (alpha > 0.5)
    inner = _inside(alpha.shape, _trunk(body))
    for name in drawn.intersection(arms):
        inner |= _disc(alpha.shape, body.tails[chains[name][1]], 0.75 * radii[name][1]) > 0
    weight = np.maximum(weight, _soft(inner & hidden, feather) * ~rest)
    under = light
    if hidden.any():
        under = np.where(rest | (alpha <= 0.5), light, filled(light, (rest & (alpha > 0.9))))
    trunk_radii = (0.35 * torso, 0.35 * torso, 1.1 * body.skull)
    trunk = _limb("trunk", under, alpha * weight, (PELVIS, TRUNK, SKULL), trunk_radii)
    legs = [limb for limb in made if limb.name.endswith("leg")]
    if legs:
        # Where two legs part, what was between them stays with the pelvis, behind both.
        hips, chest = body.joints[HIPS][:2], body.joints[CHEST][:2]
        seat = _disc(alpha.shape, hips + (hips - chest) * 0.2, 0.2 * torso)
        legs.insert(0, _limb("seat", light, alpha * seat, trunk.bones, trunk_radii))
    return [*legs, trunk, *(limb for limb in made if limb.name.endswith("arm"))]


def _seen(chain: tuple[int, ...], body: Body) -> tuple[int, ...]:
    """The bones of a limb up to where the picture stops showing it: what is guessed stays whole."""
    kept = []
    for bone in chain:
        if body.sure[ENDS[bone][1]] < _SURE:
            break
        kept.append(bone)
    return tuple(kept)


def _limb(
    name: str, light: Light, alpha: Mask, bones: tuple[int, ...], radii: tuple[float, ...]
) -> Limb:
    return Limb(name, light, np.ascontiguousarray(alpha, np.float32), bones, radii, alpha > 0.002)


def _trunk(body: Body) -> Points:
    """Corners (4, 2) of the trunk, in order around it."""
    at = body.joints
    hips, chest = at[HIPS][:2], at[CHEST][:2]
    down = hips - chest
    corners = []
    for name, share, shift in (
        ("left_shoulder", 0.92, -0.08 * down),
        ("right_shoulder", 0.92, -0.08 * down),
        ("right_hip", 1.35, 0.34 * down),
        ("left_hip", 1.35, 0.34 * down),
    ):
        middle = chest if "shoulder" in name else hips
        corners.append(middle + (at[name][:2] - middle) * share + shift)
    return np.stack(corners)


def segment_distance(points: Points, tail: Points, head: Points) -> Points:
    """Distances (N,) of points (N, 2) from a line between two places."""
    way = head - tail
    share = np.clip((points - tail) @ way / max(float(way @ way), 1e-9), 0.0, 1.0)
    off = points - tail - share[:, None] * way
    distance: Points = np.hypot(off[:, 0], off[:, 1])
    return distance


def ends(body: Body, bone: int) -> tuple[Points, Points]:
    """Places of a bone's tail and head at rest."""
    tail, head = ENDS[bone]
    return body.joints[tail][:2], body.joints[head][:2]


def _soft(mask: NDArray[np.bool_], reach: float) -> Mask:
    """1 in the mask, falling to 0 over ``reach`` pixels outside of it."""
    out = np.where(mask, np.float32(0), np.float32(1e6))
    _spread(out)
    return np.clip(1 - out / np.float32(reach + 1), 0, 1).astype(np.float32)


def away(mask: NDArray[np.bool_]) -> Mask:
    """Pixels to the nearest one of the mask, float32 (H, W)."""
    out = np.where(mask, np.float32(0), np.float32(1e6))
    _spread(out)
    return out


def _disc(shape: tuple[int, ...], middle: Points, reach: float) -> Mask:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    distance = np.hypot(columns - middle[0], rows - middle[1])
    return np.clip(2 * (1 - distance / max(reach, 1.0)), 0, 1).astype(np.float32)


def _inside(shape: tuple[int, ...], corners: Points) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    signs = []
    for one, two in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        way = two - one
        signs.append(way[0] * (rows - one[1]) - way[1] * (columns - one[0]) > 0)
    turns: NDArray[np.bool_] = np.all(signs, axis=0) | ~np.any(signs, axis=0)
    return turns


@kernel
def _spread(away):
    """Distances of a chamfer: each pixel asks its neighbours, down and up again.

    G. Borgefors, "Distance transformations in digital images", 1986.
    """
    height, width = away.shape
    straight, across = np.float32(1.0), np.float32(1.4142135)
    for row in range(height):
        for column in range(width):
            best = away[row, column]
            if column > 0:
                best = min(best, away[row, column - 1] + straight)
            if row > 0:
                best = min(best, away[row - 1, column] + straight)
                if column > 0:
                    best = min(best, away[row - 1, column - 1] + across)
                if column < width - 1:
                    best = min(best, away[row - 1, column + 1] + across)
            away[row, column] = best
    for row in range(height - 1, -1, -1):
        for column in range(width - 1, -1, -1):
            best = away[row, column]
            if column < width - 1:
                best = min(best, away[row, column + 1] + straight)
            if row < height - 1:
                best = min(best, away[row + 1, column] + straight)
                if column < width - 1:
                    best = min(best, away[row + 1, column + 1] + across)
                if column > 0:
                    best = min(best, away[row + 1, column - 1] + across)
            away[row, column] = best


@kernel
def _name(segments, corners, skull, torso, label):
    """label: 0 for the trunk and the head, else the limb that is nearest for its thickness.

    corners : of the trunk, and the middle of the head.
    """
    height, width = label.shape
    head_x, head_y = corners[4, 0], corners[4, 1]
    for row in range(height):
        for column in range(width):
            # The trunk is a quarter, its edges straight; outside, the distance from it counts.
            out = 0.0
            turned = 0
            nearest = 1e12
            for at in range(4):
                x0, y0 = corners[at, 0], corners[at, 1]
                x1, y1 = corners[(at + 1) % 4, 0], corners[(at + 1) % 4, 1]
                dx, dy = x1 - x0, y1 - y0
                px, py = column - x0, row - y0
                turned += 1 if dx * py - dy * px > 0 else -1
                share = (px * dx + py * dy) / max(dx * dx + dy * dy, 1e-9)
                share = min(max(share, 0.0), 1.0)
                ox, oy = px - share * dx, py - share * dy
                nearest = min(nearest, ox * ox + oy * oy)
            inside = turned == 4 or turned == -4
            if not inside:
                out = np.sqrt(nearest) / (0.14 * torso)
                # In reach of a limb a pixel is the limb's: what stays behind would be a fin.
                out = max(out, 1.05)
            hx, hy = column - head_x, row - head_y
            out = min(out, np.sqrt(hx * hx + hy * hy) / skull)
            best, chosen = 1e12, 0
            for at in range(len(segments)):
                x0, y0 = segments[at, 0], segments[at, 1]
                dx, dy = segments[at, 2] - x0, segments[at, 3] - y0
                px, py = column - x0, row - y0
                share = (px * dx + py * dy) / max(dx * dx + dy * dy, 1e-9)
                share = min(max(share, 0.0), 1.0)
                ox, oy = px - share * dx, py - share * dy
                value = np.sqrt(ox * ox + oy * oy) / segments[at, 4]
                if value < best:
                    best = value
                    chosen = int(segments[at, 5])
            label[row, column] = chosen if best < (0.75 if inside else out) else 0
