import { readFileSync } from 'node:fs'
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/nats-core'
import type { NodeConnectionOptions } from '@nats-io/transport-node'
import type { ServerConfig } from '../config/bridge-config.js'

/**
 * Makes the options of a connection that never gives up. Each attempt to connect reads the secrets and certificates again, so they can be
 * renewed in their files.
 *
 * @param onProblem called with the reason if the secrets cannot be read. The attempt goes on without them, and the server refuses it
 */
export function connectionOptions(config: ServerConfig, onProblem: (text: string) => void): NodeConnectionOptions {
  const { servers, tls } = config
  const authenticator = authenticatorOf(config)
  return {
    servers,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    timeout: 5_000,
    pingInterval: 5_000,
    maxPingOut: 2,
    ...(authenticator !== undefined && { authenticator: tolerant(authenticator, onProblem) }),
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

function authenticatorOf(config: ServerConfig): Authenticator | undefined {
  const { user, passwordFile, tokenFile, nkeyFile, credentialsFile } = config
  if (user !== undefined && passwordFile !== undefined) {
    return usernamePasswordAuthenticator(user, () => secretIn(passwordFile))
  }
  if (tokenFile !== undefined) return tokenAuthenticator(() => secretIn(tokenFile))
  if (nkeyFile !== undefined) return nkeyAuthenticator(() => Buffer.from(secretIn(nkeyFile)))
  if (credentialsFile !== undefined) return credsAuthenticator(() => readFileSync(credentialsFile))
  return undefined
}

/** The client closes a connection for good if its authenticator throws. */
function tolerant(authenticator: Authenticator, onProblem: (text: string) => void): Authenticator {
  return (nonce) => {
    try {
      return authenticator(nonce)
    } catch (error) {
      onProblem(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
}

/** The first line of a file: editors add a line feed. */
function secretIn(file: string): string {
  return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? ''
}
