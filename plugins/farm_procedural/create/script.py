"""Instruction and knowledge to a film on paper.

Invariant: pure; the same instruction, seed, size, rate, length and knowledge give the same script.
Words decide; what they leave open is chosen by seed and text, within taste; what they refuse is
absent from every shot.
"""

from __future__ import annotations

from dataclasses import replace

from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.cinema import framed, shot_types, transition_for
from farm_procedural.create.colouring import colours_for
from farm_procedural.create.figures import overlays_for, titles_for
from farm_procedural.create.genres import Genre, genre_rule
from farm_procedural.create.grading import grade_for, light_for
from farm_procedural.create.hints import hinted
from farm_procedural.create.knowledge import Knowledge, keywords_of
from farm_procedural.create.movement import level_of, movement_for
from farm_procedural.create.pace import rhythm_of
from farm_procedural.create.place import place_for, scene_of
from farm_procedural.create.score import pulse, score_for
from farm_procedural.create.story import Beat, beats
from farm_procedural.create.variation import varied
from farm_procedural.instruction import Axis, Instruction
from farm_procedural.script import Script, Shot

LONGEST_TITLE = 80


def compose(
    instruction: Instruction,
    *,
    seed: int,
    width: int,
    height: int,
    fps: int,
    duration_s: float,
    knowledge: Knowledge | None = None,
    style: str = "",
    tone: str = "",
) -> Script:
    """The script of a film.

    duration_s : seconds; the film has ``round(duration_s * fps)`` frames, one at least.
    knowledge : what was learned; fills choices that the words leave open. style, tone : hints.
    """
    instruction = hinted(instruction, style, tone)
    chance = Chance.of(seed, instruction.text)
    whole = Asks(instruction)
    advice = Advice(knowledge, keywords_of(instruction), chance.within("advice"))
    genre = genre_rule(whole.value(Axis.GENRE))
    bpm = pulse(whole, genre, chance, advice)
    frames = max(1, round(duration_s * fps))
    rhythm = rhythm_of(whole, genre, bpm, frames / fps, advice)
    plan = beats(frames, fps, [phase.share for phase in instruction.phases], rhythm)
    asks = [whole.at(beat.phase) for beat in plan]
    types = shot_types(asks, plan, genre, chance, advice)
    shots: list[Shot] = []
    clock_s = 0.0
    section = 0
    for number, (ask, beat) in enumerate(zip(asks, plan, strict=True)):
        shot = _shot(ask, beat, number, section, plan, width / height, fps, bpm, chance, advice)
        shot = replace(framed(shot, types[number]), clock_s=round(clock_s, 4))
        if number + 1 < len(plan):
            after = plan[number + 1]
            link = transition_for(
                ask,
                beat,
                after,
                fps,
                genre_rule(ask.value(Axis.GENRE)),
                hard=rhythm.cuts is not None,
                before=shots[-1].transition.kind if shots else "",
                chance=chance.within(f"join {number}"),
                advice=advice,
            )
            shot = replace(shot, transition=link)
            # Over a dissolve the forms flow on; a cut goes somewhere else.
            section += link.kind not in ("dissolve", "fade")
        shots.append(shot)
        clock_s += beat.frames / fps * (shot.energy_from + shot.energy_to) / 2
    shots = _titled(whole, shots, fps, chance)
    if not whole.instruction.decisions and not whole.instruction.phases:
        advice.say("Nobody knew these words; seed and text chose the colours and the forms.")
    scene = scene_of(asks[0])
    return Script(
        width=width,
        height=height,
        fps=fps,
        seed=seed,
        shots=tuple(shots),
        score=score_for(whole, genre, scene, bpm, chance),
        title=_title(instruction.text),
        explained=(*instruction.notes, *advice.said),
        knowledge=knowledge.id if knowledge is not None else "",
    )


def _shot(
    ask: Asks, beat: Beat, number: int, section: int, plan: tuple[Beat, ...], aspect: float,
    fps: int, bpm: float, chance: Chance, advice: Advice
) -> Shot:  # fmt: skip
    """One shot before its framing and its transition."""
    genre = _genre(ask)
    scene = scene_of(ask, _scene_turn(ask, number, len(plan)))
    # Free choices are made once for the film, so that its shots belong together.
    level = level_of(ask, genre, chance, advice)
    place = place_for(ask, scene, genre, level, chance, advice, whole=len(plan) == 1)
    colours = colours_for(ask, scene, place.scenery, chance, advice)
    moving = movement_for(
        ask, genre, level, beat.frames / fps, bpm, chance.within(f"camera {number}"), advice,
        free=True,
    )  # fmt: skip
    shot = Shot(
        frames=beat.frames,
        key=chance.number(f"key {section}"),
        palette=colours.palette,
        ground=colours.ground,
        scenery=place.scenery,
        role=beat.role,
        energy_from=beat.energy_from if level > 0 else 1.0,
        energy_to=beat.energy_to if level > 0 else 1.0,
        gradient=place.gradient,
        texture=place.texture,
        motion=moving.motion,
        camera=moving.camera,
        overlays=overlays_for(
            ask, scene, colours.palette, colours.shape, level, aspect, chance, advice
        ),
        particles=place.particles,
        depth=place.depth,
        light=light_for(ask, colours.palette, place.scenery, genre, level <= 0, chance, advice),
        grade=grade_for(ask, colours.palette, genre, advice),
    )
    return varied(shot, ask, beat, section, chance) if len(plan) > 1 else shot


def _genre(ask: Asks) -> Genre:
    return genre_rule(ask.value(Axis.GENRE))


def _scene_turn(ask: Asks, number: int, total: int) -> int:
    """Which of several named places a shot shows: each gets its share of the film, in order."""
    places = len([d for d in ask.own(Axis.SCENE) if d.value not in ("abstract", "gradient")])
    return number * places // total if places > 1 and total >= places else 0


def _titled(whole: Asks, shots: list[Shot], fps: int, chance: Chance) -> list[Shot]:
    """The shots with the texts of the film: each in one shot, in order, spread over the film."""
    texts = [text for text in whole.instruction.titles if text.strip()]
    held: list[list[str]] = [[] for _ in shots]
    for number, text in enumerate(texts):
        held[min(len(shots) - 1, number * len(shots) // len(texts))].append(text)
    return [
        replace(shot, titles=titles_for(whole, held[i], shot.palette, shot.frames / fps, chance))
        if held[i]
        else shot
        for i, shot in enumerate(shots)
    ]


def _title(text: str) -> str:
    """The prompt as a name: one line of printable characters, not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1].rstrip()}…"
