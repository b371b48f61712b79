"""Style and tone given beside the prompt: read like a prompt, heeded where the prompt is silent.

Invariant: a hint never outranks a word of the prompt, and never brings back what the prompt refused.
"""

from __future__ import annotations

from dataclasses import replace

from farm_procedural.instruction import Axis, Decision, Instruction

LOOKS = frozenset({
    Axis.PALETTE, Axis.COLOUR, Axis.BRIGHTNESS, Axis.SATURATION, Axis.CONTRAST, Axis.TEMPERATURE,
    Axis.GRADIENT, Axis.TEXTURE, Axis.CAMERA, Axis.DEPTH, Axis.LIGHT, Axis.GRADE, Axis.SHOT,
    Axis.TRANSITION, Axis.CUTS, Axis.GENRE, Axis.MOOD, Axis.TEMPO, Axis.SOUND, Axis.MOTION,
    Axis.INTENSITY,
})  # fmt: skip
"""What a hint may decide: how it looks and sounds, not what is in it."""


def hinted(instruction: Instruction, style: str, tone: str) -> Instruction:
    """The instruction with the decisions of the hints, on axes that the prompt left open."""
    if not (style.strip() or tone.strip()):
        return instruction
    # The lexicon is large and most films come without hints.
    from farm_procedural.interpret.reading import interpret

    # A place often brings its colours along; only what was really said closes an axis.
    said = {d.axis for d in instruction.decisions}
    said |= {d.axis for phase in instruction.phases for d in phase.decisions}
    added: list[Decision] = []
    for name, text in (("style", style), ("tone", tone)):
        if not text.strip():
            continue
        for decision in interpret(text).decisions:
            if decision.axis in LOOKS and decision.axis not in said:
                sure = round(0.8 * decision.confidence, 4)
                added.append(replace(decision, by="hint", name=name, confidence=sure,
                                     start=0, stop=0))  # fmt: skip
    if not added:
        return instruction
    return replace(instruction, decisions=(*instruction.decisions, *added))
