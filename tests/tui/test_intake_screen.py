"""The intake and the form for a new job, with the folders and the ledger as witnesses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_lab import console, screen_text, shows, until
from flow.little_farm import LittleFarm, write_png
from textual.widgets import Button, Input

from farm.tui.app import FarmConsole
from farm.tui.dialogs import Choose
from farm.tui.forms import enter, fields_of
from farm.tui.screens.intake import IntakeScreen
from farm.tui.screens.submit import Files, PickFile, SubmitScreen
from farm.tui.widgets.table import VirtualTable


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[LittleFarm]:
    """A prompt that was refused, a portrait that lacks its motion, a file that still settles."""
    from farm.ledger.upgrade import upgrade

    farm = LittleFarm(tmp_path / "farm")
    upgrade_of(farm, upgrade)
    intake = farm.intake()
    (farm.inbox / "wrong.yaml").write_text("farm: 1\npipeline: ecko\nprompt: hello\n")
    (farm.echo / "bad.yaml").write_text("farm: 1\nprompt: hello\nparams: {size: 99}\n")
    (farm.portrait / "dusk").mkdir()
    write_png(farm.portrait / "dusk" / "character.png")
    farm.settle(intake)
    (farm.echo / "late.txt").write_text("a late arrival")
    intake.tick()
    intake.close()
    yield farm
    farm.database.close()


def upgrade_of(farm: LittleFarm, upgrade: Any) -> None:
    """The tables as migrations make them, which the console asks for."""
    from farm.ledger.schema import metadata

    metadata.drop_all(farm.database.engine)
    upgrade(farm.database)


def table(app: FarmConsole, name: str) -> VirtualTable:
    return app.screen.query_one(f"#{name}", VirtualTable)


async def at_door(app: FarmConsole, pilot: Any, origin: str) -> None:
    await until(
        pilot,
        lambda: isinstance(app.screen, IntakeScreen) and origin in table(app, "doors").keys,
        "the doors are shown",
    )
    table(app, "doors").go_to(origin)
    await pilot.pause()


async def form(app: FarmConsole, pilot: Any, pipeline: str) -> None:
    """Open the form of a pipeline from the intake."""
    await at_door(app, pilot, "echo")
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, Choose), "pipelines are listed")
    refs = [ref for ref, _ in app.screen.options]  # type: ignore[attr-defined]
    await pilot.press(*["down"] * refs.index(pipeline), "enter")
    await until(pilot, lambda: isinstance(app.screen, SubmitScreen) and app.screen.ready)


def entry(app: FarmConsole, name: str) -> Input:
    return app.screen.query_one(f"#field-{name}", Input)


async def test_what_settles_what_lacks_something_and_what_was_refused_are_told(
    farm: LittleFarm,
) -> None:
    async with console(farm.settings, first="intake") as (app, pilot):
        await at_door(app, pilot, "echo")
        table(app, "items").focus()
        await shows(app, pilot, "late.txt", "settling", "bad.yaml")
        await pilot.press("end")
        await until(
            pilot, lambda: "from 1 to 9" in screen_text(app), "the cause, with what is right"
        )
        await at_door(app, pilot, "portrait")
        await until(pilot, lambda: "the input motion" in screen_text(app))
        await at_door(app, pilot, "queue")
        table(app, "items").focus()
        await pilot.pause()
        await until(pilot, lambda: 'Did you mean "echo"?' in screen_text(app))


async def test_what_was_refused_goes_through_its_door_again_once_it_is_mended(
    farm: LittleFarm,
) -> None:
    refused = farm.echo / "_rejected" / "bad.yaml" / "bad.yaml"
    refused.write_text("farm: 1\nprompt: hello\nparams: {size: 9}\n")
    async with console(farm.settings, first="intake") as (app, pilot):
        await at_door(app, pilot, "echo")
        table(app, "items").focus()
        await pilot.press("end", "r")
        await until(pilot, lambda: (farm.echo / "bad.yaml").exists())
        assert not (farm.echo / "_rejected" / "bad.yaml").exists()
        await until(pilot, lambda: "bad.yaml" not in screen_text(app), "the list follows")
    intake = farm.intake()
    farm.settle(intake)
    intake.close()
    assert [job.name for job in farm.jobs()] == ["bad", "late"]


async def test_a_refused_manifest_of_the_queue_is_submitted_again(farm: LittleFarm) -> None:
    async with console(farm.settings, first="intake") as (app, pilot):
        await at_door(app, pilot, "queue")
        table(app, "items").focus()
        await pilot.press("r")
        await until(pilot, lambda: (farm.inbox / "wrong.yaml").exists())
        assert list((farm.inbox.parent / "rejected").iterdir()) == []


async def test_the_path_of_what_was_refused_is_copied(farm: LittleFarm) -> None:
    async with console(farm.settings, first="intake") as (app, pilot):
        await at_door(app, pilot, "echo")
        table(app, "items").focus()
        await pilot.press("end", "y")
        await until(pilot, lambda: app.clipboard == str(farm.echo / "_rejected" / "bad.yaml"))


async def test_a_set_that_lacks_something_is_not_taken_for_a_refused_one(farm: LittleFarm) -> None:
    async with console(farm.settings, first="intake") as (app, pilot):
        await at_door(app, pilot, "portrait")
        table(app, "items").focus()
        await pilot.press("r")
        await until(pilot, lambda: any("refused" in n.message for n in app._notifications))
        assert (farm.portrait / "dusk").is_dir()


async def test_a_new_job_is_made_from_a_form_that_checks_what_is_typed(farm: LittleFarm) -> None:
    async with console(farm.settings, first="intake") as (app, pilot):
        await form(app, pilot, "echo@1")
        await until(pilot, lambda: "still needed: prompt" in screen_text(app))
        entry(app, "params-size").focus()
        await pilot.press("9", "9")
        await until(pilot, lambda: "a whole number from 1 to 9" in screen_text(app))
        assert app.screen.query_one("#submit", Button).disabled
        await pilot.press("ctrl+s")
        await pilot.press("backspace")
        entry(app, "inputs-prompt").focus()
        await pilot.press(*"sea")
        entry(app, "priority").focus()
        await pilot.press("7", "0")
        await until(pilot, lambda: "it would be accepted" in screen_text(app))
        assert farm.jobs() == [], "nothing is made by checking"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(farm.jobs()) == 1)
        [job] = farm.jobs()
        assert (job.pipeline, job.priority, job.submitter) == ("echo@1", 70, "ada")
        assert job.manifest["params"] == {"size": 9}
        await until(pilot, lambda: isinstance(app.screen, IntakeScreen))


async def test_a_long_list_to_choose_from_is_narrowed_while_words_are_typed(
    farm: LittleFarm,
) -> None:
    async with console(farm.settings, first="jobs") as (app, pilot):
        answers: list[str | None] = []
        options = [(f"film@{n}", f"film {n}  {'Dusk' if n == 7 else 'dawn'}") for n in range(1, 21)]
        app.push_screen(Choose("Which one?", options), answers.append)
        await until(pilot, lambda: "Which one?" in screen_text(app))
        await pilot.press("slash", *"film dusk")
        await until(pilot, lambda: "film 1 " not in screen_text(app))
        await until(pilot, lambda: "film 7" in screen_text(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: answers == ["film@7"])


async def test_the_planner_refuses_in_the_form_what_it_would_refuse_at_the_door(
    farm: LittleFarm,
) -> None:
    async with console(farm.settings, first="intake") as (app, pilot):
        await form(app, pilot, "echo@1")
        entry(app, "inputs-prompt").value = "sea"
        entry(app, "priority").value = "101"
        await until(pilot, lambda: "less than or equal to 100" in screen_text(app))
        await pilot.press("ctrl+s")
        assert isinstance(app.screen, SubmitScreen)
        assert farm.jobs() == []


async def test_files_are_picked_from_a_tree(farm: LittleFarm, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    write_png(pictures / "face.png")
    async with console(farm.settings, first="intake") as (app, pilot):
        await form(app, pilot, "portrait@1")
        entry(app, "inputs-character").value = str(pictures / "nothing.png")
        await until(pilot, lambda: "there is no file" in screen_text(app))
        entry(app, "inputs-character").focus()
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickFile))
        tree = app.screen.query_one(Files)
        await until(pilot, lambda: len(tree.root.children) == 1)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, SubmitScreen))
        assert entry(app, "inputs-character").value == str(pictures / "face.png")
        await until(pilot, lambda: "still needed: motion" in screen_text(app))


async def test_a_read_only_console_submits_nothing(farm: LittleFarm) -> None:
    async with console(farm.settings, first="intake", read_only=True) as (app, pilot):
        await at_door(app, pilot, "queue")
        table(app, "items").focus()
        await pilot.press("r", "n")
        await pilot.pause(0.2)
        assert isinstance(app.screen, IntakeScreen)
        assert not (farm.inbox / "wrong.yaml").exists()


async def test_a_filter_finds_entries_of_a_door_by_their_names_and_reasons(
    farm: LittleFarm,
) -> None:
    async with console(farm.settings, first="intake") as (app, pilot):
        await at_door(app, pilot, "echo")
        await until(pilot, lambda: len(table(app, "items").keys) == 2)
        await pilot.press("slash", *"from 1 to 9")
        await until(pilot, lambda: "1 of 2 entries" in screen_text(app))
        await until(pilot, lambda: "bad.yaml" in screen_text(app))
        await until(pilot, lambda: "late.txt" not in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: table(app, "items").has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: len(table(app, "items").keys) == 2)
        await until(pilot, lambda: "2 entries" not in screen_text(app))


async def test_a_drop_folder_of_the_overview_opens_here_with_the_cursor_on_it(
    farm: LittleFarm,
) -> None:
    async with console(farm.settings) as (app, pilot):
        await until(pilot, lambda: "echo" in table(app, "intake").keys)
        table(app, "intake").focus()
        row = list(table(app, "intake").keys).index("echo")
        await pilot.click("#intake", offset=(3, row + 1), times=2)
        await until(pilot, lambda: isinstance(app.screen, IntakeScreen))
        await until(pilot, lambda: table(app, "doors").cursor_key == "echo")


def test_a_form_has_a_field_for_everything_a_pipeline_takes(farm: LittleFarm) -> None:
    for pipeline in farm.registry.pipelines.values():
        keys = {field.key for field in fields_of(pipeline)}
        assert keys >= {f"inputs.{name}" for name in pipeline.inputs}
        assert keys >= {f"params.{name}" for name in pipeline.params}


def test_an_empty_form_says_only_what_is_needed(farm: LittleFarm) -> None:
    entered = enter(farm.registry.pipeline("portrait"), {"inputs.prompt": " "})
    assert entered.fields == {"farm": 1, "pipeline": "portrait@1"}
    assert entered.lacks == ("inputs.character", "inputs.motion")
    assert not entered.wrong


def test_several_files_make_a_list_with_paths_from_the_top(farm: LittleFarm) -> None:
    one, two = farm.root / "a b.png", farm.root / "c.png"
    write_png(one)
    write_png(two)
    entered = enter(farm.registry.pipeline("portrait"), {"inputs.reference": f"{one}; {two}"})
    paths = [ref["path"] for ref in entered.fields["inputs"]["reference"]]
    assert paths == [str(one.resolve())[1:], str(two.resolve())[1:]]
