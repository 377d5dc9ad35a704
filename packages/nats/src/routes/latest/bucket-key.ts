import { filled } from '../../message/subject-map.js'

/** The name of the stream in which JetStream keeps a bucket. */
export function streamOfBucket(bucket: string): string {
  return `KV_${bucket}`
}

/**
 * The subject of a key of a bucket. In names, characters that no key of a bucket can have become `_`.
 *
 * @param template the key, with `{name}` and `{key}`
 */
export function subjectOf(bucket: string, template: string, name: string, key: string): string {
  return `$KV.${bucket}.${filled(template, { name: part(name), key: key === '*' ? key : part(key) })}`
}

function part(name: string): string {
  return name.replaceAll(/[^-/_=A-Za-z0-9]/g, '_')
}

/**
 * Finds the subjects of all keys of a latest.
 *
 * @throws Error if two keys would share one
 */
export function subjectsOf(
  bucket: string,
  template: string,
  name: string,
  keys: Iterable<string>,
): Map<string, string> {
  const keyOf = new Map<string, string>()
  for (const key of keys) {
    const subject = subjectOf(bucket, template, name, key)
    const other = keyOf.get(subject)
    if (other !== undefined) {
      throw new Error(
        `the keys "${other}" and "${key}" of "${name}" would share ${subject}: use {key} in the option "key"`,
      )
    }
    keyOf.set(subject, key)
  }
  return keyOf
}
