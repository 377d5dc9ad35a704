import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { startScene } from '/work/h-ui/packages/dashboard/fixtures/scene.js'
import { chromium } from '/work/h-ui/packages/dashboard/node_modules/playwright-core/index.mjs'

const scene = await startScene('')
const server = spawn(process.execPath, [
  '--input-type=module',
  '-e',
  `import { serveDashboard } from '/work/h-ui/packages/dashboard/dist/index.js'; const d = await serveDashboard(); console.log(d.url)`,
])
server.stderr.pipe(process.stderr)
const url = await new Promise<string>((r) => server.stdout.once('data', (d) => r(String(d).trim())))
const ticks = () => {
  const f = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return Number(f[11]) + Number(f[12])
}
const rss = () => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]
const wait = (ms: number) => new Promise((r) => setTimeout(r, ms))
async function measure(what: string) {
  await wait(2000)
  const a = ticks()
  await wait(15000)
  const b = ticks()
  console.log(what, ((b - a) / 15).toFixed(2), '% of one CPU; rss', rss(), 'kB')
}
await measure('idle, no page')
const browser = await chromium.launch({
  executablePath: '/usr/lib/chromium/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
})
const page = await browser.newPage()
let bytes = 0
page.on('response', async (r) => {
  const b = await r.body().catch(() => Buffer.alloc(0))
  bytes += b.length
})
await page.goto(url)
await measure('list')
console.log('page bytes', bytes)
await page.goto(url + '#/quotes')
await measure('quotes')
await page.goto(url + '#/pricing')
await measure('pricing')
await page.goto(url + '#/jobs')
await measure('jobs')
await page.close()
await measure('idle again')
await browser.close()
server.kill()
scene[Symbol.dispose]()
process.exit(0)
