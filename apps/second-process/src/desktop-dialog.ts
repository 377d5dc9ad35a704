import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

interface DialogProgram {
  command: string
  args(title: string, message: string): string[]
  /** The standard input of the program, if it reads the message from there and not from an argument. */
  input?(message: string): string
}

/** In order of preference. zenity and kdialog treat a backslash as the start of an escape sequence. */
const dialogPrograms: readonly DialogProgram[] = [
  {
    command: 'zenity',
    args: (title, message) => ['--info', `--title=${title}`, '--no-markup', `--text=${escapeBackslashes(message)}`],
  },
  { command: 'kdialog', args: (title, message) => ['--title', title, '--msgbox', escapeBackslashes(message)] },
  {
    command: 'xmessage',
    args: (title) => ['-title', title, '-center', '-default', 'okay', '-file', '-'],
    input: (message) => message,
  },
]

/** Opens a desktop dialog with the first dialog program that is installed, and waits until the dialog is closed. */
export async function showDesktopDialog(title: string, message: string): Promise<void> {
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    throw new Error('there is no desktop here (neither DISPLAY nor WAYLAND_DISPLAY is set); try --show terminal.')
  }
  for (const program of dialogPrograms) {
    const dialog = spawn(program.command, program.args(title, message), { stdio: ['pipe', 'ignore', 'pipe'] })
    if (!(await started(dialog))) continue
    await closed(dialog, program.command, program.input?.(message) ?? '')
    return
  }
  const names = dialogPrograms.map(({ command }) => command).join(', ')
  throw new Error(`there is no dialog program here (looked for ${names}); try --show terminal.`)
}

async function started(dialog: ChildProcess): Promise<boolean> {
  try {
    await once(dialog, 'spawn')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/**
 * Waits until the dialog is closed. A dialog program also ends with a code other than 0 if the user closes the window without the
 * button. So this is a failure only if a signal ended the program, or if the program complains about the display.
 */
async function closed(dialog: ChildProcess, command: string, input: string): Promise<void> {
  let complaint = ''
  dialog.stderr?.setEncoding('utf8').on('data', (part: string) => {
    complaint += part
  })
  dialog.stdin?.on('error', () => {}) // the program ended without reading: its exit code is checked below
  dialog.stdin?.end(input)
  const [code, signal] = await once(dialog, 'close')
  if (signal !== null || (code !== 0 && /display/i.test(complaint))) {
    throw new Error(`${command} ended with ${signal ?? `exit code ${code}`}: ${complaint.trim()}`)
  }
}

function escapeBackslashes(text: string): string {
  return text.replaceAll('\\', '\\\\')
}
