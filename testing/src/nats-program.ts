import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Returns the path of nats-server: from MEMLANE_NATS, or the one that `npm run test:nats` uses. Fetches that if it is missing (Debian). */
export function natsProgram(): string {
  if (process.env.MEMLANE_NATS !== undefined) return process.env.MEMLANE_NATS
  const root = new URL('../../', import.meta.url)
  execFileSync(fileURLToPath(new URL('scripts/nats/setup.sh', root)), { stdio: ['ignore', 'inherit', 'inherit'] })
  return fileURLToPath(new URL('.nats/usr/sbin/nats-server', root))
}
