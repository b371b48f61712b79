"""The workflows against a real server: it describes their nodes as they were recorded."""

from __future__ import annotations

import copy
import json
import os
import urllib.request
from typing import Any

import pytest
from comfy_requests import bound, cases

from farm_comfyui.descriptions import allowed, complaints, inputs_of, recorded

URL = os.environ.get("FARM_TEST_COMFY_URL", "")
pytestmark = [
    pytest.mark.live_comfy,
    pytest.mark.skipif(not URL, reason="FARM_TEST_COMFY_URL names no server"),
]


def described(name: str) -> dict[str, Any]:
    """What the server says about a node; nothing when it does not have it."""
    with urllib.request.urlopen(f"{URL.rstrip('/')}/object_info/{name}", timeout=30) as answer:
        told: dict[str, Any] = json.load(answer).get(name, {})
    return told


def test_every_bound_graph_fits_what_the_server_says_about_its_nodes() -> None:
    known = copy.deepcopy(dict(recorded()))
    missing = []
    for name, ours in recorded().items():
        theirs = described(name)
        if not theirs:
            missing.append(name)
            continue
        for wanted, spec in inputs_of(ours).items():
            given = inputs_of(theirs).get(wanted)
            # A list of a server's own files is another one on every server.
            if given is not None and allowed(spec) == []:
                theirs["input"][
                    "required" if wanted in theirs["input"]["required"] else "optional"
                ][wanted] = spec
        known[name] = theirs
    packs = {name for name in recorded() if "declared" in recorded()[name]["source"]}
    assert set(missing) <= packs, "a core node is gone"
    for name, quality, aspect, seconds in cases():
        made = bound(name, seconds, quality=quality, aspect=aspect)
        # Servers before the nested settings of SaveVideo pass over what they do not know.
        wrong = [one for one in complaints(made.graph, known) if "no input format." not in one]
        assert wrong == []
