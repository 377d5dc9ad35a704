/** Tells whether some name matches both patterns. `*` stands for any characters, `?` for one. */
export function patternsOverlap(a: string, b: string): boolean {
  if (a === '' && b === '') return true
  if (a.startsWith('*')) return patternsOverlap(a.slice(1), b) || (b !== '' && patternsOverlap(a, b.slice(1)))
  if (b.startsWith('*')) return patternsOverlap(b, a)
  if (a === '' || b === '') return false
  return (a[0] === b[0] || a[0] === '?' || b[0] === '?') && patternsOverlap(a.slice(1), b.slice(1))
}
