from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.stores import EmptyBooks
from ledger.subject_builders import INVESTMENT, NORTH, access, asset, award, grant, reserve, transfer
from ullage_operator.ledger import Asset, Change, ConflictingEntry, Ledger, RefusedEntry, Restated

CHANGE = Change(reason="generation 2", author="ana", at_ms=50_000)


def test_what_changed_is_reversed_and_revised_what_went_is_reversed_and_the_rest_is_left_alone(ledger: Ledger) -> None:
    before = [asset(), access(), transfer()]
    assert ledger.restate(NORTH, before, CHANGE) == Restated(posted=3, reversed=0)
    after = [asset(amount=70), transfer(author="a later version"), asset(asset_id="second")]
    assert ledger.restate(NORTH, after, CHANGE) == Restated(posted=2, reversed=2)
    with ledger.books() as books:
        assert books.standing(NORTH) == [transfer(), asset(amount=70, revision=2), asset(asset_id="second")]
    reversal = ledger.find(f"reversal/{asset().id}")
    assert reversal is not None
    assert (reversal.author, reversal.model_dump()["reason"]) == ("ana", "generation 2")
    assert ledger.restate(NORTH, after, CHANGE) == Restated(posted=0, reversed=0)
    assert ledger.verify() == []


def test_what_was_withdrawn_comes_back_as_its_next_revision(ledger: Ledger) -> None:
    ledger.restate(NORTH, [asset()], CHANGE)
    ledger.restate(NORTH, [], CHANGE)
    ledger.restate(NORTH, [asset()], CHANGE)
    with ledger.books() as books:
        assert books.standing(NORTH) == [asset(revision=2)]


def test_other_subjects_are_left_alone(ledger: Ledger) -> None:
    ledger.restate(INVESTMENT, [award(), grant()], CHANGE)
    ledger.restate(NORTH, [asset()], CHANGE)
    ledger.restate(NORTH, [], CHANGE)
    with ledger.books() as books:
        assert (books.standing(INVESTMENT), books.standing(NORTH)) == ([award(), grant()], [])


def test_entries_of_another_subject_and_keys_with_two_meanings_are_refused(ledger: Ledger) -> None:
    with pytest.raises(ConflictingEntry) as caught:
        ledger.restate(NORTH, [award(), asset(), asset(amount=1)], CHANGE)
    assert [problem.partition(", found")[0] for problem in caught.value.problems] == [
        "award/exascale/a100: expected the subject institution/north",
        "asset/north/corpus/1000: expected one meaning",
    ]


def test_a_restatement_that_would_not_add_up_changes_nothing(ledger: Ledger) -> None:
    ledger.restate(INVESTMENT, [award(), grant()], CHANGE)
    ledger.post([reserve()])
    with pytest.raises(RefusedEntry, match="expected an award that counts"):
        ledger.restate(INVESTMENT, [], CHANGE)
    with ledger.books() as books:
        assert books.standing(INVESTMENT) == [award(), grant()]


STATES = st.dictionaries(st.sampled_from("abc"), st.integers(min_value=0, max_value=2), max_size=3)


@settings(max_examples=40, deadline=None)
@given(states=st.lists(STATES, min_size=1, max_size=6))
def test_after_any_restatements_exactly_the_last_one_stands_and_all_can_be_read_as_they_were(
    empty_books: EmptyBooks, states: list[dict[str, int]]
) -> None:
    def wanted(state: dict[str, int]) -> list[Asset]:
        return [asset(asset_id=name, amount=amount) for name, amount in state.items()]

    with empty_books(100_000) as ledger:
        for state in states:
            first = ledger.restate(NORTH, wanted(state), CHANGE)
            assert ledger.restate(NORTH, wanted(state), CHANGE) == Restated(posted=0, reversed=0)
            assert first.posted <= len(state)
            with ledger.books() as books:
                held = {row.asset_id: row.amount for row in books.holdings(200_000)}
            assert held == state
        assert ledger.verify() == []
