import type { ConvertFormat, RecordingInfo } from '@memlane/record'
import { Argument, Option } from 'commander'
import type { Command } from '../command.js'
import { UsageError } from '../exit-code.js'
import type { Output } from '../output.js'

interface RecordingOptions {
  to?: ConvertFormat
  output?: string
  name?: string[]
}

const NOTES = `
NDJSON has all messages in one file. CSV and Parquet have a column for each part of the schema, and a file for each
memory. Times are nanoseconds since 1970.

Examples:
  memlane recording info run.mcap
  memlane recording convert run.mcap --to csv --name quotes`

export const recording: Command<RecordingOptions> = {
  name: 'recording',
  summary: 'show what a recording holds, or convert it',
  declare(line) {
    line
      .addArgument(new Argument('<action>', 'what to do').choices(['info', 'convert']))
      .argument('<file>', 'the recording')
      .addOption(new Option('--to <format>', 'what to convert to').choices(['csv', 'ndjson', 'parquet']))
      .option('-o, --output <file>', 'the converted file (default: beside the recording)')
      .option('--name <name...>', 'only these memories: names or patterns')
      .addHelpText('after', NOTES)
  },
  async run({ out }, [action, file = ''], { to, output, name }) {
    const { convert, info } = await import('@memlane/record')
    if (action === 'info') {
      const found = await info(file)
      if (out.json) out.object(jsonOf(found))
      else show(out, found)
      return
    }
    if (to === undefined) throw new UsageError('recording convert needs --to csv, ndjson or parquet.')
    const options = { to, ...(output !== undefined && { output }), ...(name !== undefined && { names: name }) }
    const report = await convert(file, options)
    if (out.json) out.object(report)
    else {
      out.line(`Converted ${report.messages} messages into ${report.files.join(', ')}.`)
      if (report.skipped.length > 0) out.line(`Not recorded by memlane, and skipped: ${report.skipped.join(', ')}.`)
    }
  },
}

/** Times as strings: JSON would round them. */
function jsonOf({ from, until, gaps, ...rest }: RecordingInfo) {
  return {
    ...rest,
    from: from?.toString(),
    until: until?.toString(),
    gaps: gaps.map((gap) => ({ ...gap, from: String(gap.from), until: String(gap.until) })),
  }
}

function show(out: Output, found: RecordingInfo): void {
  const { length, uncompressedLength, compression, messages, missed, from, until } = found
  const facts: [string, string][] = [
    ['file', found.file],
    ['size', `${length} bytes; chunks ${uncompressedLength} bytes, ${compression.join(', ') || 'none'}`],
    ['messages', `${messages}, missed ${missed}`],
  ]
  if (from !== undefined && until !== undefined) {
    facts.push(['from', date(from)], ['until', `${date(until)}, ${(Number(until - from) / 1e9).toFixed(3)} s later`])
  }
  if (found.recovered) facts.push(['recovered', 'yes: the end may be missing'])
  if (found.facts.description !== undefined) facts.push(['description', found.facts.description])
  const width = Math.max(...facts.map(([label]) => label.length))
  for (const [label, text] of facts) out.line(`${label.padEnd(width)}  ${text}`)
  if (found.memories.length === 0) return
  out.line()
  out.table(
    ['name', 'shape', 'key', 'schema', 'encoding', 'messages', 'missed'],
    found.memories.map(({ name, shape, key, schema, encoding, messages: count, missed: lost }) => {
      return [name, shape, key, schema, encoding, count, lost]
    }),
  )
}

function date(time: bigint): string {
  return new Date(Number(time / 1_000_000n)).toISOString()
}
