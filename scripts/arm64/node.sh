#!/bin/bash
# node.sh ARGUMENTS...: Node.js for arm64, by qemu, in place of this machine's own. Run setup.sh before.
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec qemu-aarch64 -L $libraries "$node" "$@"
