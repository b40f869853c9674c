#!/bin/sh
# Run every test. Those on a cluster wait for it most of their time, so the others run beside them.
set -u
cd "$(dirname "$0")/.."
clustered="tests/cluster tests/failures tests/operator_tests"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# shellcheck disable=SC2086 # a list of folders
.venv/bin/pytest $clustered >"$log" 2>&1 &
beside=$!
trap 'kill -INT $beside 2>/dev/null; wait $beside; exit 130' INT TERM

# shellcheck disable=SC2046 # an option a folder
.venv/bin/pytest $(printf -- '--ignore=%s ' $clustered)
others=$?
echo "test: the tests on a cluster ($clustered), which began at the same time"
tail -n +1 -f --pid=$beside "$log"
wait $beside
clusters=$?
if [ $others -ne 0 ]; then
  exit $others
fi
exit $clusters
