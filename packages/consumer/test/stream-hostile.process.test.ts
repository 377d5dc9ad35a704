import { SharedMemoryError } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { expect, it } from 'vitest'
import { openStream } from '../src/index.js'

it('a peer that moves the base without end keeps nobody from joining or being refused', async () => {
  using writer = createStream(uniqueName('stream'), u32, { consumers: 1 })
  using peer = spawnFixture(new URL('../fixtures/restless-base.child.ts', import.meta.url), [writer.name])
  await peer.line('ready')
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      using _reader = await openStream(writer.name, u32) // the peer stood still
    } catch (error) {
      expect(error).toBeInstanceOf(SharedMemoryError)
      expect(error).toMatchObject({ code: 'CORRUPT' })
    }
    expect(writer.consumers).toBe(0)
  }
})
