/**
 * Builds the peers written in C, and a test in C++, into interop/build. Builds only what is out of date.
 *
 *   node peers/build.mjs            the peers for Linux, and the peers for Windows if there is a compiler for Windows
 *   node peers/build.mjs linux      (or windows, or arm64) only the peers for that system; a missing compiler is an error. Those for
 *                                   arm64 run on Linux x64 in an emulator
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const peersFolder = path.dirname(fileURLToPath(import.meta.url))
const buildFolder = path.join(peersFolder, '..', 'build')

const warnings = ['-Wall', '-Wextra', '-Werror']
const unicode = ['-municode', '-DUNICODE', '-D_UNICODE']
const common = ['stream/system.h', 'stream/format.h', 'stream/sample.h']
const stream = ['stream/stream.c', 'stream/stream.h', ...common]
const slots = ['slots/slots.c', 'slots/slots.h', ...common]
const queue = ['queue/queue.c', 'queue/queue.h', ...slots, 'stream/system_linux.c']
const call = ['call/call.c', 'call/call.h', 'call/samples.h', ...slots]
const latest = ['latest/latest.c', 'latest/latest.h', ...common]
const linkTable = ['mumble_link/mumble_link.c', 'mumble_link/mapping.h']

const objectDirectory = ['cc', 'h'].map((kind) => `../../packages/core/native/windows/object_directory.${kind}`)

const systems = {
  linux: {
    compilers: [[process.execPath, path.join(peersFolder, '..', '..', 'scripts', 'cc.mjs')]],
    flags: ['-O1', '-g', ...warnings],
    libraries: ['-lrt'],
    programs: {
      first_process: { sources: ['linux/first_process.c', 'linux/text.c', 'linux/text.h'] },
      second_process: { sources: ['linux/second_process.c', 'linux/text.c', 'linux/text.h'] },
      mumble_link: { sources: [...linkTable, 'mumble_link/mapping_linux.c'] },
      stream_producer: { sources: ['stream/stream_producer.c', ...stream, 'stream/system_linux.c'] },
      stream_consumer: { sources: ['stream/stream_consumer.c', ...stream, 'stream/system_linux.c'] },
      queue_producer: { sources: ['queue/queue_producer.c', ...queue] },
      queue_consumer: { sources: ['queue/queue_consumer.c', ...queue] },
      call_client: { sources: ['call/call_client.c', ...call, 'stream/system_linux.c'] },
      call_server: { sources: ['call/call_server.c', ...call, 'stream/system_linux.c'] },
      latest_writer: { sources: ['latest/latest_writer.c', ...latest, 'stream/system_linux.c'] },
      latest_reader: { sources: ['latest/latest_reader.c', ...latest, 'stream/system_linux.c'] },
      mumble_link_short: { sources: [...linkTable, 'mumble_link/mapping_linux.c'], flags: ['-fshort-wchar'] },
    },
  },
  windows: {
    compilers: [['x86_64-w64-mingw32-gcc-posix'], ['x86_64-w64-mingw32-gcc']],
    flags: ['-O1', '-s', '-static', '-D_WIN32_WINNT=0x0A00', ...warnings],
    libraries: [],
    programs: {
      'first_process_ansi.exe': { sources: ['windows/first_process.c'] },
      'first_process_unicode.exe': { sources: ['windows/first_process.c'], flags: unicode },
      'second_process_ansi.exe': { sources: ['windows/second_process.c'] },
      'second_process_unicode.exe': { sources: ['windows/second_process.c'], flags: unicode },
      'without_privilege.exe': { sources: ['windows/without_privilege.c'], libraries: ['-ladvapi32'] },
      'stream_producer.exe': { sources: ['stream/stream_producer.c', ...stream, 'stream/system_windows.c'] },
      'stream_consumer.exe': { sources: ['stream/stream_consumer.c', ...stream, 'stream/system_windows.c'] },
      'call_client.exe': { sources: ['call/call_client.c', ...call, 'stream/system_windows.c'] },
      'call_server.exe': { sources: ['call/call_server.c', ...call, 'stream/system_windows.c'] },
      'latest_writer.exe': { sources: ['latest/latest_writer.c', ...latest, 'stream/system_windows.c'] },
      'latest_reader.exe': { sources: ['latest/latest_reader.c', ...latest, 'stream/system_windows.c'] },
      'mumble_link.exe': { sources: [...linkTable, 'mumble_link/mapping_windows.c'] },
      'object_directory_test.exe': {
        sources: ['windows/object_directory_test.cc', ...objectDirectory],
        standard: 'c++17',
        libraries: ['-lstdc++'],
      },
    },
  },
}

// For emulated arm64 (npm run test:arm64).
systems.arm64 = { ...systems.linux, flags: ['-target', 'aarch64-linux-gnu', ...systems.linux.flags] }

/** Builds the peers for one system. Returns false if there is no compiler for that system. */
export function buildPeers(systemName) {
  const system = systems[systemName]
  const found = system.compilers.find(([name, ...args]) => spawnSync(name, [...args, '--version']).status === 0)
  if (found === undefined) return false
  const [compiler, ...firstArgs] = found

  const folder = path.join(buildFolder, systemName)
  mkdirSync(folder, { recursive: true })
  for (const [name, program] of Object.entries(system.programs)) {
    const output = path.join(folder, name)
    const sources = program.sources.map((source) => path.join(peersFolder, source))
    if (isNewer(output, [...sources, fileURLToPath(import.meta.url)])) continue

    const units = sources.filter((source) => /\.cc?$/.test(source))
    const unfinished = `${output}.${process.pid}`
    const flags = [`-std=${program.standard ?? 'gnu11'}`, ...system.flags, ...(program.flags ?? [])]
    const libraries = [...system.libraries, ...(program.libraries ?? [])]
    execFileSync(compiler, [...firstArgs, ...flags, ...units, '-o', unfinished, ...libraries], { stdio: 'inherit' })
    renameSync(unfinished, output)
  }
  return true
}

function isNewer(output, inputs) {
  const built = statSync(output, { throwIfNoEntry: false })
  return built !== undefined && inputs.every((input) => statSync(input).mtimeMs <= built.mtimeMs)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = process.argv.slice(2)
  for (const name of asked.length > 0 ? asked : ['linux', 'windows']) {
    if (!(name in systems))
      throw new Error(`there are no peers for ${name}, only for ${Object.keys(systems).join(', ')}`)
    const built = buildPeers(name)
    if (built) console.log(`${name}: ${readdirSync(path.join(buildFolder, name)).sort().join(' ')}`)
    else if (asked.includes(name))
      throw new Error(
        `no C compiler for ${name}: tried ${systems[name].compilers.map((each) => each.join(' ')).join(', ')}`,
      )
    else console.log(`${name}: no compiler here`)
  }
}
