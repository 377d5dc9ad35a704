import { JetStreamError, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { BridgeConfig, ServerConfig } from '../config/bridge-config.js'
import { connectionOptions } from '../link/connection-options.js'
import { problemText } from '../link/problem-text.js'
import { checkPermissions } from './check-permissions.js'
import { checkStreams } from './check-streams.js'
import type { ServerFinding } from './server-finding.js'

/**
 * Checks a configuration against its servers: each answers and takes the sign-in, JetStream works, the streams and buckets are there and
 * match the routes, and the user may do what the routes do. Publishes and creates nothing. Takes some seconds if a server does not answer.
 *
 * @returns the findings; the bridge can run if none of them is an error
 */
export async function checkServers(config: BridgeConfig): Promise<readonly ServerFinding[]> {
  const { servers } = config.server
  const attempts = await Promise.all(servers.map((server) => attempt(config.server, server)))
  const connections = attempts.filter((found) => typeof found !== 'string')
  const severity = connections.length === 0 ? 'error' : 'warning'
  const findings = attempts.flatMap((found, index): ServerFinding[] => {
    if (typeof found === 'string') return [{ severity, code: 'SERVER', message: `${servers[index]}: ${found}` }]
    return [{ severity: 'note', code: 'SERVER', message: `${servers[index]}: nats-server ${found.info?.version}` }]
  })
  try {
    const [connection] = connections
    if (connection !== undefined) findings.push(...(await checkAccount(config, connection)))
  } finally {
    await Promise.all(connections.map((connection) => connection.close()))
  }
  return findings
}

/** Connects to one server. Returns the reason if that fails. */
async function attempt(config: ServerConfig, server: string): Promise<NatsConnection | string> {
  let problem: string | undefined
  const options = connectionOptions(config, (text) => {
    problem = text
  })
  try {
    return await connect({ ...options, servers: [server], reconnect: false, name: 'memlane check' })
  } catch (error) {
    return problem ?? problemText(error)
  }
}

async function checkAccount(config: BridgeConfig, connection: NatsConnection): Promise<readonly ServerFinding[]> {
  const permissions = await checkPermissions(config.routes, connection)
  if (config.routes.every(({ kind }) => kind.startsWith('call-'))) return permissions
  const manager = await jetstreamManager(connection, { checkAPI: false })
  try {
    await manager.getAccountInfo()
  } catch (error) {
    const remedy = error instanceof JetStreamError ? 'Turn it on for this account.' : problemText(error)
    return [...permissions, { severity: 'error', code: 'JETSTREAM', message: `JetStream does not answer. ${remedy}` }]
  }
  return [...permissions, ...(await checkStreams(config.routes, manager))]
}
