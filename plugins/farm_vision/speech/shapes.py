"""Which shape a mouth makes for each phone.

Invariant: every phone has at least one of the fifteen visemes of the OVR standard, and the shares of a
phone's shapes are its whole.

Sources: Oculus, "Viseme Reference" (OVR LipSync), for the fifteen and what they stand for; M. Cohen and
D. Massaro, "Modeling Coarticulation in Synthetic Visual Speech", 1993, for how firmly each insists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

from farm_vision.speech.records import PhoneName, VisemeName


@dataclass(frozen=True, slots=True)
class Shape:
    """A mouth and how firmly it is made.

    open : 0 lips together, 1 wide open. wide : 0 at rest, 1 corners far apart. round : 0 at rest, 1
    puckered. firm : of the opening, firm_lips : of width and roundness, against the shapes beside it.
    share : of its phone's time.
    """

    viseme: VisemeName
    open: float
    wide: float
    round: float
    firm: float
    firm_lips: float
    share: float = 1.0


REST = Shape("sil", 0.0, 0.0, 0.0, 1.0, 0.5)
VISEMES: MappingProxyType[VisemeName, Shape] = MappingProxyType(
    {
        shape.viseme: shape
        for shape in (
            REST,
            Shape("PP", 0.0, 0.05, 0.1, 0.6, 0.15),
            Shape("FF", 0.08, 0.15, 0.0, 1.0, 0.4),
            Shape("TH", 0.2, 0.2, 0.0, 0.7, 0.3),
            Shape("DD", 0.18, 0.2, 0.0, 0.55, 0.2),
            Shape("kk", 0.26, 0.1, 0.0, 0.35, 0.1),
            Shape("CH", 0.2, 0.0, 0.55, 0.75, 0.7),
            Shape("SS", 0.1, 0.4, 0.0, 0.8, 0.5),
            Shape("nn", 0.2, 0.15, 0.0, 0.5, 0.2),
            Shape("RR", 0.24, 0.0, 0.4, 0.55, 0.6),
            Shape("aa", 0.85, 0.25, 0.0, 1.0, 0.6),
            Shape("E", 0.5, 0.5, 0.0, 0.9, 0.7),
            Shape("ih", 0.3, 0.6, 0.0, 0.8, 0.7),
            Shape("oh", 0.6, 0.0, 0.6, 0.95, 0.9),
            Shape("ou", 0.28, 0.0, 0.9, 0.9, 1.0),
        )
    }
)
"""The fifteen, as they are without anything before or after them."""


def _of(viseme: VisemeName, **changes: float) -> tuple[Shape, ...]:
    return (replace(VISEMES[viseme], **changes),)


def _glide(first: VisemeName, second: VisemeName) -> tuple[Shape, ...]:
    return (replace(VISEMES[first], share=0.6), replace(VISEMES[second], share=0.4))


PHONES: MappingProxyType[PhoneName, tuple[Shape, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("P", "B", "M"), _of("PP")),
        **dict.fromkeys(("F", "V"), _of("FF")),
        **dict.fromkeys(("TH", "DH"), _of("TH")),
        **dict.fromkeys(("T", "D"), _of("DD")),
        **dict.fromkeys(("K", "G", "NG"), _of("kk")),
        **dict.fromkeys(("CH", "JH", "SH", "ZH"), _of("CH")),
        **dict.fromkeys(("S", "Z"), _of("SS")),
        **dict.fromkeys(("N", "L"), _of("nn")),
        "R": _of("RR"),
        "ER": _of("RR", open=0.35, firm=0.8),
        "AA": _of("aa", open=0.9),
        "AE": _of("aa", open=0.75, wide=0.5),
        "AH": _of("aa", open=0.5, firm=0.6),
        "AY": _glide("aa", "ih"),
        "AW": _glide("aa", "ou"),
        "EH": _of("E"),
        "EY": _glide("E", "ih"),
        "IH": _of("ih"),
        "IY": _of("ih", open=0.25, wide=0.85),
        "Y": _of("ih", open=0.22, wide=0.7, firm=0.5),
        "AO": _of("oh", open=0.7, round=0.5),
        "OW": _glide("oh", "ou"),
        "OY": _glide("oh", "ih"),
        "UH": _of("ou", open=0.34, round=0.6),
        "UW": _of("ou"),
        "W": _of("ou", open=0.14, round=1.0),
        # Breath alone: the mouth is that of what follows.
        "HH": _of("kk", open=0.35, firm=0.1, firm_lips=0.02),
    }
)
