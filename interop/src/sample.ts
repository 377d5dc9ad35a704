import { array, f64, type Infer, struct, u32 } from '@memlane/protocol'

/** The messages of the stream tests, as peers/stream/sample.h defines them. Each holds its number. */
export const Sample = struct('Sample', { number: u32, inverse: u32, half: f64, words: array(u32, 4) })

export function sampleOf(number: number): Infer<typeof Sample> {
  return {
    number,
    inverse: ~number >>> 0,
    half: number / 2,
    words: [3, 4, 5, 6].map((factor) => Math.imul(number, factor) >>> 0),
  }
}

/** Whether a message, or its view, is the sample of its number. */
export function isSample({ number, inverse, half, words }: SampleView): boolean {
  const [a, b, c, d] = words
  const product = (factor: number) => Math.imul(number, factor) >>> 0
  return (
    inverse === ~number >>> 0 &&
    half === number / 2 &&
    a === product(3) &&
    b === product(4) &&
    c === product(5) &&
    d === product(6)
  )
}

interface SampleView {
  readonly number: number
  readonly inverse: number
  readonly half: number
  readonly words: Iterable<number>
}
