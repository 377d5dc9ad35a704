/** The configuration of a bridge: what `bridge.json` may hold. Each key is described by `docs/guides/bridge.md`. */

import { hostname } from 'node:os'
import { z } from 'zod'
import { routeSchema } from './route-config.js'

const path = z.string().min(1)

const tlsSchema = z.strictObject({
  caFile: path.optional(),
  certFile: path.optional(),
  keyFile: path.optional(),
  /** True for servers that begin TLS before they say anything. */
  handshakeFirst: z.boolean().default(false),
})

/** How to reach the servers. At most one way to sign in. Secrets lie in files, not in the configuration. */
const serverSchema = z
  .strictObject({
    servers: z.array(z.string().min(1)).min(1).default(['nats://127.0.0.1:4222']),
    user: z.string().optional(),
    passwordFile: path.optional(),
    tokenFile: path.optional(),
    nkeyFile: path.optional(),
    credentialsFile: path.optional(),
    tls: tlsSchema.optional(),
  })
  .refine(
    ({ user, tokenFile, nkeyFile, credentialsFile }) =>
      [user, tokenFile, nkeyFile, credentialsFile].filter((way) => way !== undefined).length <= 1,
    { error: 'give one of user, tokenFile, nkeyFile and credentialsFile' },
  )
  .refine(({ user, passwordFile }) => (user === undefined) === (passwordFile === undefined), {
    error: 'user and passwordFile belong together',
  })

const httpSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535),
})

export const bridgeConfigSchema = z.strictObject({
  $schema: z.string().optional(),
  /** Names this bridge among all that share the servers: no two may have the same. */
  origin: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'use 1 to 64 letters, digits, "-" and "_"' })
    .default(
      () =>
        hostname()
          .replaceAll(/[^A-Za-z0-9_-]/g, '-')
          .slice(0, 64) || 'bridge',
    ),
  /** Where the bridge keeps its positions and spilled messages. */
  stateFolder: path,
  server: serverSchema.prefault({}),
  /** Serves `/metrics` and `/health`. */
  http: httpSchema.optional(),
  routes: z.array(routeSchema).min(1),
})

/** A checked configuration, with all defaults filled in. */
export type BridgeConfig = z.output<typeof bridgeConfigSchema>
export type ServerConfig = BridgeConfig['server']
