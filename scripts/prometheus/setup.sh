#!/bin/bash
# setup.sh: fetches Debian's prometheus, and unpacks it into a folder of the project: so no service of the system starts, and nothing
# needs root. Prints nothing unless a step fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
. "$root/scripts/setup-steps.sh"

fetch() (
  cd "$home" && { apt-get -qq download prometheus || { apt update && apt-get -qq download prometheus; }; } &&
    dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb
)

[ -x "$programs/prometheus" ] && [ -x "$programs/promtool" ] || step 'fetching prometheus' fetch
