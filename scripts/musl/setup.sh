#!/bin/bash
# setup.sh: prepares a Debian machine to run Bun for musl, the C library of Alpine Linux. Installs musl (apt) and Bun (from the npm
# registry, as scripts/runtimes pins it), and links the part of the C++ library that Bun needs: Debian has that library for glibc
# only. Prints nothing unless a step fails.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
. "$root/scripts/setup-steps.sh"
package=@oven/bun-linux-x64-musl
read -r version integrity < <(
  cd "$root/scripts/runtimes" &&
    node -p 'const { version, integrity } = require("./package-lock.json").packages[process.argv[1]]; `${version} ${integrity}`' \
      "node_modules/$package"
)

fetch_bun() (unpack "$package@$version" "$integrity" && mv bin/bun "$bun" && echo "$version" >"$home/bun.version")

# Every function of the C++ library that Bun imports, from Debian's objects, with a stand-in for each function of glibc that they
# use and musl lacks.
link_libraries() {
  local gcc pic names
  gcc=$(g++ -dumpversion)
  pic=$(g++ -print-file-name=libstdc++_pic.a)
  [ -e "$pic" ] || { install_packages "libstdc++-${gcc%%.*}-pic" && pic=$(g++ -print-file-name=libstdc++_pic.a); } || return
  mkdir -p "$libraries"
  cp /lib/x86_64-linux-musl/libc.so "$libraries/ld-musl-x86_64.so.1" || return
  ln -sf ld-musl-x86_64.so.1 "$libraries/libc.musl-x86_64.so.1"
  names=$(nm -D --undefined-only "$bun" | sed -nE 's/.* ((_Z|__cxa_|__once_|__dynamic_)[^@]*).*/\1/p' | grep -v -e __cxa_finalize -e __cxa_thread_atexit)
  names="$names _ZTVN10__cxxabiv117__class_type_infoE _ZTVN10__cxxabiv120__si_class_type_infoE _ZTVN10__cxxabiv121__vmi_class_type_infoE"
  g++ -shared -fPIC -nostdlib -o "$libraries/libstdc++.so.6" -Wl,-soname,libstdc++.so.6 $(printf -- '-Wl,-u,%s ' $names) \
    -x c "$scripts/glibc_functions.c" -x none "$pic" "$(g++ -print-file-name=libgcc_eh.a)" "$(g++ -print-libgcc-file-name)"
}

[ -e /lib/x86_64-linux-musl/libc.so ] && hash g++ nm 2>/dev/null || step 'installing musl and g++' install_packages musl g++
[ "$(cat "$home/bun.version" 2>/dev/null)" = "$version" ] || step "fetching bun $version" fetch_bun
[ "$libraries/libstdc++.so.6" -nt "$home/bun.version" ] && [ "$libraries/libstdc++.so.6" -nt "$scripts/setup.sh" ] ||
  step 'linking the C++ library for musl' link_libraries
rm -rf "$home/download"
