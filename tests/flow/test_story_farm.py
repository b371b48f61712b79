"""A story on a running farm: shots remembered at once, the next one held to its branch, and a draft
that becomes a master."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from running_farm import farm, running
from shot_clips import clip, view

from farm_story.looks import classical

SLIDE = '''
"""Stands in for models of the next shot, by their ports and parameters: a picture that is the first
reference mirrored, and a film that goes over its first picture."""

from pydantic import Field
from farm import MediaKind, Port, Resources, Stage, StageParams, hookimpl


class Made(StageParams):
    model: str = Field("", description="Name of the model.")
    quality: str = Field("standard", description="Trade of time against quality.")
    width: int = Field(0, description="Width.", json_schema_extra={"unit": "px"})
    height: int = Field(0, description="Height.", json_schema_extra={"unit": "px"})


class Slide(Made):
    duration_s: float | None = Field(None, description="Length.", json_schema_extra={"unit": "s"})


def mirror(task):
    from PIL import Image, ImageOps

    path = task.output("image", ".png")
    assert len(task.inputs["images"]) >= 2
    ImageOps.mirror(Image.open(task.inputs["images"][0].path)).save(path)
    return {"image": path}


def run(task):
    from fractions import Fraction
    import numpy as np
    from av.video.frame import VideoFrame
    from PIL import Image
    from farm.media.film import write_lossless
    from farm.media.planes import picture_of

    image = Image.open(task.input("image").path).convert("RGB")
    across, down = image.width * 7 // 8 // 2 * 2, image.height // 2 * 2
    frames = [
        VideoFrame.from_ndarray(np.asarray(image.crop((at, 0, at + across, down))), format="rgb24")
        for at in range(0, image.width - across, 4)
    ]
    path = task.output("video", ".mkv")
    write_lossless(path, (picture_of(frame, "slide") for frame in frames), Fraction(12))
    return {"video": path}


@hookimpl
def farm_stages():
    yield Stage(
        "image.edit", "mirror", 1, "slide:mirror",
        {"images": Port(MediaKind.IMAGE, many=True), "prompt": Port(MediaKind.TEXT)},
        {"image": Port(MediaKind.IMAGE)}, params=Made, resources=Resources(ram_mb=600),
    )
    yield Stage(
        "video.image_to_video", "slide", 1, "slide:run",
        {"image": Port(MediaKind.IMAGE), "prompt": Port(MediaKind.TEXT, required=False)},
        {"video": Port(MediaKind.VIDEO)}, params=Slide, resources=Resources(ram_mb=600),
    )
'''


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("tale")
    (folder / "spool" / "plugins").mkdir(parents=True)
    (folder / "spool" / "plugins" / "slide.py").write_text(SLIDE)
    with running(folder) as up:
        yield up


def remembering(root: Path, shot: str, name: str, parent: str, prompt: str) -> Path:
    """A manifest that remembers a clip."""
    clip(root / f"{shot}.mkv", name, frames=8)
    manifest = root / f"{shot}.json"
    fields = {
        "farm": 1, "pipeline": "remember", "name": shot, "quality": "draft", "prompt": prompt,
        "inputs": {"video": {"path": f"{shot}.mkv"}},
        "params": {"project": "tale", "shot": shot, "parent": parent},
    }  # fmt: skip
    manifest.write_text(json.dumps(fields))
    return manifest


def submitted(root: Path, *arguments: str) -> list[Any]:
    lines = json.loads(farm(root, "submit", *arguments, "--wait", "--json"))
    assert {line["state"] for line in lines} == {"done"}
    return lines


def test_shots_that_end_at_once_keep_their_memories_and_the_next_is_held_to_its_branch(
    root: Path,
) -> None:
    first = remembering(root, "one", "astronaut", "", "an astronaut smiles")
    submitted(root, str(first))
    both = [
        remembering(root, "two-a", "coffee", "one", "a cup of coffee"),
        remembering(root, "two-b", "chelsea", "one", "a ginger cat"),
    ]
    submitted(root, *map(str, both))
    [made] = submitted(
        root, "-p", "next-shot", "--prompt", "more coffee is poured", "--quality", "draft",
        "--set", "project=tale", "--set", "parent=two-a", "--set", "shot=three-a",
        "--set", "restage=true",
    )  # fmt: skip
    folder = Path(made["published"])
    recalled = json.loads((folder / "recall.json").read_text())
    assert recalled["branch"] == ["two-a", "one"]
    assert {reference["shot"] for reference in recalled["references"]} <= {"two-a", "one"}
    assert recalled["references"][0]["shot"] == "two-a"
    # What was made looks like the branch it goes on from, and is remembered after it.
    look = classical.look(
        np.asarray(Image.open(folder / "keyframes" / "keyframe-1.png").convert("RGB"))
    )
    near = {name: float(look @ classical.look(view(name, 0.5))) for name in ("coffee", "chelsea")}
    assert near["coffee"] > near["chelsea"]
    shown = json.loads(farm(root, "story", "show", "tale", "--json"))
    assert {shot["name"]: shot["parent"] for shot in shown} == {
        "one": "", "two-a": "one", "two-b": "one", "three-a": "two-a",
    }  # fmt: skip
    memory = json.loads((folder / "memory.json").read_text())
    assert memory["branch"] == ["three-a", "two-a", "one"]


def test_a_shot_that_nobody_knows_is_refused_with_its_mend(root: Path) -> None:
    told = farm(
        root, "submit", "-p", "recall", "--set", "project=tale", "--set", "parent=two",
        "--wait", "--json", code=1,
    )  # fmt: skip
    [line] = json.loads(told)
    assert line["state"] == "failed"
    assert 'no shot "two"' in line["error"]


def test_an_approved_draft_becomes_a_master_of_the_same_seed_from_the_command_line(
    root: Path,
) -> None:
    [draft] = submitted(
        root, "-p", "procedural", "--prompt", "violet dunes", "--quality", "draft",
        "--set", "duration_s=0.5", "--set", "fps=8", "--set", "learn=false",
    )  # fmt: skip
    number = str(draft["number"])
    waiting = json.loads(farm(root, "ls", "--drafts", "--json"))
    assert draft["id"] in [line["id"] for line in waiting]
    [hint] = json.loads(farm(root, "approve", number, "--json", code=1))
    assert hint["message"].endswith("--master makes the master of this draft")
    told = farm(root, "approve", number, "--master", "--quality", "standard")
    assert "is approved: its master is #" in told
    assert "has a master: #" in farm(root, "approve", number, "--quality", "standard")
    shown = json.loads(farm(root, "show", number, "--json"))
    [master] = shown["masters"]
    assert json.loads(farm(root, "watch", str(master["number"]), "--json"))[0]["state"] == "done"
    waiting = json.loads(farm(root, "ls", "--drafts", "--json"))
    assert draft["id"] not in [line["id"] for line in waiting]
    made = json.loads(farm(root, "show", str(master["number"]), "--json"))
    assert made["draft"]["job"] == draft["id"]
    assert (made["seed"], made["inputs"]) == (shown["seed"], shown["inputs"])
    receipts = [
        json.loads((Path(folder) / "receipt.json").read_text())
        for folder in (shown["published"], made["published"])
    ]
    assert receipts[0]["master"]["folder"] == made["published"]
    assert receipts[1]["draft"]["folder"] == shown["published"]
    assert f"master       #{master['number']} in standard quality, done" in farm(
        root, "show", number
    )
    farm(root, "approve", str(master["number"]), "--master", code=1)
