/** Calls `visit` for each bit of a 32-bit mask that is set, the lowest first. */
export function forEachBit(mask: number, visit: (bit: number) => void): void {
  for (let rest = mask; rest !== 0; rest &= rest - 1) visit(lowestBit(rest))
}

/** Returns the number of the lowest bit that is set, 0 to 31. For loops in which a function call per bit costs too much. */
export function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask)
}
