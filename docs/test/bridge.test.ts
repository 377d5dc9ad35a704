import { parse } from 'jsonc-parser'
import { describe, expect, it } from 'vitest'
import { bridgeSchema } from '../../packages/nats/src/config/bridge-schema.js'
import { parseConfig } from '../../packages/nats/src/config/parse-config.js'
import { bridgeMetrics } from '../../packages/nats/src/serve/bridge-metrics.js'
import { readPage } from './pages.js'

const page = readPage('docs/guides/bridge.md')

/** The rows of the table that follows a mark such as `<!-- keys: server -->`. */
function rowsAfter(mark: string): string[] {
  const [, table = ''] = new RegExp(`<!-- ${mark} -->\\n\\n([\\s\\S]*?)\\n\\n`).exec(page) ?? []
  return table.split('\n').slice(2)
}

interface Schema {
  readonly type?: string
  readonly const?: string
  readonly default?: unknown
  readonly description?: string
  readonly enum?: readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

const root = bridgeSchema() as Schema
const routes = root.properties?.routes?.items?.oneOf ?? []
const server = root.properties?.server ?? {}
const creation = routes[0]?.properties?.create ?? {}

function tableOf({ properties = {}, required = [] }: Schema): string[] {
  return Object.entries(properties)
    .filter(([key]) => key !== 'kind' && key !== '$schema')
    .map(([key, { default: value, description = '', enum: choices }]) => {
      const preset = required.includes(key) ? 'needed' : value === undefined ? '' : `\`${JSON.stringify(value)}\``
      const listed = choices === undefined ? '' : `${choices.map((choice) => `\`${choice}\``).join(', ')}. `
      return `| \`${key}\` | ${preset} | ${listed}${description} |`
    })
}

describe('the guide to the bridge', () => {
  it.each<readonly [string, Schema]>([
    ['bridge', root],
    ['server', server],
    ['tls', server.properties?.tls ?? {}],
    ['http', root.properties?.http ?? {}],
    ['create', creation],
    ...routes.map((route) => [route.properties?.kind?.const ?? '', route] as const),
  ])('has all keys of %s', (name, schema) => {
    expect(rowsAfter(`keys: ${name}`)).toEqual(tableOf(schema))
  })

  it('has all metrics', () => {
    expect(rowsAfter('metrics')).toEqual(
      bridgeMetrics.map(({ name, kind, labels, help }) => {
        return `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
      }),
    )
  })

  it('has configurations that a bridge takes', () => {
    const blocks = [...page.matchAll(/^```jsonc\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
    expect(blocks.length).toBeGreaterThan(5)
    for (const block of blocks) {
      const config = parse(block) as { kind?: string }
      expect(
        () => parseConfig(config.kind === undefined ? config : { stateFolder: 'state', routes: [config] }),
        block,
      ).not.toThrow()
    }
  })
})
