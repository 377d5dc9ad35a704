/** Writes to standard output. Rejects if that fails: then the message was not shown. */
export function print(text: string): Promise<void> {
  const { stdout } = process
  return new Promise((resolve, reject) => {
    stdout.once('error', reject)
    stdout.write(text, (error) => {
      if (error) return reject(error) // 'error' follows, and needs its listener
      stdout.off('error', reject)
      resolve()
    })
  })
}
