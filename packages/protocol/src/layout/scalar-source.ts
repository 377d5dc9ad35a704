import type { AnyLayout } from './layout.js'
import { bool, bool32, F32_OVERFLOW, f32, f64, i8, i16, i32, u8, u16, u32 } from './scalar.js'

/** JavaScript expressions that do what a scalar's `check`, `put` and `read` do. Each operand is an expression without side effects. */
export interface ScalarSource {
  /** True if `check` accepts the value. */
  readonly fits: (value: string) => string
  readonly put: (offset: string, value: string) => string
  readonly read: (offset: string) => string
}

/**
 * The scalars that `generateCoding` writes out. It finds them by identity, because a foreign layout may have the same kind but
 * other functions. Other layouts are called.
 */
export const SCALAR_SOURCES: ReadonlyMap<AnyLayout, ScalarSource> = new Map<AnyLayout, ScalarSource>([
  [i8, number('Int8', (value) => `${value} << 24 >> 24 === ${value}`)],
  [u8, number('Uint8', (value) => `(${value} & 255) === ${value}`)],
  [i16, number('Int16', (value) => `${value} << 16 >> 16 === ${value}`)],
  [u16, number('Uint16', (value) => `(${value} & 65535) === ${value}`)],
  [i32, number('Int32', (value) => `(${value} | 0) === ${value}`)],
  [u32, number('Uint32', (value) => `${value} >>> 0 === ${value}`)],
  [f32, number('Float32', isFloat32)],
  [f64, number('Float64', () => 'true')],
  [bool, boolean('Uint8')],
  [bool32, boolean('Int32')],
])

function number(type: string, isInRange: (value: string) => string): ScalarSource {
  return {
    fits: (value) => `typeof ${value} === 'number' && ${isInRange(value)}`,
    put: (offset, value) => `view.set${type}(${offset}, ${value}, true)`,
    read: (offset) => `view.get${type}(${offset}, true)`,
  }
}

/** Finite numbers that no f32 holds are refused. */
function isFloat32(value: string): string {
  return `!(${value} >= ${F32_OVERFLOW} && ${value} < 1 / 0 || ${value} <= -${F32_OVERFLOW} && ${value} > -1 / 0)`
}

function boolean(type: string): ScalarSource {
  return {
    fits: (value) => `typeof ${value} === 'boolean'`,
    put: (offset, value) => `view.set${type}(${offset}, ${value} ? 1 : 0, true)`,
    read: (offset) => `view.get${type}(${offset}, true) !== 0`,
  }
}
