/** @throws RangeError unless `count` is a whole number of at least 1. The message begins with `what`, which says what is counted */
export function checkCount(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`${what}: ${count} is not a whole number from 1 on`)
}
