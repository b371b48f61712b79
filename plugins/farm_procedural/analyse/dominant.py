"""Colour numbers from a histogram of codes: hue, saturation, dominant colours, nearest palette.

Invariant: the same histogram gives the same colours; the clustering starts from the data, not from
chance.

Source of the start: I. Katsavounidis et al., "A new initialization technique for generalized Lloyd
iteration" (1994), weighted by how common a colour is.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse import oklab
from farm_procedural.analyse.schema import Colour, Colours
from farm_procedural.analyse.timeline import Timeline, trend
from farm_procedural.interpret.palettes import PALETTES

F64 = NDArray[np.float64]
CLUSTERS = 6
GREY = 0.02
"""Chroma under which a colour has no hue worth counting."""


def colour_numbers(
    histogram: NDArray[np.int64], table: NDArray[np.float32], film: Timeline
) -> Colours:
    """All of :class:`Colours`. histogram : (64, 64, 64) of codes; table : their OKLab."""
    used = np.nonzero(histogram)
    weights = histogram[used].astype(np.float64)
    weights /= weights.sum()
    labs = table[used].astype(np.float64)
    chroma = np.hypot(labs[:, 1], labs[:, 2])
    hue = np.degrees(np.arctan2(labs[:, 2], labs[:, 1])) % 360
    tinted = weights * np.where(chroma > GREY, chroma, 0.0)
    total = float(tinted.sum())
    angle = np.radians(hue)
    cosine, sine = float((tinted * np.cos(angle)).sum()), float((tinted * np.sin(angle)).sum())
    agree = math.hypot(cosine, sine) / total if total > 1e-9 else 0.0
    warm = np.cos(angle - math.radians(60.0))
    mean = weights @ labs
    hues = np.bincount((hue / 10).astype(int) % 36, tinted, 36) / max(total, 1e-9)
    chromas = np.bincount(np.minimum((chroma / 0.02).astype(int), 15), weights, 16)
    clusters = dominant(labs, weights)
    palette, distance = nearest_palette(clusters)
    return Colours(
        saturation=_r(min(1.0, float(weights @ chroma) / 0.25)),
        hue=_r(math.degrees(math.atan2(sine, cosine)) % 360) if total > 1e-9 else 0.0,
        hue_strength=_r(agree),
        hue_spread=_r(
            min(180.0, math.degrees(math.sqrt(max(0.0, -2 * math.log(max(agree, 1e-9))))))
        ),
        warmth=_r(float((tinted * warm).sum()) / total) if total > 1e-9 else 0.0,
        colourful=_r(float(weights[chroma > 0.04].sum())),
        variance=_r(100 * float(weights @ ((labs - mean) ** 2).sum(axis=1))),
        dominant=tuple(clusters),
        palette=palette,
        palette_distance=_r(distance),
        hue_histogram=tuple(_r(v) for v in hues),
        saturation_histogram=tuple(_r(v) for v in chromas),
        consistency=_r(film.colour_consistency()),
        trend=_r(trend(np.minimum(1.0, film.column("chroma") / 0.25))),
    )


def dominant(labs: F64, weights: F64) -> list[Colour]:
    """Up to six colours of a weighted cloud: k-means in OKLab, near ones merged, largest first."""
    coarse, weights = _thinned(labs, weights)
    centres = [coarse[int(np.argmax(weights))]]
    near = ((coarse - centres[0]) ** 2).sum(axis=1)
    while len(centres) < min(CLUSTERS, len(coarse)):
        # Far from what is chosen, and not rare.
        nxt = int(np.argmax(near * np.sqrt(weights)))
        if near[nxt] < 0.03**2:
            break
        centres.append(coarse[nxt])
        near = np.minimum(near, ((coarse - centres[-1]) ** 2).sum(axis=1))
    middles = np.array(centres)
    owner = np.zeros(len(coarse), int)
    for _ in range(24):
        away = ((coarse[:, None, :] - middles[None, :, :]) ** 2).sum(axis=2)
        owner = np.argmin(away, axis=1)
        shares = np.bincount(owner, weights, len(middles))
        moved = (
            np.stack(
                [np.bincount(owner, weights * coarse[:, c], len(middles)) for c in range(3)], axis=1
            )
            / np.maximum(shares, 1e-12)[:, None]
        )
        moved = np.where(shares[:, None] > 0, moved, middles)
        if float(np.abs(moved - middles).max()) < 1e-5:
            break
        middles = moved
    shares = np.bincount(owner, weights, len(middles))
    found = [
        Colour(
            hex=oklab.to_hex(lab),
            lab=tuple(_r(v) for v in lab),
            hue=_r(oklab.hue_of(float(lab[1]), float(lab[2]))),
            chroma=_r(math.hypot(float(lab[1]), float(lab[2]))),
            share=_r(share),
            name=oklab.name_of(lab),
        )
        for lab, share in zip(middles, shares, strict=True)
        if share > 0.005
    ]
    return sorted(found, key=lambda colour: (-colour.share, colour.hex))


def _thinned(labs: F64, weights: F64) -> tuple[F64, F64]:
    """The cloud on a grid of 0.02, so that a film of many shades costs no more than another."""
    places = np.round(labs / 0.02).astype(np.int64)
    keys = (places[:, 0] << 20) + ((places[:, 1] + 64) << 10) + places[:, 2] + 64
    _, owner = np.unique(keys, return_inverse=True)
    owner = owner.ravel()
    mass = np.bincount(owner, weights)
    points = np.stack([np.bincount(owner, weights * labs[:, c]) for c in range(3)], axis=1)
    return points / mass[:, None], mass


def nearest_palette(clusters: list[Colour]) -> tuple[str, float]:
    """Name of the known palette whose colours lie nearest to the film's, and how near.

    Distance: mean over the film's colours by share to the nearest of the palette, and as much the
    other way round with equal weights, so that a palette of one colour in common does not win.
    """
    own = np.array([colour.lab for colour in clusters])
    shares = np.array([colour.share for colour in clusters])
    names, stops = _palettes()
    away = np.sqrt(((own[None, :, None, :] - stops[:, None, :, :]) ** 2).sum(axis=3))
    there = (away.min(axis=2) * shares).sum(axis=1) / shares.sum()
    back = away.min(axis=1).mean(axis=1)
    scores = 0.65 * there + 0.35 * back
    best = int(np.argmin(scores))
    return names[best], float(scores[best])


@lru_cache(maxsize=1)
def _palettes() -> tuple[list[str], F64]:
    names = sorted(PALETTES)
    stops = [[oklab.from_hex(colour) for colour in PALETTES[name].colours] for name in names]
    return names, np.array(stops)


def _r(value: float) -> float:
    return round(float(value), 5) + 0.0
