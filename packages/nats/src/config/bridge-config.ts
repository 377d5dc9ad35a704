/** The configuration of a bridge. The descriptions are those that editors show. */

import { hostname } from 'node:os'
import { z } from 'zod'
import { routeSchema } from './route-config.js'
import { routeConflicts } from './route-conflicts.js'

const file = (description: string) => z.string().min(1).describe(`${description} Relative to the configuration.`)

const tlsSchema = z
  .strictObject({
    caFile: file('Certificates that sign those of the servers. Default: those of the system.').optional(),
    certFile: file("This client's certificate.").optional(),
    keyFile: file("This client's private key.").optional(),
    handshakeFirst: z
      .boolean()
      .default(false)
      .describe('True for servers that begin TLS before they say anything (nats-server 2.10 and later).'),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    error: 'needs certFile and keyFile together',
  })
  .describe('Insists on TLS. {} is enough if the system knows who signed the certificates of the servers.')

const serverUrl = z.string().refine((text) => /^((nats|tls):\/\/)?[^\s/@:]+(:\d{1,5})?$/.test(text) || isIpv6(text), {
  error: 'must be an address such as nats://127.0.0.1:4222 or tls://example.org, without a user: secrets lie in files',
})

const SIGN_INS = ['user', 'tokenFile', 'nkeyFile', 'credentialsFile'] as const

const serverSchema = z
  .strictObject({
    servers: z
      .array(serverUrl)
      .min(1)
      .default(['nats://127.0.0.1:4222'])
      .describe('One or several servers of a cluster. The bridge learns the others from them.'),
    user: z.string().min(1).optional().describe('Signs in by this user and passwordFile.'),
    passwordFile: file('The first line is the password of user.').optional(),
    tokenFile: file('The first line is a token.').optional(),
    nkeyFile: file('The first line is the seed of an NKEY: it begins with SU.').optional(),
    credentialsFile: file('A file of credentials, as nsc makes it: a JWT and its seed.').optional(),
    tls: tlsSchema.optional(),
  })
  .refine((config) => SIGN_INS.filter((way) => config[way] !== undefined).length <= 1, {
    error: `has several ways to sign in: give only one of ${SIGN_INS.join(', ')}`,
  })
  .refine(({ user, passwordFile }) => (user === undefined) === (passwordFile === undefined), {
    error: 'needs user and passwordFile together',
  })
  .describe(
    'How to reach the servers, and at most one way to sign in. The files are read again at each attempt to connect.',
  )

const httpSchema = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('The address to serve at. It has no password.'),
    port: z.int().min(0).max(65_535).describe('0 stands for any free port.'),
  })
  .describe('Serves /metrics for Prometheus, and /health.')

export const bridgeConfigSchema = z
  .strictObject({
    $schema: z.string().optional().describe('The JSON Schema, for editors.'),
    origin: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, "-" and "_"' })
      .default(hostOrigin)
      .describe(
        'Names this bridge among all that share the servers: no two may have the same. Default: the host name.',
      ),
    stateFolder: file('Where the bridge keeps its positions and spilled messages. One bridge for each folder.'),
    server: serverSchema.prefault({}),
    http: httpSchema.optional(),
    routes: z.array(routeSchema).min(1).describe('What goes where.'),
  })
  .check(({ value, issues }) => {
    for (const { path, message } of routeConflicts(value.routes)) {
      issues.push({ code: 'custom', path: ['routes', ...path], message, input: value.routes })
    }
  })

/** A checked configuration, with all defaults filled in. */
export type BridgeConfig = z.output<typeof bridgeConfigSchema>
export type ServerConfig = BridgeConfig['server']

function hostOrigin(): string {
  const name = hostname().replaceAll(/[^A-Za-z0-9_-]/g, '-')
  return name.slice(0, 64) || 'bridge'
}

function isIpv6(text: string): boolean {
  return /^((nats|tls):\/\/)?\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/.test(text)
}
