/** What the other packages use: values as JSON and as bytes, and lanes as observers read them. */

export { CopiedPayload } from './copied-payload.js'
export { isWrapped, type JsonForm, messageJson } from './json-form.js'
export { bytesOf } from './json-scalars.js'
export { fromJson, toJson } from './json-value.js'
export { ObservedLane } from './observed-lane.js'
export { Payload } from './payload.js'
export { rawCodec } from './raw-codec.js'
