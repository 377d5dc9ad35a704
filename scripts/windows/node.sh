#!/bin/bash
# node.sh ARGUMENTS...: Windows' node.exe under Wine, for everything that node does: options, -e, -p, any script of the
# project. The addon is in place, and what is missing is set up first (the first time that takes a minute or two).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
{
  [ -d "$root/packages/core/dist" ] || node "$root/scripts/workspace.mjs" build
  "$scripts/setup.sh"
  "$scripts/build-addon.sh"
} </dev/null >&2
exec "$scripts/run.sh" "$node_exe" "$@"
