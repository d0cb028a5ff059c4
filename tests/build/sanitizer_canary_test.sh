#!/usr/bin/env bash
# Passes if the canary's fault was reported; see sanitizer_canary.cc.
set -uo pipefail

report=$("$1" 2>&1)
status=$?
expected='AddressSanitizer: heap-use-after-free|ThreadSanitizer: data race|runtime error: signed integer overflow'
if ((status == 0)) || ! grep -Eq "$expected" <<<"$report"; then
  printf 'exit code %d, and no report of the planted fault:\n%s\n' "$status" "$report"
  exit 1
fi
