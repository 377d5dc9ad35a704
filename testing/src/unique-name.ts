import { randomBytes } from 'node:crypto'

/**
 * Makes a name for shared memory that no other test, test run or user has: a readable prefix, the id of this process, and
 * six random bytes. The name has only letters, digits and hyphens, so that it may follow `Global\`, `Local\` or a slash.
 */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid}-${randomBytes(6).toString('hex')}`
}
