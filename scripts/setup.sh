#!/bin/sh
# Make the environment in .venv: check what the machine must have, install the lock with its hashes,
# build Horovod once (its wheel is kept and reused), and install Ullage itself so that edits count.
set -eu
cd "$(dirname "$0")/.."

missing=""
python=""
for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
  [ -n "$candidate" ] || continue
  if command -v "$candidate" >/dev/null 2>&1 &&
    "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  missing="$missing python3(3.11-3.13)"
else
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
  "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
    missing="$missing python3-dev"
fi
command -v "${CXX:-c++}" >/dev/null 2>&1 || missing="$missing g++"
command -v make >/dev/null 2>&1 || missing="$missing make"
if [ -n "$missing" ]; then
  echo "setup: this machine lacks:$missing" >&2
  echo "setup: on Debian or Ubuntu: apt-get install$(echo "$missing" | sed 's/python3(3.11-3.13)/python3/')" >&2
  exit 1
fi

stamp=.venv/.ullage-setup
wanted=$("$python" --version; cat requirements/bootstrap.txt requirements/dev.txt requirements/horovod.txt pyproject.toml scripts/build_horovod.py)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
  exit 0
fi

echo "setup: making .venv with $("$python" --version)"
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
echo "setup: installing the lock (TensorFlow is about 250 MB; a minute on a usual line)"
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.txt
.venv/bin/python scripts/build_horovod.py
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
printf '%s\n' "$wanted" >"$stamp"
echo "setup: done; the command is .venv/bin/ullage"
