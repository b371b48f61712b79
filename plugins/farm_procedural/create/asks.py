"""What one shot is asked to be: the instruction, read for one phase, with refusals taken out.

Invariant: a value that was refused is never among those wanted, whoever wants it; what a phase says
about an axis outranks what the whole text says about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from farm_procedural.instruction import Axis, Decision, Instruction
from farm_procedural.interpret.vocabulary import SCENES, VALUES

FAMILIES = {
    "zoom": ("zoom-in", "zoom-out"),
    "pan": ("pan-left", "pan-right", "orbit"),
    "tilt": ("tilt-up", "tilt-down"),
    "rotate": ("rotate-left", "rotate-right", "orbit"),
    "dolly": ("dolly-in", "dolly-out", "orbit"),
}
"""Camera moves of which one word refuses all."""

SAID = 0.7
"""Confidence from which a value was said, and not only brought along by another word."""

OF_THE_FIELD = (Axis.COLOUR, Axis.PALETTE, Axis.BRIGHTNESS, Axis.TEMPERATURE, Axis.SATURATION)
"""What the words for the colour of a shape say nothing about."""

_WATERS = frozenset(name for name, scene in SCENES.items() if scene.water)


@dataclass(frozen=True, slots=True)
class Asks:
    """The instruction for one phase (``None``: the whole film)."""

    instruction: Instruction
    phase: int | None = None

    def all(self, axis: Axis) -> tuple[Decision, ...]:
        """Wanted decisions of an axis, each value once, none of them refused.

        Those that were said come before those that other words only bring along; among each, the
        phase's own come first.
        """
        refused = self.refused(axis)
        found: dict[str, Decision] = {}
        wanted = self.instruction.wanted(axis, self.phase)
        shape = self.of_shape() if axis in OF_THE_FIELD else None
        for decision in sorted(wanted, key=lambda d: d.confidence < SAID):
            if decision.value in refused:
                continue
            if shape is not None and decision.start == shape.start:
                continue
            found.setdefault(decision.value, decision)
        return tuple(found.values())

    def of_shape(self) -> Decision | None:
        """The colour or palette that stands right before a shape: "a red circle" is a red circle,
        whatever is behind it."""
        shapes = [d.start for d in self.instruction.wanted(Axis.SHAPE, self.phase) if d.start > 0]
        for axis in (Axis.COLOUR, Axis.PALETTE):
            for decision in self.instruction.wanted(axis, self.phase):
                said = decision.confidence >= SAID and decision.stop > 0
                if said and any(0 <= start - decision.stop <= 2 for start in shapes):
                    return decision
        return None

    def own(self, axis: Axis) -> tuple[Decision, ...]:
        """Like :meth:`all`, but only the phase's own where something was said in it."""
        everything = self.all(axis)
        if self.phase is None or not self.instruction.phases:
            return everything
        mine = [d for d in self.instruction.phases[self.phase].decisions if d.axis is axis]
        if not any(d.confidence >= SAID and not d.negated for d in mine):
            return everything
        values = {d.value for d in mine}
        return tuple(d for d in everything if d.value in values) or everything

    def said(self, axis: Axis) -> tuple[Decision, ...]:
        """Like :meth:`own`, without what other words only bring along."""
        return tuple(d for d in self.own(axis) if d.confidence >= SAID)

    def first(self, axis: Axis) -> Decision | None:
        """The decision that counts most on an axis."""
        return next(iter(self.all(axis)), None)

    def value(self, axis: Axis) -> str | None:
        """The value that counts most on an axis."""
        decision = self.first(axis)
        return decision.value if decision else None

    def says(self, axis: Axis, *values: str) -> Decision | None:
        """The first wanted decision with one of these values."""
        return next((d for d in self.all(axis) if d.value in values), None)

    def refused(self, axis: Axis) -> frozenset[str]:
        """Values that must not be there, members of refused families included.

        What a phase itself wants is not refused in it by the whole text.
        """
        values = {d.value for d in self.instruction.refused(axis, self.phase)}
        for family in tuple(values):
            if axis is Axis.CAMERA:
                values.update(FAMILIES.get(family, ()))
        if axis is Axis.SCENE and values & {"sea", "lake"}:
            values |= _WATERS
        return frozenset(values)

    def nothing_of(self, axis: Axis) -> bool:
        """Whether every value of an axis is refused ("no particles", "no shapes")."""
        return self.refused(axis) >= frozenset(VALUES[axis])

    def count(self, name: str) -> int | None:
        """An asked number of things."""
        return self.instruction.counts.get(name)

    def amount(self, axis: Axis, value: str) -> float:
        """How strongly a value is asked for, 0.3 to 2; 1 where nothing is said."""
        decision = self.says(axis, value)
        return min(2.0, max(0.3, decision.amount)) if decision else 1.0

    def at(self, phase: int | None) -> Asks:
        """The same text for another phase."""
        return replace(self, phase=phase)
