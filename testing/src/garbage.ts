/** The environment of a process that calls `collectGarbage`: options of Node.js and of Deno. Bun needs none. */
export const EXPOSE_GC = { NODE_OPTIONS: '--expose-gc', DENO_V8_FLAGS: '--expose-gc' }

/** Collects all garbage, at once. */
export function collectGarbage(): void {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(synchronous: boolean): void } }
  if (Bun !== undefined) Bun.gc(true)
  else if (gc !== undefined) gc()
  else throw new Error('start this process with EXPOSE_GC in its environment')
}
