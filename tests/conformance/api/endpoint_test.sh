#!/usr/bin/env bash
# The cases as they are run against a deployment: another process, found by its address, tokens from outside.
set -euo pipefail
readonly conformance=$1 labyrinthd=$2
unset XML_OUTPUT_FILE # of this script, not of the cases inside

dir=$(mktemp -d "${TEST_TMPDIR:?}/deployment.XXXXXX")
"$labyrinthd" serve --dev --data-dir "$dir/data" --listen 127.0.0.1:0 --port-file "$dir/port" >"$dir/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for ((tries = 0; tries < 300; ++tries)); do
  [[ -s $dir/port ]] && break
  kill -0 "$server"
  sleep 0.1
done
endpoint=127.0.0.1:$(<"$dir/port")

timeout 100 "$conformance" --endpoint "$endpoint" --dev >"$dir/out" || { cat "$dir/out"; exit 1; }
tail -n 12 "$dir/out"
grep -q '^skipped against a deployment: ' "$dir/out"
grep -q '^coverage: ' "$dir/out"

# With tokens that a command prints; one case.
timeout 60 "$conformance" --endpoint "$endpoint" --token-command "$labyrinthd token --dev --data-dir $dir/data --account" \
  -- "A credential that comes twice is none"

# Wrong use, and nobody there, are told apart from a failed case.
status=0
"$conformance" --endpoint "$endpoint" 2>/dev/null || status=$?
[[ $status == 2 ]]
kill "$server"
wait "$server" || true
status=0
timeout 60 "$conformance" --endpoint "$endpoint" --dev || status=$?
[[ $status == 2 ]]
