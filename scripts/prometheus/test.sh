#!/bin/bash
# test.sh [ARGUMENT...]: has a real Prometheus read the figures of memory, and checks the alerts by promtool. Passes arguments to vitest.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
"$scripts/setup.sh"
cd "$root"
MEMLANE_PROMETHEUS=$programs exec node_modules/.bin/vitest run --project @memlane/compat prometheus "$@"
