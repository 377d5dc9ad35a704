import type { Doorbell } from '@memlane/core'

/** Waits in the event loop until a bell rings, or is closed. @returns false if `timeoutMs` have passed */
export function rings(bell: Pick<Doorbell, 'listen' | 'unlisten'>, timeoutMs = Infinity): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const woken = () => {
      clearTimeout(timer)
      resolve(true)
    }
    if (!bell.listen(woken)) {
      woken()
    } else if (timeoutMs !== Infinity) {
      timer = setTimeout(() => {
        bell.unlisten(woken)
        resolve(false)
      }, timeoutMs)
    }
  })
}
