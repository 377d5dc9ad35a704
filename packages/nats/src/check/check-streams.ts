import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import type { CreationConfig, RouteConfig } from '../config/route-config.js'
import { problemText } from '../link/problem-text.js'
import { patternOf } from '../message/subject-map.js'
import { covers, overlap } from '../message/subject-sets.js'
import type { ServerFinding } from './server-finding.js'

/** Checks that the streams and buckets of the routes are there, and match. */
export async function checkStreams(
  routes: readonly RouteConfig[],
  manager: JetStreamManager,
): Promise<readonly ServerFinding[]> {
  const found = await Promise.all(routes.map((route) => checkRoute(route, manager)))
  return found.flat()
}

async function checkRoute(route: RouteConfig, manager: JetStreamManager): Promise<readonly ServerFinding[]> {
  const label = `${route.kind} ${route.name}`
  const isStream = 'jetstream' in route
  if (!isStream && !('bucket' in route)) return []
  const code = isStream ? 'STREAM' : 'BUCKET'
  const what = isStream ? `the stream "${route.jetstream}"` : `the bucket "${route.bucket}"`
  const creation: Partial<CreationConfig> | undefined = 'create' in route ? route.create : undefined
  const finding = (severity: ServerFinding['severity'], text: string): ServerFinding => {
    return { severity, code, route: label, message: `${what} ${text}` }
  }
  let info: StreamInfo
  try {
    info = await manager.streams.info(isStream ? route.jetstream : `KV_${route.bucket}`)
  } catch (error) {
    const isMissing = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound
    if (!isMissing) return [finding('error', `cannot be read: ${problemText(error)}`)]
    if (creation !== undefined) return [finding('note', 'is missing: the bridge creates it')]
    const remedy = route.kind.endsWith('-out') ? 'add "create" to this route' : 'let the route that sends create it'
    return [finding('error', `is missing: create it, or ${remedy}`)]
  }
  const findings: ServerFinding[] = []
  const { subjects = [], retention, num_replicas: replicas, duplicate_window: windowNs = 0 } = info.config
  if (isStream) {
    const subject = patternOf(route.subject)
    const meets = route.kind.endsWith('-out') ? covers : overlap
    if (!subjects.some((stored) => meets(stored, subject))) {
      findings.push(finding('error', `does not store "${route.subject}": it stores ${subjects.join(', ')}`))
    }
    const isQueue = route.kind.startsWith('queue-')
    if (isQueue && retention !== 'workqueue') {
      findings.push(finding('error', `has the retention "${retention}": a queue needs "workqueue"`))
    } else if (!isQueue && retention === 'interest') {
      findings.push(finding('error', 'has the retention "interest": it forgets messages while nobody reads'))
    }
  }
  if (creation?.replicas !== undefined && creation.replicas > replicas) {
    findings.push(finding('warning', `is there with ${replicas} replicas, not ${creation.replicas}`))
  }
  if (creation?.duplicateWindowMs !== undefined && creation.duplicateWindowMs * 1e6 > windowNs) {
    const message = `recognises duplicates for ${windowNs / 1e6} ms, not ${creation.duplicateWindowMs} ms`
    findings.push(finding('warning', message))
  }
  return findings
}
