import { randomBytes } from 'node:crypto'

/**
 * Makes a name for shared memory that no other test, test run or user has: a prefix for people to recognise it by, this
 * process's id, and six random bytes. It holds letters, digits and hyphens only, so that it may follow `Global\`,
 * `Local\` or a slash.
 */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid}-${randomBytes(6).toString('hex')}`
}
