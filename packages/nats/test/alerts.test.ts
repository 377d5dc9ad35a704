import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bridgeMetrics } from '../src/serve/bridge-metrics.js'

it('the alerts name metrics and labels that are there', () => {
  const text = readFileSync(new URL('../prometheus/alerts.yml', import.meta.url), 'utf8')
  const used = [...text.matchAll(/\bmemlane_bridge_\w+/g)].map(([name]) => name)
  expect(used.length).toBeGreaterThan(5)
  expect(bridgeMetrics.map(({ name }) => name)).toEqual(expect.arrayContaining(used))
  const labels = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label)
  expect(['instance', ...bridgeMetrics.flatMap((metric) => metric.labels)]).toEqual(expect.arrayContaining(labels))
})
