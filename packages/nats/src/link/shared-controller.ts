import { setMaxListeners } from 'node:events'

/** Makes a controller for many waits at a time: of more than ten, Node.js would warn. */
export function sharedController(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
