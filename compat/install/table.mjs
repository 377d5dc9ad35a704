// The table of the cells, for the terminal and for docs/platforms.md.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const document = fileURLToPath(new URL('../../docs/platforms.md', import.meta.url))
const place = /(<!-- test-install -->\n)[\s\S]*?(<!-- \/test-install -->)/

const columns = {
  cell: ({ cell }) => `\`${cell}\``,
  'installed with': ({ installer }) => installer,
  'runs in': ({ runtime, reality }) => (reality === 'only built' ? '' : runtime),
  program: ({ program }) => program,
  'how real': ({ reality }) => reality,
  result: ({ problem }) => (problem === undefined ? 'passed' : '**failed**'),
  'install, s': ({ installSeconds }) => installSeconds,
  'run, s': ({ runSeconds }) => runSeconds,
  peer: ({ peer }) => peer && `\`${peer}\``,
  'on disk, MB': ({ bytes }) => bytes && (bytes / 1e6).toFixed(1),
  warnings: ({ warnings }) => warnings?.length,
}

export function tableOf(results) {
  const row = (values) => `| ${values.map((value) => value ?? '').join(' | ')} |\n`
  const head = Object.keys(columns)
  return (
    row(head) +
    `|${'---|'.repeat(head.length)}\n` +
    results.map((result) => row(Object.values(columns).map((column) => column(result)))).join('')
  )
}

/** Writes the table between its marks in docs/platforms.md. */
export function writeTable(results) {
  const text = readFileSync(document, 'utf8')
  if (!place.test(text)) throw new Error('docs/platforms.md has no <!-- test-install --> … <!-- /test-install -->')
  writeFileSync(
    document,
    text.replace(place, (_, start, end) => `${start}\n${tableOf(results)}\n${end}`),
  )
}
