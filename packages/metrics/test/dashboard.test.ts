import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Label } from '../src/metric.js'
import { metrics } from '../src/metrics.js'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: unknown
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[]
}

const dashboard = JSON.parse(readFileSync(new URL('../grafana/memlane.json', import.meta.url), 'utf8')) as {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const queries = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })))
const known = new Map(Object.values(metrics).map((metric) => [metric.name, metric]))
/** Labels that Prometheus adds. */
const ADDED = ['instance', 'job']

describe('the dashboard', () => {
  it('is a dashboard of Grafana, whose panels do not overlap', () => {
    expect(dashboard).toMatchObject({ uid: 'memlane', title: 'memlane', schemaVersion: 39 })
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    expect(dashboard.panels.map(({ type }) => type)).toEqual(
      dashboard.panels.map(() => expect.stringMatching(/^(row|stat|table|timeseries)$/)),
    )
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
    for (const { targets = [] } of panels) {
      expect(targets.length).toBeGreaterThan(0)
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    }
    expect(panels.map(({ datasource }) => datasource)).toEqual(
      panels.map(() => ({ type: 'prometheus', uid: `\${${dashboard.templating.list[0]?.name}}` })),
    )
  })

  it('asks for metrics and labels that exist, and for rates of counters only', () => {
    const asked = [
      ...queries.map(({ expr }) => expr),
      ...dashboard.templating.list.map((each) => each.definition ?? ''),
    ]
    for (const text of asked) {
      for (const [selector, name = '', labels = '', range] of text.matchAll(/\b(memlane_\w+)(?:\{([^}]*)\})?(\[)?/g)) {
        const metric = known.get(name)
        expect(metric, selector).toBeDefined()
        expect(range === undefined ? 'gauge' : 'counter', selector).toBe(metric?.kind)
        const named = [...labels.matchAll(/(\w+)=~?"/g)].map(([, label]) => label as Label)
        expect([...(metric?.labels ?? []), ...ADDED], selector).toEqual(expect.arrayContaining(named))
      }
    }
    for (const { expr, legendFormat } of queries) {
      const metric = known.get(expr.match(/memlane_\w+/)?.[0] ?? '')
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label as Label)
      expect([...(metric?.labels ?? []), ...ADDED], expr).toEqual(expect.arrayContaining(shown))
    }
  })

  it('shows every metric but those of the system', () => {
    const shown = queries.map(({ expr }) => expr).join('\n')
    expect([...known.keys()].filter((name) => !new RegExp(`${name}\\b`).test(shown))).toEqual([
      'memlane_memories',
      'memlane_handles',
    ])
  })
})
