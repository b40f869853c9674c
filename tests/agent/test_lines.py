"""What ranks write: lines however a pipe cuts them, and what is shown of them."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_trainer.agent.lines import LineBuffer, drain, shown


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)), st.data())
def test_lines_come_whole_however_a_pipe_cuts_them(lines, data):
    stream = b"".join(line + b"\n" for line in lines)
    buffer, found = LineBuffer(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += buffer.feed(stream[:cut])
        stream = stream[cut:]
    assert (found, buffer.rest) == (lines, b"")


@given(st.binary(max_size=200), st.integers(1, 9))
def test_a_line_without_an_end_comes_in_pieces_and_does_not_grow_in_memory(stream, limit):
    buffer = LineBuffer(limit)
    found = [piece for byte in stream for piece in buffer.feed(bytes([byte]))]
    assert len(buffer.rest) <= limit
    assert b"".join([*found, buffer.rest]) == stream.replace(b"\n", b"")


def test_a_pipe_is_read_to_a_limit_and_its_end_is_told():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    assert drain(reading) == (b"", False)
    os.write(writing, b"one\ntwo")
    assert drain(reading) == (b"one\ntwo", False)
    os.write(writing, b"last")
    os.close(writing)
    assert drain(reading) == (b"last", True)
    os.close(reading)
    with open("/dev/zero", "rb", buffering=0) as endless:  # noqa: PTH123 - what never blocks and never ends
        data, ended = drain(endless.fileno())
    assert (len(data), ended) == (1 << 20, False)


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("epoch 1: loss 0.5", "epoch 1: loss 0.5"),
        ("  1%|\r 50%|\r100%|\r", "100%|"),
        ("\x1b[1;31mError:\x1b[0m no such fold", "Error: no such fold"),
        ("a\x07b\x00c\td", "a b c d"),
        ("模型 é", "模型 é"),
    ],
)
def test_a_line_is_shown_as_a_terminal_would_leave_it(line, left):
    assert shown(line) == left


@given(st.text(max_size=100))
def test_nothing_that_is_shown_acts_on_a_terminal(line):
    assert all(character.isprintable() for character in shown(line))
