#!/bin/bash
# build-addon.sh: cross-compiles the addon of packages/core for Windows x64, as it is published, if a source has changed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
mkdir -p "$home"
exec 9>"$home/addon.lock" && flock 9
node "$root/packages/core/scripts/prebuild.mjs" win32-x64 >/dev/null
