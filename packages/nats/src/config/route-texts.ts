/** The texts of a route: names of memory, names of JetStream, and templates of subjects and keys. */

import { resolveName } from '@memlane/core/internal'
import { z } from 'zod'
import { placesIn } from '../message/subject-map.js'

/** A name of memory, or a pattern of names. */
export function memoryName(description: string) {
  return z
    .string()
    .check(({ value, issues }) => {
      try {
        resolveName(value)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        issues.push({ code: 'custom', message: `is no name of memory: ${reason}`, input: value })
      }
    })
    .describe(description)
}

/** The name of a stream or a consumer of JetStream. */
export function jetstreamName(description: string) {
  return z
    .string()
    .regex(/^[^\s.*>/\\]{1,255}$/, { error: 'must be 1 to 255 characters without spaces, ".", "*", ">", "/" and "\\"' })
    .describe(description)
}

/** The name of a key-value bucket. */
export function bucketName(description: string) {
  return z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,255}$/, { error: 'must be 1 to 255 letters, digits, "-" and "_"' })
    .describe(description)
}

/** What a template makes: a subject to publish to, a subject to subscribe to, or a key of a bucket. */
type TemplateUse = 'subject-out' | 'subject-in' | 'key'

/** A subject or key with places such as `{name}`. */
export function template(use: TemplateUse, places: readonly string[], description: string) {
  return z
    .string()
    .check(({ value, issues }) => {
      const message = problemOf(value, use, places)
      if (message !== undefined) issues.push({ code: 'custom', message, input: value })
    })
    .describe(description)
}

function problemOf(text: string, use: TemplateUse, places: readonly string[]): string | undefined {
  const unknown = placesIn(text).find((place) => !places.includes(place))
  if (unknown !== undefined) {
    const known = places.map((place) => `{${place}}`).join(' and ')
    return `has {${unknown}}, which has no meaning here; ${known === '' ? 'there are no places' : `the places are ${known}`}`
  }
  const filled = text.replaceAll(/\{[a-z0-9]+\}/g, 'x')
  if (/[\s\0{}\\]/.test(filled)) return `"${text}" must not have a space, a brace or "\\"`
  const tokens = filled.split('.')
  if (tokens.includes('')) return `"${text}" has an empty part: a dot stands between two parts`
  if (/^\$|^_INBOX$/.test(tokens[0] ?? '')) return `"${text}" begins like the subjects of NATS itself`
  const last = tokens.length - 1
  const wrong = tokens.find((token, index) => /[*>]/.test(token) && token !== '*' && !(token === '>' && index === last))
  if (wrong !== undefined) return `"${text}": the wildcard * stands alone between dots, and > alone at the end`
  if (use !== 'subject-in' && /[*>]/.test(filled)) return `"${text}" must have no wildcard: this route sends`
  if (use === 'key' && /[^A-Za-z0-9_=./-]/.test(filled))
    return `"${text}" is no key: those have letters, digits, and - _ = . /`
  return undefined
}
