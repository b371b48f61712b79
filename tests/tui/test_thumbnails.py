"""Thumbnails of real images and films, made in another process and drawn with half blocks."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from console_lab import console, little_ledger, until
from farmhand import Farmhand, plan, stage
from PIL import Image as Pillow
from textual.app import App, ComposeResult
from textual.widgets import Static
from textual_image.widget import HalfcellImage

from farm.artifacts.local import LocalStore
from farm.domain.media import Artifact, MediaKind
from farm.ledger.previews import Previews
from farm.ledger.records import Peaks
from farm.tui.screens.job import JobScreen
from farm.tui.thumbnails import MOST, Picture, pictures, wanted
from farm.tui.widgets.picture import CELLS, HalfBlocks, Thumbnails, box

RED, BLUE = (200, 20, 30), (20, 30, 200)


def image(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (64, 36)) -> Path:
    Pillow.new("RGB", size, colour).save(path)
    return path


def film(path: Path) -> Path:
    """A second of red, then two of blue."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        stream.options = {"g": "4"}
        for number in range(24):
            pixels = np.full((36, 64, 3), RED if number < 8 else BLUE, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def kept(store: LocalStore, path: Path, kind: str, role: str = "output") -> dict[str, Any]:
    digest, size = store.put(path, suffix=path.suffix)
    return {"hash": digest, "kind": kind, "role": role, "missing": False, "size_bytes": size}


def mean(picture: Picture) -> list[float]:
    return list(np.frombuffer(picture.rgb, np.uint8).reshape(-1, 3).mean(axis=0))


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def url(store: LocalStore) -> str:
    return f"file://{store.root}"


def test_an_image_keeps_its_colour_and_shape(store: LocalStore, tmp_path: Path) -> None:
    file = kept(store, image(tmp_path / "wide.png", RED, (640, 160)), "image")
    [picture] = pictures(url(store), [file], 32, 18)
    assert (picture.width, picture.height) == (32, 8)
    assert len(picture.rgb) == 32 * 8 * 3
    assert mean(picture) == pytest.approx(RED, abs=3)
    assert picture.about == "output image"


def test_a_film_shows_its_middle(store: LocalStore, tmp_path: Path) -> None:
    file = kept(store, film(tmp_path / "film.mp4"), "video")
    [picture] = pictures(url(store), [file], 32, 18)
    assert mean(picture) == pytest.approx(BLUE, abs=12)


def test_what_cannot_be_decoded_costs_only_its_own_thumbnail(
    store: LocalStore, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnot a picture")
    files = [
        kept(store, broken, "image"),
        {"hash": "0" * 64, "kind": "image", "role": "output", "missing": False},
        kept(store, image(tmp_path / "good.png", BLUE), "image"),
    ]
    [picture] = pictures(url(store), files, 32, 18)
    assert mean(picture) == pytest.approx(BLUE, abs=3)


def test_a_store_on_another_machine_is_not_asked() -> None:
    files = [{"hash": "0" * 64, "kind": "image", "role": "output", "missing": False}]
    begin = time.monotonic()
    assert pictures("s3://bucket/prefix", files, 32, 18) == []
    assert time.monotonic() - begin < 10


def test_outputs_are_wanted_first_each_file_once_and_not_too_many() -> None:
    def file(digest: str, role: str, kind: str = "image", missing: bool = False) -> dict[str, Any]:
        return {"hash": digest, "role": role, "kind": kind, "missing": missing}

    files = [
        file("a", "between"), file("b", "input"), file("c", "output", "video"),
        file("d", "output", "audio"), file("e", "output", missing=True), file("a", "output"),
    ]  # fmt: skip
    assert [(f["hash"], f["role"]) for f in wanted(files)] == [
        ("c", "output"), ("a", "output"), ("b", "input"),
    ]  # fmt: skip
    assert len(wanted([file(str(n), "output") for n in range(50)])) == MOST


async def test_the_job_s_files_show_a_picture_in_its_colours(tmp_path: Path) -> None:
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    hand.jobs.accept(plan(stage("one")), job_id="job1")
    path = image(tmp_path / "poster.png", RED)
    digest, size = LocalStore(settings.spool_dir / "store").put(path, suffix=".png")
    made = Artifact(digest, MediaKind.IMAGE, size, ".png").record()
    hand.claims["n1"].finish(hand.take(), {"out": [made]}, Peaks(), go_on=False)
    async with console(settings) as (app, pilot):
        app.action_job("job1")
        await until(pilot, lambda: isinstance(app.screen, JobScreen) and app.screen.ready)
        for _ in range(3):
            await pilot.press("right_square_bracket")
        await until(pilot, lambda: bool(app.screen.query(HalfBlocks)), "a picture is drawn")
        drawn = app.screen.query_one(HalfBlocks)
        await until(pilot, lambda: drawn.size.width == CELLS[0])
        assert drawn.size.height == CELLS[1]
        segment = next(iter(drawn.render_line(0)))
        assert segment.text == "▀"
        assert segment.style is not None
        for colour in (segment.style.color, segment.style.bgcolor):
            assert colour is not None
            assert colour.get_truecolor() == pytest.approx(RED, abs=3)
        assert app.screen.query_one("#thumbnails", Thumbnails).display
    database.close()


async def test_the_graph_shows_the_preview_of_what_runs_and_the_next_one(tmp_path: Path) -> None:
    settings, database = little_ledger(tmp_path)
    hand = Farmhand(database)
    hand.jobs.accept(plan(stage("one")), job_id="job1")
    task, previews = hand.take(), Previews(database)

    def preview(colour: tuple[int, int, int]) -> None:
        picture = image(tmp_path / "preview.png", colour).read_bytes()
        previews.put({(task.task_id, 1): picture})

    preview(RED)
    async with console(settings) as (app, pilot):
        app.action_job("job1")
        await until(pilot, lambda: isinstance(app.screen, JobScreen) and app.screen.ready)
        for colour in (RED, BLUE):
            preview(colour)
            await until(pilot, lambda colour=colour: shown_colour(app) == colour, "it is drawn")
        shown = app.screen.query_one("#preview", Thumbnails)
        assert "preview of one" in str(shown.query_one(Static).content)
        hand.finish(task)
        await until(pilot, lambda: not shown.display, "it goes when nothing runs any more")
    database.close()


def shown_colour(app: App[None]) -> tuple[int, ...] | None:
    drawn = app.screen.query_one("#preview", Thumbnails).query(HalfBlocks)
    segments = [next(iter(picture.render_line(0))) for picture in drawn]
    style = segments[0].style if segments else None
    return None if style is None or style.color is None else tuple(style.color.get_truecolor())


def test_the_console_s_process_never_loads_a_decoder() -> None:
    import subprocess

    code = (
        "import sys, farm.tui.screens.job, farm.tui.console;"
        "print([m for m in ('av', 'PIL', 'numpy', 'textual_image') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


async def test_a_picture_takes_the_same_cells_through_the_terminal_s_graphics() -> None:
    from farm.tui.widgets.picture import picture_widget

    class Both(App[None]):
        def compose(self) -> ComposeResult:
            yield picture_widget(Picture("a", "", 32, 18, bytes(RED) * 32 * 18), None)
            yield picture_widget(Picture("a", "", 320, 180, bytes(RED) * 320 * 180), HalfcellImage)

    app = Both()
    async with app.run_test(size=(80, 40)):
        blocks, graphics = app.screen.children
        assert blocks.size == graphics.size == CELLS
    assert box() == (CELLS[0], CELLS[1] * 2)
