"""The servers' table: taken whole or refused with the name of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from farm.domain.errors import ConfigError
from farm_comfyui.health import models_of
from farm_comfyui.progress import Progress
from farm_comfyui.runs import prefix, prompt_id
from farm_comfyui.servers import Secret, read_settings
from farm_comfyui.socket import Message

GOOD = {"name": "gpu-1", "url": "https://comfy.example/one/"}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"server": []}, "plugins.farm_comfyui.server"),
        ({"servers": [{**GOOD, "url": "comfy.example"}]}, "whole address"),
        ({"servers": [{**GOOD, "url": "http://me:pw@comfy.example"}]}, "header from a file"),
        ({"servers": [{**GOOD, "url": "http://comfy.example/?a=1"}]}, "without a query"),
        ({"servers": [{**GOOD, "url": "file:///etc/passwd"}]}, "whole address"),
        ({"servers": [{**GOOD, "name": "two words"}]}, "servers.0.name"),
        ({"servers": [{**GOOD, "capacity": 0}]}, "servers.0.capacity"),
        ({"servers": [{**GOOD, "tls": {"verfy": False}}]}, "servers.0.tls.verfy"),
        ({"servers": [{**GOOD, "headers": {"X": {"file": "/a", "env": "B"}}}]}, "either"),
        ({"servers": [GOOD, GOOD]}, "two servers have one name"),
        ({"servers": [GOOD, {**GOOD, "name": "gpu-2"}]}, "two servers have one url"),
        ({"timeout_s": 0}, "plugins.farm_comfyui.timeout_s"),
        ({"moves": "many"}, "plugins.farm_comfyui.moves"),
    ],
)
def test_a_wrong_table_is_refused_by_name(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_settings(table)
    assert words in refused.value.sentence()
    assert "pw" not in refused.value.sentence()


def test_a_whole_table_is_taken() -> None:
    settings = read_settings(
        {
            "stall_s": 60,
            "servers": [
                {
                    **GOOD,
                    "headers": {"A": "plain", "B": {"file": "/run/secret", "prefix": "Bearer "}},
                    "tags": ["large"],
                    "capacity": 3,
                }
            ],
        }
    )
    (server,) = settings.servers
    assert server.url == "https://comfy.example/one"
    assert server.headers == {"A": "plain", "B": Secret(file="/run/secret", prefix="Bearer ")}
    assert (server.capacity, server.tags, settings.patience.stall_s) == (3, {"large"}, 60)
    assert "plain" not in repr(server)


def test_a_secret_of_the_environment_is_read_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = Secret(env="COMFY_TOKEN", prefix="Bearer ")
    with pytest.raises(ConfigError, match="COMFY_TOKEN"):
        secret.read("here")
    monkeypatch.setenv("COMFY_TOKEN", "word")
    assert secret.read("here") == "Bearer word"


def test_an_id_follows_from_the_work_and_the_number_alone() -> None:
    first = prompt_id("job.render/1", "digest", 0)
    assert first == prompt_id("job.render/1", "digest", 0)
    assert first == first.lower()
    others = {
        prompt_id("job.render/2", "digest", 0),
        prompt_id("job.render/1", "other", 0),
        prompt_id("job.render/1", "digest", 1),
    }
    assert len(others | {first}) == 4
    assert prefix(first) == f"farm/{first.replace('-', '')}"


def test_progress_counts_nodes_by_weight_and_never_falls() -> None:
    graph: Any = {name: {"class_type": name.title()} for name in ("load", "sample", "save")}
    progress = Progress("p", graph, {"load": 0.1, "sample": 0.8, "save": 0.1})
    mine = {"prompt_id": "p"}
    heard = [
        Message("execution_cached", {**mine, "nodes": ["load"]}),
        Message("executing", {**mine, "node": "sample"}),
        Message("progress", {**mine, "node": "sample", "value": 2, "max": 4}),
        Message("progress", {**mine, "node": "sample", "value": 1, "max": 4}),
        Message("progress", {"prompt_id": "q", "node": "sample", "value": 4, "max": 4}),
        Message("progress", {**mine, "node": "elsewhere", "value": 4, "max": 4}),
        Message("progress", {**mine, "node": "sample", "value": None, "max": "?"}),
    ]
    shares = []
    for message in heard:
        progress.hear(message)
        shares.append(round(progress.done, 3))
    assert shares == [0.1, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert not progress.over
    assert progress.hear(Message("execution_success", mine))
    assert progress.over


def test_the_models_of_a_graph_are_the_files_it_loads() -> None:
    graph = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "a.safetensors", "w": "default"}},
        "2": {"class_type": "KSampler", "inputs": {"model": ["1", 0], "seed": 3}},
    }
    assert models_of(graph) == {"a.safetensors"}
