/** The programs of both sides on Windows: memlane's pair in Windows' Node, and the C programs in both builds. */
import { file, type ProgramOptions, program } from './programs.js'

/** How long before the writer a test starts a reader that must be first. */
export const HEAD_START_MS = 1_500

const node = file('../scripts/windows/node.sh')
const run = file('../scripts/windows/run.sh')

/** The copy of the packages without links (scripts/stage.mjs). Programs that use several packages load each of them once from there. */
export const STAGE: string = file('../.wine/stage')
export const STAGED_FIXTURES: string = `${STAGE}/interop`

export const memlane = {
  first: program(node, `${STAGE}/apps/first-process/dist/main.js`),
  second: program(node, `${STAGE}/apps/second-process/dist/main.js`),
  mumbleLink: program(node, `${STAGED_FIXTURES}/mumble-link.mjs`),
}

/** The C programs, by character set. */
export const c = {
  ansi: {
    first: program(run, file('build/windows/first_process_ansi.exe')),
    second: program(run, file('build/windows/second_process_ansi.exe')),
  },
  unicode: {
    first: program(run, file('build/windows/first_process_unicode.exe')),
    second: program(run, file('build/windows/second_process_unicode.exe')),
  },
}

/** The C peer of streams, and its counterpart in Windows' Node. */
export const stream = {
  producer: program(run, file('build/windows/stream_producer.exe')),
  consumer: program(run, file('build/windows/stream_consumer.exe')),
  memlane: program(node, `${STAGED_FIXTURES}/stream.mjs`),
}

/** The C peer of calls, and its counterpart in Windows' Node. */
export const call = {
  client: program(run, file('build/windows/call_client.exe')),
  server: program(run, file('build/windows/call_server.exe')),
  memlane: program(node, `${STAGED_FIXTURES}/call.mjs`),
}

export const mumbleLink = program(run, file('build/windows/mumble_link.exe'))

/** Creates memory in Windows' Node; the second one first gives up the right to create `Global\\` names. */
export const create = program(node, `${STAGED_FIXTURES}/create.mjs`)
export const createWithoutGlobalPrivilege = program(
  node,
  `${STAGED_FIXTURES}/create-without-privilege.mjs`,
  file('build/windows/without_privilege.exe'),
)

/** Reads stand-ins for the kernel's directories of objects. */
export const objectDirectoryTest = program(run, file('build/windows/object_directory_test.exe'))

/** Options of a program that opens a message box: a screen of its own, a picture of it, and a press of its button. */
export const pressingButton = (title: string, picture: string): ProgramOptions => ({
  under: [file('../scripts/windows/messagebox-shot.sh'), picture, title],
  group: true,
  timeoutMs: 60_000,
})
