import { api, call, payload } from '@memlane/protocol'

/** An API whose answers are the requests. `never` does not answer. */
export const Echo = api('Echo', {
  bytes: call(payload.bytes, payload.bytes),
  json: call(payload.json(), payload.json()),
  never: call(payload.json(), payload.json()),
})

/** Room for 64 KiB. */
export const LENGTHS = { maxRequestLength: 66_000, maxAnswerLength: 66_000 }
