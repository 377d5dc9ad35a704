import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { spawnChild } from '../src/child.js'
import { inOwnNetwork, machinesMissing } from '../src/network.js'

const missing = machinesMissing()

const leftOut = missing === undefined ? '' : ` (left out: ${missing})`

it.skipIf(missing !== undefined)(`machines reach each other, and share no memory${leftOut}`, async () => {
  const fixture = fileURLToPath(new URL('../fixtures/two-machines.child.ts', import.meta.url))
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const [command = '', ...args] = inOwnNetwork([process.execPath, '--import', tsx, fixture])
  using child = spawnChild(command, args)
  const { code, stdout, stderr } = await child.exit
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ answer: 'hello', a: 'of-a\n', b: '', outside: false })
})
