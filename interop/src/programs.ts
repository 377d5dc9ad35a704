/** The programs at both ends: memlane's pair, and its peers in other languages, started with their own arguments. */
import { fileURLToPath } from 'node:url'
import { type Child, type ChildOptions, spawnChild } from '@memlane/testing'
import { isEmulated } from './build-peers.js'

export interface ProgramOptions extends ChildOptions {
  /** A command, with its own arguments, that starts the program. */
  under?: readonly string[]
}

export type Program = (args: readonly string[], options?: ProgramOptions) => Child

/** How long before the writer a test starts a reader that must be first. */
export const HEAD_START_MS = 400

/** The path of a file, from its place in this package. */
export const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** A program, with arguments that precede the arguments of each start. */
export const program =
  (command: string, ...first: readonly string[]): Program =>
  (args, { under = [], ...options } = {}) => {
    const [outermost = command, ...rest] = [...under, command, ...first, ...args]
    return spawnChild(outermost, rest, options)
  }

export const memlane = {
  first: program(process.execPath, file('../apps/first-process/dist/main.js')),
  second: program(process.execPath, file('../apps/second-process/dist/main.js'), '--show', 'terminal'),
}

/** The libraries of arm64, from Debian's cross-compiler. */
const LIBRARIES = '/usr/aarch64-linux-gnu'

const peer = (name: string): Program =>
  isEmulated
    ? program('qemu-aarch64', '-L', LIBRARIES, file(`build/arm64/${name}`))
    : program(file(`build/linux/${name}`))

export const c = {
  first: peer('first_process'),
  second: peer('second_process'),
}

/** The peer of streams. */
export const stream = {
  producer: peer('stream_producer'),
  consumer: peer('stream_consumer'),
}

/** The peer of queues. */
export const queue = {
  producer: peer('queue_producer'),
  consumer: peer('queue_consumer'),
}

/** The peer of calls. */
export const call = {
  client: peer('call_client'),
  server: peer('call_server'),
}

/** The peer of latests. */
export const latest = {
  writer: peer('latest_writer'),
  reader: peer('latest_reader'),
}

export const python = {
  first: program('python3', file('peers/python/first_process.py')),
  second: program('python3', file('peers/python/second_process.py')),
}

/** MumbleLink's other side, by the bytes of its wchar_t. */
export const mumbleLink = {
  2: peer('mumble_link_short'),
  4: peer('mumble_link'),
}
