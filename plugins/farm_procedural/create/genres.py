"""What a genre means for the picture, the cutting and the sound: data, one entry for each.

Invariant: data only; every genre that a prompt can name has an entry, and every weight names a value
that the script knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Genre:
    """Rules of a genre.

    shot_s : usual length of a shot. drama : 0 (even) to 1. bpm : pulse. level : factor on motion.
    transitions, moves, shots : weights. particles : what may float in the air, when nothing is asked.
    contrast, saturation, grain, vignette, halation, letterbox, bloom, beams : of the grade and light.
    valence, tension : of the sound. instruments : levels.
    """

    shot_s: float = 5.0
    drama: float = 0.5
    bpm: float = 84.0
    level: float = 1.0
    transitions: Mapping[str, float] = field(default_factory=dict)
    moves: Mapping[str, float] = field(default_factory=dict)
    shots: Mapping[str, float] = field(default_factory=dict)
    particles: tuple[str, ...] = ("dust",)
    contrast: float = 1.0
    saturation: float = 1.0
    grain: float = 0.0
    vignette: float = 0.22
    halation: float = 0.0
    letterbox: float = 0.0
    bloom: float = 0.5
    beams: float = 0.0
    valence: float = 0.2
    tension: float = 0.35
    instruments: Mapping[str, float] = field(default_factory=dict)


def _of(text: str) -> dict[str, float]:
    """``"cut 3, dissolve 1"`` as weights."""
    pairs = (item.split() for item in text.split(",") if item.strip())
    return {name: float(weight) for name, weight in pairs}


USUAL = Genre(
    transitions=_of("dissolve 4, cut 2, fade 1, match 1"),
    moves=_of("zoom 3, pan 2, dolly 2, tilt 1"),
    shots=_of("wide 3, medium 3, close 2, aerial 1"),
    instruments=_of("pad 0.7, pluck 0.35, bass 0.35, bells 0.2"),
)

GENRES: dict[str, Genre] = {
    "documentary": Genre(
        shot_s=6.5, drama=0.3, bpm=76, level=0.8,
        transitions=_of("cut 5, dissolve 3"),
        moves=_of("pan 3, zoom 2, handheld 1, tilt 1"),
        shots=_of("wide 4, medium 3, close 2, aerial 2"),
        contrast=1.02, grain=0.1, tension=0.2,
        instruments=_of("pad 0.6, pluck 0.5, bass 0.25")),
    "nature": Genre(
        shot_s=7.0, drama=0.35, bpm=66, level=0.8,
        transitions=_of("dissolve 6, cut 2, fade 1"),
        moves=_of("pan 3, dolly 3, zoom 2, tilt 1"),
        shots=_of("wide 5, aerial 2, close 2, macro 1"),
        particles=("dust", "petals", "leaves"), saturation=1.05, beams=0.2, valence=0.45,
        tension=0.15, instruments=_of("pad 0.6, pluck 0.4, bells 0.3, choir 0.2")),
    "horror": Genre(
        shot_s=4.5, drama=0.9, bpm=62, level=0.8,
        transitions=_of("cut 5, fade 3, dissolve 1"),
        moves=_of("zoom 3, handheld 3, dolly 2, rotate 1"),
        shots=_of("close 3, wide 2, low-angle 4"),
        contrast=1.15, saturation=0.75, grain=0.3, vignette=0.5, letterbox=2.39, bloom=0.3,
        valence=-0.9, tension=0.9, instruments=_of("pad 0.7, bass 0.6, choir 0.5, bells 0.2")),
    "thriller": Genre(
        shot_s=3.4, drama=0.9, bpm=104,
        transitions=_of("cut 7, match 2, fade 1"),
        moves=_of("dolly 3, zoom 2, handheld 2, pan 1"),
        shots=_of("close 3, medium 3, wide 2, low-angle 1"),
        contrast=1.12, saturation=0.85, grain=0.2, vignette=0.4, letterbox=2.39, bloom=0.35,
        valence=-0.6, tension=0.8, instruments=_of("pad 0.5, bass 0.7, drums 0.4, pluck 0.3")),
    "noir": Genre(
        shot_s=5.5, drama=0.7, bpm=70, level=0.75,
        transitions=_of("fade 4, dissolve 3, cut 3"),
        moves=_of("dolly 3, pan 2, zoom 2"),
        shots=_of("medium 3, close 3, low-angle 2, wide 2"),
        contrast=1.25, saturation=0.25, grain=0.35, vignette=0.5, bloom=0.4, beams=0.45,
        valence=-0.5, tension=0.55, instruments=_of("pad 0.5, bass 0.6, pluck 0.4")),
    "action": Genre(
        shot_s=1.8, drama=1.0, bpm=138, level=1.5,
        transitions=_of("cut 8, whip 3, match 1"),
        moves=_of("handheld 3, dolly 3, pan 2, zoom 2, rotate 1"),
        shots=_of("medium 3, close 3, wide 2, low-angle 2"),
        particles=("sparks", "embers", "dust"), contrast=1.15, saturation=1.05, grain=0.15,
        letterbox=2.39, valence=0.0, tension=0.85,
        instruments=_of("drums 0.9, bass 0.8, pad 0.4, choir 0.3")),
    "trailer": Genre(
        shot_s=2.2, drama=1.0, bpm=120, level=1.3,
        transitions=_of("cut 5, fade 4, whip 1"),
        moves=_of("dolly 3, zoom 3, rotate 1"),
        shots=_of("wide 3, close 3, low-angle 2"),
        particles=("embers", "sparks", "dust"), contrast=1.15, letterbox=2.39, tension=0.8,
        halation=0.2, instruments=_of("drums 0.8, bass 0.7, choir 0.6, pad 0.5")),
    "cinematic": Genre(
        shot_s=5.0, drama=1.0, bpm=96, level=1.1,
        transitions=_of("dissolve 3, cut 3, fade 2"),
        moves=_of("dolly 4, zoom 2, tilt 2, pan 1"),
        shots=_of("wide 5, aerial 3, low-angle 2, close 1"),
        particles=("dust", "embers"), contrast=1.1, saturation=1.08, letterbox=2.39, beams=0.4,
        bloom=0.6, valence=0.3, tension=0.6,
        instruments=_of("choir 0.7, pad 0.7, drums 0.6, bass 0.6")),
    "travel": Genre(
        shot_s=4.0, drama=0.8, bpm=112, level=1.2,
        transitions=_of("cut 4, wipe 3, dissolve 2"),
        moves=_of("dolly 3, pan 3, tilt 2"),
        shots=_of("wide 4, aerial 3, medium 2"),
        saturation=1.1, beams=0.25, valence=0.6, tension=0.45,
        instruments=_of("drums 0.5, pluck 0.5, pad 0.5, choir 0.3, bass 0.4")),
    "scifi": Genre(
        shot_s=5.0, drama=0.7, bpm=92,
        transitions=_of("cut 4, match 3, dissolve 2, whip 1"),
        moves=_of("dolly 4, zoom 2, rotate 2"),
        shots=_of("wide 4, aerial 1, close 2, low-angle 1"),
        particles=("stars", "dust"), contrast=1.08, halation=0.15, letterbox=2.39, bloom=0.65,
        valence=-0.05, tension=0.5, instruments=_of("pad 0.8, bass 0.5, bells 0.3, pluck 0.3")),
    "fantasy": Genre(
        shot_s=5.5, drama=0.7, bpm=78, level=0.9,
        transitions=_of("dissolve 5, fade 2, match 2"),
        moves=_of("dolly 3, zoom 3, tilt 1, rotate 1"),
        shots=_of("wide 4, medium 2, close 2, aerial 1"),
        particles=("fireflies", "dust", "petals"), saturation=1.1, bloom=0.75, beams=0.35,
        valence=0.4, tension=0.35, instruments=_of("bells 0.6, pad 0.7, choir 0.5, pluck 0.3")),
    "romance": Genre(
        shot_s=6.0, drama=0.5, bpm=72, level=0.75,
        transitions=_of("dissolve 6, fade 2"),
        moves=_of("zoom 3, pan 2, dolly 2"),
        shots=_of("close 4, medium 3, wide 2"),
        particles=("bokeh", "petals"), contrast=0.95, bloom=0.75, halation=0.2, valence=0.55,
        tension=0.2, instruments=_of("pad 0.6, pluck 0.6, bells 0.3")),
    "comedy": Genre(
        shot_s=3.2, drama=0.4, bpm=124, level=1.2,
        transitions=_of("cut 5, wipe 4, whip 2"),
        moves=_of("pan 3, zoom 3, tilt 1"),
        shots=_of("medium 4, wide 3, close 2"),
        particles=("confetti", "bubbles"), saturation=1.15, vignette=0.1, valence=0.9,
        tension=0.25, instruments=_of("pluck 0.8, bells 0.5, bass 0.4, drums 0.35")),
    "western": Genre(
        shot_s=6.0, drama=0.7, bpm=80, level=0.75,
        transitions=_of("cut 5, wipe 2, dissolve 2"),
        moves=_of("pan 4, zoom 3, dolly 1"),
        shots=_of("wide 5, close 3, low-angle 1"),
        contrast=1.1, saturation=0.95, grain=0.2, letterbox=2.39, valence=0.0, tension=0.5,
        instruments=_of("pluck 0.7, pad 0.4, bass 0.4, bells 0.2")),
    "music-video": Genre(
        shot_s=1.9, drama=0.6, bpm=124, level=1.35,
        transitions=_of("cut 7, whip 3, match 2, wipe 1"),
        moves=_of("zoom 3, rotate 2, handheld 2, dolly 2"),
        shots=_of("close 3, medium 3, wide 2, low-angle 1"),
        particles=("bokeh", "confetti", "sparks"), contrast=1.1, saturation=1.2, bloom=0.65,
        valence=0.4, tension=0.5, instruments=_of("drums 0.8, bass 0.8, pluck 0.6, pad 0.4")),
    "party": Genre(
        shot_s=2.4, drama=0.6, bpm=126, level=1.3,
        transitions=_of("cut 6, match 3, whip 2"),
        moves=_of("zoom 4, rotate 3, dolly 2"),
        shots=_of("medium 3, close 3, wide 2"),
        particles=("sparks", "bokeh"), contrast=1.12, saturation=1.2, bloom=0.75, valence=0.1,
        tension=0.5, instruments=_of("drums 0.8, bass 0.9, pluck 0.6, pad 0.4")),
    "ambient": Genre(
        shot_s=10.0, drama=0.15, bpm=54, level=0.55,
        transitions=_of("dissolve 9, fade 1"),
        moves=_of("zoom 3, pan 2, dolly 2"),
        shots=_of("wide 4, medium 2, macro 1"),
        contrast=0.94, bloom=0.7, valence=0.25, tension=0.1,
        instruments=_of("pad 0.9, bells 0.3, choir 0.3")),
    "meditation": Genre(
        shot_s=12.0, drama=0.1, bpm=50, level=0.45,
        transitions=_of("dissolve 9, fade 1"),
        moves=_of("zoom 4, dolly 1"),
        shots=_of("wide 4, medium 2, macro 1"),
        contrast=0.92, bloom=0.7, valence=0.4, tension=0.05,
        instruments=_of("pad 0.9, bells 0.5, choir 0.25")),
    "abstract": Genre(
        shot_s=5.0, drama=0.5, bpm=96,
        transitions=_of("dissolve 3, match 4, cut 3"),
        moves=_of("zoom 3, rotate 3, dolly 1"),
        shots=_of("medium 3, macro 2, wide 2, close 2"),
        particles=("bokeh", "dust"), saturation=1.1, instruments=_of("pad 0.7, pluck 0.5, bass 0.4")),
    "commercial": Genre(
        shot_s=2.6, drama=0.5, bpm=112, level=1.1,
        transitions=_of("cut 5, match 3, wipe 2"),
        moves=_of("dolly 4, pan 2, zoom 2"),
        shots=_of("close 3, medium 3, macro 2, wide 2"),
        saturation=1.1, vignette=0.1, bloom=0.55, valence=0.7, tension=0.3,
        instruments=_of("pluck 0.6, drums 0.5, bass 0.5, pad 0.5, bells 0.2")),
    "corporate": Genre(
        shot_s=4.0, drama=0.3, bpm=104,
        transitions=_of("dissolve 4, wipe 3, cut 3"),
        moves=_of("dolly 3, pan 3, zoom 1"),
        shots=_of("medium 4, wide 3, close 1"),
        vignette=0.1, valence=0.6, tension=0.2,
        instruments=_of("pluck 0.6, pad 0.5, bass 0.3, drums 0.25")),
    "news": Genre(
        shot_s=4.0, drama=0.2, bpm=100,
        transitions=_of("cut 4, wipe 4"),
        moves=_of("pan 3, dolly 2"),
        shots=_of("medium 4, wide 3"),
        vignette=0.05, valence=0.1, tension=0.45,
        instruments=_of("drums 0.4, bass 0.4, bells 0.4, pad 0.4")),
    "sport": Genre(
        shot_s=1.8, drama=0.9, bpm=136, level=1.5,
        transitions=_of("cut 6, whip 4"),
        moves=_of("handheld 3, pan 3, dolly 2"),
        shots=_of("medium 3, close 3, low-angle 2, wide 2"),
        particles=("sparks", "dust"), contrast=1.12, saturation=1.12, valence=0.6, tension=0.65,
        instruments=_of("drums 0.9, bass 0.7, pluck 0.4")),
    "children": Genre(
        shot_s=4.0, drama=0.3, bpm=116, level=1.1,
        transitions=_of("wipe 4, dissolve 3, cut 2"),
        moves=_of("pan 3, zoom 3"),
        shots=_of("medium 4, wide 3, close 2"),
        particles=("bubbles", "confetti", "petals"), saturation=1.2, vignette=0.05, valence=0.95,
        tension=0.1, instruments=_of("bells 0.8, pluck 0.7, bass 0.2")),
    "retro": Genre(
        shot_s=4.0, drama=0.4, bpm=100,
        transitions=_of("cut 4, wipe 3, dissolve 2"),
        moves=_of("zoom 3, pan 2"),
        shots=_of("medium 3, wide 3, close 2"),
        saturation=0.95, grain=0.35, vignette=0.4, halation=0.4, valence=0.35, tension=0.25,
        instruments=_of("pad 0.6, bass 0.6, drums 0.4, pluck 0.4")),
    "vintage": Genre(
        shot_s=5.0, drama=0.4, bpm=78, level=0.85,
        transitions=_of("fade 4, dissolve 3, cut 3"),
        moves=_of("zoom 3, pan 3, handheld 1"),
        shots=_of("medium 4, wide 3, close 2"),
        contrast=0.95, saturation=0.8, grain=0.45, vignette=0.5, halation=0.35, valence=0.2,
        tension=0.15, instruments=_of("pluck 0.7, pad 0.4, bells 0.3")),
    "logo": Genre(
        shot_s=6.0, drama=0.6, bpm=92, level=0.8,
        transitions=_of("match 4, dissolve 3"),
        moves=_of("zoom 4, dolly 3"),
        shots=_of("medium 4, close 1"),
        particles=("bokeh", "dust"), vignette=0.3, bloom=0.65, valence=0.5, tension=0.35,
        instruments=_of("pad 0.6, bells 0.6, bass 0.5")),
    "title-sequence": Genre(
        shot_s=4.0, drama=0.7, bpm=88, level=0.85,
        transitions=_of("dissolve 4, match 3, cut 3"),
        moves=_of("dolly 4, zoom 3, rotate 1"),
        shots=_of("macro 3, close 3, medium 2, wide 2"),
        contrast=1.08, grain=0.1, letterbox=2.39, vignette=0.35, valence=-0.1, tension=0.5,
        instruments=_of("pad 0.7, bass 0.5, pluck 0.4, choir 0.3")),
    "lyric": Genre(
        shot_s=3.5, drama=0.5, bpm=100,
        transitions=_of("cut 4, dissolve 3, match 2"),
        moves=_of("zoom 4, pan 2"),
        shots=_of("medium 4, close 2, wide 2"),
        particles=("bokeh", "dust"), saturation=1.05, valence=0.3, tension=0.3,
        instruments=_of("pluck 0.6, pad 0.6, drums 0.4, bass 0.4")),
    "anime": Genre(
        shot_s=3.0, drama=0.8, bpm=120, level=1.15,
        transitions=_of("cut 5, wipe 2, whip 2, dissolve 1"),
        moves=_of("pan 4, tilt 2, zoom 2, dolly 1"),
        shots=_of("wide 3, close 3, low-angle 3, medium 2"),
        particles=("petals", "dust", "bokeh"), contrast=1.08, saturation=1.2, vignette=0.08,
        bloom=0.65, beams=0.25, valence=0.5, tension=0.4,
        instruments=_of("pluck 0.6, pad 0.5, drums 0.5, bells 0.4, bass 0.4")),
}  # fmt: skip


def genre_rule(name: str | None) -> Genre:
    """The rules of a genre, those for any film when it has none of its own."""
    return GENRES.get(name or "", USUAL)
