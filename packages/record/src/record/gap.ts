/** The name of the Metadata records that tell of messages that are not in the recording. */
export const GAP = 'memlane.gap'

/**
 * Messages of one channel that are not in the recording.
 *
 * - `overwritten`: they were overwritten before the recorder had read them.
 * - `unreadable`: the memory held bytes that cannot be right, or that were no value of the schema.
 */
export interface Gap {
  readonly topic: string
  readonly producer: number
  readonly reason: 'overwritten' | 'unreadable'
  /** How many messages are missing. */
  readonly missed: number
  /** Nanoseconds since 1970: when the first and the last loss was noticed. */
  readonly from: bigint
  readonly until: bigint
}

/** Collects gaps until they are written, so that constant losses make one record for each flush. */
export class GapLog {
  readonly #open = new Map<string, Gap>()
  /** Messages that are not in the recording, so far. */
  total = 0

  add({ topic, producer, reason, missed }: Omit<Gap, 'from' | 'until'>, time: bigint): void {
    const key = `${reason} ${producer} ${topic}`
    const { missed: earlier = 0, from = time } = this.#open.get(key) ?? {}
    this.#open.set(key, { topic, producer, reason, missed: earlier + missed, from, until: time })
    this.total += missed
  }

  /** Returns the gaps that were not written yet, and forgets them. */
  take(): Gap[] {
    const gaps = [...this.#open.values()]
    this.#open.clear()
    return gaps
  }
}

/** Encodes a gap for a Metadata record. */
export function gapToMetadata(gap: Gap): Map<string, string> {
  return new Map(Object.entries(gap).map(([key, value]) => [key, String(value)]))
}

/** Decodes a gap. Returns undefined if the record is none. */
export function gapFromMetadata(metadata: ReadonlyMap<string, string>): Gap | undefined {
  const reason = metadata.get('reason')
  const missed = Number(metadata.get('missed'))
  if ((reason !== 'overwritten' && reason !== 'unreadable') || !Number.isSafeInteger(missed)) return undefined
  try {
    return {
      topic: metadata.get('topic') ?? '',
      producer: Number(metadata.get('producer') ?? 0),
      reason,
      missed,
      from: BigInt(metadata.get('from') ?? 0),
      until: BigInt(metadata.get('until') ?? 0),
    }
  } catch {
    return undefined
  }
}
