// The dashboard in a real browser, with real processes for each shape.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { uniqueName } from '@memlane/testing'
import type axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Scene, startScene } from '../fixtures/scene.js'
import { type Dashboard, serveDashboard } from '../src/index.js'
import { CHROMIUM } from './chromium-path.js'

/** Would become HTML, or turn its surroundings around. */
const HOSTILE = '<img src=x onerror="document.title=1">\u202e'
const PATIENCE_MS = 15_000
const prefix = `${uniqueName('ui')}-`
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let scene: Scene
let dashboard: Dashboard
let browser: Browser
let page: Page
/** What the page asked for, and what it complained about. */
const requests = new Set<string>()
const complaints: string[] = []

beforeAll(async () => {
  scene = await startScene(prefix, HOSTILE)
  dashboard = await serveDashboard({ intervalMs: 200 })
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('request', (request) => requests.add(new URL(request.url()).origin))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(dashboard.url)
})

afterAll(async () => {
  await browser?.close()
  await dashboard?.close()
  scene?.[Symbol.dispose]()
})

/** The row of a memory in the list. */
const rowOf = (name: string) =>
  page.locator('#memories tr', { has: page.getByRole('link', { name: prefix + name, exact: true }) })

/** Waits until an element has a text. */
async function shows(selector: string, text: string | RegExp): Promise<void> {
  const found = page.locator(selector, { hasText: text }).first()
  await found.waitFor().catch(async () => {
    throw new Error(
      `no ${selector} shows ${text}, but: ${(await page.locator(selector).allInnerTexts()).slice(0, 20).join(' | ')}`,
    )
  })
}

async function open(name: string): Promise<void> {
  await page
    .getByRole('link', { name: 'All memory' })
    .or(page.getByRole('link', { name: 'memlane' }))
    .first()
    .click()
  await rowOf(name).getByRole('link').click()
  await shows('#memory-title', prefix + name)
  await page.locator('#memory-body').waitFor()
}

/** Fails with each rule of accessibility that the page breaks now. */
async function checkAccessibility(): Promise<void> {
  await page.evaluate(axeSource)
  const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults
  expect(
    violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)]),
  ).toEqual([])
}

describe('the page', { sequential: true }, () => {
  it('lists all memory, with participants that live, have died or were stopped', async () => {
    const { pid } = scene.producers
    const expected: [name: string, ...texts: (string | RegExp)[]][] = [
      ['quotes', 'stream', 'Quote', `${pid}`, `${scene.consumers.pid}`, /[1-9].*\/s/, '✓ ok'],
      ['car', 'latest', 'board', `${pid}`, /ms old/, '✓ ok'],
      ['jobs', 'queue', 'Job', '! dead letters'],
      ['pricing', 'call', 'Pricing', /[1-9].*\/s/, '✓ ok'],
      ['orders', 'stream', `${scene.stopped.pid} (stopped)`, '✕ blocked producer'],
      ['trades', 'stream', '✕ died', '! dead participant'],
      ['ticker', 'region', '40 B'],
      ['scratch', 'bytes', '65.5 KB'],
    ]
    for (const [name, ...texts] of expected) {
      let row = rowOf(name)
      for (const text of texts) row = row.filter({ hasText: text })
      await row.waitFor().catch(async () => {
        throw new Error(`the row of ${name} is: ${await rowOf(name).textContent()}`)
      })
    }
    const stuck = `${prefix}orders: The lane of producer 0 (process ${pid}) is full`
    await page.getByRole('listitem').filter({ hasText: stuck }).filter({ hasText: 'Stuck' }).waitFor()
    await page
      .getByRole('listitem')
      .filter({ hasText: `${prefix}trades: Producer 0 died.` })
      .waitFor()
    await page
      .getByRole('listitem')
      .filter({ hasText: `${prefix}jobs: 5 dead letters` })
      .waitFor()
    await shows('#connection', 'Live')
    await checkAccessibility()
  })

  it('is usable by the keyboard alone', async () => {
    await page.locator('body').press('Tab')
    expect(await page.locator(':focus').textContent()).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    const target = page.getByRole('link', { name: `${prefix}quotes`, exact: true })
    for (let tabs = 0; !(await target.evaluate((element) => element === element.ownerDocument.activeElement)); tabs++) {
      if (tabs > 100) throw new Error('the link of quotes is not in the order of Tab')
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.locator('#memory-title:focus', { hasText: `${prefix}quotes` }).waitFor()
    await shows('#messages-table td', /symbol: 'ACME'/)

    const pause = page.getByRole('button', { name: 'Pause' })
    while (!(await pause.evaluate((element) => element === element.ownerDocument.activeElement)))
      await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Space')
    await shows('#connection', 'Paused')
    expect(await pause.getAttribute('aria-pressed')).toBe('true')
    const frozen = await page.locator('main').textContent()
    await setTimeout(600)
    expect(await page.locator('main').textContent()).toBe(frozen)
    await page.keyboard.press('Space')
    await shows('#connection', 'Live')
    await page.goBack()
    await page.locator('#overview-title:focus').waitFor()
  })

  it('shows a stream: charts, also in words; messages; participants; schema; sizes', async () => {
    await open('quotes')
    expect(await page.title()).toBe(`${prefix}quotes – memlane`)
    await shows('#memory-subtitle', 'stream of Quote, 1.11 MB')
    await shows('#rate-chart figcaption', /Messages per second.*now .*\/s, mean .*\/s, highest .*\/s/)
    await shows('#lag-chart figcaption', /Lag in messages.*now \d/)
    await page.getByRole('img', { name: 'Chart of messages per second' }).locator('canvas').waitFor()
    await page.locator('#rate-chart summary').click()
    await shows('#rate-chart table td', '/s')
    const { width = 0 } = (await page.locator('#rate-chart .u-over').boundingBox()) ?? {}
    await page.locator('#rate-chart .u-over').hover({ position: { x: width - 3, y: 50 } })
    await shows('#rate-chart .reading', /\d\d:\d\d:\d\d: .*\/s/)
    await shows('#messages-table td', /^\{ symbol: 'ACME', bid: 1[\d.]+, ask: 1[\d.]+, size: \d+, id: \d+n \}$/)
    await shows('#messages-table td', /\d+ more, not shown/)
    expect(await page.locator('#messages-table tbody tr').count()).toBeLessThanOrEqual(100)
    await shows(
      '#participants-table tr',
      new RegExp(`producer.*${scene.producers.pid}.*sent [\\d,]+ .*producers\\.child`),
    )
    await shows('#participants-table tr', new RegExp(`consumer.*${scene.consumers.pid}.*lags \\d+ messages`))
    await shows('#schema-table tr', /bid.*f64.*8.*8/)
    await page.getByText('TypeScript', { exact: true }).click()
    await shows('#schema-typescript', /struct\('Quote', \{\s*symbol: utf8\(8\)/)
    await shows('#geometry', /max producers\s*4/)
    await checkAccessibility()
  })

  it('shows a latest, calls, a region and bytes', async () => {
    await open('car')
    await shows('#keys-table tr', /speed/)
    await shows('#messages-table tr', /speed\s*[\d.]+/)
    await shows('#lag-chart figcaption', /Age of the newest value.*now \d+ ms/)
    await open('pricing')
    await shows('#messages-table tr', /request of quote\s*\{ id: \d+, quantity: 4 \}/)
    await shows('#messages-table tr', /answer of quote\s*\{ id: \d+, price: 42 \}/)
    await shows('#participants-table tr', /server.*is answering/)
    await open('ticker')
    await shows('#participants-table tr', /writer/)
    await shows('#geometry', /first bytes\s*41434d45/)
    expect(await page.locator('#messages').isVisible()).toBe(false)
    expect(await page.locator('#rate-chart').isVisible()).toBe(false)
    await open('scratch')
    await shows('#geometry', /length\s*65,536/)
  })

  it('never makes HTML of names and messages', async () => {
    await open(HOSTILE.replace('\u202e', '\\u202e'))
    await shows('#messages-table td', `'</td><script>document.title = 1</script>`)
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.title()).toContain('<img src=x')
    const error = await page.evaluate("try { document.body.innerHTML = '' } catch (error) { error.name }")
    expect(error).toBe('TypeError')
    expect(complaints.splice(0)).toEqual([expect.stringContaining('TrustedHTML')])
  })

  it('shows dead letters, sends them back, and drops them', async () => {
    await open('jobs')
    const rows = page.locator('#dead-letters-table tbody tr')
    await rows.filter({ hasText: 'send invoice 1' }).filter({ hasText: 'no address for send invoice 1' }).waitFor()
    expect(await rows.count()).toBe(5)
    await checkAccessibility()

    const letter = (text: string) => rows.filter({ hasText: text })
    await letter('send invoice 1')
      .getByRole('button', { name: /^Send back/ })
      .click()
    await shows('#announcements', 'The dead letter was sent back.')
    await letter('send invoice 1').waitFor({ state: 'detached' })

    const dialog = page.getByRole('dialog', { name: 'Drop this dead letter for good?' })
    await letter('send invoice 2').getByRole('button', { name: /^Drop/ }).press('Enter')
    await dialog.getByText('send invoice 2').waitFor()
    await checkAccessibility()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(await letter('send invoice 2').count()).toBe(1)
    await letter('send invoice 2').getByRole('button', { name: /^Drop/ }).click()
    await dialog.getByRole('button', { name: 'Drop' }).click()
    await shows('#announcements', 'The dead letter was dropped.')
    await letter('send invoice 2').waitFor({ state: 'detached' })
    expect(await rows.count()).toBe(3)
    expect(await page.locator('#dead-letters-table button:focus').count()).toBe(1)
    await shows('#memory-findings li', '3 dead letters')
  })

  it('shows who is stuck, and that it goes on', async () => {
    await open('orders')
    await shows('#memory-findings li', /Stuck.*is full.*waits for consumer 0/)
    await shows('#memory-tiles', '✕ blocked producer')
    await shows('#participants-table tr', /consumer.*! stopped/)
    scene.stopped.kill('SIGCONT')
    await shows('#memory-tiles', '✓ ok')
    await shows('#rate-chart figcaption', /now [1-9]/)
    await open('trades')
    await shows('#participants-table tr', /producer.*✕ died/)
  })

  it('has enough contrast in the dark, too, and fits a small screen', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    await checkAccessibility()
    await open('jobs')
    await checkAccessibility()
    await page.setViewportSize({ width: 360, height: 640 })
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await page.goto(`${dashboard.url}#/`)
    await page.locator('#overview').waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  })

  it('says so when the server has gone, and has talked to nobody else', async () => {
    expect(complaints).toEqual([])
    await dashboard.close()
    await shows('#connection', /Connection lost|has ended/)
    expect([...requests]).toEqual([new URL(dashboard.url).origin])
  })
})
