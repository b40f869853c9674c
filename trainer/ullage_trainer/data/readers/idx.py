"""IDX, the format of MNIST: images of unsigned bytes, and their labels.

Layout: http://yann.lecun.com/exdb/mnist (two zero bytes, the type, the number of dimensions, each
dimension as a big-endian 32-bit integer, then the values).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ullage_trainer.config import DataInvalid
from ullage_trainer.data.files import SourceFile
from ullage_trainer.data.names import DAMAGE, FILE, IDX_LABEL, IMAGE, RAW, ROW

UNSIGNED_BYTE: Final = 0x08
BATCH_BYTES: Final = 8 << 20


@dataclass(frozen=True)
class IdxHeader:
    """The shape of the values in a file, and where they begin."""

    shape: tuple[int, ...]
    offset_bytes: int


def read_idx_header(file: SourceFile, path: Path, dimensions: int) -> IdxHeader:
    """Return a file's shape.

    Raises
    ------
    DataInvalid
        Bad magic number, another number of dimensions, or fewer or more values than the header promises.
    """
    magic = bytes((0, 0, UNSIGNED_BYTE, dimensions))
    offset = 4 + 4 * dimensions
    with path.open("rb") as stream:
        head = stream.read(offset)
    if head[:4] != magic:
        raise DataInvalid(
            f"{file.field}: {file.name!r}: expected an IDX file of unsigned bytes with {dimensions} dimensions "
            f"(magic number 0x{magic.hex()}), found 0x{head[:4].hex()}; are images and labels swapped?"
        )
    if len(head) < offset:
        raise DataInvalid(f"{file.field}: {file.name!r}: expected a header of {offset} bytes, found {len(head)}")
    shape = struct.unpack(f">{dimensions}I", head[4:])
    expected, found = offset + int(np.prod(shape, dtype=object)), path.stat().st_size
    if expected != found:
        raise DataInvalid(
            f"{file.field}: {file.name!r}: expected {expected:,} bytes for shape {shape}, found {found:,}; "
            "fetch it anew"
        )
    return IdxHeader(shape, offset)


def write_idx(
    images: tuple[SourceFile, Path], labels: tuple[SourceFile, Path], target: Path
) -> tuple[int, tuple[int, int]]:
    """Write pairs of image and label to Parquet; return how many there are, and an image's height and width.

    Raises
    ------
    DataInvalid
        As :func:`read_idx_header`, or the files have different numbers of samples.
    """
    of_images, of_labels = read_idx_header(*images, 3), read_idx_header(*labels, 1)
    rows, height, width = of_images.shape
    if of_labels.shape != (rows,):
        raise DataInvalid(
            f"{labels[0].field}: {labels[0].name!r}: expected {rows:,} labels, one for each image of "
            f"{images[0].name!r}, found {of_labels.shape[0]:,}; take both files from one release"
        )
    if rows * height * width == 0:
        raise DataInvalid(f"{images[0].field}: {images[0].name!r}: expected images, found shape {of_images.shape}")
    schema = pa.schema([
        (FILE, pa.int32()), (ROW, pa.int64()), (DAMAGE, pa.string()), (RAW, pa.string()),
        (IMAGE, pa.binary()), (IDX_LABEL, pa.string()),
    ])  # fmt: skip
    step = max(1, BATCH_BYTES // (height * width))
    with (
        images[1].open("rb") as image_stream,
        labels[1].open("rb") as label_stream,
        pq.ParquetWriter(target, schema, compression="zstd") as writer,
    ):
        image_stream.seek(of_images.offset_bytes)
        label_stream.seek(of_labels.offset_bytes)
        for first in range(0, rows, step):
            count = min(step, rows - first)
            pixels = image_stream.read(count * height * width)
            values = np.frombuffer(label_stream.read(count), np.uint8)
            arrays = [
                pa.array(np.zeros(count, np.int32)),
                pa.array(np.arange(first + 1, first + count + 1, dtype=np.int64)),
                pa.nulls(count, pa.string()),
                pa.nulls(count, pa.string()),
                _blobs(pixels, count, height * width),
                pa.array(values).cast(pa.string()),
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return rows, (height, width)


def _blobs(data: bytes, count: int, size_bytes: int) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size_bytes), count, [None, pa.py_buffer(data)]).cast(
        pa.binary()
    )
