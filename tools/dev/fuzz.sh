# shellcheck shell=bash
# Sourced by ./dev: the search for inputs that break a decoder. tests/fuzz says what is searched.

readonly FUZZ_CORPUS=tests/fuzz/corpus

# fuzz_target NAME SECONDS: from the committed corpus; what it finds worth keeping stays in out/fuzz/NAME.
fuzz_target() {
  local name=$1 seconds=$2 log=out/fuzz/$1.log
  mkdir -p "out/fuzz/$name" "$FUZZ_CORPUS/$name"
  LABYRINTH_FUZZ_TARGET=$name ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
    out/fuzz/fuzz -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="out/fuzz/$name-" "out/fuzz/$name" "$FUZZ_CORPUS/$name" >"$log" 2>&1
}

# fuzz_report NAME SECONDS: one target and its line; out/fuzz/NAME.clean says that nothing was found.
fuzz_report() {
  local name=$1 seconds=$2 runs status=0 TIMEFORMAT=%U
  rm -f "out/fuzz/$name.clean"
  { time fuzz_target "$name" "$seconds"; } 2>"out/fuzz/$name.time" || status=$?
  if ((status == 0)); then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "out/fuzz/$name.log")
    say "fuzz: $name: $runs runs in $seconds s ($(tail -n 1 "out/fuzz/$name.time") s of processor time), nothing found"
    touch "out/fuzz/$name.clean"
  else
    say "fuzz: $name: FAILED, see out/fuzz/$name.log; the input is out/fuzz/$name-*"
  fi
}

# fuzz_keep NAME: what was new goes into the committed corpus, the small ones: every test run mutates each.
fuzz_keep() {
  local name=$1 merged=out/fuzz/$1.merged
  rm -rf "$merged" && mkdir "$merged"
  LABYRINTH_FUZZ_TARGET=$name out/fuzz/fuzz -merge=1 -max_len=4096 "$merged" "$FUZZ_CORPUS/$name" \
    "out/fuzz/$name" >>"out/fuzz/$name.log" 2>&1
  rm -rf "${FUZZ_CORPUS:?}/$name" && mkdir "$FUZZ_CORPUS/$name"
  find "$merged" -type f -size -3 -printf '%s %p\n' | sort -n | head -n 40 | cut -d ' ' -f 2- |
    xargs -r cp -t "$FUZZ_CORPUS/$name"
}

cmd_fuzz() {
  local seconds=600 update=0 jobs=1
  local -a targets=()
  while (($# > 0)); do
    case $1 in
      --seconds)
        [[ ${2-} =~ ^[1-9][0-9]*$ ]] || die_usage "fuzz --seconds needs a number"
        seconds=$2
        shift 2
        ;;
      --jobs)
        [[ ${2-} =~ ^[1-9][0-9]*$ ]] || die_usage "fuzz --jobs needs a number"
        jobs=$2
        shift 2
        ;;
      --update-corpus)
        update=1
        shift
        ;;
      -*) die_usage "fuzz knows --seconds N, --jobs N, --update-corpus and names of targets, not '$1'" ;;
      *)
        targets+=("$1")
        shift
        ;;
    esac
  done
  cmd_setup
  need_packages clang-14 libclang-rt-14-dev
  run_bazel build --config=fuzz //tests/fuzz:fuzz
  mkdir -p out/fuzz
  install -m 755 bazel-bin/tests/fuzz/fuzz out/fuzz/fuzz
  # Without a name the program lists its targets, and fails.
  local -a all
  mapfile -t all < <(LABYRINTH_FUZZ_TARGET='' out/fuzz/fuzz 2>&1 | sed -n 's/^  //p' | grep -v '^canary$')
  ((${#targets[@]} > 0)) || targets=("${all[@]}")

  # A fuzzer that doesn't find the planted bug would find nothing else either.
  if fuzz_target canary 60 || ! grep -q 'has no bug' out/fuzz/canary.log; then
    die "the planted bug was not found: see out/fuzz/canary.log"
  fi
  rm -rf out/fuzz/canary* "${FUZZ_CORPUS:?}/canary"

  local target failed=0
  for target in "${targets[@]}"; do
    [[ " ${all[*]} " == *" $target "* ]] || die_usage "no such target: '$target'; there are: ${all[*]}"
  done
  # Up to `jobs` at a time; each leaves its verdict in a file.
  for target in "${targets[@]}"; do
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done
    fuzz_report "$target" "$seconds" &
  done
  wait
  for target in "${targets[@]}"; do
    [[ -e out/fuzz/$target.clean ]] || failed=$((failed + 1))
    ((update == 0)) || fuzz_keep "$target"
  done
  ((failed == 0)) || die "fuzz: $failed of ${#targets[@]} targets failed"
  say "fuzz: ${#targets[@]} targets, $seconds s each, nothing found; the planted bug was"
}
