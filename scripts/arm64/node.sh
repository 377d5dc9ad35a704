#!/bin/bash
# node.sh ARGUMENTS...: runs Node.js for arm64 under qemu, instead of this machine's own. Run setup.sh first.
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec qemu-aarch64 -L $libraries "$node" "$@"
