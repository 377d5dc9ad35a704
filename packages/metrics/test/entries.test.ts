import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** Returns the packages that a built file imports, also through other files. */
function packagesOf(file: URL): string[] {
  const imported = [...readFileSync(file, 'utf8').matchAll(/\b(?:from|import) ?"([^"]+)"/g)].map(
    ([, name]) => name as string,
  )
  return imported.flatMap((name) => (name.startsWith('.') ? packagesOf(new URL(name, file)) : [name]))
}

it.each([
  ['prometheus', ['prom-client']],
  ['opentelemetry', []],
])('the entry %s needs no library of the other one', (entry, libraries) => {
  const found = packagesOf(new URL(`../dist/${entry}.js`, import.meta.url))
  expect([...new Set(found)].filter((name) => !name.startsWith('@memlane/'))).toEqual(libraries)
})
