import type { SchemaDescriptor } from '@memlane/protocol'

/** What Node passes to an object's own inspection. */
export type Inspect = (value: unknown, options: object) => string

/** Shows an object as `console.log` shows instances of a class: `StreamReader { name: 'quotes', lag: 3 }`. */
export function inspection(className: string, facts: object, options: object, inspect: Inspect): string {
  return `${className} ${inspect(facts, options)}`
}

/** The name of a schema for people: of a struct its own, else its kind. */
export function schemaName({ descriptor }: { readonly descriptor: SchemaDescriptor }): string {
  return descriptor.kind === 'struct' ? descriptor.name : descriptor.kind
}

/** Calls `count`. Inspection must not throw: the result is undefined if the memory is corrupt. */
export function unlessCorrupt(count: () => number): number | undefined {
  try {
    return count()
  } catch {
    return undefined
  }
}
