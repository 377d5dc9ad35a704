// node scripts/test-heap.mjs HEAP [arguments of vitest…]: runs tests as in a heap that admits no foreign memory, such as Electron's
// (docs/electron.md). Leaves out what such a heap cannot do, and says why.

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const raw = 'it uses memory.buffer or memory.bytes, which throw NOT_SUPPORTED'
const stream = 'it makes a stream, which throws NOT_SUPPORTED'
const assigned = 'it assigns to region.view, which is read-only'

/** For each value of MEMLANE_HEAP: the projects and files of tests that run, and the tests that are left out, with the reason. */
const heaps = {
  // All tests that map memory. The other projects map none, or start programs of these.
  caged: { projects: ['core', 'channel', 'producer', 'consumer', 'examples'], files: [], leftOut: {} },
  // The tests of regions: streams need a buffer.
  copying: {
    projects: ['producer', 'consumer'],
    files: ['region', 'snapshot.process'],
    leftOut: {
      'refuses the memory of a stream': stream,
      'refuses the memory of a stream, whatever the layout': stream,
      'stays the same when the writer of MumbleLink starts again, so that its readers see the new data': assigned,
      'waits for the memory to appear, and finds it filled': raw,
      'creates memory of the length of the layout, with the value in it': raw,
      'takes over memory whose writer has closed, and keeps its value unless given one': raw,
      'writes only what it has checked, even if a getter changes': raw,
      'refuses another update, a write and a close inside it, and leaves snapshots whole': raw,
      'does not let its callback write a version word': raw,
    },
  },
}

const [heap = '', ...args] = process.argv.slice(2)
if (!Object.hasOwn(heaps, heap)) {
  console.error(`usage: node scripts/test-heap.mjs ${Object.keys(heaps).join(' | ')} [arguments of vitest…]`)
  process.exit(2)
}

const { projects, files, leftOut } = heaps[heap]
const names = Object.keys(leftOut)
const escaped = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
const others = names.length > 0 ? ['--testNamePattern', `^(?!.*(${escaped.join('|')})$)`] : []
const require = createRequire(import.meta.url)
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
const options = [...projects.map((name) => `--project=@memlane/${name}`), ...others]
const { status } = spawnSync(process.execPath, [vitest, 'run', ...options, ...(args.length > 0 ? args : files)], {
  env: { ...process.env, MEMLANE_HEAP: heap },
  stdio: 'inherit',
})
for (const [name, reason] of Object.entries(leftOut)) console.log(`left out: ${name}: ${reason}`)
process.exitCode = status ?? 1
