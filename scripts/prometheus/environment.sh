# Paths; the scripts beside this file source it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$root/scripts/prometheus
home=$root/.prometheus
programs=$home/usr/bin
