import { EndRequest } from '@memlane/demo-shared/end-request'
import { createRegion } from '@memlane/producer'
import { text } from '@memlane/protocol'
import type { MessageOptions } from './command-line.js'

/** Creates named shared memory or opens it, writes a message there, waits for a key or for the time to pass, closes. */
export async function holdMessage({ message, name, length, encoding, holdMs }: MessageOptions): Promise<void> {
  using _region = createRegion(name, text(encoding, length), { existing: 'join', value: message })
  using end = new EndRequest({ key: holdMs === undefined })
  console.log(`Wrote ${JSON.stringify(message)} to ${name} (${length} bytes, ${encoding}).`)
  console.log(holdMs === undefined ? 'Press any key to end.' : `Holding it for ${holdMs} ms.`)
  await end.within(holdMs)
}
