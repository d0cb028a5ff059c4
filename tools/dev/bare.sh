# shellcheck shell=bash
# Sourced by ./dev: the newcomer's two commands on a machine that has nothing yet, which is what a README really promises.

readonly BARE_LIMIT_SECONDS=3600

# The mirror that this machine installs Debian 12 from.
debian_mirror() {
  # shellcheck disable=SC2016  # apt expands these, not the shell
  apt-get indextargets --format '$(CREATED_BY) $(CODENAME) $(REPO_URI)' | sed -n 's/^Packages bookworm //p' | head -n 1
}

# make_bare_root ROOT: a minimal Debian 12 that installs from where this machine does, and this commit in /src.
make_bare_root() {
  local root=$1 mirror
  mirror=$(debian_mirror)
  if [[ -z $mirror ]]; then
    apt-get -q update >&2
    mirror=$(debian_mirror)
  fi
  [[ -n $mirror ]] || die "bare: found no source of Debian 12 (bookworm) packages in this machine's apt configuration"
  debootstrap --variant=minbase bookworm "$root" "$mirror" >&2 || die "bare: debootstrap failed; its message stands above"

  rm -f "$root/etc/apt/sources.list"
  cp -r /etc/apt/sources.list.d /etc/apt/keyrings "$root/etc/apt/" 2>/dev/null || true
  [[ ! -e /etc/apt/sources.list ]] || cp /etc/apt/sources.list "$root/etc/apt/"
  # How this machine reaches its mirror (proxies, clock checks), but not what it does after an installation.
  apt-config dump | grep -E '^Acquire::(https?|Check|Retries)' >"$root/etc/apt/apt.conf.d/99host" || true
  cp /etc/resolv.conf /etc/hosts "$root/etc/"
  git clone -q --no-hardlinks . "$root/src"
}

bare_root=''
bare_pid=''

# in_bare_root COMMAND: a shell command inside, with processes and mounts of its own, which end with it. In the background,
# so that a signal to this script is acted upon at once.
in_bare_root() {
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
    unshare --mount --pid --fork --kill-child --root="$bare_root" --mount-proc --wd=/src \
    timeout --kill-after=10 "$BARE_LIMIT_SECONDS" /bin/bash -c "$1" </dev/null &
  bare_pid=$!
  local status=0
  wait "$bare_pid" || status=$?
  bare_pid=''
  return "$status"
}

# However the script ends: first the processes inside, whose mounts go with them, then their root.
remove_bare_root() {
  if [[ -n $bare_pid ]]; then
    kill -KILL "$bare_pid" || true
    wait "$bare_pid" 2>/dev/null || true
  fi
  rm -rf --one-file-system "$bare_root"
}

cmd_bare() {
  local parent=$PWD/out/bare keep=0
  while (($# > 0)); do
    case $1 in
      --dir)
        (($# >= 2)) || die_usage "bare --dir needs a folder"
        parent=$(realpath -m -- "$CALLER_DIR/$2")
        [[ $2 != /* ]] || parent=$2
        shift 2
        ;;
      --keep)
        keep=1
        shift
        ;;
      *) die_usage "bare knows --dir DIR and --keep, not '$1'" ;;
    esac
  done
  ((EUID == 0)) || die "bare needs root, for debootstrap and chroot: sudo ./dev bare"
  need_packages debootstrap git

  mkdir -p "$parent"
  bare_root=$(mktemp -d "$parent/root.XXXXXX")
  ((keep)) || trap remove_bare_root EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  chmod 755 "$bare_root"

  local command start seconds times=''
  [[ -z $(git status --porcelain) ]] || say "bare: runs the last commit, without what is uncommitted here"
  say "bare: making a Debian 12 root in $bare_root"
  make_bare_root "$bare_root"
  for command in demo test; do
    say "bare: ./dev $command"
    start=$SECONDS
    in_bare_root "./dev $command" ||
      die "bare: ./dev $command failed in the fresh root (exit code $?; 124: more than $BARE_LIMIT_SECONDS s)"
    seconds=$((SECONDS - start))
    times+="${times:+, }$command $((seconds / 60)) min $((seconds % 60)) s"
  done
  say "bare: passed from nothing: $times"
}
