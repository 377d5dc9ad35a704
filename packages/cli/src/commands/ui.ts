import { abortablePause } from '../abortable-pause.js'
import type { Command } from '../command.js'
import { wholeNumber } from '../option-values.js'

const NOTES = `
Open the printed address in a browser on this machine. Keep it to yourself: it has a random token, and whoever knows it
sees all messages. Nothing looks while no page is open. Ctrl-C ends.

From another machine, forward the port by ssh: ssh -L 8080:127.0.0.1:8080 HOST memlane ui --port 8080`

export const ui: Command<{ port: number }> = {
  name: 'ui',
  summary: 'serve a page on 127.0.0.1 that shows all memory, live',
  declare(line) {
    line.option('--port <port>', 'the port; 0 for a free one', wholeNumber(0, 65_535), 0).addHelpText('after', NOTES)
  },
  async run({ out, signal }, _, { port }) {
    const { serveDashboard } = await import('@memlane/dashboard')
    await using dashboard = await serveDashboard({ port })
    if (out.json) out.object({ url: dashboard.url })
    else out.line(dashboard.url)
    await abortablePause(Infinity, signal)
  },
}
