#!/bin/bash
# test.sh [ARGUMENT...]: runs the tests of the bridge with a real NATS server. Passes arguments to vitest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
"$scripts/setup.sh"
cd "$root"
[ $# -gt 0 ] || set -- packages/nats/ stress/test/bridge
MEMLANE_NATS=$program exec node_modules/.bin/vitest run --project @memlane/nats --project @memlane/stress "$@"
