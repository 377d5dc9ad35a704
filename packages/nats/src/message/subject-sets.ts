/** Subjects with wildcards as sets: `*` stands for one part, `>` at the end for one or more. */

/** Tells whether every subject that matches `inner` matches `outer`, too. */
export function covers(outer: string, inner: string): boolean {
  const [a, b] = [outer.split('.'), inner.split('.')]
  for (const [index, part] of a.entries()) {
    const other = b[index]
    if (other === undefined) return false
    if (part === '>') return true
    if (other === '>' || (part !== '*' && part !== other)) return false
  }
  return a.length === b.length
}

/** Tells whether some subject matches both. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [one.split('.'), other.split('.')]
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [x, y] = [a[index] as string, b[index] as string]
    if (x === '>' || y === '>') return true
    if (x !== y && x !== '*' && y !== '*') return false
  }
  return a.length === b.length
}
