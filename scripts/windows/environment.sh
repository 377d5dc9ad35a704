# Paths and settings; the scripts beside this file source it. MEMLANE_WINDOWS_NODE is the version of Windows' node.exe: one of
# those whose checksums are in setup.sh.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$root/scripts/windows
home=$root/.wine
stage=$home/stage
node_version=${MEMLANE_WINDOWS_NODE:-20.20.2}
node_exe=$home/node-$node_version.exe
winpipe_exe=$home/winpipe.exe
wine=/usr/lib/wine/wine64 wineserver=/usr/lib/wine/wineserver64 mingw=x86_64-w64-mingw32

export WINEPREFIX=$home/prefix WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all}
export WINEDLLOVERRIDES='winedbg.exe,winemenubuilder.exe=d' # a crash ends at once, not seconds later in a debugger
export LC_ALL=C.UTF-8                                       # Wine reads arguments in the locale's encoding
