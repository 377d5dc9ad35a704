#!/bin/bash
# test.sh [ARGUMENT...]: runs the tests between this machine's Node.js and one for arm64, and those with the peers in C for arm64.
# Passes arguments to vitest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
"$scripts/setup.sh"
cd "$root"
MEMLANE_ARM64_NODE=$scripts/node.sh exec node_modules/.bin/vitest run --project @memlane/compat --project @memlane/interop \
  arm64 test/stream test/latest test/queue test/call "$@"
