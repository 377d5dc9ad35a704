const MB_OK = 0

/** Opens a Windows message box, and blocks until it is closed. */
export async function showMessageBox(title: string, message: string): Promise<void> {
  const { default: koffi } = await import('koffi')
  const user32 = koffi.load('user32.dll')
  const MessageBoxW = user32.func('int __stdcall MessageBoxW(void *owner, str16 text, str16 title, uint32_t type)')
  if (MessageBoxW(null, message, title, MB_OK) <= 0) {
    throw new Error('Windows could not open a message box; try --show terminal.')
  }
}
