import { capabilities } from '@memlane/core'
import { createStream } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { describe, expect, it } from 'vitest'

const FOLDER = '/dev/shm'
const unshare = ['unshare', process.getuid?.() === 0 ? '-m' : '-rm', 'sh', '-c']
const script = `mount --bind ${FOLDER} ${FOLDER} && mount -o remount,bind,ro ${FOLDER} && exec "$@"`
const onReadOnlyFolder = () => new StreamPeer({ through: [...unshare, script, 'sh'] })

describe.runIf(capabilities.objectDirectory === FOLDER)('a consumer whose /dev/shm is read-only', () => {
  it('opens an overwriting stream read-only without an option', async () => {
    const name = uniqueName('stream')
    using writer = createStream(name, Numbered, { capacity: 65_536, overflow: 'overwrite' })
    await using consumer = onReadOnlyFolder()
    await consumer.call('open', name)
    const reading = consumer.call('consume', 'receive', 10)
    for (let number = 0; number < 10; number++) writer.trySend(numbered(0, number, 0, number))
    expect(await reading).toMatchObject({ count: 10 })
  })

  it('is told that a stream whose producers wait needs write access', async () => {
    const name = uniqueName('stream')
    using _writer = createStream(name, Numbered, { capacity: 65_536 })
    await using consumer = onReadOnlyFolder()
    await expect(consumer.call('open', name)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })
})
