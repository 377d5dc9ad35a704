/** What the other packages use: values as JSON and as bytes. */
export { fromBase64, toBase64 } from './base64.js'
export { isWrapped, type JsonForm, messageJson } from './json-form.js'
export { Payload } from './payload.js'
