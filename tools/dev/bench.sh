# shellcheck shell=bash
# Sourced by ./dev: measurements. docs/PERFORMANCE.md says what they mean.

# Beside what every build needs: the database that the server is measured against, and its client library.
readonly BENCH_PACKAGES=(postgresql-15 libpq-dev)

bench_crypto() {
  cmd_setup
  run_bazel build //tests/bench:crypto_bench
  exec bazel-bin/tests/bench/crypto_bench
}

# from_caller FILE: the path as the caller meant it.
from_caller() {
  case $1 in
    /*) printf '%s' "$1" ;;
    *) printf '%s' "$CALLER_DIR/$1" ;;
  esac
}

cmd_bench() {
  if [[ ${1-} == crypto ]]; then
    (($# == 1)) || die_usage "bench crypto takes no arguments, not '${*:2}'"
    bench_crypto
  fi
  local -a flags=()
  while (($# > 0)); do
    case $1 in
      --quick | --allow-busy)
        flags+=("$1")
        shift
        ;;
      --only | --json | --html | --against | --other | --rounds | --slice | --dir)
        [[ -n ${2-} ]] || die_usage "bench $1 needs a value"
        if [[ $1 == --only || $1 == --rounds || $1 == --slice ]]; then flags+=("$1" "$2"); else flags+=("$1" "$(from_caller "$2")"); fi
        shift 2
        ;;
      *) die_usage "bench knows crypto, --quick, --only, --json, --html, --against, --other, --rounds, --slice, --allow-busy and --dir, not '$1'" ;;
    esac
  done
  cmd_setup
  need_packages "${BENCH_PACKAGES[@]}" git
  run_bazel build //tools/bench:labyrinth-bench //service/server:labyrinthd //tools/labyrinthctl:labyrinthctl
  mkdir -p out/bin
  install -m 755 bazel-bin/tools/bench/labyrinth-bench bazel-bin/service/server/labyrinthd \
    bazel-bin/tools/labyrinthctl/labyrinthctl out/bin/
  local commit
  commit=$(git describe --always --dirty --abbrev=12 --exclude='*')
  exec out/bin/labyrinth-bench --commit "$commit" "${flags[@]}"
}
