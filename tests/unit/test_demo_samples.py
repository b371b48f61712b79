"""What ``farm demo --sample`` drops: the sample as it lies there, asked for anew."""

from __future__ import annotations

from pathlib import Path

import yaml

from farm.cli.demo import _of_prompt, _of_sample, drop

SAMPLES = Path(__file__).parents[2] / "dropbox"


def test_a_sample_is_dropped_whole_with_a_request_that_may_repeat(tmp_path: Path) -> None:
    sample = SAMPLES / "lesson" / "_samples" / "binary-search"
    wish = _of_sample(sample)
    assert wish.pipeline == "lesson"
    drop(tmp_path / "door", "demo-1", wish)
    dropped = tmp_path / "door" / "demo-1"
    for path in sample.rglob("*.*"):
        assert (dropped / path.relative_to(sample)).read_bytes() == path.read_bytes()
    request = yaml.safe_load((dropped / "job.yaml").read_text("utf-8"))
    assert request == {"farm": 1, "pipeline": "lesson", "name": "binary-search", "rerun": True}
    assert [path.name for path in (tmp_path / "door").iterdir()] == ["demo-1"]


def test_the_request_of_a_sample_is_left_as_its_author_wrote_it(tmp_path: Path) -> None:
    sample = SAMPLES / "procedural" / "_samples" / "monsoon"
    drop(tmp_path, "demo-1", _of_sample(sample))
    own = (sample / "job.yaml").read_bytes()
    assert (tmp_path / "demo-1" / "job.yaml").read_bytes() == own


def test_a_prompt_is_dropped_with_its_settings(tmp_path: Path) -> None:
    drop(tmp_path, "demo-1", _of_prompt("a calm sea", {"seed": 3}))
    assert (tmp_path / "demo-1" / "prompt.txt").read_text("utf-8") == "a calm sea\n"
    request = yaml.safe_load((tmp_path / "demo-1" / "job.yaml").read_text("utf-8"))
    assert request == {"farm": 1, "seed": 3}
