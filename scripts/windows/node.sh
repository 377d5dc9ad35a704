#!/bin/bash
# node.sh ARGUMENTS...: runs Windows' node.exe under Wine with any of its arguments: options, -e, -p, a script of the
# project. First builds the addon and sets up what is missing, which takes a minute or two the first time.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
{
  [ -d "$root/packages/core/dist" ] || node "$root/scripts/workspace.mjs" build
  "$scripts/setup.sh"
  "$scripts/build-addon.sh"
} </dev/null >&2
exec "$scripts/run.sh" "$node_exe" "$@"
