import { capabilities } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { f64 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { runCommand, runJson } from './run-command.js'

/** Node.js under Wine can listen, and cannot connect. */
const canConnect = capabilities.namespace !== 'windows'

/** Runs `memlane metrics --port 0` until `use` has ended. */
async function serving(names: readonly string[], use: (url: string) => Promise<void>) {
  const ending = new AbortController()
  let used: Promise<void> | undefined
  const { code, stdout, stderr } = await runCommand(['metrics', '--port', '0', ...names], {
    signal: ending.signal,
    onOutput(stdout) {
      const [url = ''] = /http:\S+metrics/.exec(stdout) ?? []
      used ??= use(url).finally(() => ending.abort())
    },
  })
  await used
  return { code, stdout, stderr }
}

describe('metrics', () => {
  it('prints the figures of the names and patterns', async () => {
    const name = uniqueName('metrics')
    using _one = createStream(`${name}-1`, f64)
    using _other = createStream(`${name}-other`, f64)
    const { code, stdout, stderr } = await runCommand(['metrics', `${name}-?`])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`\nmemlane_lane_bytes{name="${name}-1",shape="stream"} 262144\n`)
    expect(stdout).not.toContain(`${name}-other`)
  })

  it('prints one metric per line as JSON', async () => {
    const name = uniqueName('metrics')
    using _writer = createStream(name, f64)
    const { objects } = await runJson(['metrics', name])
    expect(objects.find((metric) => metric.name === 'memlane_lane_bytes')).toMatchObject({
      type: 'gauge',
      values: [{ labels: { name, shape: 'stream' }, value: 262144 }],
    })
  })

  it.runIf(canConnect)(
    'serves them at this machine only, as they are at each request, until it is interrupted',
    async () => {
      const name = uniqueName('metrics')
      using writer = createStream(name, f64)
      const result = await serving([name], async (url) => {
        expect(new URL(url).hostname).toBe('127.0.0.1')
        for (const sent of [1, 2]) {
          writer.trySend(sent)
          const response = await fetch(`${url}?any`)
          expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
          expect(await response.text()).toContain(
            `\nmemlane_sent_messages_total{name="${name}",shape="stream",producer="0"} ${sent}\n`,
          )
        }
        expect((await fetch(new URL('/', url))).status).toBe(404)
        expect((await fetch(url, { method: 'POST' })).status).toBe(405)
      })
      expect(result).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^Serving http:.*\. Ctrl-C ends\.\n$/),
        stderr: '',
      })
    },
  )

  it('says why it cannot serve', async () => {
    await serving([], async (url) => {
      const { port } = new URL(url)
      expect(await runCommand(['metrics', '--port', port])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/EADDRINUSE/),
      })
    })
    expect(await runCommand(['metrics', '--host', '::1'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--host needs --port/),
    })
    expect(await runCommand(['metrics', '--port', '65536'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/0 to 65535/),
    })
  })
})
