/**
 * Tells why a reader cannot read the messages of another schema: the first difference. It is made only in that case.
 *
 * Each side is a descriptor, or `undefined` if there is no such field or member. For `part`, it is the number or the name that an
 * enumeration has there.
 */
export class Difference {
  /** What the memory has. */
  readonly there: unknown
  /** What the reader declares. */
  readonly here: unknown
  /** The name with two numbers, or the number with two names, if an enumeration differs in that. */
  readonly part: string | number | undefined
  /** Names of fields and members, and 0 for the elements of an array, from the outside in. Empty: the whole payload. */
  readonly path: (string | number)[] = []

  constructor(there: unknown, here: unknown, part?: string | number) {
    this.there = there
    this.here = here
    this.part = part
  }

  /** Adds one step to the front of the path. */
  within(step: string | number): this {
    this.path.unshift(step)
    return this
  }
}
