import { type Diagnosis, diagnose } from '@memlane/inspect'
import type { Command } from '../command.js'
import { EXIT } from '../exit-code.js'
import { printFindings } from '../findings.js'
import type { Output } from '../output.js'
import type { Cell } from '../table.js'

const NOTES = `
Ends with 1 if something is stuck or broken (error). Warnings and notes do not count.`

export const doctor: Command = {
  name: 'doctor',
  summary: 'check the system, and tell what is stuck and why',
  declare(line) {
    line.addHelpText('after', NOTES)
  },
  async run({ out }) {
    const diagnosis = diagnose()
    if (out.json) out.object(diagnosis)
    else print(diagnosis, out)
    return diagnosis.findings.some(({ severity }) => severity === 'error') ? EXIT.FAILED : EXIT.OK
  },
}

function print({ system, memories, findings }: Diagnosis, out: Output): void {
  out.facts(facts(system, out))
  out.line()
  printFindings(findings, out)
  if (findings.length === 0) out.line(`${memories.length} memories, nothing is stuck.`, 'green')
}

function facts(system: Diagnosis['system'], out: Output): [string, Cell][] {
  const { folder, limits, mayCreateGlobal } = system
  const rows: [string, Cell][] = [
    ['system', `${system.system} ${system.architecture}, kernel ${system.kernel}`],
    ['runtime', system.runtime],
    ['binary', system.binary],
  ]
  if (folder !== undefined) {
    const rights = `mode ${folder.mode.toString(8)}, ${folder.writable ? 'writable' : 'not writable'}`
    rows.push(['folder', `${folder.path} (${rights})`])
    rows.push(['folder size', out.bytes(folder.size)], ['folder free', out.bytes(folder.free)])
  }
  rows.push(
    ['open files', limit(limits.openFiles)],
    ['locked memory', limit(limits.lockedMemory)],
    ['kernel barrier reaches others', yes(system.barrier)],
    ['publishes by plain stores', yes(system.publishesPlainly)],
    ['shows memory as ArrayBuffer', yes(system.showsBuffers)],
  )
  if (mayCreateGlobal !== undefined) rows.push(['may create Global\\ names', yes(mayCreateGlobal)])
  return rows
}

const yes = (value: boolean | undefined) => (value === undefined ? undefined : value ? 'yes' : 'no')
const limit = (value: number | undefined): Cell => (value === Infinity ? 'unlimited' : value)
