import { api, call, stream } from '@memlane/protocol'
import { Sample } from './sample.js'

/** The API of the call tests, as peers/call/samples.h defines it. */
export const Samples = api('Samples', {
  twice: call(Sample, Sample),
  again: call(Sample, Sample, { idempotent: true }),
  upTo: call(Sample, stream(Sample)),
})
