"""Where things go in a picture: documents of boxes, framings by their names, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from farm import InputError, ParameterError
from farm_diffusion.calls.layouts import LAYOUTS
from farm_diffusion.calls.regions import wanted

HEAD = {"schema": "farm.regions/1"}
DOG = {"prompt": "a dog", "box": [0.1, 0.2, 0.5, 0.8]}


def test_a_document_says_what_is_in_which_box() -> None:
    prompt, regions = wanted("a garden", {**HEAD, "regions": [DOG]}, "", [])
    assert prompt == "a garden"
    [region] = regions
    assert region.prompt == "a dog"
    assert region.box == (0.1, 0.2, 0.5, 0.8)


def test_over_the_shoulder_the_first_is_seen_from_behind_and_covers_the_edge() -> None:
    subjects = ["a sailor", "a captain"]
    prompt, [near, far] = wanted("on deck", None, "over-the-shoulder", subjects)
    assert prompt == "on deck, over-the-shoulder shot"
    assert near.prompt.startswith("a sailor, seen from behind")
    assert near.box[2:] == (1.0, 1.0)
    assert far.prompt.startswith("a captain, facing the camera")
    assert far.box[2] < near.box[0]


def test_two_stand_apart_in_a_wide_shot_and_one_fills_the_height_from_below() -> None:
    _, [left, right] = wanted("a field", None, "wide-two-shot", ["a knight", "a queen"])
    assert left.box[2] < right.box[0]
    prompt, [hero] = wanted("a storm", None, "low-angle-hero", ["a knight"])
    assert hero.box[3] - hero.box[1] > 0.9
    assert "low-angle" in prompt


def test_a_document_may_name_a_framing_and_add_boxes_to_it() -> None:
    document = {**HEAD, "layout": "close-up", "subjects": ["a cat"], "regions": [DOG]}
    _, regions = wanted("indoors", document, "wide-two-shot", ["x", "y"])
    assert [region.prompt for region in regions] == ["a cat", "a dog"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_place_of_a_framing_lies_in_the_picture(name: str) -> None:
    for place in LAYOUTS[name].places:
        left, top, right, bottom = place.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"schema": "farm.regions/2"}, "schema"),
        ([DOG], "regions"),
        ({**HEAD, "regions": [{**DOG, "box": [0, 0, 1.5, 1]}]}, "regions.0.box.2"),
        ({**HEAD, "regions": [{**DOG, "box": [0.5, 0, 0.5, 1]}]}, "regions.0.box"),
        ({**HEAD, "regions": [{**DOG, "colour": "red"}]}, "regions.0.colour"),
        ({**HEAD, "regions": [DOG] * 31}, "regions"),
    ],
)
def test_a_document_that_is_wrong_is_refused_with_its_place(document: Any, place: str) -> None:
    with pytest.raises(InputError) as caught:
        wanted("a garden", document, "", [])
    assert place in caught.value.where


@pytest.mark.parametrize(
    ("layout", "subjects", "said"),
    [
        ("", [], "Known layouts"),
        ("", ["a cat"], "Known layouts"),
        ("wide-two-shot", ["a cat"], "2, with ;"),
        ("fish-eye", ["a cat"], "fish-eye"),
    ],
)
def test_a_framing_without_its_subjects_is_refused(
    layout: str, subjects: list[str], said: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        wanted("a garden", None, layout, subjects)
    assert said in caught.value.sentence()
