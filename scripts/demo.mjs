// Runs the pair: the first process writes its message and holds the memory until the second one has read it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const name = 'Local\\MyFileMappingObject' // Global\ needs a privilege on Windows
const start = (app, args, stdio) => {
  console.log(`$ ${app}`)
  return spawn(process.execPath, [`apps/${app}/dist/main.js`, '--name', name, ...args], { stdio })
}

const first = start('first-process', process.argv.slice(2), ['pipe', 'pipe', 'inherit'])
const firstEnd = once(first, 'exit')
const lines = createInterface({ input: first.stdout })
const writtenAndHeld = new Promise((resolve) => {
  let count = 0
  lines.on('line', (line) => {
    console.log(line)
    if (++count === 2) resolve(true)
  })
})
if (await Promise.race([writtenAndHeld, firstEnd.then(() => false)])) {
  const second = start('second-process', ['--show', 'terminal', '--wait', '10000'], ['ignore', 'inherit', 'inherit'])
  process.exitCode = (await once(second, 'exit'))[0] ?? 1
}
first.stdin.on('error', () => {}) // it has ended already
first.stdin.end()
const [firstCode] = await firstEnd
process.exitCode = (firstCode ?? 1) || process.exitCode
