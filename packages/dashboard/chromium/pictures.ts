// Makes the pictures of the guide: node --import tsx packages/dashboard/chromium/pictures.ts FOLDER
//
// They show all memory of the machine. So run it where there is no other, for example in a mount namespace with its own /dev/shm:
//   unshare -m sh -c 'mount -t tmpfs tmpfs /dev/shm && exec node --import tsx …'

import { setTimeout } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { startScene } from '../fixtures/scene.js'
import { serveDashboard } from '../src/index.js'
import { CHROMIUM } from './chromium-path.js'

/** The charts show one minute. */
const WATCH_MS = 65_000

const [, , folder = '.'] = process.argv
using _scene = await startScene('')
await using dashboard = await serveDashboard()
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })

async function open(hash: string, colorScheme: 'light' | 'dark', height: number) {
  const page = await browser.newPage({ viewport: { width: 1200, height }, colorScheme })
  await page.goto(dashboard.url + hash)
  return page
}

const overview = await open('', 'light', 840)
const stream = await open('#/quotes', 'dark', 840)
await setTimeout(WATCH_MS)
const queue = await open('#/jobs', 'light', 840)
await queue.locator('#dead-letters-table tbody tr').first().waitFor()
await queue.locator('#dead-letters').evaluate((section) => section.scrollIntoView())
await overview.screenshot({ path: `${folder}/dashboard-overview.png` })
await stream.screenshot({ path: `${folder}/dashboard-stream.png` })
await queue.locator('#dead-letters').screenshot({ path: `${folder}/dashboard-dead-letters.png` })
await browser.close()
