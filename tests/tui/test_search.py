"""The filter of lists whose rows are all at hand."""

from __future__ import annotations

import pytest

from farm.domain.errors import InputError
from farm.tui.search import Row, parse_search

FIELDS = {"stage": "a stage", "state": "a state"}
ROW = Row.of("Not shown", stage="pose.extract", state="missing refused")


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ("", True),
        ("POSE", True),
        ("pose shown", True),
        ("pose dusk", False),
        ("stage:extract", True),
        ("stage=Extract state:offered,refused", True),
        ("stage:shown", False),
        ("state:offered", False),
        ("'not shown' pose", True),
        ("'shown not'", False),
        ("pose 'no", True),
    ],
)
def test_every_word_and_every_field_must_be_found(typed: str, fits: bool) -> None:
    assert parse_search(typed, FIELDS).fits(ROW) is fits


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("stat:x", 'Did you mean "state"?'),
        ("stage:", "expected a stage"),
        ("stage:,", "expected a stage"),
        ("stage>2", "Write stage:2."),
    ],
)
def test_what_means_nothing_is_refused_with_what_would_be_right(typed: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_search(typed, FIELDS)
    assert says in refused.value.sentence()
