#!/bin/bash
# build-addon.sh: cross-compiles the addon of packages/core for Windows x64 if a source is newer than it. node-gyp cannot
# cross-compile, so this calls mingw-w64. The addon imports Node's functions with delay-loading (c/delay_load_hook.cc):
# it finds them in the executable that loads it, whatever that is called.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root/packages/core"
mkdir -p "$home" "$(dirname "$addon")"
exec 9>"$home/addon.lock" && flock 9
[ ! -f "$addon" ] || [ -n "$(find native/*.* native/node_api native/windows "$scripts/build-addon.sh" "$scripts/c/delay_load_hook.cc" -newer "$addon")" ] || exit 0

modules=node_modules
folder=$(mktemp -d -p "$home")
trap 'rm -r "$folder"' EXIT
headers=$(dirname "$(dirname "$(node -p process.execPath)")")/include/node # for uv.h: node.exe exports libuv, too
{
  cat $modules/node-api-headers/def/node_api.def
  printf '\n%s' uv_async_init uv_async_send uv_close uv_ref uv_unref
} >"$folder/node.def"
$mingw-dlltool -m i386:x86-64 -d "$folder/node.def" -y "$folder/libnode.a"
$mingw-g++-posix -std=c++17 -O2 -Wall -Wextra -Werror -fvisibility=hidden \
  -DNAPI_VERSION=8 -DBUILDING_NODE_EXTENSION -DNODE_ADDON_API_DISABLE_DEPRECATED \
  -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS -DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS -DUNICODE -D_UNICODE -DNOMINMAX -DWIN32_LEAN_AND_MEAN -DWINVER=0x0A00 -D_WIN32_WINNT=0x0A00 \
  -isystem $modules/node-addon-api -isystem $modules/node-api-headers/include -isystem "$headers" \
  native/addon.cc native/node_api/*.cc native/windows/*.cc "$scripts/c/delay_load_hook.cc" -o "$folder/memlane.node" \
  -shared -s -static -Wl,--no-insert-timestamp -L"$folder" -lnode -ldelayimp -ladvapi32
mv "$folder/memlane.node" "$addon"
