"""Creation: words decide, refusals are absolute, time is honoured, what was learned is explained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from direct_task import run_stage, stage_of
from pydantic import ValidationError

import farm_finish
import farm_procedural
from farm import Artifact, InputError, MediaKind, Window
from farm.artifacts.probe import probe_output
from farm_procedural.create import harmony
from farm_procedural.create.chance import Chance
from farm_procedural.create.genres import GENRES, USUAL
from farm_procedural.create.knowledge import Suggestion, keywords_of
from farm_procedural.create.presets import PRESETS
from farm_procedural.create.script import compose
from farm_procedural.create.story import Rhythm, beats
from farm_procedural.framing import framing
from farm_procedural.instruction import Axis, Decision, Instruction, Phase
from farm_procedural.interpret.palettes import PALETTES
from farm_procedural.interpret.reading import interpret
from farm_procedural.interpret.vocabulary import SCENES, VALUES
from farm_procedural.params import GenerateParams, ScriptParams, film_frames
from farm_procedural.render.film import Film, Planes
from farm_procedural.script import (
    Easing,
    GradientKind,
    Move,
    ParticleKind,
    Scenery,
    Script,
    ShapeKind,
    TitleStyle,
    TransitionKind,
    choices,
)

RED, BLUE, GOLD, GREEN = "#d3202f", "#1f5fd0", "#e6a21c", "#1f9d57"


def said(axis: Axis, value: str, **more: object) -> Decision:
    return Decision(axis, value, **more)  # type: ignore[arg-type]


def no(axis: Axis, value: str) -> Decision:
    return Decision(axis, value, negated=True)


def film(
    *decisions: Decision, text: str = "a film", seconds: float = 6.0, seed: int = 7, **more: object
) -> Script:
    about = {key: more.pop(key) for key in ("phases", "counts", "titles", "unknown") if key in more}
    return compose(
        Instruction(text, decisions=decisions, **about),  # type: ignore[arg-type]
        seed=seed, width=640, height=360, fps=24, duration_s=seconds, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def mean_lightness(script: Script) -> float:
    return sum(stop[0] for stop in script.shots[0].palette) / 5


def mean_chroma(script: Script) -> float:
    return sum(harmony.chroma(stop) for stop in script.shots[0].palette) / 5


def hues(script: Script) -> list[float]:
    return [
        harmony.hue(stop)
        for shot in script.shots
        for stop in (*shot.palette, *shot.ground)
        if harmony.chroma(stop) > harmony.GREY
    ]


def far(one: float, other: float) -> float:
    return abs(harmony.apart(one, other))


class Taught:
    """Knowledge that suggests what it was given."""

    id = "snapshot-1"

    def __init__(self, *suggestions: Suggestion) -> None:
        self._suggestions = suggestions

    def suggest(self, axis: Axis, keywords: Sequence[str]) -> Sequence[Suggestion]:
        return [s for s in self._suggestions if s.axis is axis]


# --- purity -------------------------------------------------------------------------------------


def test_the_same_request_gives_the_same_script_to_the_last_byte():
    one, two = (film(said(Axis.SCENE, "sea"), seconds=20) for _ in range(2))
    assert json.dumps(one.record()) == json.dumps(two.record())


def test_another_seed_and_another_text_are_other_films():
    first = film(text="glimmer")
    assert film(text="glimmer", seed=8).shots[0].palette != first.shots[0].palette
    assert film(text="shimmer").shots[0].palette != first.shots[0].palette


def test_case_and_punctuation_do_not_change_the_film():
    assert film(text="A Glimmer!").shots == film(text="a glimmer").shots


@pytest.mark.parametrize("seconds", [0.5, 6.0, 30.0])
def test_a_script_survives_json(seconds):
    script = film(
        said(Axis.SCENE, "city"), said(Axis.SHAPE, "ring"), said(Axis.PARTICLES, "rain"),
        titles=("HELLO", "WORLD"), seconds=seconds,
    )  # fmt: skip
    assert Script.from_record(json.loads(json.dumps(script.record()))) == script


def test_a_choice_depends_on_its_own_name_only():
    chance = Chance.of(7, "x")
    before = chance.unit("hue")
    chance.unit("something new")
    assert chance.unit("hue") == before == Chance.of(7, "X").unit("hue")


# --- the vocabulary -----------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [axis for axis in Axis if VALUES[axis]])
def test_every_value_of_the_vocabulary_makes_a_legal_script(axis):
    for value in VALUES[axis]:
        for seconds in (4.0, 16.0):
            script = film(said(axis, value), titles=("A TITLE",), seconds=seconds)
            assert script.frames == round(seconds * 24)
            for shot in script.shots:
                assert shot.scenery in choices(Scenery)
                assert shot.gradient.kind in choices(GradientKind)
                assert shot.motion.easing in choices(Easing)
                assert 0 <= shot.motion.level <= 1
                assert {move.move for move in shot.camera} <= set(choices(Move))
                assert {item.kind for item in shot.overlays} <= set(choices(ShapeKind))
                assert {item.kind for item in shot.particles} <= set(choices(ParticleKind))
                assert {title.style for title in shot.titles} <= set(choices(TitleStyle))
                assert shot.transition.kind in choices(TransitionKind)
                assert 0 <= shot.transition.frames < shot.frames
                assert all(0 <= stop[0] <= 1 for stop in (*shot.palette, *shot.ground))
                assert len(shot.palette) == len(shot.ground) == 5


@pytest.mark.parametrize("axis", [axis for axis in Axis if VALUES[axis]])
def test_every_value_can_be_refused(axis):
    for value in VALUES[axis]:
        assert film(no(axis, value), seconds=12.0).frames == 288
    everything = [no(axis, value) for value in VALUES[axis]]
    assert film(*everything, seconds=12.0).frames == 288


def test_every_genre_scene_and_palette_has_its_rules():
    assert set(GENRES) == set(VALUES[Axis.GENRE])
    for rule in (*GENRES.values(), USUAL):
        assert rule.shots.keys() <= VALUES[Axis.SHOT].keys()
        assert rule.transitions.keys() <= VALUES[Axis.TRANSITION].keys()
        assert rule.moves.keys() <= VALUES[Axis.CAMERA].keys()
        assert set(rule.particles) <= VALUES[Axis.PARTICLES].keys()
    for name in SCENES:
        assert film(said(Axis.SCENE, name)).shots[0].scenery in choices(Scenery)
    for name in PALETTES:
        assert film(said(Axis.PALETTE, name)).shots[0].palette


# --- colour and light ---------------------------------------------------------------------------


@pytest.mark.parametrize("colour", [RED, BLUE, GOLD, GREEN, "#7a35c0", "#cc2a92", "#14a7a5"])
@pytest.mark.parametrize("scene", [None, "sea", "forest", "fire", "nebula"])
def test_a_colour_that_was_asked_for_leads_everywhere(colour, scene):
    decisions = [said(Axis.COLOUR, colour)] + ([said(Axis.SCENE, scene)] if scene else [])
    wanted = harmony.hue(harmony.from_hex(colour))
    for seconds in (6.0, 24.0):
        found = hues(film(*decisions, seconds=seconds))
        assert len(found) > 5
        assert all(far(hue, wanted) < 12 for hue in found)


def test_two_colours_are_both_there():
    found = hues(film(said(Axis.COLOUR, RED), said(Axis.COLOUR, BLUE)))
    for colour in (RED, BLUE):
        assert any(far(hue, harmony.hue(harmony.from_hex(colour))) < 5 for hue in found)


def test_a_shape_takes_the_colour_before_it_and_the_field_the_other():
    script = film(
        said(Axis.COLOUR, RED, start=2, stop=5), said(Axis.SHAPE, "circle", start=6, stop=12),
        said(Axis.COLOUR, BLUE, start=16, stop=20), text="a red circle on blue",
    )  # fmt: skip
    (circle,) = script.shots[0].overlays
    assert circle.colour == harmony.from_hex(RED) and circle.opacity == 1.0
    assert all(far(hue, harmony.hue(harmony.from_hex(BLUE))) < 12 for hue in hues(script))


@pytest.mark.parametrize("colour", [RED, BLUE, GOLD, GREEN])
@pytest.mark.parametrize("scene", [None, "sea", "fire", "forest", "desert"])
def test_a_refused_colour_is_nowhere_near(colour, scene):
    decisions = [no(Axis.COLOUR, colour)] + ([said(Axis.SCENE, scene)] if scene else [])
    refused = harmony.hue(harmony.from_hex(colour))
    for seed in range(6):
        found = hues(film(*decisions, seconds=24.0, seed=seed, text="something"))
        assert all(far(hue, refused) > 45 for hue in found)


def test_brightness_words_move_the_palette_in_their_order():
    order = ["black", "dark", "dim", "medium", "bright", "blinding"]
    for text in ("alpha", "beta", "gamma"):
        means = [mean_lightness(film(said(Axis.BRIGHTNESS, w), text=text)) for w in order]
        assert means == sorted(means)
        assert means[0] < 0.2 and means[1] < 0.3 and means[4] > 0.65 and means[5] > 0.8


def test_not_dark_is_never_dark_and_not_bright_never_bright():
    for seed in range(8):
        assert mean_lightness(film(no(Axis.BRIGHTNESS, "dark"), seed=seed)) > 0.5
        assert mean_lightness(film(no(Axis.BRIGHTNESS, "bright"), seed=seed)) < 0.5


def test_saturation_words_move_the_palette_in_their_order():
    for text in ("alpha", "beta", "gamma"):
        plain = mean_chroma(film(text=text))
        muted, vivid, grey = (
            mean_chroma(film(said(Axis.SATURATION, w), text=text))
            for w in ("muted", "vivid", "grey")
        )
        assert grey < 0.005 < muted < 0.7 * plain < plain < vivid


def test_contrast_words_spread_the_palette():
    def span(script: Script) -> float:
        return script.shots[0].palette[4][0] - script.shots[0].palette[0][0]

    low, high = (film(said(Axis.CONTRAST, w), text="t") for w in ("low", "high"))
    assert span(low) < 0.7 * span(film(text="t"))
    assert high.shots[0].grade.contrast > 1.15 > 1.0 > low.shots[0].grade.contrast


def test_warm_is_warm_and_cool_is_cool():
    for seed in range(6):
        assert all(far(h, 55) < 50 for h in hues(film(said(Axis.TEMPERATURE, "warm"), seed=seed)))
        assert all(far(h, 245) < 56 for h in hues(film(said(Axis.TEMPERATURE, "cool"), seed=seed)))


# --- motion -------------------------------------------------------------------------------------


def test_still_means_that_nothing_moves():
    script = film(
        said(Axis.MOTION, "still"), said(Axis.PARTICLES, "snow"), said(Axis.SHAPE, "star"),
        said(Axis.CAMERA, "pan-left"), said(Axis.LIGHT, "flicker"),
    )  # fmt: skip
    (shot,) = script.shots
    assert (shot.motion.level, shot.motion.pulse, shot.camera, shot.texture.flow) == (0, 0, (), 0)
    assert shot.particles[0].speed == 0 and shot.light.flicker == 0
    assert shot.overlays[0].turn == 0 and shot.overlays[0].orbit == 0


def test_words_of_intensity_order_the_level():
    order = ["still", "calm", "moderate", "lively", "strong", "frantic"]
    levels = [film(said(Axis.INTENSITY, w)).shots[0].motion.level for w in order]
    assert levels == sorted(levels) and levels[0] == 0 and levels[1] < 0.3 and levels[5] > 0.9


def test_degrees_count():
    little, much = (
        film(said(Axis.INTENSITY, "strong", amount=a)).shots[0].motion.level for a in (0.5, 1.8)
    )
    assert little < much


@pytest.mark.parametrize(("word", "degrees"), [("right", 0), ("up", 90), ("left", 180)])
def test_the_picture_goes_where_it_was_told_and_the_camera_the_other_way(word, degrees):
    (shot,) = film(said(Axis.DIRECTION, word)).shots
    assert shot.motion.direction == degrees
    moves = {move.move: move.amount for move in shot.camera}
    wanted = {"right": ("pan", -1), "left": ("pan", 1), "up": ("tilt", -1)}[word]
    assert moves[wanted[0]] * wanted[1] > 0


@pytest.mark.parametrize("family", ["zoom", "pan", "tilt", "rotate", "dolly", "handheld"])
def test_a_refused_camera_move_is_not_made_whoever_wants_it(family):
    wish = Suggestion(Axis.CAMERA, family, 1.0, "velora", "films like it were smooth")
    for seed in range(12):
        script = film(no(Axis.CAMERA, family), seconds=40, seed=seed, knowledge=Taught(wish))
        assert all(move.move != family for shot in script.shots for move in shot.camera)


def test_a_camera_that_was_asked_for_is_there_in_every_shot():
    for shot in film(said(Axis.CAMERA, "zoom-out"), seconds=30).shots:
        assert [m.amount < 0 for m in shot.camera if m.move == "zoom"] == [True]


# --- what is in the picture ---------------------------------------------------------------------


def test_refused_things_are_absent_from_every_shot():
    for seed in range(10):
        script = film(
            no(Axis.PARTICLES, "dust"), no(Axis.SHAPE, "circle"), no(Axis.LIGHT, "sun"),
            no(Axis.GRADE, "vignette"), no(Axis.GRADE, "grain"), no(Axis.SOUND, "drums"),
            no(Axis.TRANSITION, "fade"), said(Axis.PALETTE, "sunset"), said(Axis.SCENE, "sea"),
            said(Axis.GENRE, "vintage"), seconds=40, seed=seed,
        )  # fmt: skip
        for shot in script.shots:
            assert all(item.kind != "dust" for item in shot.particles)
            assert (shot.overlays, shot.light.orb) == ((), "none")
            assert (shot.grade.vignette, shot.grade.grain) == (0, 0)
            assert shot.transition.kind != "fade"
        assert "drums" not in script.score.instruments


def test_a_refused_sea_leaves_no_water():
    script = film(said(Axis.SCENE, "beach"), no(Axis.SCENE, "sea"))
    assert not script.shots[0].depth.water


def test_counted_shapes_are_exactly_so_many():
    script = film(said(Axis.SHAPE, "star"), counts={"star": 5})
    assert [(item.kind, item.count) for item in script.shots[0].overlays] == [("star", 5)]


@pytest.mark.parametrize("kind", ["vertical", "horizontal", "radial", "angled", "conic", "diamond"])
def test_a_gradient_that_was_asked_for_is_the_picture(kind):
    (shot,) = film(said(Axis.GRADIENT, kind)).shots
    assert (shot.scenery, shot.gradient.kind) == ("gradient", kind)
    assert shot.gradient.strength >= 0.85 and shot.texture.amount <= 0.1


def test_weather_brings_what_falls():
    kinds = {w: film(said(Axis.WEATHER, w)).shots[0].particles[0] for w in ("drizzle", "blizzard")}
    assert kinds["drizzle"].kind == "rain" and kinds["blizzard"].kind == "snow"
    assert kinds["drizzle"].density < 1 < kinds["blizzard"].density


def test_several_places_get_their_share_of_a_long_film():
    script = film(
        said(Axis.SCENE, "forest", start=0, stop=6), said(Axis.SCENE, "sea", start=10, stop=13),
        seconds=40,
    )  # fmt: skip
    water = [shot.depth.water for shot in script.shots]
    assert water[0] is False and water[-1] is True and water == sorted(water)


def test_titles_stand_in_order_and_within_their_shots():
    script = film(titles=("ONE", "TWO", "THREE"), seconds=30)
    shown = [title.text for shot in script.shots for title in shot.titles]
    assert shown == ["ONE", "TWO", "THREE"]
    for shot in script.shots:
        for title in shot.titles:
            assert 0 <= title.start_s < title.start_s + title.length_s <= shot.frames / 24 + 1e-6


# --- time ---------------------------------------------------------------------------------------


def test_one_mood_under_ten_seconds_is_one_shot():
    for seed in range(6):
        assert len(film(said(Axis.GENRE, "action"), seconds=9.5, seed=seed).shots) == 1


def test_ten_seconds_and_more_tell_a_story():
    script = film(said(Axis.GENRE, "trailer"), seconds=30)
    roles = [shot.role for shot in script.shots]
    assert roles[0] == "opening" and roles[-1] == "ending"
    assert "development" in roles and "climax" in roles
    assert max(script.shots, key=lambda shot: shot.energy_to).role == "climax"


def test_action_is_cut_faster_than_meditation():
    counts = [len(film(said(Axis.GENRE, g), seconds=60).shots) for g in ("action", "meditation")]
    assert counts[0] > 4 * counts[1]


@pytest.mark.parametrize("cuts", [0, 1, 2, 5, 11])
@pytest.mark.parametrize("seconds", [6.0, 20.0])
def test_counted_cuts_are_exact(cuts, seconds):
    script = film(counts={"cuts": cuts}, seconds=seconds)
    assert len(script.shots) == cuts + 1
    assert all(shot.transition.kind == "cut" for shot in script.shots)


def test_no_cuts_means_one_take_however_long():
    assert len(film(said(Axis.CUTS, "none"), seconds=90).shots) == 1
    refused = [no(Axis.CUTS, value) for value in ("few", "some", "many", "rapid")]
    assert len(film(*refused, seconds=90).shots) == 1


def test_a_transition_that_was_asked_for_is_made():
    for kind in ("cut", "dissolve", "wipe", "fade", "match", "whip"):
        script = film(said(Axis.TRANSITION, kind), seconds=6)
        assert len(script.shots) > 1
        assert {shot.transition.kind for shot in script.shots[:-1]} == {kind}


def test_phases_keep_their_time_and_their_words():
    phases = (
        Phase(0.4, (said(Axis.INTENSITY, "calm"), said(Axis.COLOUR, BLUE))),
        Phase(0.2, (said(Axis.MOTION, "explode"), said(Axis.COLOUR, GOLD))),
        Phase(0.4, (said(Axis.INTENSITY, "calm"),)),
    )
    one, two, three = film(phases=phases, seconds=10 - 1 / 24).shots
    assert abs(one.frames - 96) <= 2 and abs(two.frames - 48) <= 2
    assert one.motion.level < 0.3 < 0.7 < two.motion.level > three.motion.level
    gold = harmony.hue(harmony.from_hex(GOLD))
    assert all(far(harmony.hue(stop), gold) < 12 for stop in two.palette)
    long = film(phases=phases, seconds=60).shots
    assert sum(s.frames for s in long if s.motion.level > 0.7) == pytest.approx(288, abs=2)


def test_cuts_fall_on_the_beat():
    script = film(said(Axis.GENRE, "music-video"), counts={"bpm": 120}, seconds=30)
    at, edges = 0, []
    for shot in script.shots[:-1]:
        at += shot.frames
        edges.append(at)
    assert len(edges) > 8
    assert all(edge % 12 == 0 for edge in edges)


def test_forms_flow_on_over_a_dissolve_and_change_at_a_cut():
    script = film(seconds=60, text="wander")
    for one, two in pairwise(script.shots):
        same = one.transition.kind in ("dissolve", "fade")
        assert (one.key == two.key) is same
        assert two.clock_s > one.clock_s


@pytest.mark.parametrize("frames", [1, 2, 7, 240, 86_400])
def test_beats_cover_every_film_exactly(frames):
    for shares in ((), (0.5, 0.5), (0.2, 0.3, 0.5)):
        for rhythm in (
            Rhythm(5.0),
            Rhythm(0.8, bpm=140),
            Rhythm(3.0, cuts=9),
            Rhythm(99, uncut=True),
        ):
            plan = beats(frames, 24, shares, rhythm)
            assert sum(beat.frames for beat in plan) == frames
            assert all(beat.frames >= 1 for beat in plan)


# --- sound --------------------------------------------------------------------------------------


def test_the_score_follows_mood_and_words():
    happy, scary = (film(said(Axis.MOOD, mood)).score for mood in ("happy", "scary"))
    assert happy.valence > 0.5 > -0.5 > scary.valence and scary.tension > happy.tension
    assert film(said(Axis.SOUND, "none")).score.silent
    assert film(counts={"bpm": 128}).score.bpm == 128
    assert film(said(Axis.TEMPO, "slow")).score.bpm == 64
    storm = film(said(Axis.WEATHER, "storm"), no(Axis.SOUND, "rain")).score
    assert "wind" in storm.bed and "rain" not in storm.bed


# --- knowledge and hints ------------------------------------------------------------------------

GROWN = Suggestion(
    Axis.PALETTE, "velora", 1.0, "velora", "nine films about fog with it rated 0.91 on average",
    colours=((0.1, 0.0, 0.02), (0.3, 0.0, 0.1), (0.5, 0.0, 0.15), (0.7, 0.0, 0.12), (0.9, 0.0, 0.05)),
)  # fmt: skip


def test_a_suggestion_changes_an_open_choice_and_says_why():
    script = film(text="wisps", knowledge=Taught(GROWN))
    assert all(far(hue, 90) < 8 for hue in hues(script))
    assert script.knowledge == "snapshot-1"
    assert [line for line in script.explained if "velora" in line and "nine films" in line]


def test_words_outrank_what_was_learned():
    script = film(said(Axis.COLOUR, BLUE), said(Axis.PALETTE, "sea"), knowledge=Taught(GROWN))
    assert all(far(hue, 90) > 60 for hue in hues(script))
    assert not any("velora" in line for line in script.explained)


def test_weight_is_how_often_a_suggestion_is_followed():
    followed = 0
    for seed in range(60):
        script = film(text="wisps", seed=seed, knowledge=Taught(replace(GROWN, weight=0.5)))
        followed += any("velora" in line for line in script.explained)
    assert 18 <= followed <= 42


def test_a_worn_value_is_chosen_less_often():
    worn = Suggestion(Axis.GRADIENT, "angled", -0.45, "angled", "seen in most films lately")

    def angled(knowledge: Taught | None) -> int:
        kinds = [film(text=f"t{i}", knowledge=knowledge).shots[0].gradient.kind for i in range(120)]
        return kinds.count("angled")

    assert angled(Taught(worn)) < 0.5 * angled(None)


def test_numbers_that_were_learned_are_used():
    taught = Taught(
        Suggestion(Axis.MOTION, "pace", 1.0, "pace", "x", numbers={"level": 0.77}),
        Suggestion(Axis.TEMPO, "step", 1.0, "step", "x", numbers={"bpm": 97.0}),
    )
    script = film(text="wisps", knowledge=taught)
    assert script.shots[0].motion.level == 0.77 and script.score.bpm == 97.0


def test_a_suggestion_survives_json():
    assert Suggestion.from_record(json.loads(json.dumps(GROWN.record()))) == GROWN


def test_keywords_name_what_a_film_is_about():
    about = Instruction("x", decisions=(said(Axis.MOOD, "calm"), no(Axis.SCENE, "city")),
                        unknown=("Zorp",))  # fmt: skip
    assert keywords_of(about) == ("mood:calm", "zorp")


def test_a_hint_decides_what_the_prompt_left_open_and_no_more():
    noir = film(style="film noir")
    assert noir.shots[0].grade.saturation == 0.0
    red = film(said(Axis.COLOUR, RED), said(Axis.GRADE, "clean"), style="film noir")
    assert all(far(hue, harmony.hue(harmony.from_hex(RED))) < 12 for hue in hues(red))


# --- bounds -------------------------------------------------------------------------------------


def test_an_hour_of_rapid_cuts_stays_a_script_of_reasonable_size():
    script = film(said(Axis.CUTS, "rapid"), seconds=3600)
    assert script.frames == 86_400 and len(script.shots) <= 600


def test_words_that_ask_for_the_impossible_are_refused_with_what_to_write():
    for change, code in (
        ({"duration_s": 0.0}, "prompt.impossible-length"),
        ({"duration_s": 36_000.0}, "prompt.impossible-length"),
        ({"fps": 1000}, "prompt.impossible-rate"),
        ({"width": 20_000, "height": 20_000}, "prompt.impossible-size"),
        ({"width": 1, "height": 1}, "prompt.impossible-size"),
        ({"width": 641, "height": 360}, "prompt.impossible-size"),
    ):
        with pytest.raises(InputError) as refused:
            framing(Instruction("x", **change), ScriptParams())  # type: ignore[arg-type]
        assert refused.value.code == code and "Write" in refused.value.mend


def test_parameters_overrule_words_and_words_the_usual():
    wordy = Instruction("x", duration_s=3.0, fps=30, width=720, height=1280)
    frame = framing(wordy, ScriptParams())
    assert (frame.width, frame.height, frame.fps, frame.duration_s) == (720, 1280, 30, 3.0)
    given = framing(wordy, ScriptParams(duration_s=2.0, fps=12, size="320x180"))
    assert (given.width, given.height, given.fps, given.frames) == (320, 180, 12, 24)
    draft = framing(wordy, ScriptParams(detail="draft"))
    assert (draft.width, draft.height) == (360, 640)
    assert framing(Instruction("x"), ScriptParams(detail="high")).height == 1080


def test_there_are_two_dozen_presets_with_names_of_their_own():
    assert len(PRESETS) == 24 == len({item.name for item in PRESETS})
    assert all(item.name == item.name.lower() and " " not in item.name for item in PRESETS)


# --- the stage ----------------------------------------------------------------------------------

SCRIPT = stage_of(farm_procedural, "video.script")


def scripted(folder: Path, prompt: str | bytes, **params: object) -> tuple[Script, Instruction]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "prompt.txt"
    file.write_bytes(prompt if isinstance(prompt, bytes) else prompt.encode())
    made = run_stage(SCRIPT, folder, {"prompt": file}, params)
    records = [json.loads(made[port].read_bytes()) for port in ("script", "instruction")]
    return Script.from_record(records[0]), Instruction.from_record(records[1])


def test_a_prompt_becomes_a_script_whose_facts_tell_its_frames(tmp_path):
    script, instruction = scripted(tmp_path, "a red sea, 3 seconds at 30 fps")
    assert (script.frames, script.fps) == (90, 30)
    assert instruction.text == "a red sea, 3 seconds at 30 fps"
    facts = probe_output(tmp_path / "script-0.json")[1]
    assert (facts.frames, facts.width, facts.height) == (90, 1280, 720)
    length = stage_of(farm_procedural, "video.generate").windows.length
    artifact = Artifact("0" * 64, MediaKind.DATA, 1, ".json", facts)
    assert length(GenerateParams(), {"script": [artifact]}) == 90


def test_a_file_that_is_no_script_cannot_be_cut_into_windows():
    with pytest.raises(InputError, match="not a script"):
        film_frames(GenerateParams(), {"script": [Artifact("0" * 64, MediaKind.DATA, 1)]})


def test_the_same_prompt_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        scripted(tmp_path / name, "neon rain, 12 seconds")
    assert (tmp_path / "one/script-0.json").read_bytes() == (
        tmp_path / "two/script-0.json"
    ).read_bytes()


@pytest.mark.parametrize(
    "prompt",
    ["", "   \n", "🔥🌊🌙", "Закат над морем", "夕焼けの海", "غروب فوق البحر", "bright dark", "no yes",
     "<b>sea</b> {{x}}", "sea\x00\x07\x1b[31m red", "word " * 20_000, "?!?", "a" * 5000],
)  # fmt: skip
def test_odd_prompts_still_become_films(tmp_path, prompt):
    script, _ = scripted(tmp_path, prompt)
    assert script.frames >= 1 and script.title.isprintable()


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        (b"\xff\xfe\x00sea", "prompt.not-text"),
        (b"sea " * 30_000, "prompt.too-long"),
    ],
)
def test_prompts_that_are_no_text_are_refused_with_the_mend(tmp_path, prompt, code):
    with pytest.raises(InputError) as refused:
        scripted(tmp_path, prompt)
    assert refused.value.code == code and refused.value.mend


@pytest.mark.parametrize(
    "prompt",
    ["a sea of 0 seconds", "a sea, 10 hours long", "a sea at 1000 fps", "a sea, 20000x20000",
     "a sea, 1x1 pixel"],
)  # fmt: skip
def test_impossible_wishes_are_refused_with_what_to_write_or_left_aside_on_the_record(
    tmp_path, prompt
):
    try:
        script, _ = scripted(tmp_path, prompt)
    except InputError as refused:
        assert refused.code.startswith("prompt.impossible") and "Write" in refused.mend
    else:
        assert (script.frames, script.fps, script.width, script.height) == (144, 24, 1280, 720)
        assert any("not between" in line or "no size" in line for line in script.explained)


@pytest.mark.parametrize(
    "params",
    [{"duration_s": 0.4}, {"duration_s": 3601.0}, {"fps": 0}, {"fps": 121}, {"size": "15x16"},
     {"size": "641x360"}, {"size": "7682x16"}, {"size": "big"}, {"knowledge": "../x"}],
)  # fmt: skip
def test_parameters_out_of_range_are_refused(params):
    with pytest.raises(ValidationError):
        ScriptParams(**params)


def test_knowledge_is_none_latest_or_the_snapshot_that_there_is(tmp_path):
    assert scripted(tmp_path / "a", "fog", knowledge="latest")[0].knowledge == ""
    with pytest.raises(InputError) as refused:
        scripted(tmp_path / "b", "fog", knowledge="0123456789")
    assert refused.value.code == "knowledge.unknown"


@pytest.mark.parametrize("item", PRESETS, ids=lambda item: item.name)
def test_every_preset_is_understood(tmp_path, item):
    script, instruction = scripted(tmp_path, item.prompt)
    assert instruction.decisions or instruction.phases
    assert not instruction.unknown, instruction.unknown
    assert script.frames >= 24


def test_the_arc_of_a_sequence_is_measured_in_its_shots(tmp_path):
    text = "starts slow and dark blue, then explodes into gold, ends calm in soft white, 12 seconds"
    shots = scripted(tmp_path, text)[0].shots
    first, last = shots[0], shots[-1]
    middle = next(shot for shot in shots if shot.motion.level == max(s.motion.level for s in shots))
    assert first.motion.level < 0.35 and last.motion.level < 0.35 < 0.7 < middle.motion.level
    blue, gold = (harmony.hue(harmony.from_hex(c)) for c in (BLUE, GOLD))
    assert far(harmony.hue(first.palette[2]), blue) < 25
    assert far(harmony.hue(middle.palette[2]), gold) < 25
    assert max(harmony.chroma(stop) for stop in last.palette) < 0.05 < 0.8 < last.palette[4][0]


# --- what is seen -------------------------------------------------------------------------------


def test_colour_brightness_and_motion_are_measured_on_the_frames(tmp_path):
    def seen(name: str, prompt: str) -> tuple[float, float, float, float]:
        script, _ = scripted(tmp_path / name, prompt, size="160x90", fps=12, duration_s=2.0)
        movie, one, two = Film(script), Planes.blank(160, 90), Planes.blank(160, 90)
        movie.frame(6, one)
        movie.frame(9, two)
        moved = abs(one.luma.astype(float) - two.luma).mean()
        return one.luma.mean(), one.cb.mean(), one.cr.mean(), moved

    red, blue = seen("red", "red silk"), seen("blue", "blue silk")
    assert red[2] > 150 > 128 > blue[2] and blue[1] > 150 > 128 > red[1]
    assert seen("dark", "a dark forest")[0] < 60 < 130 < seen("bright", "a bright forest")[0]
    assert seen("grey", "black and white clouds")[1:3] == pytest.approx((128, 128), abs=1.5)
    still, calm, wild = (
        seen(w, f"{w} abstract forms")[3] for w in ("motionless", "calm", "frantic")
    )
    assert still < 0.01 < calm < 0.6 * wild


def test_a_script_is_rendered_and_joined_to_exactly_its_frames(tmp_path):
    scripted(tmp_path, "gold waves, 1.5 seconds", size="160x90", fps=12)
    script = tmp_path / "script-0.json"
    generate = stage_of(farm_procedural, "video.generate")
    segments = [
        run_stage(
            generate, tmp_path / f"w{i}", {"script": script}, {"window_frames": 9},
            window=Window(i, 2, 9 * i, 9 * i + 9),
        )["segment"]
        for i in range(2)
    ]  # fmt: skip
    audio = run_stage(
        stage_of(farm_procedural, "audio.compose"), tmp_path / "sound", {"script": script}
    )["audio"]
    film_file = run_stage(
        stage_of(farm_finish, "video.join"),
        tmp_path / "join",
        {"segments": segments, "audio": audio},
    )["video"]
    facts = probe_output(film_file)[1]
    assert (facts.frames, facts.width, facts.height) == (18, 160, 90) and facts.audio_codec


# --- words that lean on one another -------------------------------------------------------------


def palette_hues(prompt: str, seed: int = 7) -> list[float]:
    made = compose(interpret(prompt), seed=seed, width=160, height=90, fps=12, duration_s=2.0)
    return hues(made)


def test_only_the_shape_has_a_colour_then_the_field_is_a_shade_of_it():
    (shot,) = compose(
        interpret("a red circle"), seed=7, width=160, height=90, fps=12, duration_s=2.0
    ).shots
    red = harmony.hue(harmony.from_hex(RED))
    assert all(far(harmony.hue(stop), red) < 12 for stop in shot.palette)
    assert shot.overlays[0].colour[0] > max(stop[0] for stop in shot.palette[:3]) + 0.1


def test_a_black_shape_does_not_darken_a_white_field():
    (shot,) = compose(
        interpret("a black triangle on white"), seed=7, width=160, height=90, fps=12, duration_s=2.0
    ).shots
    assert shot.overlays[0].colour[0] < 0.25 < 0.8 < sum(stop[0] for stop in shot.palette) / 5


def test_gold_and_black_is_gold_with_black_in_it():
    found = palette_hues("gold and black")
    gold = harmony.hue(harmony.from_hex(GOLD))
    assert found and all(far(hue, gold) < 25 for hue in found)


def test_a_colour_and_a_palette_side_by_side_are_both_seen():
    found = palette_hues("lavender and peach radial gradient")
    assert any(far(hue, 300) < 25 for hue in found) and any(far(hue, 50) < 25 for hue in found)


@pytest.mark.parametrize(
    ("prompt", "kind", "first_is_dark"),
    [("vertical gradient from navy to yellow", "vertical", True),
     ("vertical gradient from yellow to navy", "vertical", False)],
)  # fmt: skip
def test_a_gradient_from_one_colour_to_another_starts_with_the_first(prompt, kind, first_is_dark):
    made = compose(interpret(prompt), seed=7, width=160, height=90, fps=12, duration_s=2.0)
    planes = Planes.blank(160, 90)
    Film(made).frame(6, planes)
    assert made.shots[0].gradient.kind == kind
    top, bottom = planes.luma[5:25].mean(), planes.luma[-25:-5].mean()
    assert abs(top - bottom) > 40 and bool(top < bottom) is first_is_dark


def test_several_shapes_without_a_number_are_several():
    made = compose(interpret("white rings"), seed=7, width=160, height=90, fps=12, duration_s=2.0)
    assert made.shots[0].overlays[0].count > 2


def test_a_fire_at_night_burns_in_the_colours_of_fire():
    assert any(far(hue, 50) < 25 for hue in palette_hues("a bonfire at night"))


def test_each_of_several_places_has_its_own_colours():
    made = compose(
        interpret("a forest and the sea"), seed=7, width=160, height=90, fps=12, duration_s=40.0
    )
    first, last = made.shots[0], made.shots[-1]
    assert not first.depth.water and last.depth.water
    assert far(harmony.hue(first.palette[2]), harmony.hue(last.palette[2])) > 30
