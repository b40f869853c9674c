#!/bin/sh
# All checks that run no code of the product: each says what it is, and all run even if one fails.
set -u
cd "$(dirname "$0")/.."
failed=""
check() {
  name=$1
  shift
  echo "lint: $name"
  "$@" || failed="$failed, $name"
}
check "ruff check" .venv/bin/ruff check --quiet .
check "ruff format" .venv/bin/ruff format --quiet --check .
check "mypy --strict" .venv/bin/mypy --no-error-summary
check "import-linter" .venv/bin/lint-imports --no-logo
check "the CRDs are those of the types" .venv/bin/python -m ullage_operator.api.crd --check
check "the examples are valid" .venv/bin/ullage validate manifests/examples/*.yaml
check "the national programme's parts fit together" \
  .venv/bin/ullage validate --together manifests/examples/national-programme/*.yaml
if grep -nE 'https?://|--(index-url|find-links)' requirements/*.txt; then
  failed="$failed, lock files hold addresses"
fi
if [ -n "$failed" ]; then
  echo "lint: failed:${failed#,}" >&2
  exit 1
fi
