/** Something in a configuration that a bridge cannot run with. */
export interface ConfigProblem {
  /** Leads to the key, such as `routes[0].subject`. Empty for the whole configuration. */
  readonly path: string
  /** Says what is wrong, and what to write instead. */
  readonly message: string
  /** Where it stands in the file, from 1; undefined if the configuration was not read from a file. */
  readonly line?: number
  readonly column?: number
}

/** The way to a key: names, and numbers in lists. */
export type ConfigPath = readonly (number | string)[]

export function pathText(path: ConfigPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? key : `${text}.${key}`
  }, '')
}
