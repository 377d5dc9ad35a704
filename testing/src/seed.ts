/** The seed of this run's random tests. It is printed; set MEMLANE_SEED to repeat a run. */
const environment = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env

export const seed = Number(environment?.MEMLANE_SEED ?? Math.floor(Math.random() * 0x7fff_ffff))

console.log(`MEMLANE_SEED=${seed}`)
