# Paths and settings; the scripts beside this file source it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$root/scripts/arm64
home=$root/.arm64
node_version=20.20.2
node_integrity=sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==
node=$home/node-$node_version
libraries=/usr/aarch64-linux-gnu # of Debian's cross-compiler

