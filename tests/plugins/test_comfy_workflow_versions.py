"""A job keeps the version of its workflow: planned, and dropped again after a newer one came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from own_workflows import graph_of, imported

from farm.domain.media import Artifact, MediaFacts, MediaKind
from farm.domain.plan import Plan
from farm.manifest import parse_manifest
from farm.planning import plan
from farm.plugins import load_plugins

STILL = MediaFacts(width=640, height=480)
FILES = {
    "prompt": [Artifact("1" * 64, MediaKind.TEXT, 9, ".txt")],
    "image": [Artifact(digit * 64, MediaKind.IMAGE, 9, ".png", STILL) for digit in "23"],
}
ASKED = {
    "farm": 1,
    "pipeline": "comfyui-workflow",
    "inputs": {
        "prompt": {"sha256": "1" * 64, "kind": "text"},
        "image": [{"sha256": digit * 64, "kind": "image"} for digit in "23"],
    },
    "params": {"workflow": "our-morph", "names": ["image.png", "image_2.png"]},
}


def planned(manifest: dict[str, Any]) -> Plan:
    registry = load_plugins()
    offers = {stage: [frozenset[str]()] for stage in registry.stages}
    asked = parse_manifest(json.dumps(manifest).encode(), name="job.json")
    pipeline = registry.latest("comfyui-workflow")
    return plan(asked, pipeline, registry, inputs=FILES, offers=offers)


def test_a_job_names_the_version_that_was_the_newest_and_runs_it_again(own: Path) -> None:
    imported(own, "our-morph", graph_of("start-end-frame"))
    before = planned(ASKED)
    assert before.manifest["params"]["workflow_version"] == "1.0.0"
    imported(own, "our-morph", graph_of("start-end-frame"), version="1.1.0")
    after = planned(ASKED)
    assert after.manifest["params"]["workflow_version"] == "1.1.0"
    # The results of one are no results of the other.
    assert after.content_key != before.content_key
    again = planned(before.manifest)
    assert again.content_key == before.content_key
    [prepare] = [stage for stage in again.stages if stage.name == "prepare"]
    assert prepare.params["workflow_version"] == "1.0.0"
