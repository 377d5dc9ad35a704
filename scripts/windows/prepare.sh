#!/bin/bash
# prepare.sh: brings up to date the copy of the project that Windows' node.exe runs (stage.mjs), and what that needs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
[ -d "$root/packages/core/dist" ] || node "$root/scripts/workspace.mjs" build
"$scripts/setup.sh"
"$scripts/build-addon.sh"
node "$scripts/stage.mjs" "$stage"
