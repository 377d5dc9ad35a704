#!/bin/bash
# setup.sh: fetches Debian's nats-server, and unpacks it into a folder of the project: so no service of the system starts, and that
# needs no root. Prints nothing unless a step fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
. "$root/scripts/setup-steps.sh"

fetch() (
  mkdir -p "$home" && cd "$home" && { apt-get -qq download nats-server || { apt update && apt-get -qq download nats-server; }; } &&
    dpkg-deb --extract nats-server_*.deb . && rm nats-server_*.deb
)

[ -x "$program" ] || step 'fetching nats-server' fetch
# The machines of testing/src/network.ts need ip. Without root, their tests are left out anyway.
[ "$EUID" != 0 ] || command -v ip >/dev/null || step 'installing iproute2' install_packages iproute2
