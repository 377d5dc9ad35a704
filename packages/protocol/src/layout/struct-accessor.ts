import { Accessor, type AccessorClass, defineNested, fieldProperty, READ_ONLY } from './accessor.js'
import type { NamedField } from './struct-fields.js'

/** Why `update` refuses to assign a version word. */
const COUNTED = 'update() counts the version words itself; do not write them'

/** The accessor classes of one struct. All of them are instances of `any`. */
export interface StructAccessors {
  readonly any: abstract new (...args: never[]) => Accessor
  readonly writable: AccessorClass
  readonly readonly: AccessorClass
  /** For the callback of `update`: as `writable`, but the version words cannot be assigned. */
  readonly updating: AccessorClass
}

/** Makes the accessor classes of a struct. */
export function structAccessors(
  fields: readonly NamedField[],
  versionWords: readonly string[],
  read: (view: DataView, offset: number) => unknown,
): StructAccessors {
  abstract class StructAccessor extends Accessor {
    '\0plain'() {
      return read(this['\0data'], this['\0offset'])
    }
  }

  /** The fields as own properties, in their order: the order of keys, and of what is shown. */
  const accessorClass = (isReadonly: boolean, refusalOf: (field: string) => string | undefined): AccessorClass => {
    const properties = fields.map(({ name, offset, layout }) => {
      const nestedClass = isReadonly ? layout.readonlyAccessorClass : layout.accessorClass
      const property =
        nestedClass === undefined ? fieldProperty(`.${name}`, offset, layout, refusalOf(name)) : undefined
      return { name, offset, nestedClass, property }
    })
    return class extends StructAccessor {
      constructor(data: DataView, offset: number, parent: Accessor | undefined, segment: string) {
        super(data, offset, parent, segment)
        for (const { name, offset, nestedClass, property } of properties) {
          if (nestedClass === undefined) Object.defineProperty(this, name, property as PropertyDescriptor)
          else defineNested(this, name, offset, nestedClass)
        }
        Object.preventExtensions(this)
      }
    }
  }

  const writable = accessorClass(false, () => undefined)
  return {
    any: StructAccessor,
    writable,
    readonly: accessorClass(true, () => READ_ONLY),
    updating:
      versionWords.length === 0
        ? writable
        : accessorClass(false, (name) => (versionWords.includes(name) ? COUNTED : undefined)),
  }
}
