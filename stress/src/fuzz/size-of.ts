/** Counts what a decoded value is made of: values, units of text and bytes. Goes as deep as the value does. */
export function sizeOf(value: unknown): number {
  let size = 0
  for (const pending = [value]; pending.length > 0; ) {
    const next = pending.pop()
    size++
    if (typeof next === 'string') size += next.length
    else if (next instanceof Uint8Array) size += next.length
    else if (typeof next === 'object' && next !== null) {
      for (const key in next) {
        // properties of accessors, too, which are their prototype's
        if (!Array.isArray(next)) size += key.length
        pending.push((next as Record<string, unknown>)[key])
      }
    }
  }
  return size
}
