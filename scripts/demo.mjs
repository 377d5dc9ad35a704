// Runs the pair: the first process writes its message and holds the memory until the second one has read it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'

const name = 'Local\\MyFileMappingObject' // Global\ needs a privilege on Windows
const start = (app, args, stdin) =>
  spawn(process.execPath, [`apps/${app}/dist/main.js`, '--name', name, ...args], {
    stdio: [stdin, 'inherit', 'inherit'],
  })

console.log('$ first-process')
const first = start('first-process', process.argv.slice(2), 'pipe')
const firstEnd = once(first, 'exit')
console.log('$ second-process')
const [secondCode] = await once(start('second-process', ['--show', 'terminal', '--wait', '10000'], 'ignore'), 'exit')
first.stdin.end()
const [firstCode] = await firstEnd
process.exitCode = firstCode || secondCode || 0
