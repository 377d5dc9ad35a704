import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { spawnChild } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { expected } from '../../packages/metrics/test/expected-figures.js'
import { createMemories } from '../../packages/metrics/test/memories.js'
import { hasPrometheus, promtool, startPrometheus, testAlerts } from '../fixtures/prometheus.js'

const cli = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url))
const dashboard = fileURLToPath(new URL('../../packages/metrics/grafana/memlane.json', import.meta.url))

/** The queries of the dashboard, as Grafana fills them in. */
const queriesOfDashboard: readonly string[] = (
  JSON.parse(readFileSync(dashboard, 'utf8')) as { panels: { targets?: { expr: string }[] }[] }
).panels.flatMap(({ targets = [] }) =>
  targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5s').replaceAll(/\$(name|instance)/g, '.*')),
)

describe.runIf(hasPrometheus)('a real Prometheus', () => {
  it('reads the figures that memory has, from memlane metrics', { timeout: 40_000 }, async () => {
    await using memories = await createMemories()
    using exporter = spawnChild(process.execPath, [cli, 'metrics', '--port', '0', `${memories.name}-*`])
    const line = await exporter.line(/^Serving /)
    const { host } = new URL(line.split(/\s|\. /)[1] ?? '')
    await using prometheus = await startPrometheus(host)

    await prometheus.until('memlane_memory_bytes')
    const selector = (shape: string, labels: Record<string, string>) =>
      Object.entries({ name: `${memories.name}-${shape}`, shape, ...labels })
        .map(([label, value]) => `${label}="${value}"`)
        .join(',')
    const found = await Promise.all(
      expected.map(async ([metric, shape, labels]) => {
        const results = await prometheus.query(`${metric}{${selector(shape, labels)}}`)
        return [metric, shape, labels, ...results.map(({ value: [, value] }) => Number(value))]
      }),
    )
    expect(found).toEqual(expected)

    memories.sendQuote()
    const sent = `memlane_sent_messages_total{${selector('stream', {})}}`
    await prometheus.until(`${sent} == 4`)
    await prometheus.until(`rate(${sent}[5s]) > 0`)
    for (const query of queriesOfDashboard) {
      const isQuiet = /dropped|findings/.test(query)
      expect([query, (await prometheus.query(query)).length > 0 || isQuiet]).toEqual([query, true])
    }
    const rules = await prometheus.rules()
    expect(rules.length).toBeGreaterThan(4)
    expect(rules.filter(({ health }) => health === 'err')).toEqual([])
    const text = await (await fetch(`http://${host}/metrics`)).text()
    expect(await promtool(['check', 'metrics'], text)).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect((await prometheus.query('up')).map(({ value: [, value] }) => value)).toEqual(['1'])

    exporter.kill('SIGTERM')
    expect(await exporter.exit).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  it('takes the alerts of the bridge', async () => {
    const rules = fileURLToPath(new URL('../../packages/nats/prometheus/alerts.yml', import.meta.url))
    expect(await promtool(['check', 'rules', rules])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('SUCCESS: 5 rules found'),
    })
  })

  it('raises the alerts when it must, and not before', async () => {
    const { code, stdout, stderr } = await testAlerts()
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringContaining('SUCCESS') })
  })
})
