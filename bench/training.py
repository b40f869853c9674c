"""Training through Ullage against a hand-written Horovod script of the same model and data, 2 ranks on this machine."""

from __future__ import annotations

import csv
import functools
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.pairs import alternate, median_interval
from ullage_trainer.config import Gang, JobIdentity, ModelSpec, Stage, StageDocument, Storage, Training
from ullage_trainer.config.data import Data
from ullage_trainer.config.model import Mlp
from ullage_trainer.distributed.rendezvous import Rendezvous, places

ROWS = 120_000
FEATURES = 60
HIDDEN = [256, 128]
LARGE = [1024, 1024]
BATCH = 512
EPOCHS = {"small": 4, "large": 2}
RANKS = 2
PORT = 29555


def main(pairs: int) -> None:
    """Print samples per second of both sides; the first epoch of each, in which graphs are traced, is left out."""
    with tempfile.TemporaryDirectory(prefix="ullage-bench-") as scratch:
        root = Path(scratch)
        prepare(root)
        runs = itertools.count(1)
        for size, hidden in (("small", HIDDEN), ("large", LARGE)):
            print(f"training: {ROWS:,} rows × {FEATURES}, MLP {hidden}, batch {BATCH}, {RANKS} ranks", flush=True)
            epochs = EPOCHS[size]
            ratios = alternate(
                lambda hidden=hidden, epochs=epochs: through_ullage(root, next(runs), hidden, epochs),
                functools.partial(by_hand, root, hidden, epochs),
                pairs,
                ("ullage", "hand-written"),
                "samples/s",
            )
            median, low, high = median_interval(ratios)
            print(
                f"training, {size}: ullage / hand-written = {median:.3f} (median of {pairs} pairs; "
                f"{low:.3f} to {high:.3f})",
                flush=True,
            )


def prepare(root: Path, rows: int = ROWS, run: int = 1) -> None:
    """Write a data set of random numbers through the prepare stage, as ``bench-<run>/runs/bench/prepare-1``."""
    random = np.random.default_rng(1)
    features = random.normal(size=(rows, FEATURES)).astype(np.float32)
    labels = (features @ random.normal(size=FEATURES) + random.normal(size=rows) > 0).astype(int)
    names = [f"f{index}" for index in range(FEATURES)]
    table = {name: features[:, index] for index, name in enumerate(names)} | {"label": labels}
    pq.write_table(pa.table(table), root / f"rows-{run}.parquet")
    columns = [{"name": name, "type": "float64"} for name in names] + [{"name": "label", "type": "int64"}]
    data = Data.model_validate(
        {
            "sources": [{"name": "rows", "parquet": {"paths": [f"rows-{run}.parquet"]}, "columns": columns}],
            "label": {"source": "rows", "column": "label"},
            "features": [{"column": name} for name in names],
            "split": {"validation": 0.01, "test": 0.01},
        }
    )
    work(root, document(root, Stage.PREPARE, run).model_copy(update={"data": data}))


def document(root: Path, stage: Stage, run: int) -> StageDocument:
    """Return a document without what its stage does."""
    return StageDocument.model_construct(
        job=JobIdentity(namespace="bench", name="bench", uid=f"bench-{run:04}"),
        stage=stage,
        attempt=1,
        storage=Storage(root=str(root), job=f"bench-{run}", output=f"bench-{run}/runs/bench/{stage}-1"),
        gang=Gang(),
        used=[],
        grace_period_seconds=30,
    )


def work(root: Path, work_document: StageDocument) -> None:
    """Run a worker to its end."""
    worker = started(root, work_document)
    if worker.wait():
        raise SystemExit("bench: the worker failed")


def started(root: Path, work_document: StageDocument) -> subprocess.Popen[bytes]:
    """Start a worker."""
    path = root / "document.json"
    path.write_text(work_document.model_dump_json(by_alias=True, exclude_none=True))
    return subprocess.Popen(
        [sys.executable, "-m", "ullage_trainer", "--document", path, "--index", "0", "--report", root / "report.json"],
        env=os.environ | {"ULLAGE_GANG_KEY": "00" * 32},
        stdout=subprocess.DEVNULL,
    )


def through_ullage(root: Path, run: int, hidden: Sequence[int], epochs: int) -> float:
    """Train through an agent with two slots; return the median samples per second."""
    history = train(root, run, Training(epochs=epochs, global_batch_size=BATCH), hidden)
    return statistics.median(float(row["samples_per_second"]) for row in history[1:])


def train(
    root: Path, run: int, training: Training, hidden: Sequence[int] = HIDDEN, dataset: int = 1
) -> list[dict[str, str]]:
    """Train through an agent with two slots on the data set of run ``dataset``; return the learning curves."""
    trained = train_document(root, run, training, hidden, dataset)
    work(root, trained)
    with (root / trained.storage.output / "history.csv").open() as history:
        return list(csv.DictReader(history))


def train_document(
    root: Path, run: int, training: Training, hidden: Sequence[int] = HIDDEN, dataset: int = 1
) -> StageDocument:
    """Return the document of a train stage on the data set of run ``dataset``."""
    return document(root, Stage.TRAIN, run).model_copy(
        update={
            "gang": Gang(slots_per_worker=RANKS, cores_per_worker=RANKS, coordinator_port=PORT),
            "dataset": f"bench-{dataset}/runs/bench/prepare-1",
            "model": ModelSpec(mlp=Mlp(hidden_units=list(hidden))),
            "training": training,
        }
    )


def by_hand(root: Path, hidden: Sequence[int], epochs: int) -> float:
    """Train with the hand-written script; return the median samples per second."""
    rates: list[float] = hand_written(root, hidden, epochs)["rates"]
    return statistics.median(rates[1:])


def hand_written(root: Path, hidden: Sequence[int], epochs: int) -> dict[str, Any]:
    """Run the hand-written script on the data set of run 1; return what it printed."""
    store = Rendezvous("127.0.0.1", 1, RANKS, lambda: frozenset({"127.0.0.1"}))
    script = Path(__file__).with_name("handwritten.py")
    arguments = [
        str(root / "bench-1/runs/bench/prepare-1"),
        ",".join(map(str, hidden)),
        str(BATCH),
        str(epochs),
    ]
    try:
        ranks = [
            subprocess.Popen(
                [sys.executable, str(script), *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ
                | {"TF_CPP_MIN_LOG_LEVEL": "2"}
                | place.environment(worker=0, rendezvous_host="127.0.0.1", rendezvous_port=store.port, interface="lo"),
            )
            for place in places(1, RANKS, 0)
        ]
        outputs = [rank.communicate() for rank in ranks]
    finally:
        store.close()
    if any(rank.returncode for rank in ranks):
        raise SystemExit("bench: the hand-written script failed: " + "".join(said.decode() for _, said in outputs))
    printed: dict[str, Any] = json.loads(outputs[0][0])
    return printed
