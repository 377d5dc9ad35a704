import { isPattern } from '@memlane/inspect'
import { placesIn } from '../message/subject-map.js'
import { patternsOverlap } from './patterns-overlap.js'
import type { RouteConfig } from './route-config.js'

/** A route that contradicts itself or another one. */
interface RouteConflict {
  /** Leads to the key, from the list of routes on. */
  readonly path: readonly (number | string)[]
  readonly message: string
}

/** Finds the routes that cannot run beside each other, and patterns whose matches would get into each other's way. */
export function routeConflicts(routes: readonly RouteConfig[]): RouteConflict[] {
  const conflicts: RouteConflict[] = []
  for (const [index, route] of routes.entries()) {
    const [key, target] = targetOf(route)
    if (isPattern(route.name) && !route.kind.endsWith('-out')) {
      const message = 'is a pattern, and this route creates memory: give it one name'
      conflicts.push({ path: [index, 'name'], message })
    } else if (isPattern(route.name) && !placesIn(target).includes('name')) {
      const message = `needs {name}: all memories that match "${route.name}" would use the same ${key}`
      conflicts.push({ path: [index, key], message })
    }
    if (shapeOf(route) === 'call' && !placesIn(target).includes('procedure')) {
      conflicts.push({
        path: [index, 'subject'],
        message: 'needs {procedure}: each procedure has a subject of its own',
      })
    }
    for (const [earlier, other] of routes.slice(0, index).entries()) {
      const message = conflictOf(route, other, `routes[${earlier}]`)
      if (message !== undefined) conflicts.push({ path: [index, ...message.path], message: message.text })
    }
  }
  return conflicts
}

/** The key that says where a route leads, and its value. */
function targetOf(route: RouteConfig): [key: string, target: string] {
  return 'key' in route ? ['key', route.key] : ['subject', route.subject]
}

function conflictOf(route: RouteConfig, other: RouteConfig, label: string) {
  if (patternsOverlap(anything(route.name), anything(other.name))) {
    if (route.kind === other.kind) {
      return { path: ['name'], text: `is taken: ${label} is a ${route.kind} of "${other.name}", too` }
    }
    // The bridge tells its own lanes of a stream from those of programs. The other shapes have no such mark.
    if (shapeOf(route) === shapeOf(other) && shapeOf(route) !== 'stream') {
      return { path: ['name'], text: `makes a loop: ${label} is a ${other.kind} of "${other.name}"` }
    }
  }
  if (route.kind === 'latest-out' && other.kind === 'latest-out') {
    const same = route.bucket === other.bucket && route.key === other.key && !placesIn(route.key).includes('name')
    return same ? { path: ['key'], text: `is taken: ${label} writes "${other.key}" of this bucket, too` } : undefined
  }
  if (!('jetstream' in route && 'jetstream' in other) || route.jetstream !== other.jetstream) return undefined
  if (shapeOf(route) !== shapeOf(other)) {
    const text = `is taken: ${label} uses "${other.jetstream}" for another shape. Streams and queues need streams of JetStream of their own`
    return { path: ['jetstream'], text }
  }
  if ('create' in route && 'create' in other && route.create !== undefined && other.create !== undefined) {
    if (JSON.stringify(route.create) !== JSON.stringify(other.create)) {
      return { path: ['create'], text: `differs from that of ${label}, which creates "${other.jetstream}", too` }
    }
  }
  if ('durable' in route && 'durable' in other && route.durable !== undefined && route.durable === other.durable) {
    return { path: ['durable'], text: `is taken: ${label} has the same, and each would get a part of the messages` }
  }
  return undefined
}

function shapeOf({ kind }: RouteConfig): string {
  return kind.split('-')[0] as string
}

/** What a wildcard has matched may be anything. */
function anything(name: string): string {
  return name.replaceAll(/\{[a-z0-9]+\}/g, '*')
}
