import type { Command } from '../command.js'
import { EXIT } from '../exit-code.js'

const NOTES = `
The messages are copied into a new file, up to the damage, and that file is read once to be sure. The damaged file stays.
Do not recover a file while its recorder runs.

Exit codes: 0 if the file was only cut off and has messages, or was whole; 1 if its bytes are damaged, or if no message
could be saved.

Example:
  memlane recover run.mcap.partial`

export const recover: Command<{ output?: string }> = {
  name: 'recover',
  summary: 'repair a recording that was cut off',
  declare(line) {
    line
      .argument('<file>', 'the damaged file, such as run.mcap.partial')
      .option('-o, --output <file>', 'the repaired file (default: without .partial)')
      .addHelpText('after', NOTES)
  },
  async run({ out }, [file = ''], { output }) {
    const { recover: repair } = await import('@memlane/record')
    const { from, until, ...report } = await repair(file, output)
    const { complete, messages, lostBytes, damage } = report
    if (out.json) out.object({ ...report, from: from?.toString(), until: until?.toString() })
    else {
      const channels = `${report.channels} ${report.channels === 1 ? 'channel' : 'channels'}`
      out.line(`Saved ${messages} ${messages === 1 ? 'message' : 'messages'} of ${channels} in ${report.file}.`)
      if (complete) out.line('The file was whole: nothing was lost.')
      else if (damage === undefined && lostBytes === 0)
        out.line('The file was not finished. All of its bytes were used.')
      else if (damage === undefined) out.line(`The file was cut off: its last ${lostBytes} bytes were no whole record.`)
      else out.line(`The file is damaged: its last ${lostBytes} bytes could not be used. ${damage}`)
    }
    return damage === undefined && (complete || messages > 0) ? EXIT.OK : EXIT.FAILED
  },
}
