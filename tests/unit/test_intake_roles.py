"""Matching files with the inputs of a pipeline, from names alone."""

from __future__ import annotations

import pytest

from farm.domain.errors import AssetError
from farm.intake.roles import assign, inputs_of, missing
from farm.pipelines import Pipeline

STAGES = {"draw": {"capability": "a.b"}}
OUTPUTS = {"x.txt": "draw.out"}


def pipeline(**inputs: dict[str, object]) -> Pipeline:
    return Pipeline.model_validate(
        {"pipeline": "p", "version": 1, "inputs": inputs, "stages": STAGES, "outputs": OUTPUTS}
    )


PORTRAIT = pipeline(
    character={"kind": "image"},
    motion={"kind": "video"},
    voice={"kind": "audio", "required": False},
    prompt={"kind": "text", "required": False},
    reference={"kind": "image", "many": True, "required": False},
)


def test_files_named_after_inputs_are_those_inputs() -> None:
    files = ["character.png", "motion.mp4", "voice.wav", "prompt.txt"]
    assert assign(files, PORTRAIT) == {
        "character": ["character.png"],
        "motion": ["motion.mp4"],
        "voice": ["voice.wav"],
        "prompt": ["prompt.txt"],
    }


def test_numbered_files_of_one_input_come_in_the_order_of_their_numbers() -> None:
    files = ["reference-10.png", "reference-2.png", "reference_1.png", "reference/7.png"]
    assert assign(files, PORTRAIT)["reference"] == [
        "reference_1.png",
        "reference-2.png",
        "reference/7.png",
        "reference-10.png",
    ]


def test_the_only_required_input_of_a_kind_takes_a_file_of_any_name() -> None:
    assert assign(["IMG_4031.JPG", "dance.mov"], PORTRAIT) == {
        "character": ["IMG_4031.JPG"],
        "motion": ["dance.mov"],
    }


def test_an_input_for_any_file_leaves_those_to_the_others_that_only_they_take() -> None:
    cut = pipeline(
        timeline={"kind": "any", "accept": ["otio", "edl", "yaml"]},
        media={"kind": "any", "many": True, "required": False},
    )
    assert assign(["b.mp4", "cut.edl", "a.wav", "logo.png"], cut) == {
        "timeline": ["cut.edl"],
        "media": ["a.wav", "b.mp4", "logo.png"],
    }
    with pytest.raises(AssetError, match="none of the pipeline's inputs"):
        assign(["notes.qqq"], cut)


def test_case_and_accents_written_in_two_ways_do_not_matter() -> None:
    assert assign(["Character.PNG"], PORTRAIT) == {"character": ["Character.PNG"]}


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["character.png", "character.jpg"], "set.twice"),
        (["a.png", "b.png"], "set.ambiguous"),
        (["notes.xyz"], "set.unknown-file"),
        (["deep/er/motion.mp4"], "set.unknown-file"),
        (["voice/1.wav"], "set.unknown-file"),
        (["character.png", "motion.mp4", "clip.mp4"], "set.unknown-file"),
    ],
)
def test_what_could_be_meant_in_two_ways_or_none_is_refused(files: list[str], code: str) -> None:
    with pytest.raises(AssetError) as caught:
        assign(files, PORTRAIT)
    assert caught.value.code == code
    assert inputs_of(PORTRAIT) in caught.value.expected


def test_an_input_that_the_manifest_gives_is_not_given_again_by_a_file() -> None:
    with pytest.raises(AssetError, match="manifest"):
        assign(["motion.mp4"], PORTRAIT, given={"motion"})


def test_a_text_is_the_prompt_when_a_pipeline_takes_several_texts() -> None:
    two = pipeline(prompt={"kind": "text"}, negative={"kind": "text", "required": False})
    assert assign(["dusk.txt"], two) == {"prompt": ["dusk.txt"]}
    other = pipeline(story={"kind": "text"})
    assert assign(["dusk.txt"], other) == {"story": ["dusk.txt"]}


def test_only_endings_that_an_input_accepts_are_matched_with_it() -> None:
    narrow = pipeline(face={"kind": "image", "accept": ["png"]})
    assert assign(["a.png"], narrow) == {"face": ["a.png"]}
    with pytest.raises(AssetError):
        assign(["a.jpg"], narrow)


def test_what_is_missing_is_named_with_its_kind() -> None:
    assert missing(PORTRAIT, {"character"}) == ["motion (video)"]
    assert "reference (image, any number, optional)" in inputs_of(PORTRAIT)


def test_an_input_that_is_taken_by_its_name_leaves_other_files_to_the_rest() -> None:
    lesson = pipeline(
        lesson={"kind": "any", "accept": ["md"]},
        assets={"kind": "any", "many": True, "required": False},
        portrait={"kind": "image", "required": False, "by_name": True},
    )
    assert assign(["talk.md", "slide.png"], lesson) == {
        "lesson": ["talk.md"],
        "assets": ["slide.png"],
    }
    assert assign(["talk.md", "slide.png", "portrait.png"], lesson)["portrait"] == ["portrait.png"]
