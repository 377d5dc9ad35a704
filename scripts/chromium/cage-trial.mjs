// node scripts/chromium/cage-trial.mjs: shows in Debian's Chromium, whose V8 has the sandbox (the memory cage of Electron),
// that shared memory can be mapped over the pages of a WebAssembly.Memory. Prints one line per finding. Fails if one is wrong.
// Installs Chromium with apt if it is missing. Needs a C++ compiler.

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SharedMemory } from '../../packages/core/dist/index.js'
import { chromium, installChromium } from './install.mjs'

const LENGTH = 4 * 2 ** 20
const TIME_LIMIT_MS = 120_000
const here = fileURLToPath(new URL('.', import.meta.url))
const native = join(here, '../../packages/core/native')
const compiler = 'c++'

const folder = mkdtempSync(join(tmpdir(), 'memlane-chromium-'))
const memory = SharedMemory.create(`memlane-chromium-${process.pid}`, LENGTH)
const words = new Int32Array(memory.buffer)
let failed = false

function finding(text, isRight = true) {
  console.log(`${isRight ? 'ok   ' : 'WRONG'} ${text}`)
  failed ||= !isRight
}

/** True if no other word than the expected ones has changed since the page wrote all of them. */
const isIntact = () => words.every((word, index) => index === 0 || word === (index === 2 ? 77 : -index))

/** What Node does with each finding of the page. */
const findings = {
  reservation(gibibytes) {
    finding(`the memory lies in a reservation of ${gibibytes} GiB: the cage`, gibibytes >= 1024)
    for (let i = 0; i < words.length; i++) words[i] = i
  },
  read: (isRight) => finding('the page reads what Node has written', isRight),
  written() {
    finding(
      'Node reads what the page has written',
      words.every((word, index) => word === 0 - index),
    )
    words[0] = 0
  },
  adding() {
    for (let i = 0; i < 1_000_000; i++) Atomics.add(words, 0, 1)
  },
  added: (sum) => finding(`both have added 1 a million times at the same time: ${sum}`, sum === 2_000_000),
  twice: (value) => finding('two views of the page show the same memory', value === 77),
  closed: ({ lengths, mappings }) =>
    finding(
      `after fresh pages and grow(0), the views of the second one are empty, and ${mappings} mapping is left`,
      lengths.every((length) => length === 0) && mappings === 1,
    ),
  intact: (what) => finding(`the shared memory is intact after ${what}`, isIntact()),
  again: (value) => finding('the same pages can be mapped again', value === 77),
  dropped: ({ before, after }) =>
    finding(
      `60 views are dropped without close: ${before} mappings, and ${after} after garbage collection`,
      before === 62 && after <= 3,
    ),
  count: (count) => finding(`the heap gives ${count} memories of 64 KiB, besides the 3 in use`, count > 0),
  total: (count) => finding(`the heap gives ${count} memories of 1 GiB`, count > 0),
  failed: (error) => finding(`the page failed: ${error}`, false),
}

const server = createServer(async (request, response) => {
  if (request.url === '/') return response.setHeader('content-type', 'text/html').end('<script src="page.js"></script>')
  if (request.url === '/page.js') return response.end(readFileSync(join(here, 'page.js')))
  let body = ''
  for await (const chunk of request) body += chunk
  const name = request.url.slice(1)
  findings[name]?.(JSON.parse(body))
  response.end('true')
  if (name === 'end' || name === 'failed') browser.kill()
})

console.log(`${installChromium()}, Node.js ${process.version}`)
const library = join(folder, 'page_server.so')
const sources = [join(here, 'page_server.cc'), join(native, 'posix/overlay.cc')]
execFileSync(compiler, ['-std=c++17', '-O1', '-Wall', '-shared', '-fPIC', '-o', library, ...sources], {
  stdio: 'inherit',
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const options = [
  '--headless=new',
  '--no-sandbox', // that of the process, which has nothing to do with V8's: it would refuse the native code its system calls
  '--no-zygote', // so that the renderer is started, not forked, and gets the library
  '--disable-gpu',
  '--disable-dev-shm-usage',
  `--user-data-dir=${folder}`,
  '--js-flags=--expose-gc',
]
const browser = spawn(chromium, [...options, `http://127.0.0.1:${server.address().port}/`], {
  env: { ...process.env, LD_PRELOAD: library, MEMLANE_TRIAL_OBJECT: `/dev/shm${memory.objectName}` },
  stdio: ['ignore', 'ignore', 'ignore'],
})
const watchdog = setTimeout(() => {
  finding(`the page has not ended after ${TIME_LIMIT_MS} ms`, false)
  browser.kill()
}, TIME_LIMIT_MS)
browser.once('exit', () => {
  clearTimeout(watchdog)
  server.close()
  server.closeAllConnections()
  memory.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  process.exitCode = failed ? 1 : 0
})
