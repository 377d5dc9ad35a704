import { capabilities } from '@memlane/core'
import { showDesktopDialog } from './desktop-dialog.js'
import { showMessageBox } from './message-box.js'
import { print } from './print.js'

const TITLE = 'Process2'

export const destinations = ['terminal', 'dialog'] as const
export type Destination = (typeof destinations)[number]

const onWindows = capabilities.namespace === 'windows'
export const defaultDestination: Destination = onWindows ? 'dialog' : 'terminal'

/** Shows a message: prints it, or opens a dialog and waits until the user closes it. */
export async function show(message: string, destination: Destination): Promise<void> {
  if (destination === 'terminal') await print(`${message}\n`)
  else if (onWindows) await showMessageBox(TITLE, message)
  else await showDesktopDialog(TITLE, message)
}
