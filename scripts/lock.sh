#!/bin/sh
# Write the lock files: every requirement with its hashes, and no download address (uv.lock would hold those).
set -eu
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links "$@"; }
compile requirements/bootstrap.in --output-file requirements/bootstrap.txt
compile pyproject.toml --extra dev requirements/build.in --output-file requirements/dev.txt
if grep -n '://' requirements/*.txt; then
  echo "lock: a lock file holds an address" >&2
  exit 1
fi
