import { struct, u32 } from '@memlane/protocol'

const words = Array.from({ length: 16 }, (_, index) => [`word${index}`, u32] as const)

/** 64 bytes that show if they are torn: each word is the number of the value. */
export const Value = struct('Value', Object.fromEntries(words) as Record<`word${number}`, typeof u32>)

/** Code without a loop, so that reads are fast. */
export const isTorn = new Function(
  'value',
  `const { ${words.map(([name]) => name).join(', ')} } = value
  return ${words.map(([name]) => `${name} !== word0`).join(' || ')}`,
) as (value: object) => boolean

export const put = new Function('value', 'number', words.map(([name]) => `value.${name} = number`).join('\n')) as (
  value: object,
  number: number,
) => void
