"""The stand-in server answers as the recordings of real servers do."""

from __future__ import annotations

import asyncio
import copy
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from comfy.descriptions import RECORDED
from comfy.process import StandIn, wait_for
from PIL import Image

ERRORS = json.loads((RECORDED / "prompt_errors.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("stand-in")
    with StandIn(folder) as running:
        Image.new("RGB", (64, 48), (9, 90, 200)).save(folder / "input" / "ref.png")
        yield running


def graph() -> dict[str, Any]:
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": "ref.png"}},
        "2": {
            "class_type": "ImageScale",
            "inputs": {
                "image": ["1", 0],
                "upscale_method": "lanczos",
                "width": 128,
                "height": 96,
                "crop": "center",
            },
        },
        "3": {
            "class_type": "SaveImage",
            "inputs": {"images": ["2", 0], "filename_prefix": "lab/img"},
            "_meta": {"title": "out"},
        },
    }


def spoiled(name: str) -> Any:
    """The request whose answer was recorded under this name."""
    made = graph()
    scale, save = made["2"]["inputs"], made["3"]["inputs"]
    if name == "bad_class":
        made["2"]["class_type"] = "NoSuchNode"
    elif name == "no_class_type":
        del made["2"]["class_type"]
    elif name == "missing_input":
        del scale["width"]
    elif name == "bad_int":
        scale["width"] = "abc"
    elif name == "too_big":
        scale["width"] = 99999999
    elif name == "not_in_list":
        scale["upscale_method"] = "nope"
    elif name == "missing_file":
        made["1"]["inputs"]["image"] = "farm/none.png"
    elif name == "dangling_link":
        save["images"] = ["77", 0]
    elif name == "type_mismatch":
        save["images"] = ["1", 1]
    elif name == "cycle":
        scale["image"] = ["2", 0]
    elif name == "no_outputs":
        del made["3"]
    elif name == "partial_valid":
        made["5"] = {"class_type": "LoadImage", "inputs": {"image": "farm/none.png"}}
        made["4"] = {
            "class_type": "SaveImage",
            "inputs": {"images": ["5", 0], "filename_prefix": "lab/other"},
        }
    body: Any = {"prompt": made}
    if name == "bad_prompt_id":
        body["prompt_id"] = "Not-A-UUID"
    elif name == "no_prompt":
        body = {}
    elif name == "prompt_list":
        body = {"prompt": [1, 2]}
    return b"{not json" if name == "bad_json" else json.dumps(body).encode()


def posted(url: str, body: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read().decode()
    return status, json.loads(text) if text.startswith("{") else text


def _plain(told: Any) -> Any:
    """Without what differs from run to run: ids, numbers, places in the source, tooltips."""
    told = copy.deepcopy(told)
    if not isinstance(told, dict):
        return told
    told.pop("prompt_id", None)
    told.pop("number", None)
    for node in (told.get("node_errors") or {}).values():
        for fault in node["errors"]:
            fault["extra_info"].pop("traceback", None)
    extra = (told.get("error") or {}).get("extra_info") or {}
    if extra.get("node_title") is None:
        extra.pop("node_title", None)
    return told


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_a_prompt_is_refused_in_the_words_of_a_real_server(server: StandIn, name: str) -> None:
    status, body = posted(f"{server.url}/prompt", spoiled(name))
    assert status == ERRORS[name]["status"]
    assert _plain(body) == _plain(ERRORS[name]["body"])


async def _heard(server: StandIn, body: dict[str, Any], flags: bool = True) -> list[Any]:
    """Every message of a prompt, from the one before it is sent to the one that ends it."""
    heard: list[Any] = []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws?clientId=listener") as socket,
    ):
        if flags:
            await socket.send_json(
                {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
            )
            assert (await socket.receive_json())["type"] == "status"
            assert (await socket.receive_json())["type"] == "feature_flags"
        else:
            await socket.receive()
        body = {**body, "client_id": "listener"}
        async with session.post(f"{server.url}/prompt", json=body) as answer:
            assert answer.status == 200, await answer.text()
        while True:
            message = await asyncio.wait_for(socket.receive(), 60)
            told: Any = message.data if isinstance(message.data, bytes) else message.json()
            heard.append(told)
            if isinstance(told, dict) and told["data"].get("node", "") is None:
                return heard


def _order(messages: list[Any]) -> list[Any]:
    """Kinds, nodes and states, which is what an order is made of."""
    kept = []
    for told in messages:
        if isinstance(told, bytes) or "binary_type" in told:
            kind = (
                told["binary_type"] if isinstance(told, dict) else int.from_bytes(told[:4], "big")
            )
            kept.append(("picture", kind))
            continue
        data = told["data"]
        if told["type"] == "progress_state":
            states = {name: one["state"] for name, one in data["nodes"].items()}
            kept.append(("progress_state", states))
        elif told["type"] == "status":
            kept.append(("status", data["status"]["exec_info"]["queue_remaining"]))
        elif told["type"] in ("executing", "executed", "progress"):
            kept.append((told["type"], data["node"]))
        elif told["type"] != "feature_flags":
            kept.append((told["type"], data.get("nodes")))
    return kept


def _recorded(name: str) -> list[Any]:
    messages = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    while messages and messages[0]["type"] in ("status", "feature_flags"):
        messages.pop(0)
    return messages


def _from_start(messages: list[Any]) -> list[Any]:
    while isinstance(messages[0], dict) and messages[0]["type"] == "status":
        messages.pop(0)
    return messages


def test_messages_come_in_the_recorded_order(server: StandIn) -> None:
    body = {"prompt": graph()}
    body["prompt"]["1"]["inputs"]["image"] = "order.png"
    Image.new("RGB", (32, 32)).save(server.folder / "input" / "order.png")
    fresh = asyncio.run(_heard(server, body))
    assert _order(_from_start(fresh)) == _order(_recorded("ws_image_run"))
    again = asyncio.run(_heard(server, body))
    assert _order(_from_start(again)) == _order(_recorded("ws_image_run_cached"))
    names = [
        told["data"]["output"]["images"][0]["filename"]
        for told in (*fresh, *again)
        if isinstance(told, dict) and told["type"] == "executed"
    ]
    assert names[0] == names[1], "a cached prompt tells the old file's name"


def test_steps_are_told_with_previews_and_an_interrupt_with_none(server: StandIn) -> None:
    made = graph()
    made["9"] = {
        "class_type": "LabSteps",
        "inputs": {
            "image": ["2", 0],
            "steps": 3,
            "seconds_per_step": 0.0,
            "seed": 6,
            "preview": True,
        },
    }
    asyncio.run(_heard(server, {"prompt": graph()}))
    made["3"]["inputs"]["images"] = ["9", 0]
    order = _order(_from_start(asyncio.run(_heard(server, {"prompt": made}))))
    assert order == _order(_recorded("ws_progress_run"))
    old = asyncio.run(_heard(server, {"prompt": _seeded(made, 7)}, flags=False))
    pictures = [told for told in old if isinstance(told, bytes)]
    assert {picture[:8] for picture in pictures} == {bytes([0, 0, 0, 1, 0, 0, 0, 1])}


def _seeded(made: dict[str, Any], seed: int) -> dict[str, Any]:
    made = copy.deepcopy(made)
    made["9"]["inputs"]["seed"] = seed
    return made


def test_a_run_out_of_memory_and_an_interrupted_one_are_recorded_alike(server: StandIn) -> None:
    made = graph()
    made["9"] = {"class_type": "LabFail", "inputs": {"image": ["2", 0], "how": "oom"}}
    made["3"]["inputs"]["images"] = ["9", 0]
    reply = server.ask("/prompt", {"prompt": made})
    told = wait_for(lambda: server.ask(f"/history/{reply['prompt_id']}"))[reply["prompt_id"]]
    recorded = json.loads((RECORDED / "history_error_oom.json").read_text("utf-8"))
    (recorded,) = recorded.values()
    assert _shape(told["status"], ("LabFail",)) == _shape(recorded["status"], ("LabFail",))
    made["9"] = {
        "class_type": "LabSteps",
        "inputs": {
            "image": ["2", 0],
            "steps": 50,
            "seconds_per_step": 0.1,
            "seed": 6,
            "preview": True,
        },
    }
    reply = server.ask("/prompt", {"prompt": made})
    wait_for(lambda: server.queue()[0] == [reply["prompt_id"]])
    assert server.ask(f"/api/jobs/{reply['prompt_id']}/cancel", {}) == {"cancelled": True}
    told = wait_for(lambda: server.ask(f"/history/{reply['prompt_id']}"))[reply["prompt_id"]]
    (recorded,) = json.loads((RECORDED / "history_interrupted.json").read_text("utf-8")).values()
    assert _shape(told["status"], ()) == _shape(recorded["status"], ())


def _shape(status: dict[str, Any], _: Any) -> Any:
    last = status["messages"][-1][1]
    return (
        status["status_str"],
        status["completed"],
        [kind for kind, _ in status["messages"]],
        last.get("node_type"),
        last.get("exception_type"),
        sorted(set(last) - {"current_inputs"}),
    )


def test_a_job_is_told_with_the_recorded_fields(server: StandIn) -> None:
    reply = server.ask("/prompt", {"prompt": graph(), "client_id": "x"})
    job = wait_for(
        lambda: _completed(server.ask(f"/api/jobs/{reply['prompt_id']}")), what="the job"
    )
    recorded = json.loads((RECORDED / "api_job_detail.json").read_text("utf-8"))
    assert set(recorded) <= set(job)
    assert set(job["preview_output"]) == set(recorded["preview_output"])


def _completed(job: dict[str, Any]) -> dict[str, Any] | None:
    return job if job["status"] == "completed" else None


def test_a_killed_server_forgets_its_queue_and_keeps_its_files(tmp_path: Path) -> None:
    recorded = json.loads((RECORDED / "restart_sigkill.json").read_text("utf-8"))["after_restart"]
    with StandIn(tmp_path) as server:
        Image.new("RGB", (64, 48)).save(tmp_path / "input" / "ref.png")
        done = server.ask("/prompt", {"prompt": graph()})["prompt_id"]
        wait_for(lambda: server.ask(f"/history/{done}"))
        server.fault("zombie")
        lost = server.ask("/prompt", {"prompt": graph()})["prompt_id"]
        server.restart()
        assert server.ask("/queue") == recorded["queue"]
        assert server.ask("/history") == recorded["history"]
        with pytest.raises(urllib.error.HTTPError) as refused:
            server.ask(f"/api/jobs/{lost}")
        assert [refused.value.code, json.load(refused.value)] == recorded["job_pending"]
        view = f"{server.url}/view?filename=img_00001_.png&subfolder=lab&type=output"
        with urllib.request.urlopen(view, timeout=60) as answer:
            assert answer.status == recorded["view_done"]
