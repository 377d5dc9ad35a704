# Paths; the scripts beside this file source it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$root/scripts/nats
home=$root/.nats
program=$home/usr/sbin/nats-server
