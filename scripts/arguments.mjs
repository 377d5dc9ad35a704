// The arguments of the project's commands.

import { parseArgs } from 'node:util'

/**
 * Reads them as parseArgs of node:util does. If they contain --help, prints the usage and ends this process. If they are wrong,
 * prints one line and ends this process with exit code 2.
 *
 * @param usage the first line shows the options
 */
export function readArguments(usage, config) {
  const options = { ...config.options, help: { type: 'boolean', short: 'h' } }
  try {
    const parsed = parseArgs({ ...config, options })
    if (!parsed.values.help) return parsed
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS_')) throw error
    const [reason] = error.message.split(/\.\s|\n/)
    const [summary] = usage.split('\n')
    console.error(`${reason}. ${summary}`)
    process.exit(2)
  }
  console.log(usage)
  process.exit(0)
}
