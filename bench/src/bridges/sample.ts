import { bytes, f64, type Infer, struct, u32, utf8 } from '@memlane/protocol'

const Small = struct('Small', { sentMs: f64, n: u32, k: u32, x: f64, y: f64 })
const samples = {
  32: Small,
  1024: struct('Medium', { sentMs: f64, n: u32, k: u32, text: utf8(1008) }),
  65536: struct('Large', { sentMs: f64, n: u32, k: u32, block: bytes(65_520) }),
}

/** A message of the trials: numbered, with the time at which it was sent. */
export interface Sample {
  sentMs: number
  n: number
}

/** Returns the schema of messages of so many bytes, and a message to be changed and sent again and again. */
export function sampleOf(payload: number): { schema: typeof Small; value: Infer<typeof Small> } {
  const schema = samples[payload as keyof typeof samples]
  if (schema === undefined) throw new RangeError(`no message has ${payload} bytes`)
  return { schema: schema as typeof Small, value: { sentMs: 0, n: 0, k: 7, ...restOf(payload) } as Infer<typeof Small> }
}

/** Large messages are blocks of bytes, as pictures are: a text would measure UTF-8. */
function restOf(payload: number): object {
  if (payload === 32) return { x: 0.25, y: 1e6 }
  if (payload === 65_536) return { block: new Uint8Array(65_520).fill(7) }
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(payload / 45))
  return { text: text.slice(0, payload - 17) } // its end needs a byte
}
