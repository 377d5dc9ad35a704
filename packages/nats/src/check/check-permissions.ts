import { errors, type NatsConnection } from '@nats-io/nats-core'
import type { RouteConfig } from '../config/route-config.js'
import { patternOf } from '../message/subject-map.js'
import { covers, overlap } from '../message/subject-sets.js'
import type { ServerFinding } from './server-finding.js'

interface Rules {
  readonly allow?: readonly string[]
  readonly deny?: readonly string[]
}

interface UserInfo {
  readonly data?: { readonly permissions?: { readonly publish?: Rules; readonly subscribe?: Rules } }
}

/** Checks by what the server tells about this user that it may publish what the routes publish, and subscribe to what they need. */
export async function checkPermissions(
  routes: readonly RouteConfig[],
  connection: NatsConnection,
): Promise<readonly ServerFinding[]> {
  let info: UserInfo
  try {
    info = (await connection.request('$SYS.REQ.USER.INFO', '', { timeout: 2_000 })).json<UserInfo>()
  } catch (error) {
    // nats-server before 2.10 does not know the request; a user may lack the right to make it.
    const reason =
      error instanceof errors.PermissionViolationError ? 'this user may not ask' : 'this server does not tell'
    const message = `${reason} what the user may do: a route that lacks a right says so in the log`
    return [{ severity: 'note', code: 'PERMISSION', message }]
  }
  const { publish, subscribe } = info.data?.permissions ?? {}
  return routes.flatMap((route) => {
    const publishes = publishedBy(route).filter((subject) => !isAllowed(subject, publish))
    const subscribes = route.kind === 'call-out' ? [patternOf(route.subject)] : ['_INBOX.>']
    return [
      ...publishes.map((subject) => missingRight(route, 'publish to', subject)),
      ...subscribes
        .filter((subject) => !isAllowed(subject, subscribe))
        .map((subject) => missingRight(route, 'subscribe to', subject)),
    ]
  })
}

function publishedBy(route: RouteConfig): readonly string[] {
  switch (route.kind) {
    case 'stream-out':
    case 'queue-out':
    case 'call-in':
      return [patternOf(route.subject)]
    case 'latest-out':
      return [`$KV.${route.bucket}.${patternOf(route.key)}`]
    default:
      return []
  }
}

function isAllowed(subject: string, { allow, deny = [] }: Rules = {}): boolean {
  if (deny.some((rule) => overlap(rule, subject))) return false
  return allow === undefined || allow.some((rule) => covers(rule, subject))
}

function missingRight({ kind, name }: RouteConfig, action: string, subject: string): ServerFinding {
  const message = `the user may not ${action} "${subject}"`
  return { severity: 'error', code: 'PERMISSION', route: `${kind} ${name}`, message }
}
