"""What ranks are fed: the same global batches on any number of ranks, each row once an epoch."""

import contextlib
import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ullage_trainer.train.stream import CHUNK_BYTES, CHUNK_STEPS, ahead, part_batches, training_chunks


def training_batches(blocks, **order):
    return itertools.chain.from_iterable(training_chunks(blocks, **order))


shards = st.lists(st.integers(0, 23), min_size=1, max_size=9)


def global_batches(blocks, size, *, batch, epoch=0, seed=3, first_step=0):
    parts = [
        training_batches(
            blocks, seed=seed, epoch=epoch, global_batch_size=batch, rank=rank, size=size, first_step=first_step
        )
        for rank in range(size)
    ]
    batches = []
    for of_step in zip(*parts, strict=True):
        numbers = [(shown.features[: shown.rows, 0], shown.labels[: shown.rows]) for shown in of_step]
        batches.append(sorted((int(x), int(y)) for xs, ys in numbers for x, y in zip(xs, ys, strict=True)))
    return batches


@settings(max_examples=60)
@given(shards, st.integers(1, 40), st.integers(1, 4), st.integers(0, 2))
def test_a_job_on_several_ranks_takes_the_global_batches_of_the_job_on_one(memory_blocks, rows, batch, size, epoch):
    blocks = memory_blocks({"train": rows})
    alone = global_batches(blocks, 1, batch=batch, epoch=epoch)
    assert global_batches(blocks, size, batch=batch, epoch=epoch) == alone


@settings(max_examples=60)
@given(shards, st.integers(1, 40), st.integers(1, 4))
def test_an_epoch_shows_every_row_once_in_full_batches_and_a_short_last_one(memory_blocks, rows, batch, size):
    batches = global_batches(memory_blocks({"train": rows}), size, batch=batch)
    total = sum(rows)
    assert sorted(row for shown in batches for row in shown) == [(n, n % 2) for n in range(total)]
    full, rest = divmod(total, batch)
    assert [len(shown) for shown in batches] == [batch] * full + [rest] * bool(rest)


@settings(max_examples=60)
@given(shards, st.integers(1, 9), st.integers(1, 3), st.data())
def test_an_epoch_can_be_entered_at_any_step(memory_blocks, rows, batch, size, data):
    blocks = memory_blocks({"train": rows})
    batches = global_batches(blocks, size, batch=batch)
    step = data.draw(st.integers(0, len(batches)))
    assert global_batches(blocks, size, batch=batch, first_step=step) == batches[step:]


def test_epochs_go_through_the_rows_in_different_orders(memory_blocks):
    blocks = memory_blocks({"train": [20, 20, 20]})
    epochs = [global_batches(blocks, 1, batch=10, epoch=epoch) for epoch in range(3)]
    assert len({str(epoch) for epoch in epochs}) == 3


def test_a_rank_without_samples_in_a_batch_holds_one_row_that_does_not_count(memory_blocks):
    blocks = memory_blocks({"train": [8, 0]})
    batches = list(training_batches(blocks, seed=0, epoch=0, global_batch_size=4, rank=1, size=2))
    assert [(shown.features.shape, shown.labels.shape, shown.rows, shown.global_rows) for shown in batches] == [
        ((1, 1), (1,), 0, 4)
    ] * 2


def test_a_chunk_has_so_many_steps_or_so_many_bytes(memory_blocks):
    def steps(batch):
        blocks = memory_blocks({"train": [1 << 21]}, group=1 << 20)
        chunks = training_chunks(blocks, seed=0, epoch=0, global_batch_size=batch, rank=0, size=1)
        return [len(chunk) for chunk in itertools.islice(chunks, 2)]

    row_bytes = 4
    assert steps(100) == [CHUNK_STEPS] * 2
    assert steps(CHUNK_BYTES // row_bytes // 2) == [2, 2]
    assert steps(2 * CHUNK_BYTES // row_bytes) == [1]


def test_batches_that_are_read_ahead_come_in_their_order_and_then_what_reading_raised():
    def chunks():
        yield [1, 2, 3]
        yield [4]
        raise OSError("gone")

    batches = ahead(chunks())
    assert list(itertools.islice(batches, 4)) == [1, 2, 3, 4]
    with pytest.raises(OSError, match="gone"):
        next(batches)


def test_nothing_is_read_any_more_once_batches_are_closed():
    read = []

    def chunks():
        for number in itertools.count():
            read.append(number)
            yield [number]

    with contextlib.closing(ahead(chunks(), depth=2)) as batches:
        assert next(batches) == 0
    assert read[-1] <= 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("feed")]


def test_a_part_is_evaluated_row_by_row_once_over_all_ranks(memory_blocks):
    blocks = memory_blocks({"test": [5, 0, 9, 1]})
    rows = [
        int(x)
        for rank in range(3)
        for features, _ in part_batches(blocks, "test", rank=rank, size=3)
        for x in features[:, 0]
    ]
    assert sorted(rows) == list(range(15))
