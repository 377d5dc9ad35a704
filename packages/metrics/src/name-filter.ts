import type { Inspection } from '@memlane/inspect'

/** Says which memories get series of their own. Without patterns: channels, and regions that have a writer. */
export function nameFilter(patterns: readonly string[] | undefined): (inspection: Inspection) => boolean {
  if (patterns === undefined) return ({ shape }) => shape !== 'bytes' && shape !== 'unreadable'
  const expressions = patterns.map(expressionOf)
  return ({ name }) => expressions.some((expression) => expression.test(name))
}

function expressionOf(pattern: string): RegExp {
  const literal = pattern.replace(/[\\^$.+()[\]{}|]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's')
}
