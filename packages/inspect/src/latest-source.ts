import { type LatestChannel, openCells, type ReaderKeys } from '@memlane/channel'
import { Lease } from '@memlane/core'
import type { AnyCodec } from '@memlane/protocol'
import { CellReader, MAX_COPY_ATTEMPTS, NEVER_SET } from '@memlane/protocol/internal'
import { CopiedPayload } from './copied-payload.js'
import { SeenMessage } from './seen-message.js'
import type { TailOptions } from './tail.js'
import type { TailSource, Take } from './tail-source.js'
import { wallTime } from './wall-clock.js'

interface ObservedKey {
  readonly key: string
  readonly reader: CellReader
  readonly codec: AnyCodec
  /** The version that was seen last, and its lower half. */
  version: number
  low: number
}

/** All keys of a latest: hands over the newest value of each key that has changed. */
export class LatestSource implements TailSource {
  missed = 0
  readonly #channel: LatestChannel
  readonly #cells: Int32Array
  readonly #keys: readonly ObservedKey[]
  readonly #copy = new CopiedPayload()
  readonly #message: SeenMessage
  #turn = 0

  constructor(channel: LatestChannel, { codecs, members }: ReaderKeys, from: NonNullable<TailOptions['from']>) {
    this.#channel = channel
    const { buffer, places } = openCells(channel, members, 'read')
    this.#cells = new Int32Array(buffer, 0, buffer.byteLength >>> 2)
    this.#keys = [...places].map(([key, place]) => {
      const reader = new CellReader(buffer, place)
      const version = currentVersion(reader)
      const seen = from === 'now' ? version : Math.max(0, version - 1)
      return { key, reader, codec: codecs.get(key) as AnyCodec, version: seen, low: seen | 0 }
    })
    this.#message = new SeenMessage(this.#keys[0]?.codec as AnyCodec, this.#copy.data)
    this.#message.kind = 'value'
  }

  poll(take: Take, limit: number): number {
    let count = 0
    for (let visited = 0; visited < this.#keys.length && count < limit; visited++) {
      this.#turn = (this.#turn + 1) % this.#keys.length
      const key = this.#keys[this.#turn] as ObservedKey
      if (!key.reader.hasOther(key.low) || !this.#read(key)) continue
      count++
      take(this.#message)
    }
    return count
  }

  /**
   * Copies the newest value. False if it was replaced during each attempt: then the next call tries again.
   *
   * @throws LayoutError `CORRUPT`
   */
  #read(key: ObservedKey): boolean {
    const { reader } = key
    for (let attempt = 0; attempt < MAX_COPY_ATTEMPTS; attempt++) {
      const offset = reader.begin()
      const { low, version, length, time } = reader
      if (offset >= 0) this.#copy.copyFrom(this.#cells, offset, length)
      if (!reader.isWhole(low)) continue
      const missed = Math.max(0, version - key.version - 1)
      key.low = low
      key.version = version
      if (offset === NEVER_SET) return false
      if (offset < 0) throw reader.wrongLength()
      this.missed += missed
      this.#show(key, missed, time)
      return true
    }
    return false
  }

  #show({ key, version, codec }: ObservedKey, missed: number, time: number): void {
    const message = this.#message
    message.key = key
    message.decoder = codec
    message.sequence = version
    message.missedBefore = missed
    message.time = wallTime(time)
    message.show(this.#copy)
  }

  isInUse(): boolean {
    const { control, memory } = this.#channel
    if (Lease.isHeld(memory, control.writers.numberOf(0))) return true
    for (let reader = 0; reader < control.readers.count; reader++) {
      if (Lease.isHeld(memory, control.readers.numberOf(reader))) return true
    }
    return false
  }

  hasDied(): boolean {
    const { control, memory } = this.#channel
    return control.writerState === 'open' && !Lease.isHeld(memory, control.writers.numberOf(0))
  }
}

/** 0 if no value was ever set. */
function currentVersion(reader: CellReader): number {
  for (let attempt = 0; attempt < MAX_COPY_ATTEMPTS; attempt++) {
    reader.begin()
    const { low, version } = reader
    if (reader.isWhole(low)) return version
  }
  return reader.version
}
