#!/bin/bash
# run.sh PROGRAM.exe ARGUMENTS...: runs a Windows program under Wine, with its standard streams and its exit code (as Unix
# has it: modulo 256) passed through. Run setup.sh before. Unix paths are good arguments: Wine's current drive Z: is the
# Unix root, so that Windows takes /tmp/x for Z:\tmp\x. Signals end the program; nothing is left running but Wine's own
# server, which starts the next program faster, for a minute.
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# A missing stream would be taken by the next file that Wine opens.
{ : <&0; } 2>/dev/null || exec </dev/null
{ : >&1; } 2>/dev/null || exec >/dev/null
{ : >&2; } 2>/dev/null || exec 2>/dev/null

# Wine's services inherit the streams of whoever starts them: let that be nobody who is waited for.
$wineserver -p60 </dev/null >/dev/null 2>&1 && $wine wineboot </dev/null >/dev/null 2>&1
exec $wine "$winpipe_exe" "$@"
