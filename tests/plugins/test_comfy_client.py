"""The client's contract with a server: new, old, and a real one when FARM_TEST_COMFY_URL is set."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfy.process import StandIn, wait_for
from comfy_work import LIVE, Beside, Stopped, Watcher, copied, picture, run, slow_on_any_server

from farm_comfyui.answers import PromptState, Standing
from farm_comfyui.bound import Asset, ModelNeed, Needs
from farm_comfyui.client import Client
from farm_comfyui.failures import BindingFailed, Lacking, UploadFailed
from farm_comfyui.pool import Pool
from farm_comfyui.servers import Server
from farm_comfyui.uploads import Uploads


class Place:
    """A server under test. stand_in : ``None`` for a real one."""

    def __init__(self, url: str, stand_in: StandIn | None) -> None:
        self.url, self.stand_in = url, stand_in
        self.pool = Pool.from_settings(
            {"servers": [{"name": "one", "url": url}], "forgotten_s": 1.0, "timeout_s": 20.0}
        )
        self.client = Client(Server("one", url), 20.0)


@pytest.fixture(
    scope="module",
    params=["new", "old", pytest.param("live", marks=pytest.mark.live_comfy)],
)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    if request.param == "live":
        if not LIVE:
            pytest.skip("FARM_TEST_COMFY_URL is not set")
        found = Place(LIVE, None)
        yield found
        found.pool.close()
        return
    version = "0.33.0" if request.param == "new" else "0.3.64"
    with StandIn(tmp_path_factory.mktemp(request.param), version=version) as server:
        found = Place(server.url, server)
        yield found
        found.pool.close()
        found.client.close()


def work_id() -> str:
    """A name of a piece of work that no server has seen."""
    return f"job.{uuid.uuid4().hex}/1"


def uploaded(place: Place, folder: Path, red: int = 180) -> str:
    names = (
        Uploads(place.client).bring({"picture": picture(folder, red)}, 10**8, lambda: None).names
    )
    return names["picture"]


def queued(place: Place, folder: Path, work: Any) -> str:
    """Queue a graph by hand; its id."""
    prompt = str(uuid.uuid4())
    graph = work.prompt({"picture": uploaded(place, folder)}, f"farm/{uuid.uuid4().hex}")
    place.client.submit(graph, prompt, "nobody", {})
    return prompt


def final(place: Place, prompt: str) -> PromptState:
    return wait_for(lambda: _if_final(place, prompt), timeout_s=60, what="the end of the prompt")


def _if_final(place: Place, prompt: str) -> PromptState | None:
    state = place.client.state(prompt)
    return state if state.final else None


def test_a_server_says_what_it_is(place: Place) -> None:
    (state,) = place.pool.probe(fresh=True)
    assert state.up, state.complaint
    assert state.version.count(".") == 2
    assert state.upload_limit >= 10**6
    if place.stand_in is not None:
        assert state.api == ("old" if state.version == "0.3.64" else "new")


def test_a_run_uploads_executes_and_fetches(place: Place, tmp_path: Path) -> None:
    watcher = Watcher()
    result = run(place.pool, copied(), tmp_path, work_id(), watcher)
    (file,) = result.files["picture"]
    assert file.path.read_bytes().startswith(b"\x89PNG")
    assert file.path.stat().st_size == file.size_bytes
    assert result.prompt_id.replace("-", "") in file.name
    shares = [done for done, _ in watcher.notes]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    again = run(place.pool, copied(), tmp_path, work_id())
    assert again.uploads_reused == 1
    assert again.upload_bytes == 0
    assert again.files["picture"][0].name != file.name, "a cached result has a name of its own"


def test_the_same_work_is_taken_up_and_not_sent_twice(place: Place, tmp_path: Path) -> None:
    attempt = work_id()
    first = run(place.pool, copied(), tmp_path, attempt)
    second = run(place.pool, copied(), tmp_path, attempt)
    assert second.adopted
    assert not first.adopted
    assert second.prompt_id == first.prompt_id
    assert second.files["picture"][0].sha256 == first.files["picture"][0].sha256
    other = run(place.pool, copied(), tmp_path, attempt, asset=picture(tmp_path, 7))
    assert other.prompt_id != first.prompt_id, "other files are other work"


def test_an_unknown_prompt_is_unknown(place: Place) -> None:
    prompt = str(uuid.uuid4())
    assert place.client.state(prompt).standing is Standing.UNKNOWN
    place.client.cancel(prompt)
    assert place.client.state(prompt).standing is Standing.UNKNOWN


def test_a_running_prompt_is_cancelled_and_a_waiting_one_vanishes(
    place: Place, tmp_path: Path
) -> None:
    running = queued(place, tmp_path, slow_on_any_server())
    waiting = queued(place, tmp_path, copied(40))
    wait_for(lambda: place.client.state(running).standing is Standing.RUNNING)
    assert place.client.state(waiting).standing is Standing.PENDING
    assert place.client.queue().ahead(waiting) == 1
    place.client.cancel(waiting)
    assert place.client.state(waiting).standing is Standing.UNKNOWN
    place.client.cancel(running)
    assert final(place, running).standing is Standing.CANCELLED


def test_a_stopped_run_is_cancelled_on_its_server(place: Place, tmp_path: Path) -> None:
    watcher = Watcher(stop_when=lambda notes: any(done > 0 for done, _ in notes))
    with pytest.raises(Stopped):
        run(place.pool, slow_on_any_server(), tmp_path, work_id(), watcher)
    wait_for(lambda: not place.client.queue().running, timeout_s=60, what="an idle server")
    attempt = work_id()
    assert not run(place.pool, copied(48), tmp_path, attempt).adopted


def test_a_graph_that_does_not_fit_is_a_binding_failure(place: Place, tmp_path: Path) -> None:
    work = copied(99_999)
    with pytest.raises(BindingFailed) as failed:
        run(place.pool, work, tmp_path, work_id())
    assert failed.value.code == "comfy.binding"
    assert "bigger than max" in failed.value.sentence()
    assert "node_errors" in failed.value.cause["reply"]


def test_half_a_graph_is_no_success_and_is_not_left_behind(place: Place, tmp_path: Path) -> None:
    work = slow_on_any_server()
    work.graph["other"] = {"class_type": "LoadImage", "inputs": {"image": "farm/none.png"}}
    work.graph["second"] = {
        "class_type": "SaveImage",
        "inputs": {"images": ["other", 0], "filename_prefix": "lab/second"},
    }
    prompt = str(uuid.uuid4())
    graph = work.prompt({"picture": uploaded(place, tmp_path)}, "farm/half")
    with pytest.raises(UploadFailed) as failed:
        place.client.submit(graph, prompt, "nobody", {})
    assert "farm/none.png" in failed.value.got
    wait_for(lambda: not place.client.queue().running, timeout_s=60, what="an idle server")
    left = place.client.state(prompt).standing
    assert left in (Standing.UNKNOWN, Standing.CANCELLED)


def test_a_missing_node_and_a_missing_model_are_told_before_anything_is_sent(
    place: Place, tmp_path: Path
) -> None:
    model = ModelNeed("UNETLoader", "unet_name", "diffusion_models", "absent.safetensors")
    needs = Needs(
        nodes=("LoadImage", "NoSuchNode"),
        models=(model,),
        packs={"NoSuchNode": "A pack"},
        min_version="99.0.0",
    )
    (lacking,) = place.pool.lacking(needs).values()
    assert any("99.0.0" in text for text in lacking)
    assert any("NoSuchNode" in text and "A pack" in text for text in lacking)
    assert any("absent.safetensors" in text and "diffusion_models" in text for text in lacking)
    assert not place.pool.offered(needs)
    work = copied()
    object.__setattr__(work, "needs", needs)
    with pytest.raises(Lacking):
        run(place.pool, work, tmp_path, work_id())


def test_a_node_that_is_gone_since_it_was_probed_is_lacking(place: Place) -> None:
    graph = {"1": {"class_type": "NoSuchNode", "inputs": {}}}
    with pytest.raises(Lacking) as failed:
        place.client.submit(graph, str(uuid.uuid4()), "nobody", {})
    assert "NoSuchNode" in failed.value.got


def test_other_content_under_a_taken_name_gets_the_name_the_server_chose(
    place: Place, tmp_path: Path
) -> None:
    """Two files whose content differs never share a name, whatever they are called."""
    red, blue = picture(tmp_path, 200), picture(tmp_path, 30)
    forged = Asset(blue.path, "ab" * 32)
    honest = Asset(red.path, "ab" * 32)
    uploads = Uploads(place.client)
    first = uploads.bring({"picture": honest}, 10**8, lambda: None)
    size_differs = blue.path.stat().st_size != red.path.stat().st_size
    if not size_differs:
        blue.path.write_bytes(blue.path.read_bytes() + b"\0")
    second = uploads.bring({"picture": forged}, 10**8, lambda: None)
    assert second.names["picture"] != first.names["picture"]


def test_two_runs_at_once_share_one_upload(place: Place, tmp_path: Path) -> None:
    asset = picture(tmp_path, 99)
    jobs = [
        Beside(lambda n=number: run(place.pool, copied(33 + n), tmp_path, work_id(), asset=asset))
        for number in range(2)
    ]
    results = [job.result(60) for job in jobs]
    if place.stand_in is not None:
        assert sorted(result.uploads_reused for result in results) == [0, 1]
    assert len({result.prompt_id for result in results}) == 2
