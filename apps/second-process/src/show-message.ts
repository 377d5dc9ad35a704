import { openRegion } from '@memlane/consumer'
import { text } from '@memlane/protocol'
import type { MessageOptions } from './command-line.js'
import { finishedMessage } from './finished-message.js'
import { show } from './show.js'

/** Opens named shared memory, reads the message there, shows it, closes. */
export async function showMessage({ name, length, encoding, destination, waitMs }: MessageOptions): Promise<void> {
  const deadline = performance.now() + waitMs
  using region = await openRegion(name, text(encoding, length), { timeoutMs: waitMs })
  await show(await finishedMessage(region, deadline), destination)
}
