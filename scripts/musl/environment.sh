# Paths; the scripts beside this file source it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$root/scripts/musl
home=$root/.musl
bun=$home/bun
libraries=$home/lib
