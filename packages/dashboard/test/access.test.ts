import { capabilities } from '@memlane/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveDashboard } from '../src/index.js'
import { send } from './requests.js'

async function serve() {
  const dashboard = await serveDashboard()
  onTestFinished(() => dashboard.close())
  const { pathname, origin, host } = new URL(dashboard.url)
  return { url: dashboard.url, pathname, origin, host }
}

/** Node.js under Wine can listen, and cannot connect. */
const canConnect = capabilities.namespace !== 'windows'

describe.runIf(canConnect)('a dashboard', () => {
  it('serves its page, which may run only its own script', async () => {
    const { url, pathname } = await serve()
    const types = {
      '': 'text/html',
      'page.js': 'text/javascript',
      'style.css': 'text/css',
      'icon.svg': 'image/svg+xml',
    }
    for (const [file, type] of Object.entries(types)) {
      const { status, headers, body } = await send(url, pathname + file)
      expect([file, status, headers['content-type']?.split(';')[0]]).toEqual([file, 200, type])
      expect(body.length).toBeGreaterThan(100)
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self'; .*require-trusted-types-for 'script'/,
      )
      expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' })
    }
    const { body } = await send(url, pathname)
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|style="|https?:/)
  })

  it('answers nothing without the token', async () => {
    const { url, pathname } = await serve()
    const wrong = pathname.replace(/.\/$/, (end) => (end === 'A/' ? 'B/' : 'A/'))
    for (const path of [
      '/',
      '/page.js',
      '//',
      wrong,
      `${wrong}page.js`,
      pathname.slice(0, -1),
      pathname.toUpperCase(),
      `/x${pathname}`,
    ]) {
      expect([path, (await send(url, path)).status]).toEqual([path, 404])
    }
    const other = await serve()
    expect(new URL(other.url).pathname).not.toBe(pathname)
  })

  it('has no other files', async () => {
    const { url, pathname } = await serve()
    const paths = [
      'index.html',
      '../',
      '../index.js',
      '../../package.json',
      '..%2f..%2fpackage.json',
      '%2e%2e/index.js',
      '/etc/passwd',
      'page.js/',
      './page.js',
    ]
    for (const path of paths) expect([path, (await send(url, pathname + path)).status]).toEqual([path, 404])
  })

  it('refuses other hosts and origins, so that no other site reaches it', async () => {
    const { url, pathname, origin, host } = await serve()
    const get = async (headers: Record<string, string>, method = 'GET') =>
      (await send(url, pathname, { headers, method })).status
    expect(await get({ host })).toBe(200)
    expect(await get({ host: host.replace('127.0.0.1', 'localhost') })).toBe(200)
    expect(await get({ host, origin })).toBe(200)
    for (const wrong of [
      'evil.example',
      `evil.example:${host.split(':')[1]}`,
      '127.0.0.1',
      `${host}.evil.example`,
      '127.0.0.1:1',
    ]) {
      expect([wrong, await get({ host: wrong })]).toEqual([wrong, 403])
      expect([wrong, await get({ host, origin: `http://${wrong}` })]).toEqual([wrong, 403])
    }
    expect(await get({ host, origin: 'null' })).toBe(403)
    expect(await get({ host }, 'POST')).toBe(403)
  })

  it('takes only GET, and POST for dead letters', async () => {
    const { url, pathname, origin } = await serve()
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      for (const path of ['', 'page.js', 'events']) {
        const { status, headers } = await send(url, pathname + path, { method, headers: { origin } })
        expect([method, path, status, headers.allow]).toEqual([method, path, 405, 'GET'])
      }
    }
    expect((await send(url, `${pathname}dead-letter`)).status).toBe(405)
  })

  it('refuses actions that make no sense', async () => {
    const { url, pathname, origin } = await serve()
    const letter = { producer: 0, slot: 0, generation: 1 }
    const good = { name: 'x', act: 'resend', letter }
    const bodies = [
      '',
      '{',
      'null',
      '1',
      '{}',
      JSON.stringify({ ...good, act: 'eat' }),
      JSON.stringify({ ...good, name: 1 }),
    ]
    bodies.push(
      JSON.stringify({ ...good, letter: { ...letter, slot: -1 } }),
      JSON.stringify({ ...good, name: 'x'.repeat(5000) }),
    )
    for (const body of bodies) {
      const headers = { origin, 'content-type': 'application/json' }
      const { status } = await send(url, `${pathname}dead-letter`, { method: 'POST', headers, body })
      expect([body, status]).toEqual([body, 400])
    }
    const headers = { origin, 'content-type': 'text/plain' }
    const { status } = await send(url, `${pathname}dead-letter`, {
      method: 'POST',
      headers,
      body: JSON.stringify(good),
    })
    expect(status).toBe(400)
  })

  it('refuses wrong options, and a port that is taken', async () => {
    const { host } = await serve()
    await expect(serveDashboard({ port: 70_000 })).rejects.toThrow(RangeError)
    await expect(serveDashboard({ prt: 1 } as object)).rejects.toThrow(TypeError)
    await expect(serveDashboard({ port: Number(host.split(':')[1]) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
