#!/bin/bash
# run.sh PROGRAM.exe ARGUMENTS...: runs a Windows program under Wine. Passes its standard streams and its exit code (modulo
# 256, as on Unix) through. Run setup.sh first. Unix paths work as arguments: Wine's current drive Z: is the Unix root, so
# Windows reads /tmp/x as Z:\tmp\x. Signals end the program. Only Wine's server keeps running, for a minute, so that the
# next program starts faster.
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# The next file that Wine opens would take the place of a closed stream.
{ : <&0; } 2>/dev/null || exec </dev/null
{ : >&1; } 2>/dev/null || exec >/dev/null
{ : >&2; } 2>/dev/null || exec 2>/dev/null

# Wine's services inherit the streams of the process that starts them. Start them here, without streams: a caller that
# waits for the end of our output would otherwise wait for the services, too, which end a minute after the last program. The
# lock makes a second run.sh wait until they have started: they would inherit the streams of its program.
{
  flock 9
  $wineserver -p60 </dev/null >/dev/null 2>&1 9>&- && $wine wineboot </dev/null >/dev/null 2>&1 9>&-
} 9>"$home/server.lock"
exec $wine "$winpipe_exe" "$@"
