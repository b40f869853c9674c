"""Build Horovod's wheel against the TensorFlow of this environment, once, and install it.

Horovod 0.28.1 publishes no wheel and builds as it is up to TensorFlow 2.18. For 2.19 to 2.21 its
optional XLA operations do not compile; Ullage does not use them, so the line that names them is
taken out of the CMake file. The wheel is kept under ``$XDG_CACHE_HOME/ullage/wheels``, named by a
digest of everything that went into it, and reused.

Needs in the environment what ``requirements/dev.txt`` locks, the build tools among it.
Exit codes: 0 installed, 1 the build failed (its log is named).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HOROVOD_VERSION = "0.28.1"
XLA_SOURCE = "xla_mpi_ops.cc"
BUILD_ENVIRONMENT = {
    "HOROVOD_WITH_TENSORFLOW": "1",
    "HOROVOD_WITHOUT_PYTORCH": "1",
    "HOROVOD_WITHOUT_MXNET": "1",
    "HOROVOD_WITH_GLOO": "1",
    "HOROVOD_WITHOUT_MPI": "1",
    "CMAKE_POLICY_VERSION_MINIMUM": "3.5",
}


def wheel_cache() -> Path:
    """Return the folder that keeps built wheels: outside the clone, so that a new clone reuses it."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "ullage" / "wheels"


def build_key(requirement: Path) -> str:
    """Digest what the wheel depends on: the patch, the options, the pinned source, Python, TensorFlow, the compiler."""
    compiler = subprocess.run(
        [os.environ.get("CXX", "c++"), "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    parts = [
        XLA_SOURCE,
        *(f"{name}={value}" for name, value in sorted(BUILD_ENVIRONMENT.items())),
        requirement.read_text(),
        sysconfig.get_config_var("SOABI"),
        platform.machine(),
        tensorflow_version(),
        compiler,
        *platform.libc_ver(),
    ]
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:16]


def tensorflow_version() -> str:
    """Return which TensorFlow the environment holds, under either of its distribution names."""
    for name in ("tensorflow-cpu", "tensorflow"):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    raise SystemExit("build_horovod: no TensorFlow in this environment; run `make setup`, which installs it first")


def pip(*arguments: str) -> list[str]:
    """Return a pip command of this environment."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]


def run_logged(command: list[str], log: Path, message: str, **kwargs: object) -> None:
    """Run a command into a log with a line of progress every few seconds; on failure show the log's end."""
    started = time.monotonic()
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **kwargs)  # type: ignore[call-overload]
        while True:
            try:
                code = process.wait(timeout=10)
                break
            except subprocess.TimeoutExpired:
                print(f"  {message}: {time.monotonic() - started:4.0f} s", flush=True)
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise SystemExit(f"{tail}\n\nbuild_horovod: {message} failed with exit code {code}; the whole log is {log}")


def build(requirement: Path, destination: Path) -> None:
    """Fetch the pinned source, patch it and build its wheel into ``destination``."""
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ullage-horovod-") as scratch:
        work = Path(scratch)
        log = destination / "build.log"
        log.unlink(missing_ok=True)
        run_logged(
            pip(
                "download", "--no-deps", "--no-binary=:all:", "--no-build-isolation", "--require-hashes",
                "--dest", str(work), "--requirement", str(requirement),
            ),
            log,
            "fetching Horovod's source",
        )  # fmt: skip
        with tarfile.open(next(work.glob("horovod-*.tar.gz"))) as archive:
            # Python before 3.11.4 has no filters; the archive's hash is known.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
            archive.extractall(work)  # noqa: S202 - filtered above
        source = next(path for path in work.glob("horovod-*") if path.is_dir())
        cmake_file = source / "horovod" / "tensorflow" / "CMakeLists.txt"
        lines = cmake_file.read_text().splitlines(keepends=True)
        kept = [line for line in lines if XLA_SOURCE not in line]
        if len(kept) != len(lines) - 1:
            raise SystemExit(f"build_horovod: expected one line naming {XLA_SOURCE} in {cmake_file.name}, "
                             f"found {len(lines) - len(kept)}; has Horovod's version changed?")  # fmt: skip
        cmake_file.write_text("".join(kept))
        tools = str(Path(sys.executable).parent)
        environment = os.environ | BUILD_ENVIRONMENT | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        built = work / "wheel"
        run_logged(
            pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(source)),
            log,
            "compiling Horovod (once; about two minutes on two cores)",
            env=environment,
        )
        wheel = next(built.glob("horovod-*.whl"))
        partial = destination / f"{wheel.name}.partial"
        shutil.copy(wheel, partial)
        partial.rename(destination / wheel.name)


def main() -> None:
    """Install Horovod's wheel into this environment, building it where the cache has none."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--requirement", type=Path, default=Path("requirements/horovod.txt"))
    parser.add_argument("--wheel-only", action="store_true", help="build and print the wheel's path; do not install")
    options = parser.parse_args()
    destination = wheel_cache() / build_key(options.requirement)
    if not list(destination.glob("horovod-*.whl")):
        build(options.requirement, destination)
    wheel = next(destination.glob("horovod-*.whl"))
    if options.wheel_only:
        print(wheel)
        return
    subprocess.run(pip("install", "--quiet", "--no-deps", "--no-index", "--force-reinstall", str(wheel)), check=True)
    print(f"Horovod {HOROVOD_VERSION} for {tensorflow_version()} is installed")


if __name__ == "__main__":
    main()
