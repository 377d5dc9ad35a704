import { describeValue } from '@memlane/core/internal'
import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { type BridgeConfig, bridgeConfigSchema } from './bridge-config.js'
import type { ConfigPath } from './config-problem.js'

/** A problem of a value, without its place in a file. */
export interface ValueProblem {
  readonly path: ConfigPath
  readonly message: string
  /** True if `path` leads to a key that must not be there: then the key itself is wrong, and not its value. */
  readonly unknownKey?: boolean
}

/** Checks a configuration and fills in its defaults. Looks at no file. */
export function checkConfig(
  config: unknown,
): { readonly config: BridgeConfig } | { readonly problems: readonly ValueProblem[] } {
  const knownKeys = new Map<readonly string[], readonly string[]>()
  const result = bridgeConfigSchema.safeParse(config, {
    error(issue) {
      if (issue.code === 'unrecognized_keys') knownKeys.set(issue.keys, keysOf(issue.inst))
      return messageOf(issue)
    },
  })
  if (result.success) return { config: result.data }
  const problems = result.error.issues.flatMap((issue): readonly ValueProblem[] => {
    const path = issue.path as ConfigPath
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    const known = knownKeys.get(issue.keys) ?? []
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, known), unknownKey: true }))
  })
  return { problems }
}

function keysOf(inst: unknown): readonly string[] {
  const { shape = {} } = inst as { shape?: Record<string, unknown> }
  return Object.keys(shape)
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  return `is no key here; ${near === undefined ? `the keys are ${known.join(', ')}` : `did you mean "${near}"?`}`
}

function nearest(text: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const found = closest(text.toLowerCase(), known as string[])
  return distance(text.toLowerCase(), found.toLowerCase()) <= 1 + text.length / 4 ? found : undefined
}

type Issue = Parameters<z.core.$ZodErrorMap>[0]

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list: [ … ]',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a whole number',
  object: 'an object: { … }',
  string: 'a text',
}

function messageOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing'
      return `must be ${TYPES[issue.expected] ?? issue.expected}, not ${describeValue(issue.input)}`
    case 'invalid_value':
      return choice(issue.values.map(String), issue.input)
    case 'invalid_union': {
      const { options = [], discriminator = '' } = issue as { options?: readonly string[]; discriminator?: string }
      return choice(options, (issue.input as Readonly<Record<string, unknown>>)[discriminator])
    }
    case 'too_small':
      return issue.origin === 'number' ? `must be at least ${issue.minimum}, not ${issue.input}` : 'must not be empty'
    case 'too_big':
      return `must be at most ${issue.maximum}, not ${describeValue(issue.input)}`
    default:
      return undefined
  }
}

function choice(values: readonly string[], input: unknown): string {
  const must = `must be one of ${values.join(', ')}`
  return input === undefined ? `is missing: it ${must}` : `${must}, not ${describeValue(input)}`
}
