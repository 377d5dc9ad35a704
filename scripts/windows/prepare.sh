#!/bin/bash
# prepare.sh: updates the copy of the project that Windows' node.exe runs (scripts/stage.mjs), and everything it needs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
[ -d "$root/packages/core/dist" ] || node "$root/scripts/workspace.mjs" build
"$scripts/setup.sh"
"$scripts/build-addon.sh"
node "$root/scripts/stage.mjs" "$stage" --platform win32-x64
