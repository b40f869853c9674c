#!/bin/sh
# Write the lock files: every requirement with its hashes, and no download address (uv.lock would hold those).
# What the images hold is what the tests ran with: dev.txt is resolved first, and constrains the others.
set -eu
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links "$@"; }
within() { compile --constraint requirements/dev.txt --no-annotate "$@"; }
compile requirements/bootstrap.in --output-file requirements/bootstrap.txt
compile pyproject.toml --extra dev requirements/build.in --output-file requirements/dev.txt
within pyproject.toml --extra operator --output-file requirements/operator.txt
within pyproject.toml --extra cpu --output-file requirements/trainer.txt
within requirements/build.in --output-file requirements/horovod-build.txt
within requirements/package.in --output-file requirements/package.txt
compile pyproject.toml --extra gpu --no-annotate --output-file requirements/trainer-gpu.txt
if grep -n '://' requirements/*.txt; then
  echo "lock: a lock file holds an address" >&2
  exit 1
fi
