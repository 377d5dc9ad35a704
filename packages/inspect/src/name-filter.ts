/** Tells whether a name of memory is a pattern. */
export function isPattern(name: string): boolean {
  return /[*?]/.test(name)
}

/** Makes a test for names: one of the patterns must match the whole name. `*` stands for any characters, `?` for one. */
export function nameFilter(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map(expressionOf)
  return (name) => expressions.some((expression) => expression.test(name))
}

function expressionOf(pattern: string): RegExp {
  const literal = pattern.replace(/[\\^$.+()[\]{}|]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
}
