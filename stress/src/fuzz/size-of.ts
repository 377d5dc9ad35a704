/** Counts the parts of a decoded value: values, characters of text, and bytes, at every depth. */
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
