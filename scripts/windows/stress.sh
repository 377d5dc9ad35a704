#!/bin/bash
# stress.sh crash | kill | fuzz [OPTION...]: runs `npm run stress` with Windows' node.exe under Wine.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
"$scripts/prepare.sh" </dev/null >&2
exec "$scripts/run.sh" "$node_exe" --enable-source-maps --no-warnings "$stage/stress/src/main.js" "$@"
