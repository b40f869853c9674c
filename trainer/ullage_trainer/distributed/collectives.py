"""What ranks do together. Every rank calls the same functions in the same order, whatever data it holds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import horovod.tensorflow as hvd
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from horovod.common.exceptions import HorovodInternalError

from ullage_trainer.config import PeerFailure, RendezvousFailure

Floats = npt.NDArray[np.float64]
Returned = TypeVar("Returned")


class Communicator:
    """The ranks of one attempt. ``exact`` sums one flat tensor a dtype, so that equal runs are bit-equal."""

    def __init__(self, *, exact: bool) -> None:
        self._exact = exact
        try:
            hvd.init()
        except Exception as error:
            raise RendezvousFailure(f"Horovod could not bring the ranks together: {error}") from error

    @property
    def rank(self) -> int:
        """The number of this rank, from 0."""
        rank: int = hvd.rank()
        return rank

    @property
    def size(self) -> int:
        """How many ranks there are."""
        size: int = hvd.size()
        return size

    def sum_in_graph(self, tensors: Sequence[Any]) -> list[Any]:
        """Sum dense float tensors over all ranks; called inside a ``tf.function``."""
        if not self._exact:
            return list(hvd.grouped_allreduce(list(tensors), op=hvd.Sum))
        summed: list[Any] = [None] * len(tensors)
        for dtype in sorted({tensor.dtype.name for tensor in tensors}):
            places = [index for index, tensor in enumerate(tensors) if tensor.dtype.name == dtype]
            flat = tf.concat([tf.reshape(tensors[index], [-1]) for index in places], axis=0)
            flat = hvd.allreduce(flat, op=hvd.Sum, name=f"ullage.flat.{dtype}")
            sizes = [tensors[index].shape.num_elements() for index in places]
            for index, piece in zip(places, tf.split(flat, sizes), strict=True):
                summed[index] = tf.reshape(piece, tensors[index].shape)
        return summed

    def sum(self, values: Floats, name: str) -> Floats:
        """Return the sum over ranks of a float64 vector of the same length on each."""
        total: Floats = guarded(lambda: hvd.allreduce(tf.constant(values, tf.float64), op=hvd.Sum, name=name)).numpy()
        return total

    def gather(self, rows: npt.NDArray[np.float64], name: str) -> Floats:
        """Return the rows of all ranks; the number of rows may differ, also be 0."""
        gathered: Floats = guarded(lambda: hvd.allgather(tf.constant(rows, tf.float64), name=name)).numpy()
        return gathered

    def share(self, payload: bytes, name: str) -> bytes:
        """Return rank 0's bytes on every rank; what the others pass is not looked at."""
        mine = np.frombuffer(payload if self.rank == 0 else b"", np.uint8)
        shared: npt.NDArray[np.uint8] = guarded(lambda: hvd.allgather(tf.constant(mine, tf.uint8), name=name)).numpy()
        return shared.tobytes()

    def broadcast(self, variables: Sequence[Any]) -> None:
        """Give every rank the values of rank 0."""
        guarded(lambda: hvd.broadcast_variables([variable.value for variable in variables], root_rank=0))

    def average(self, variables: Sequence[Any]) -> None:
        """Set float variables that ranks keep by themselves (moving means) to their mean over ranks."""
        for index, variable in enumerate(variables):
            value, name = tf.convert_to_tensor(variable.value), f"ullage.state.{index}"
            variable.assign(guarded(functools.partial(hvd.allreduce, value, op=hvd.Average, name=name)))

    def close(self) -> None:
        """Leave the ranks; called once by each when all is done."""
        hvd.shutdown()


def guarded(collective: Callable[[], Returned]) -> Returned:
    """Run a collective; say that a peer is gone instead of what Gloo says of its sockets."""
    try:
        return collective()
    except (HorovodInternalError, tf.errors.UnknownError, tf.errors.InternalError) as error:
        raise PeerFailure("a collective broke: another rank is gone") from error
