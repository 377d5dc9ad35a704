import type { LayoutDescriptor, PayloadDescriptor } from '@memlane/protocol'

/**
 * Makes a value of one schema fit another one, field by field: leaves out the fields that the other schema does not have, and converts
 * integers between numbers and bigints where nothing is lost. Leaves everything else as it is: the codec refuses it, and names the part.
 */
export function projectedValue(value: unknown, descriptor: PayloadDescriptor): unknown {
  switch (descriptor.kind) {
    case 'payload':
      return value
    case 'union': {
      if (!isObject(value)) return value
      const member = descriptor.members.find(({ name }) => name === value.kind)
      return member === undefined ? value : { kind: value.kind, value: projectedValue(value.value, member.payload) }
    }
    default:
      return projectedLayout(value, descriptor)
  }
}

function projectedLayout(value: unknown, layout: LayoutDescriptor): unknown {
  switch (layout.kind) {
    case 'i64':
    case 'u64':
      return Number.isSafeInteger(value) ? BigInt(value as number) : value
    case 'i8':
    case 'u8':
    case 'i16':
    case 'u16':
    case 'i32':
    case 'u32':
    case 'f32':
    case 'f64':
      return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
    case 'array':
      return Array.isArray(value) ? value.map((element) => projectedLayout(element, layout.element)) : value
    case 'struct': {
      if (!isObject(value)) return value
      const result: Record<string, unknown> = {}
      for (const { name, layout: field } of layout.fields) {
        if (Object.hasOwn(value, name)) result[name] = projectedLayout(value[name], field)
      }
      return result
    }
    default:
      return value
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
