/** What the other packages use: values as JSON and as bytes. */
export { isWrapped, type JsonForm, messageJson } from './json-form.js'
export { bytesOf } from './json-scalars.js'
export { fromJson, toJson } from './json-value.js'
export { Payload } from './payload.js'
