# shellcheck shell=bash
# Sourced by ./dev: what has to be on the machine before the first build. Every step looks first and does nothing when
# there is nothing to do.

# Debian packages, one purpose a line. An entry here is the whole dependency on it: nothing is fetched from elsewhere.
readonly BUILD_PACKAGES=(
  bazel-bootstrap bazel-rules-java g++                 # the build
  libgrpc++-dev protobuf-compiler-grpc                 # the API
  libprotobuf-dev protobuf-compiler                    # messages and stored records
  golang-github-gogo-googleapis-dev                    # google/rpc's error model, as .proto files
  librocksdb-dev                                       # the embedded engine
  libgoogle-perftools-dev                              # the server's allocator
  libabsl-dev libspdlog-dev libfmt-dev                 # status, mutexes; logs; text
  libisal-dev                                          # CRC-32C
  libsodium-dev                                        # ristretto255, HChaCha20
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev  # command lines, configuration, JSON
  libzip-dev                                           # exports that come as an archive
  libsqlite3-dev                                       # a device's copy of the history
  prometheus-cpp-dev                                   # metrics
  catch2                                               # tests
  dpkg-dev xz-utils ca-certificates                    # BoringSSL's source package
)

readonly BORINGSSL_PACKAGE=android-platform-external-boringssl
readonly BORINGSSL_SHA256=583b7aeee1fca68b8244d086cea6fca23bd19d517bd63f0b9de714e048f92a7d
readonly BORINGSSL_DIR=third_party/boringssl/upstream

# The names and package lists of other systems differ, and Bazel 4.2 with gRPC 1.51 is what this tree is written for.
require_debian_12() {
  local system
  # shellcheck source=/dev/null
  system=$(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-}" "${VERSION_ID:-}")
  [[ $system == 'debian 12' || ${LABYRINTH_ANY_OS:-} == 1 ]] ||
    die "needs Debian 12 (bookworm) for its packages, and this is '${system:-unknown}'; a Debian 12 container will do" \
      "(LABYRINTH_ANY_OS=1 tries all the same)"
}

# Runs a command as root: directly, or through sudo.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo "$@"
  fi
}

# need_packages NAME...: installs those that are missing.
need_packages() {
  local installed missing
  # dpkg-query fails if it has never heard of one of them.
  installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } | sed -n 's/^installed //p')
  missing=$(comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed"))
  [[ -n $missing ]] || return 0
  local -a names
  mapfile -t names <<<"$missing"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "${#names[@]} Debian packages are missing, and there is neither root nor sudo; as root, run:" \
      "apt-get install ${names[*]}"
  fi
  say "installing ${#names[@]} missing Debian packages with apt-get: ${names[*]}"
  local -a apt=(apt-get -q -y -o DPkg::Lock::Timeout=300)
  as_root "${apt[@]}" update >&2
  as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install --no-install-recommends "${names[@]}" >&2 ||
    die "apt-get could not install the packages; its message stands above"
}

# write_source_entries DIR: this machine's own package sources, asking for source packages instead, in either format.
write_source_entries() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    if [[ -r $file ]]; then
      sed -nE 's/^deb([[:space:]])/deb-src\1/p' "$file" >"$1/$(basename "$file" .list).list"
    fi
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    if [[ -r $file ]]; then
      sed -E 's/^Types:.*/Types: deb-src/' "$file" >"$1/$(basename "$file")"
    fi
  done
}

# The source of Debian's BoringSSL package. It is compiled here, with prefixed symbols, because the shared library exports
# the names of gRPC's OpenSSL. The finished tree appears by one rename: an interrupted run leaves nothing half done.
fetch_boringssl() {
  [[ $(cat "$BORINGSSL_DIR/.sha256" 2>/dev/null) != "$BORINGSSL_SHA256" ]] || return 0
  say "fetching BoringSSL's source with apt-get ($BORINGSSL_PACKAGE)"
  (
    mkdir -p out
    work=$(mktemp -d "$PWD/out/boringssl.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work"/{sources,lists/partial,cache/archives/partial,download,tree}
    write_source_entries "$work/sources"
    apt=(apt-get -q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources"
      -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
    # Another source of the machine may have no source packages: what counts is whether this one can be had.
    "${apt[@]}" update >"$work/log" 2>&1 || true
    (cd "$work/download" && "${apt[@]}" source --download-only "$BORINGSSL_PACKAGE") >>"$work/log" 2>&1 || {
      cat "$work/log" >&2
      die "apt-get could not fetch the source package $BORINGSSL_PACKAGE; its message stands above"
    }
    tarball=$(echo "$work"/download/*.orig.tar.xz)
    sha256sum --check --quiet <<<"$BORINGSSL_SHA256  $tarball" >&2 ||
      die "the downloaded source of $BORINGSSL_PACKAGE is not the one this tree was written for (sha256 differs)"
    tar -xJf "$tarball" -C "$work/tree" --strip-components=1
    echo "$BORINGSSL_SHA256" >"$work/tree/.sha256"
    rm -rf "$BORINGSSL_DIR"
    mv -T "$work/tree" "$BORINGSSL_DIR"
  )
}

cmd_setup() {
  require_debian_12
  need_packages "${BUILD_PACKAGES[@]}"
  fetch_boringssl
}
