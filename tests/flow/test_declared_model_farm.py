"""A model that an operator declared makes a picture in a farm that runs."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import tiny_weights
from PIL import Image
from running_farm import farm, running

from farm.ledger.database import Database
from farm.ledger.views_nodes import NodeViews

SMALL = ("--set", "width=64", "--set", "height=64", "--set", "steps=2")


def declare(root: Path, *said: str) -> None:
    """Declare the tiny Stable Diffusion and bring it into the store."""
    folder = str(tiny_weights.folder("sd15"))
    facts = ("--name", "sd15", "--family", "sd15", "--licence", "CC0-1.0")
    farm(root, "models", "declare", folder, *facts, "--provides", "image.generate", *said)
    farm(root, "models", "fetch", "sd15")


def test_a_declared_model_makes_a_picture_and_another_one_while_it_is_warm(tmp_path: Path) -> None:
    declare(tmp_path)
    with running(tmp_path), closing(Database(f"sqlite:///{tmp_path}/spool/ledger.sqlite3")) as base:
        for number, prompt in ((1, "a dog on a hill"), (2, "a ship at sea")):
            farm(tmp_path, "submit", "-p", "text-to-image", "--prompt", prompt, *SMALL)
            farm(tmp_path, "watch", str(number))
        [node] = NodeViews(base).nodes()
        assert "image.generate/sd15" in node.offers
        assert "image.generate/sd15_gpu" in node.complaints
        pictures = sorted((tmp_path / "spool" / "outputs").rglob("image.png"))
        assert len(pictures) == 2
        assert {Image.open(path).size for path in pictures} == {(64, 64)}
        assert pictures[0].read_bytes() != pictures[1].read_bytes()
        shown = json.loads(farm(tmp_path, "models", "ls", "--json"))
        [entry] = [model for model in shown if model["name"] == "sd15"]
        assert entry["state"] == "ok"
