import { readFileSync } from 'node:fs'
import { credsAuthenticator, nkeyAuthenticator } from '@nats-io/nats-core'
import type { NodeConnectionOptions } from '@nats-io/transport-node'
import type { ServerConfig } from '../config/bridge-config.js'

/**
 * Makes the options of a connection that never gives up. Reads the files of the configuration.
 *
 * @throws Error naming the file that cannot be read
 */
export function connectionOptions(config: ServerConfig): NodeConnectionOptions {
  const { servers, user, passwordFile, tokenFile, nkeyFile, credentialsFile, tls } = config
  return {
    servers,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true, // an expired sign-in may be renewed in its file
    timeout: 5_000,
    pingInterval: 5_000,
    maxPingOut: 2,
    ...(user !== undefined && passwordFile !== undefined && { user, pass: secretIn(passwordFile) }),
    ...(tokenFile !== undefined && { token: secretIn(tokenFile) }),
    ...(nkeyFile !== undefined && { authenticator: nkeyAuthenticator(() => Buffer.from(secretIn(nkeyFile))) }),
    ...(credentialsFile !== undefined && { authenticator: credsAuthenticator(() => readFileSync(credentialsFile)) }),
    ...(tls !== undefined && {
      tls: {
        handshakeFirst: tls.handshakeFirst,
        ...(tls.caFile !== undefined && { caFile: tls.caFile }),
        ...(tls.certFile !== undefined && { certFile: tls.certFile }),
        ...(tls.keyFile !== undefined && { keyFile: tls.keyFile }),
      },
    }),
  }
}

/** The first line of a file: editors add a line feed. */
function secretIn(file: string): string {
  return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? ''
}
