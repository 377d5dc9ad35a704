import { createInterface } from 'node:readline'

type Verb = (...args: never[]) => unknown

const input = createInterface({ input: process.stdin })

/**
 * Runs in the process that a `Peer` controls. Each line of standard input is a JSON array [id, verb, …arguments]. Prints
 * {id, result} or {id, code, message, osCode} as JSON, one line for each. Commands do not wait for one another: one may wait in
 * `send` while the next is `closeWriter`. Ends when standard input ends, or after `stopReading`.
 */
export async function readCommands(verbs: Record<string, Verb>): Promise<void> {
  for await (const line of input) void obey(verbs, line)
}

/** Stops `readCommands`: standard input no longer keeps the process running. */
export function stopReading(): void {
  input.close()
  process.stdin.destroy() // Deno has no unref here
}

async function obey(verbs: Record<string, Verb>, line: string): Promise<void> {
  const [id, verb, ...args] = JSON.parse(line) as [number, string, ...never[]]
  try {
    const result = await (verbs[verb] as Verb)(...args)
    console.log(JSON.stringify({ id, result }))
  } catch (error) {
    const { code, name, message, osCode } = error as { code?: string; name: string; message: string; osCode?: number }
    console.log(JSON.stringify({ id, code: code ?? name, message, osCode }))
  }
}
