# What the setup.sh of each system is made of; sourced by them, with $home set, a folder of the system's own.
mkdir -p "$home"
exec 9>"$home/lock" && flock 9 # a second one waits, and then finds everything there
log=$home/setup.log

# step WHAT COMMAND...: runs it quietly, without our lock; shows what it said if it fails.
step() {
  "${@:2}" </dev/null >"$log" 2>&1 9>&- && return
  printf 'setup.sh: %s failed:\n' "$1" >&2
  cat "$log" >&2
  exit 1
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  local apt='apt-get -qq -o DPkg::Lock::Timeout=300'
  [ "$EUID" = 0 ] || apt="sudo --preserve-env=DEBIAN_FRONTEND $apt"
  $apt update && $apt install -y --no-install-recommends "$@"
}

# unpack PACKAGE: downloads it from the npm registry, and steps into it.
unpack() {
  rm -rf "$home/download" && mkdir "$home/download" && cd "$home/download" &&
    npm pack --loglevel=error "$1" && tar xzf ./*.tgz && cd package
}
