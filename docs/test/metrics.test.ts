import { expect, it } from 'vitest'
import type { Metric } from '../../packages/metrics/src/metric.js'
import { metrics } from '../../packages/metrics/src/metrics.js'
import { readPage } from './pages.js'

function rowOf({ name, kind, labels, openTelemetryName, unit, help }: Metric): string {
  const shown = labels.map((label) => `\`${label}\``).join(', ')
  return `| \`${name}\` | ${kind} | ${shown} | \`${openTelemetryName}\`, ${unit} | ${help} |`
}

it('the guide to metrics has all metrics, as the package has them', () => {
  const [, table = ''] = /<!-- metrics -->\n\n([\s\S]*?)\n\n/.exec(readPage('docs/guides/metrics.md')) ?? []
  const [, , ...rows] = table.split('\n')
  expect(rows).toEqual(Object.values(metrics).map(rowOf))
})
