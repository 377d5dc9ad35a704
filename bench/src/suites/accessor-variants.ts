import type { Garbage } from '../trial.js'

/** The variants of the suite `accessors`, each with the number of bytes it accesses. */
export const VARIANTS = {
  'read f64': 8,
  'write f64': 8,
  'read u32': 4,
  'write u32': 4,
  'read u8': 1,
  'write u8': 1,
  'read i64': 8,
  'write i64': 8,
  'read nested f64': 8,
  'write nested f64': 8,
  'read array element f32': 4,
  'write array element f32': 4,
  'read object': 32,
  'write object': 32,
  'read object, projected': 32,
} as const

/** The variants of whole values: plain objects of five numbers. `projected`: out of a struct that has more fields by now. */
export const OBJECT_VARIANTS = ['read object', 'write object', 'read object, projected'] as const

export type FieldVariant = Exclude<keyof typeof VARIANTS, (typeof OBJECT_VARIANTS)[number]>

/** What one trial of the suite `accessors` measures. */
export interface AccessorMeasurements extends Garbage {
  ns: number
}
