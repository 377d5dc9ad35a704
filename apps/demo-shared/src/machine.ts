import { api, call, f64, type Infer, payload, stream, struct, u32 } from '@memlane/protocol'
import { MachineFigures } from './machine-figures.js'

/** The disk of a path. */
export const DiskFigures = struct('DiskFigures', {
  /** Bytes. */
  total: f64,
  free: f64,
})
export type DiskFigures = Infer<typeof DiskFigures>

/** The calls that the first process answers. Both must use this API. */
export const Machine = api('Machine', {
  /** Takes a rate in figures a second, and streams figures at that rate until the client leaves. */
  watch: call(u32, stream(MachineFigures)),
  /** Takes a path. */
  disk: call(payload.utf8, DiskFigures, { idempotent: true }),
})
