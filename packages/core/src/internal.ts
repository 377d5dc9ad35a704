/** What the other packages of memlane build on. No part of the public API: it changes without notice. */

export { addonFile } from './addon.js'
export {
  clearImmediate,
  clearInterval,
  clearTimeout,
  microtask,
  now,
  pause,
  setImmediate,
  setInterval,
  setTimeout,
} from './clock.js'
export { dispose } from './dispose.js'
export { type ErrorCodeMeaning, type SystemErrorCode, systemErrorCodes } from './error-codes.js'
export { resolveName } from './name.js'
export {
  checkBoolean,
  checkFunction,
  checkObject,
  checkOneOf,
  checkOptions,
  checkSignal,
  checkText,
  checkTimeout,
  checkWholeNumber,
  describeValue,
  MAX_TIMEOUT_MS,
  type OptionCheck,
  type OptionChecks,
} from './options.js'
export { createChecks, openChecks } from './shared-memory.js'
export { steadyNow } from './steady-clock.js'
export { waitChecks } from './waiting.js'
