"""What planning is told that the farm can do."""

from __future__ import annotations

import pytest
from farmhand import Farmhand

from farm.ledger.database import Database
from farm.ledger.submissions import Submissions

OFFER = {"test.work/test": [[]], "test.work/warm": [[]]}


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def test_each_living_node_speaks_for_itself(hand: Farmhand) -> None:
    hand.join("n2")
    told = Submissions(hand.database).offers()
    assert told == {stage: nodes * 2 for stage, nodes in OFFER.items()}


def test_a_node_that_left_is_not_counted_while_another_one_is_up(hand: Farmhand) -> None:
    hand.join("n2")
    hand.nodes.leave("n2", hand.claims["n2"].incarnation)
    assert Submissions(hand.database).offers() == OFFER


def test_a_farm_whose_nodes_are_not_up_yet_can_do_what_it_could(hand: Farmhand) -> None:
    hand.nodes.leave("n1", hand.claims["n1"].incarnation)
    assert Submissions(hand.database).offers() == OFFER


def test_a_farm_that_never_had_a_node_has_no_offers(database: Database) -> None:
    assert Submissions(database).offers() == {}
