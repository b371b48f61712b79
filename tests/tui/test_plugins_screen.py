"""The plugins screen: what is installed, where it can run, and what every parameter means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from console_lab import console, little_ledger, screen_text, shows, until
from pydantic import Field
from textual.widgets import Input

from farm.config import Settings
from farm.ledger.database import Database
from farm.ledger.nodes import Nodes
from farm.plugins import load_plugins
from farm.stages import StageParams
from farm.tui.app import FarmConsole
from farm.tui.catalogue import gather
from farm.tui.plugin_text import drawing_of, pipeline_params, stage_params
from farm.tui.screens.plugins import PluginsScreen
from farm.tui.widgets.table import VirtualTable

ENCODE = "video.encode/farm_finish"
LOOSE = '''
import farm

class Params(farm.StageParams):
    """None."""

@farm.hookimpl
def farm_stages():
    return [farm.Stage(
        capability="test.model", provider="loose", version=4, run="loose:run", params=Params,
        inputs={}, outputs={"out": farm.Port(farm.MediaKind.DATA)},
        model_key=lambda params: "wan-2.2", description="Needs a model.",
    )]

@farm.hookimpl
def farm_checks():
    return [("test.model/loose", "the file wan-2.2.safetensors is missing; copy it")]
'''


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[tuple[Settings, Database]]:
    """Two nodes: one offers everything, the other an older encoder and a stage of its own."""
    settings, database = little_ledger(tmp_path)
    folder = settings.under_root(settings.plugin_folder)
    folder.mkdir(parents=True)
    (folder / "loose.py").write_text(textwrap.dedent(LOOSE))
    registry = load_plugins(folder)
    offers = {i: s.version for i, s in registry.stages.items() if i != "test.model/loose"}
    join(database, "atlas", offers, {"test.model/loose": "no wan-2.2.safetensors here; copy it"})
    join(database, "borea", {ENCODE: 99, "foreign.stage/other": 1}, {})
    yield settings, database
    database.close()


def join(database: Database, name: str, offers: dict[str, int], complaints: dict[str, str]) -> None:
    Nodes(database).register(
        name, "i1", offers=offers, complaints=complaints, facts={}, tags=[],
        engines=[{"slot": "cpu0", "device": "cpu", "resident": ["wan-2.2"]}],
    )  # fmt: skip


async def shown(app: FarmConsole, pilot: Any) -> PluginsScreen:
    await until(
        pilot,
        lambda: (
            isinstance(app.screen, PluginsScreen)
            and app.screen.whole
            and ENCODE in app.screen.query_one("#stages-list", VirtualTable).keys
            and app.screen.query_one("#stages-list").has_focus
        ),
        "the plugins are loaded",
    )
    assert isinstance(app.screen, PluginsScreen)
    return app.screen


async def go(screen: PluginsScreen, pilot: Any, key: str) -> VirtualTable:
    table = screen.query_one(f"#{screen.part}-list", VirtualTable)
    await until(pilot, lambda: table.has_focus)
    # A key press for each of two hundred rows would take half a minute.
    assert table.go_to(table.keys[table.keys.index(key) - 1]), key
    await pilot.press("down")
    assert table.cursor_key == key
    return table


async def test_every_stage_is_listed_with_the_nodes_that_offer_it(farm: Any) -> None:
    settings, _ = farm
    registry = load_plugins(settings.under_root(settings.plugin_folder))
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        table = screen.query_one("#stages-list", VirtualTable)
        assert set(table.keys) == {*registry.stages, "foreign.stage/other"}
        cells = table.cells(ENCODE)
        assert cells is not None
        assert cells["nodes"] == (("1 of 2", "good"),)
        await go(screen, pilot, ENCODE)
        await until(pilot, lambda: "● on atlas" in screen_text(app))
        await until(pilot, lambda: "borea has version 99" in screen_text(app))


async def test_a_complaint_is_shown_in_the_machine_s_words_with_its_model(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        await go(screen, pilot, "test.model/loose")
        await until(pilot, lambda: "no node offers it" in screen_text(app))
        await shows(
            app,
            pilot,
            "not on atlas: no wan-2.2.safetensors here; copy it",
            "not on this machine: the file wan-2.2.safetensors is missing",
            "wan-2.2 (with default parameters), warm: atlas/cpu0",
        )


async def test_a_mended_node_shows_without_a_key_press(farm: Any) -> None:
    settings, database = farm
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        await go(screen, pilot, "test.model/loose")
        await until(pilot, lambda: "no node offers it" in screen_text(app))
        join(database, "atlas", {"test.model/loose": 4}, {})
        await until(pilot, lambda: "● on atlas" in screen_text(app))
        await until(pilot, lambda: "not on atlas" not in screen_text(app))


async def test_a_stage_that_only_other_machines_have_says_so(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        await go(screen, pilot, "foreign.stage/other")
        await until(pilot, lambda: "no plugin on this machine declares it" in screen_text(app))


async def test_a_pipeline_is_drawn_with_its_parameters(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins", size=(200, 60)) as (app, pilot):
        screen = await shown(app, pilot)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: screen.part == "pipelines")
        table = screen.query_one("#pipelines-list", VirtualTable)
        [transcode] = [key for key in map(str, table.keys) if key.startswith("transcode")]
        await go(screen, pilot, transcode)
        await until(pilot, lambda: "╭─ encode" in screen_text(app))
        await shows(app, pilot, "video.encode", "──▶│", "every capability is offered by a node")
        await pilot.press("z")
        await until(pilot, lambda: "PIPELINE" not in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "PIPELINE" in screen_text(app))


async def test_a_pipeline_without_a_node_for_a_stage_names_the_capability(farm: Any) -> None:
    settings, database = farm
    join(database, "atlas", {}, {})
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "no node offers" in screen_text(app))
        table = screen.query_one("#pipelines-list", VirtualTable)
        assert all((table.cells(key) or {})["state"] == (("✗", "bad"),) for key in table.keys)


async def test_a_plugin_tells_what_it_brings(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins", size=(160, 60)) as (app, pilot):
        screen = await shown(app, pilot)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: screen.part == "plugins")
        await go(screen, pilot, "farm_procedural")
        await until(pilot, lambda: "farm knowledge" in screen_text(app))
        await shows(app, pilot, "procedural@", "video.script/farm_procedural@1")


async def test_enter_goes_to_the_text_and_escape_back_to_the_list(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins", size=(80, 24)) as (app, pilot):
        screen = await shown(app, pilot)
        table = await go(screen, pilot, ENCODE)
        await pilot.press("enter")
        await until(pilot, lambda: not table.has_focus)
        await pilot.press("end")
        await until(pilot, lambda: "Used by" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: table.has_focus)


async def test_a_broken_plugin_is_named_and_the_console_lives(farm: Any) -> None:
    settings, _ = farm
    folder = settings.under_root(settings.plugin_folder)
    (folder / "broken.py").write_text("import no_such_module_at_all\n")
    async with console(settings, first="plugins") as (app, pilot):
        await until(
            pilot, lambda: any("plugin broken" in toast.message for toast in app._notifications)
        )
        (folder / "broken.py").unlink()
        await pilot.press("ctrl+r")
        await shown(app, pilot)


async def filter_by(screen: PluginsScreen, pilot: Any, *typed: str) -> None:
    await pilot.press("slash")
    await until(pilot, lambda: screen.query_one("#filter").has_focus)
    await pilot.press(*typed)


def listed(screen: PluginsScreen) -> list[str]:
    return [str(key) for key in screen.query_one(f"#{screen.part}-list", VirtualTable).keys]


async def test_a_filter_narrows_the_stages_while_it_is_typed_and_says_how_many(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        whole = listed(screen)
        await until(pilot, lambda: f" {len(whole)} stages" in screen_text(app))
        await filter_by(screen, pilot, *"Encode")
        narrowed = [key for key in whole if "encode" in key]
        await until(pilot, lambda: listed(screen) == narrowed)
        assert 0 < len(narrowed) < len(whole)
        await until(pilot, lambda: f"{len(narrowed)} of {len(whole)} stages" in screen_text(app))
        await until(
            pilot,
            lambda: f"{narrowed[0]}@" in screen_text(app),
            "what is told is of a row that shows",
        )
        await pilot.press("escape")
        await until(pilot, lambda: screen.query_one("#stages-list").has_focus)
        assert listed(screen) == narrowed, "the first Escape only leaves the filter"
        await pilot.press("escape")
        await until(pilot, lambda: listed(screen) == whole)
        await until(pilot, lambda: f" {len(whole)} stages" in screen_text(app))


async def test_stages_are_found_by_name_provider_plugin_state_and_reason(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        whole = len(listed(screen))

        async def find(typed: str, *found: str) -> None:
            screen.query_one("#filter", Input).value = typed
            await until(pilot, lambda: listed(screen) == list(found), typed)
            told = f"{len(found)} of {whole} stages"
            await until(pilot, lambda: told in screen_text(app), typed)

        await find("provider:loose", "test.model/loose")
        await find("plugin:loose state:missing", "test.model/loose")
        await find("stage:test.model", "test.model/loose")
        await find("state:foreign", "foreign.stage/other")
        await find("State:outdated,foreign", "foreign.stage/other", ENCODE)
        await find("reason:wan-2.2,elsewhere", "test.model/loose")
        await find("'COPY IT' loose", "test.model/loose")
        await find("provider:loose state:offered")
        await until(pilot, lambda: "None fits. Escape clears the filter." in screen_text(app))
        await until(
            pilot,
            lambda: "by plugin" not in screen_text(app),
            "nothing is told of a row that is hidden",
        )
        screen.query_one("#filter", Input).value = "stat:x"
        await until(pilot, lambda: 'Did you mean "state"?' in screen_text(app))
        assert listed(screen) == [], "a filter that is refused leaves the rows as they were"
        screen.narrow(stay=True)
        await until(
            pilot,
            lambda: "Did you mean" in screen_text(app),
            "a look at the nodes does not hide the reason",
        )


async def test_one_filter_is_for_the_pipelines_and_the_plugins_too(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins", size=(160, 50)) as (app, pilot):
        screen = await shown(app, pilot)
        screen.query_one("#filter", Input).value = "stage:video.encode"
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: screen.part == "pipelines")
        registry = load_plugins()
        users = sorted(
            ref for ref, pipeline in registry.pipelines.items()
            if any("video.encode" in spec.capability for spec in pipeline.stages.values())
        )  # fmt: skip
        await until(pilot, lambda: listed(screen) == users)
        whole = len(registry.pipelines)
        await until(pilot, lambda: f"{len(users)} of {whole} pipelines" in screen_text(app))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: screen.part == "plugins")
        assert "farm_finish" in listed(screen)
        assert "loose" not in listed(screen)


async def test_a_node_that_changes_moves_a_row_out_of_a_filtered_list(farm: Any) -> None:
    settings, database = farm
    async with console(settings, first="plugins") as (app, pilot):
        screen = await shown(app, pilot)
        screen.query_one("#filter", Input).value = "loose state:missing"
        await until(pilot, lambda: listed(screen) == ["test.model/loose"])
        join(database, "atlas", {"test.model/loose": 4}, {})
        await until(pilot, lambda: listed(screen) == [])
        assert screen.query_one("#filter", Input).value == "loose state:missing"


async def test_the_help_names_the_filter_and_its_fields(farm: Any) -> None:
    settings, _ = farm
    async with console(settings, first="plugins", size=(120, 60)) as (app, pilot):
        await shown(app, pilot)
        await until(pilot, lambda: "/ Filter" in screen_text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: "list.filter" in screen_text(app))
        await shows(app, pilot, "provider: ", "Escape shows all")


# --- words ---------------------------------------------------------------------------------------


class Everything(StageParams):
    """One field of each kind."""

    length: float = Field(..., gt=0, le=600, json_schema_extra={"unit": "s"}, description="Long.")
    count: int = Field(3, ge=1, le=9)
    rate: int | None = Field(None, ge=1, json_schema_extra={"unit": "1/s"})
    mode: Literal["fast", "good"] = "good"
    name: str = Field("", max_length=20)
    loud: bool = False


def test_parameters_are_told_with_type_range_unit_and_default() -> None:
    said = {doc.name: (doc.expected, doc.default) for doc in stage_params(Everything)}
    assert said == {
        "length": ("a number above 0 and of at most 600 s", None),
        "count": ("a whole number from 1 to 9", "3"),
        "rate": ("a whole number of at least 1 per s", "not set"),
        "mode": ("one of fast, good", "good"),
        "name": ("text of up to 20 characters", '""'),
        "loud": ("true or false", "false"),
    }


def test_every_parameter_of_every_installed_stage_and_pipeline_is_told(tmp_path: Path) -> None:
    _, database = little_ledger(tmp_path)
    registry = load_plugins()
    found = gather(registry, database)
    database.close()
    for stage_id, entry in found.stages.items():
        docs = stage_params(entry.stage.params)
        assert [doc.name for doc in docs] == list(entry.stage.params.model_fields), stage_id
        assert all("a value" not in doc.expected for doc in docs), (stage_id, docs)
    for ref, brought in found.pipelines.items():
        assert {doc.name for doc in pipeline_params(brought.pipeline)} == set(
            brought.pipeline.params
        ), ref
        drawn = drawing_of(brought).plain
        assert all(f"─ {name} " in drawn for name in brought.pipeline.stages), ref
