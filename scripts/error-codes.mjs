// Writes the table of error codes, which the packages declare, into the documents:
//
//   node scripts/error-codes.mjs           writes the tables
//   node scripts/error-codes.mjs --check   fails if one is out of date
//
// A document marks the place with <!-- error-codes --> and <!-- /error-codes -->. The packages must be built.

import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { channelErrorCodes } from '../packages/channel/dist/index.js'
import { systemErrorCodes } from '../packages/core/dist/internal.js'
import { recordErrorCodes } from '../packages/record/dist/index.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const documents = ['docs/troubleshooting.md']
const place = /(<!-- error-codes -->\n)[\s\S]*?(<!-- \/error-codes -->)/

const rows = Object.entries({ ...systemErrorCodes, ...channelErrorCodes, ...recordErrorCodes }).map(
  ([code, { meaning, remedy }]) => `| \`${code}\` | ${meaning} | ${remedy} |\n`,
)
const table = `\n| code | meaning | what to do |\n|---|---|---|\n${rows.join('')}\n`

for (const document of documents) {
  const path = join(root, document)
  const text = readFileSync(path, 'utf8')
  if (!place.test(text)) throw new Error(`${document} has no <!-- error-codes --> … <!-- /error-codes -->`)
  const current = text.replace(place, (_, start, end) => start + table + end)
  if (current === text) continue
  if (process.argv.includes('--check')) {
    console.error(`The table of error codes in ${document} is out of date. Run: node scripts/error-codes.mjs`)
    process.exit(1)
  }
  writeFileSync(path, current)
}
