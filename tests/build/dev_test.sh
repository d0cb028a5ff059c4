#!/usr/bin/env bash
# What ./dev promises without building anything: wrong use is one line that names it and exit code 2, and every command
# that `./dev help` lists is explained in docs/TESTING.md.
set -uo pipefail

failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# expect_usage_error WORD ARG...: `./dev ARG...` must say one line with WORD in it on standard error, and nothing else.
expect_usage_error() {
  local word=$1 output errors status
  shift
  output=$(./dev "$@" 2>errors.txt)
  status=$?
  errors=$(<errors.txt)
  ((status == 2)) || fail "./dev $*: exit code $status, not 2"
  [[ -z $output ]] || fail "./dev $*: wrote to standard output"
  [[ $(wc -l <errors.txt) == 1 && $errors == *"$word"* ]] || fail "./dev $*: did not name '$word' in one line: $errors"
}

cd "$TEST_SRCDIR/labyrinth" || exit 1
cp -rL dev tools docs "$TEST_TMPDIR" && cd "$TEST_TMPDIR" || exit 1

expect_usage_error nonsense nonsense
expect_usage_error "''" ''
expect_usage_error --fast fmt --fast
expect_usage_error --fast bare --fast
expect_usage_error --fast fuzz --fast
expect_usage_error everything bench everything
expect_usage_error --fast bench --quick --fast
expect_usage_error --only bench --only
expect_usage_error more bench crypto more
expect_usage_error number fuzz --seconds soon
expect_usage_error soon fault soon
expect_usage_error soon fault histories soon
expect_usage_error now fault states now
expect_usage_error '2 arguments' demo one two
expect_usage_error missing_export demo missing_export

./dev help >help.txt || fail './dev help failed'
cmp -s help.txt <(./dev) || fail './dev alone is not ./dev help'
mapfile -t commands < <(sed -nE 's/^  ([a-z][a-z-]*).*/\1/p' help.txt)
((${#commands[@]} >= 10)) || fail "read only ${#commands[@]} commands in the help: ${commands[*]}"
for command in "${commands[@]}"; do
  grep -q "\./dev $command\b" docs/TESTING.md || fail "docs/TESTING.md does not explain ./dev $command"
done

((failures == 0))
