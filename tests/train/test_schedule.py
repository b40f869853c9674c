"""Which rows a step takes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_trainer.train.schedule import apportion, block_order, owned_shards, row_order, steps_per_epoch

shards = st.lists(st.integers(0, 200), min_size=1, max_size=30)


@given(shards, st.data())
def test_shares_sum_to_what_is_taken_and_never_shrink(rows, data):
    total = sum(rows)
    taken = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    shares = apportion(rows, taken)
    assert shares.sum(axis=1).tolist() == taken
    assert (np.diff(shares, axis=0, prepend=0, append=[rows]) >= 0).all()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=9), st.data())
def test_rows_are_taken_in_the_order_of_their_places_in_their_shards(rows, data):
    taken = data.draw(st.integers(0, sum(rows)))
    places = sorted((Fraction(2 * row + 1, 2 * n), shard) for shard, n in enumerate(rows) for row in range(n))
    first = [shard for _, shard in places[:taken]]
    assert apportion(rows, [taken]).tolist() == [[first.count(shard) for shard in range(len(rows))]]


@given(st.lists(st.integers(0, 1 << 45), min_size=1, max_size=9), st.data())
def test_products_of_row_numbers_need_not_fit_in_64_bits(rows, data):
    taken = data.draw(st.integers(0, sum(rows)))
    (shares,) = apportion(rows, [taken]).tolist()
    assert sum(shares) == taken
    assert all(
        abs(share * sum(rows) - n * taken) <= len(rows) * sum(rows) for share, n in zip(shares, rows, strict=True)
    )


@given(shards)
def test_an_epoch_takes_every_row_of_every_shard(rows):
    assert apportion(rows, [0, sum(rows)]).tolist() == [[0] * len(rows), rows]


@given(st.integers(1, 100), st.integers(1, 12), st.data())
def test_shards_of_equal_size_give_shares_within_one_row_of_each_other(rows, count, data):
    (shares,) = apportion([rows] * count, [data.draw(st.integers(0, rows * count))])
    assert max(shares) - min(shares) <= 1


def test_an_empty_shard_gives_nothing_and_others_give_in_proportion():
    assert apportion([0, 100, 300], [40]).tolist() == [[0, 10, 30]]


def test_more_rows_than_there_are_cannot_be_taken():
    with pytest.raises(ValueError, match="expected 0 <= taken <= 3, found 1 to 4"):
        apportion([1, 2], [1, 4])


def test_the_last_batch_of_an_epoch_may_be_short():
    assert [steps_per_epoch([rows], 10) for rows in (0, 1, 10, 11)] == [0, 1, 1, 2]


@given(st.integers(1, 64), st.integers(1, 16))
def test_every_shard_is_owned_by_one_rank(count, size):
    owned = [shard for rank in range(size) for shard in owned_shards(count, rank, size)]
    assert sorted(owned) == list(range(count))


def test_orders_are_permutations_that_depend_on_the_epoch_and_the_shard():
    assert sorted(block_order(1, 0, 0, 50)) == list(range(50))
    assert sorted(row_order(1, 0, 0, 3, 50)) == list(range(50))
    different = {tuple(block_order(1, epoch, shard, 50)) for epoch in range(3) for shard in range(3)}
    assert len(different) == 9
    assert tuple(block_order(1, 0, 0, 50)) == tuple(block_order(1, 0, 0, 50))
