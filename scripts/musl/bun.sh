#!/bin/bash
# bun.sh ARGUMENTS...: runs Bun for musl. Run setup.sh first.
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
LD_LIBRARY_PATH=$libraries exec "$libraries/ld-musl-x86_64.so.1" "$bun" "$@"
