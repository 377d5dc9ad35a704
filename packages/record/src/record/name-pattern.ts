/** Tells whether a name of memory is a pattern. */
export function isPattern(name: string): boolean {
  return /[*?]/.test(name)
}

/** Makes a test for names: `*` stands for any characters, `?` for one. */
export function namePattern(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/[^*?]+|[*?]/g, (part) => {
    return part === '*' ? '.*' : part === '?' ? '.' : part.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  const expression = new RegExp(`^${source}$`, 's')
  return (name) => expression.test(name)
}
