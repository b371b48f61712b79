"""Learning: names are given once, counts come from the log, suggestions change the next film."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from direct_task import DirectTask, MemoryDocuments, run_stage

from farm import FarmError, InputError, TaskCancelled, Window
from farm_procedural.analyse.meter import Meter
from farm_procedural.analyse.schema import Analysis
from farm_procedural.create.knowledge import Knowledge, Suggestion, keywords_of
from farm_procedural.create.script import compose
from farm_procedural.instruction import Axis, Decision, Instruction
from farm_procedural.interpret.vocabulary import VALUES, is_legal
from farm_procedural.learn import keeping, loop
from farm_procedural.learn.loop import changes, watched
from farm_procedural.learn.matching import match
from farm_procedural.learn.naming import ENDINGS, RESERVED, name_for
from farm_procedural.learn.origins import origins
from farm_procedural.learn.prompts import AXES, coverage, covered, next_plan, worded
from farm_procedural.learn.registry import Entry, Origin, Registry
from farm_procedural.learn.report import page, report
from farm_procedural.learn.runs import log_run
from farm_procedural.learn.suggest import Snapshot
from farm_procedural.learn.tally import Tally
from farm_procedural.learn.taste import harmony, rate
from farm_procedural.learn.traits import NOVEL, Trait, distance, traits_of
from farm_procedural.learn.words import learned_words
from farm_procedural.script import CameraMove, Grade, Gradient, Script, Shot, Texture
from farm_procedural.stages_learning import LoopParams, learning_stages

STAGES = {stage.capability: stage for stage in learning_stages()}
SMALL = loop.Size(width=96, height=54, fps=8, duration_s=1.0, control_every=2)
PLUM = (
    (0.2, 0.05, -0.03),
    (0.35, 0.1, -0.05),
    (0.5, 0.14, 0.0),
    (0.7, 0.1, 0.06),
    (0.9, 0.02, 0.05),
)
SEA = (
    (0.2, -0.03, -0.03),
    (0.35, -0.05, -0.05),
    (0.5, -0.09, -0.04),
    (0.7, -0.07, 0.0),
    (0.93, 0.0, 0.02),
)


_SHOWN: dict[str, Analysis] = {}


def shown(script: Script) -> Analysis:
    """The analysis of a script's film; each is rendered once."""
    key = json.dumps(script.record())
    if key not in _SHOWN:
        _SHOWN[key] = watched(script, lambda frame: None)
    return _SHOWN[key]


def script(palette: tuple = PLUM, **shot: object) -> Script:
    return Script(96, 54, 8, 3, (Shot(8, 5, palette, **shot),))  # type: ignore[arg-type]


def asked(*wanted: tuple[Axis, str], text: str = "", negated: bool = False) -> Instruction:
    decisions = tuple(Decision(axis, value, negated=negated) for axis, value in wanted)
    return Instruction(text or " ".join(value for _, value in wanted), decisions=decisions)


def taught(*films: tuple[Script, Instruction]) -> MemoryDocuments:
    """A store that has these films in its log."""
    documents = MemoryDocuments()
    for made, instruction in films:
        memory = keeping.recall(documents)
        run, grown = log_run(
            memory.registry, shown(made), prompt=instruction.text, instruction=instruction,
            script=made,
        )  # fmt: skip
        keeping.keep(documents, memory, run, grown)
    return documents


def different(count: int) -> list[tuple[Script, Instruction]]:
    """Films that differ in hue and form, all about calm."""
    films = []
    for k in range(count):
        turn = 2 * np.pi * k / count
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        palette = tuple((c[0], *(float(v) for v in spin @ np.array(c[1:]))) for c in PLUM)
        kind = ("vertical", "radial", "angled")[k % 3]
        made = script(
            palette, gradient=Gradient(kind, strength=0.9), texture=Texture(0.1 * (k % 4))
        )
        films.append((made, asked((Axis.MOOD, "calm"), text=f"calm number {k}")))
    return films


# --- names ----------------------------------------------------------------------------------------


def test_a_name_follows_from_the_content_and_can_be_spoken() -> None:
    names = [name_for("palette", f"content {n}", {}) for n in range(500)]
    assert names == [name_for("palette", f"content {n}", {}) for n in range(500)]
    assert len(set(names)) > 495
    assert all(name.isalpha() and name.islower() and name.endswith("ora") for name in names)
    assert max(len(name) for name in names) < 17
    clusters = [name[k : k + 4] for name in names for k in range(len(name) - 3)]
    assert [c for c in clusters if not set("aeiou") & set(c)] == []


def test_a_taken_name_is_made_longer_and_no_word_of_the_vocabulary_is_given() -> None:
    first = name_for("motion", "one", {})
    other = name_for("motion", "one", {first: "something else"})
    assert other != first
    assert other.endswith(ENDINGS["motion"])
    assert name_for("motion", "one", {first: "one"}) == first
    words = {value for values in VALUES.values() for value in values}
    assert words <= RESERVED


def test_every_kind_has_an_ending_a_threshold_and_origins() -> None:
    assert set(ENDINGS) == set(NOVEL) == set(origins())
    assert len(set(ENDINGS.values())) == len(ENDINGS)


# --- growth ---------------------------------------------------------------------------------------


def test_origins_are_met_and_never_learned() -> None:
    registry = Registry()
    for kind, known in origins().items():
        for name, trait in known.items():
            met, grown = registry.grow([trait], Origin("r", "p", (), 0.9))
            assert grown == [], (kind, name)
            assert len(met) == 1
    assert registry.entries == {}


def test_what_lies_far_from_everything_known_joins_and_is_met_afterwards() -> None:
    registry = Registry()
    trait = Trait("texture", (0.95, 0.9, 0.9), numbers={"amount": 0.9})
    _, grown = registry.grow([trait], Origin("run1", "a storm of lines", ("mood:tense",), 0.8))
    (entry,) = grown
    assert entry.away > NOVEL["texture"]
    assert entry.near in origins()["texture"]
    near = replace(trait, point=(0.93, 0.88, 0.9))
    met, again = registry.grow([near], Origin("run2", "", (), 0.8))
    assert (met, again) == ([f"texture:{entry.name}"], [])


def test_two_nodes_that_learn_the_same_thing_give_it_the_same_name() -> None:
    traits = traits_of(shown(script()), script())
    one, two = Registry(), Registry()
    here = one.grow(traits, Origin("a", "", (), 0.9))[1]
    there = two.grow(traits, Origin("b", "", (), 0.7))[1]
    assert {e.name for e in here} == {e.name for e in there} != set()
    assert {e.content for e in here} == {e.content for e in there}


def test_an_entry_goes_to_json_and_back() -> None:
    registry = Registry()
    _, grown = registry.grow(traits_of(shown(script())), Origin("a", "plum", ("mood:calm",), 0.9))
    for entry in grown:
        assert Entry.from_record(json.loads(json.dumps(entry.record()))) == entry


def test_distance_in_the_space_of_traits_follows_likeness() -> None:
    def palette(made: Script) -> tuple[float, ...]:
        return next(t.point for t in traits_of(shown(made)) if t.kind == "palette")

    near = distance(palette(script()), palette(script(grade=Grade(vignette=0.3))))
    assert near < NOVEL["palette"] < distance(palette(script()), palette(script(SEA)))


def test_a_film_that_is_no_good_is_logged_and_teaches_no_name() -> None:
    meter = Meter(96, 54, 8)
    half = np.full((27, 48), 128, np.uint8)
    for n in range(16):
        meter.add(np.full((54, 96), 255 if n % 2 else 16, np.uint8), half, half)
    registry = Registry()
    bad = asked((Axis.INTENSITY, "still"), (Axis.SATURATION, "vivid"), (Axis.GRADIENT, "radial"))
    run, grown = log_run(registry, meter.analysis(), prompt="strobe", instruction=bad)
    assert run.rating.score < 0.4
    assert (grown, run.met, registry.entries) == ([], (), {})


# --- taste ----------------------------------------------------------------------------------------


def test_each_rule_of_taste_scores_what_it_is_about() -> None:
    good = shown(script(gradient=Gradient(strength=0.9)))
    marks = {verdict.rule: verdict for verdict in rate(good).verdicts}
    assert marks["flicker"].score > 0.95
    assert all(verdict.reason for verdict in marks.values())

    def score(rule: str, part: str, **changed: object) -> float:
        worse = replace(good, **{part: replace(getattr(good, part), **changed)})
        return next(v.score for v in rate(worse).verdicts if v.rule == rule)

    assert score("flicker", "brightness", flicker=0.02) < 0.1
    assert score("contrast", "contrast", span=0.05) < 0.2
    assert score("contrast", "contrast", span=0.6) > 0.95
    assert score("exposure", "brightness", white=0.5) < 0.1
    assert score("motion smoothness", "motion", smoothness=0.2) < 0.35
    assert score("balance", "balance", centre=(0.95, 0.5)) < 0.3
    around = tuple([1 / 36] * 36)
    assert score("colour harmony", "colour", hue_histogram=around, saturation=0.6) < 0.5


def test_unrest_that_was_asked_for_is_not_blamed() -> None:
    good = shown(script())
    wild = replace(good, brightness=replace(good.brightness, flicker=0.02))
    candle = asked((Axis.LIGHT, "candle"))
    assert rate(wild, candle).score > rate(wild, asked((Axis.LIGHT, "soft"))).score + 0.08


def test_harmony_names_the_template_that_holds_the_colours() -> None:
    def hues(*places: int) -> tuple[float, ...]:
        return tuple(1 / len(places) if 10 * k in places else 0.0 for k in range(36))

    assert harmony(hues(30, 40))[0] == "one hue"
    assert harmony(hues(30, 210))[0] == "opposites"
    assert harmony(hues(0, 120, 240))[0] == "three"
    assert harmony(hues(0, 120, 240))[2] == pytest.approx(1.0)


def test_prompt_match_is_judged_on_what_is_shown_and_refusals_count() -> None:
    red = tuple((lightness, 0.16, 0.09) for lightness in (0.3, 0.4, 0.5, 0.6, 0.7))
    film = shown(script(red))
    assert match(film, asked((Axis.COLOUR, "#d02020"))).score > 0.8
    assert match(film, asked((Axis.COLOUR, "#2040d0"))).score < 0.2
    assert match(film, asked((Axis.COLOUR, "#2040d0"), negated=True)).score > 0.8
    assert match(film, asked((Axis.CUTS, "none"))).score == 1
    titles = match(film, asked((Axis.TITLE, "title")))
    assert titles.checks == ()
    assert "colour #2040d0" in match(film, asked((Axis.COLOUR, "#2040d0"))).reason


# --- keeping --------------------------------------------------------------------------------------


def test_a_run_is_logged_once_however_often_it_is_written() -> None:
    film = (script(), asked((Axis.MOOD, "calm")))
    documents = taught(film, film, film)
    memory = keeping.recall(documents)
    assert (memory.tally.films, len(documents.keys("run"))) == (1, 1)


def test_the_sum_does_not_depend_on_the_order_or_on_the_kept_memory() -> None:
    films = different(10)
    there, back = taught(*films), taught(*reversed(films))
    assert there.get("memory", "latest") is not None
    one, two = keeping.recall(there), keeping.recall(back)
    assert one.tally.record() == two.tally.record() or one.registry.entries != two.registry.entries
    rebuilt = MemoryDocuments()
    for collection in ("entry", "run"):
        for key in there.keys(collection):
            rebuilt.put(collection, key, there.get(collection, key))
    assert keeping.recall(rebuilt).tally.record() == one.tally.record()
    assert keeping.recall(rebuilt).snapshot().id == one.snapshot().id


def test_two_engines_that_learn_at_once_lose_nothing() -> None:
    documents = MemoryDocuments()
    films = different(6)
    # Both read before either writes, as two tasks do.
    memories = [keeping.recall(documents) for _ in films]
    for (made, instruction), memory in zip(films, memories, strict=True):
        run, grown = log_run(memory.registry, shown(made), instruction=instruction, script=made)
        keeping.keep(documents, memory, run, grown)
    memory = keeping.recall(documents)
    assert memory.tally.films == 6
    assert memory.tally.groups["mood:calm"].films == 6
    assert set(memory.registry.entries) == set(documents.keys("entry"))


def test_entries_are_listed_with_counts_and_found_by_their_words() -> None:
    documents = taught(*different(4))
    known = keeping.listed(documents)
    assert known
    assert all(item.films >= 1 and 0 < item.rating <= 1 for item in known)
    kind, name = known[0].entry.kind, known[0].entry.name
    assert {item.entry.kind for item in keeping.listed(documents, kind)} == {kind}
    assert keeping.listed(documents, "smell") == []
    assert [item.entry.name for item in keeping.search(documents, f"{kind.upper()} {name}")] == [
        name
    ]
    assert keeping.search(documents, "calm number 3")
    assert keeping.search(documents, "nothing like this") == []


def test_what_is_exported_can_be_imported_elsewhere_once() -> None:
    documents = taught(*different(4))
    forgotten = keeping.listed(documents)[0].entry.name
    keeping.forget(documents, forgotten)
    bundle = json.loads(json.dumps(keeping.export(documents)))
    other = MemoryDocuments()
    added = keeping.import_bundle(other, bundle)
    assert added["runs"] == 4
    assert added["forgotten"] == 1
    assert added["entries"] == len(keeping.listed(documents))
    assert keeping.import_bundle(other, bundle) == {"entries": 0, "runs": 0, "forgotten": 0}
    assert keeping.recall(other).snapshot().id == keeping.recall(documents).snapshot().id


@pytest.mark.parametrize(
    "bundle", [None, [], {"schema": "x"}, {"schema": keeping.BUNDLE},
               {"schema": keeping.BUNDLE, "entries": [{"name": 1}], "runs": [], "forgotten": {}},
               {"schema": keeping.BUNDLE, "entries": [], "runs": [{"id": "a"}], "forgotten": {}}]
)  # fmt: skip
def test_a_damaged_bundle_is_refused_whole_and_with_the_mend(bundle: object) -> None:
    documents = MemoryDocuments()
    with pytest.raises(InputError) as refused:
        keeping.import_bundle(documents, bundle)
    assert refused.value.mend
    assert documents.keys("entry") == documents.keys("run") == []


def test_a_name_that_stands_for_something_else_is_not_overwritten() -> None:
    documents = taught(*different(2))
    bundle = keeping.export(documents)
    bundle["entries"][0]["content"] = "0" * 24
    with pytest.raises(InputError, match="stands for something else"):
        keeping.import_bundle(documents, bundle)


def test_what_is_forgotten_is_gone_its_name_stays_taken_and_it_is_not_learned_again() -> None:
    films = different(2)
    documents = taught(*films)
    entry = keeping.listed(documents)[0].entry
    assert keeping.forget(documents, entry.name) == entry
    assert entry.name not in [item.entry.name for item in keeping.listed(documents)]
    again = keeping.recall(documents)
    again.registry.grow([entry.trait], Origin("x", "", (), 0.9))
    assert entry.name not in again.registry.entries
    assert entry.content not in {e.content for e in again.registry.entries.values()}
    with pytest.raises(FarmError, match="nothing learned is called") as refused:
        keeping.forget(documents, "nonesuchora")
    assert "farm knowledge list" in refused.value.mend


# --- suggestions ----------------------------------------------------------------------------------


def test_an_empty_store_suggests_nothing_and_has_no_id() -> None:
    snapshot = keeping.recall(MemoryDocuments()).snapshot()
    assert snapshot.id == ""
    assert all(snapshot.suggest(axis, ("mood:calm",)) == [] for axis in Axis)


def test_a_snapshot_is_named_by_its_content_and_keeps_to_creations_contract() -> None:
    documents = taught(*different(8))
    snapshot: Knowledge = keeping.recall(documents).snapshot()
    again = Snapshot.from_record(json.loads(json.dumps(snapshot.record())))  # type: ignore[attr-defined]
    assert again.id == snapshot.id != ""
    asked_about = ("mood:calm", "unheard")
    for axis in Axis:
        found = snapshot.suggest(axis, asked_about)
        assert list(again.suggest(axis, asked_about)) == list(found)
        assert [s.weight for s in found] == sorted((s.weight for s in found), reverse=True)
        for suggestion in found:
            assert isinstance(suggestion, Suggestion)
            assert suggestion.axis is axis
            assert -1 <= suggestion.weight <= 1
            assert suggestion.reason
            assert axis is not Axis.PALETTE or len(suggestion.colours) == 5
    keeping.forget(documents, keeping.listed(documents)[0].entry.name)
    assert keeping.recall(documents).snapshot().id != snapshot.id


def test_a_choice_that_did_better_is_suggested_where_it_did_and_says_so() -> None:
    tally = Tally()
    for n in range(12):
        radial = n % 2 == 0
        tally.add(
            {
                "id": f"run{n}",
                "keywords": ["mood:calm"] if n < 8 else ["mood:angry"],
                "palette": "sea",
                "rating": {"score": 0.9 if radial else 0.7},
                "features": {"brightness": 0.6 if radial else 0.3},
                "choices": {"gradient": ["radial" if radial else "vertical"]},
                "numbers": {"motion": {"level": 0.3 + 0.1 * radial + 0.01 * n, "swell": 1.0}},
                "met": [],
                "grown": [],
            }
        )
    snapshot = Snapshot([], tally)
    best = snapshot.suggest(Axis.GRADIENT, ("mood:calm",))[0]
    assert best.value == "radial"
    assert "4 of 8 films about mood:calm had it and were rated 0.90, the others 0.70" in best.reason
    assert "vertical" not in [s.value for s in snapshot.suggest(Axis.GRADIENT, ("mood:calm",))]
    shift = snapshot.suggest(Axis.BRIGHTNESS, ("mood:calm",))[0]
    assert 0 < shift.numbers["shift"] <= 0.15
    assert "the more the better" in shift.reason
    motion = snapshot.suggest(Axis.MOTION, ())[0]
    assert 0.4 < motion.numbers["level"] < 0.55
    assert "swell" not in motion.numbers
    assert snapshot.suggest(Axis.SATURATION, ("mood:calm",)) == []


def test_what_was_seen_in_nearly_every_film_is_passed_over() -> None:
    tally = Tally()
    for n in range(10):
        tally.add(
            {"id": f"r{n}", "keywords": [], "palette": "sea", "rating": {"score": 0.8},
             "features": {}, "choices": {"camera": ["pan-left"] if n else ["zoom-in"]},
             "numbers": {}, "met": [], "grown": []}
        )  # fmt: skip
    worn = Snapshot([], tally).suggest(Axis.CAMERA, ())
    assert [(s.value, s.weight < 0) for s in worn] == [("pan-left", True)]
    assert "9 of 10" in worn[0].reason


def test_what_was_learned_changes_the_next_film_measurably_and_says_why() -> None:
    documents = taught(*different(12))
    snapshot = keeping.recall(documents).snapshot()
    instruction = asked((Axis.MOOD, "calm"), text="something calm")
    sizes = {"width": 96, "height": 54, "fps": 8, "duration_s": 1.0}
    changed, measured = 0, 0
    for seed in range(8):
        plain = compose(instruction, seed=seed, **sizes)
        wiser = compose(instruction, seed=seed, knowledge=snapshot, **sizes)
        assert wiser.knowledge == snapshot.id
        if changes(plain, wiser):
            changed += 1
            assert wiser.explained
            before, after = shown(plain), shown(wiser)
            measured += (
                abs(before.brightness.mean - after.brightness.mean) > 0.01
                or abs((before.colour.hue - after.colour.hue + 180) % 360 - 180) > 5
                or abs(before.contrast.span - after.contrast.span) > 0.02
            )
    assert changed >= 6
    assert measured >= 4


def test_learned_names_are_words_that_a_prompt_can_say() -> None:
    documents = taught(*different(6))
    words = learned_words(item.entry for item in keeping.listed(documents))
    assert words
    for word in words:
        assert word.implies
        for axis, value, *_ in word.implies:
            assert is_legal(Axis(axis), value)


# --- the loop -------------------------------------------------------------------------------------


def test_prompts_never_repeat_and_every_one_covers_something_new() -> None:
    plans: list[tuple[int, ...]] = []
    sizes = [0]
    for number in range(60):
        plans.append(next_plan(plans, seed=number))
        sizes.append(len(covered(plans)))
    assert all(after > before for before, after in pairwise(sizes))
    assert len({worded(plan) for plan in plans}) == 60
    assert coverage(plans).values == coverage(plans).possible_values or coverage(plans).share > 0.05
    assert next_plan(plans[:5], seed=9) == next_plan(plans[:5], seed=9)


def test_a_plan_is_new_even_when_every_pair_has_met(monkeypatch: pytest.MonkeyPatch) -> None:
    from farm_procedural.learn import prompts

    monkeypatch.setattr(
        prompts, "AXES", (("mood", "{}", ("calm", "sad")), ("scene", "{}", ("sea", "sky")))
    )
    plans: list[tuple[int, ...]] = []
    for number in range(4):
        plans.append(prompts.next_plan(plans, seed=number))
    assert len(set(plans)) == 4


def test_every_value_that_a_prompt_may_say_is_understood() -> None:
    from farm_procedural.interpret.reading import interpret

    lost = [
        (name, phrase.format(value))
        for name, phrase, values in AXES
        for value in values
        if not interpret(phrase.format(value)).decisions
    ]
    assert lost == []


def rounds(documents: MemoryDocuments, folder: Path, count: int, start: int = 0,
           state: Path | None = None, **params: object) -> Path:  # fmt: skip
    """Windows of ``knowledge.loop``, chained as the farm does."""
    options = {"rounds": count + start, "duration_s": 1.0, "fps": 8, "width": 96, "height": 54,
               "control_every": 2, **params}  # fmt: skip
    for index in range(start, start + count):
        made = run_stage(
            STAGES["knowledge.loop"], folder / str(index), {"state": state} if state else {},
            options, documents=documents, window=Window(index, start + count, index, index + 1),
        )  # fmt: skip
        state = made["state"]
    assert state is not None
    return state


def test_the_loop_grows_covers_more_with_every_round_and_reports_it(tmp_path: Path) -> None:
    documents = MemoryDocuments()
    last = rounds(documents, tmp_path, 12)
    played = loop.rounds_of(documents, json.loads(last.read_text()))
    assert [entry["number"] for entry in played] == list(range(12))
    assert all(entry["new_pairs"] > 0 for entry in played)
    assert len({entry["prompt"] for entry in played}) == 12
    assert played[-1]["known"] > played[0]["known"] > 0
    assert last.stat().st_size < 1000
    made = run_stage(STAGES["knowledge.report"], tmp_path / "report", {"states": [last]},
                     documents=documents)  # fmt: skip
    told = json.loads(made["report"].read_text())
    assert told["films"] == 12
    assert sum(told["growth"]["entries"].values()) == played[-1]["known"]
    assert told["effect"]["compared"]
    assert set(told["taste"]["rules"]) >= {"contrast", "flicker", "colour harmony", "prompt match"}
    text = made["page"].read_text()
    for entry in played:
        assert entry["prompt"] in text
    assert json.loads(made["knowledge"].read_text())["id"] == told["knowledge"]


def test_a_round_that_was_cut_off_is_done_again_with_the_same_outcome(tmp_path: Path) -> None:
    documents = MemoryDocuments()
    state = rounds(documents, tmp_path, 2)
    before = {c: documents.keys(c) for c in ("entry", "run", "memory", "forgotten")}
    from farm_procedural.learn.stages import run_loop

    params = LoopParams(rounds=4, duration_s=1.0, fps=8, width=96, height=54)
    from direct_task import input_file

    from farm import MediaKind

    cut = DirectTask(tmp_path / "cut", params, {"state": [input_file(state, MediaKind.DATA)]},
                     window=Window(2, 4, 2, 3), documents=documents, cancel_after=3)  # fmt: skip
    with pytest.raises(TaskCancelled):
        run_loop(cut)
    assert {c: documents.keys(c) for c in before} == before
    one = rounds(documents, tmp_path / "again", 1, 2, state)
    other = MemoryDocuments()
    same = rounds(other, tmp_path / "whole", 3)
    assert one.read_bytes() == same.read_bytes()


def test_another_loop_on_the_same_farm_does_not_repeat_the_first_ones_prompts(
    tmp_path: Path,
) -> None:
    documents = MemoryDocuments()
    first, second = (
        loop.rounds_of(documents, json.loads(rounds(documents, tmp_path / name, 4).read_text()))
        for name in ("a", "b")
    )
    assert len({entry["prompt"] for entry in (*first, *second)}) == 8
    assert second[-1]["coverage"] > first[-1]["coverage"]


def test_a_loop_with_a_budget_stops_when_it_is_spent(tmp_path: Path) -> None:
    documents = MemoryDocuments()
    last = json.loads(rounds(documents, tmp_path, 3, budget_s=0.001).read_text())
    assert len(last["runs"]) == 1
    assert "budget" in last["stopped"]
    played = loop.rounds_of(documents, last)
    assert "stopped early" in page(report(keeping.recall(documents), played, last["stopped"]))


def test_record_and_snapshot_pass_what_was_learned_on_to_creation(tmp_path: Path) -> None:
    documents = MemoryDocuments()
    for k, (made, instruction) in enumerate(different(6)):
        files = {}
        for name, record in (("analysis", shown(made).record()), ("script", made.record()),
                             ("instruction", instruction.record())):  # fmt: skip
            files[name] = tmp_path / f"{name}{k}.json"
            files[name].write_text(json.dumps(record))
        out = run_stage(STAGES["knowledge.record"], tmp_path / f"r{k}", files, documents=documents)
        run = json.loads(out["record"].read_text())
        assert run["prompt"] == instruction.text
        assert run["keywords"] == list(keywords_of(instruction))
        assert run["rating"]["verdicts"]
    frozen = run_stage(STAGES["knowledge.snapshot"], tmp_path / "s", {}, documents=documents)
    snapshot = Snapshot.from_record(json.loads(frozen["knowledge"].read_text()))
    assert snapshot.id == keeping.recall(documents).snapshot().id
    assert snapshot.tally.films == 6


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    for text, said in (("{}", "another kind"), ("[1]", "another kind"), ("no json", "not JSON")):
        wrong.write_text(text)
        with pytest.raises(InputError, match=said):
            run_stage(STAGES["knowledge.record"], tmp_path / "x", {"analysis": wrong})


def test_camera_moves_are_told_by_their_names() -> None:
    from farm_procedural.learn.runs import choices_of

    made = script(camera=(CameraMove("pan", -0.2), CameraMove("zoom", 0.2)))
    assert choices_of(made)["camera"] == ["pan-left", "zoom-in"]
