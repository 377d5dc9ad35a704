import { Accessor, type AccessorClass, READ_ONLY, withPath } from '../layout/accessor.js'
import { endView } from '../layout/ended-view.js'

/** Shows a message of a union: its kind, and the view of the member. Neither can be assigned. */
export class UnionAccessor extends Accessor {
  declare '\0kind': string | undefined
  declare '\0value': unknown

  constructor(...place: ConstructorParameters<AccessorClass>) {
    super(...place)
    Object.defineProperties(this, PROPERTIES)
    Object.preventExtensions(this)
  }

  '\0plain'() {
    return { kind: this['\0kind'], value: this['\0value'] }
  }

  override '\0end'(makeError: () => Error): void {
    endView(Object.getOwnPropertyDescriptor(this, '\0value')?.value, makeError) // no value if this accessor has ended before
    const get = () => {
      throw makeError()
    }
    Object.defineProperties(this, { '\0kind': { get }, '\0value': { get } })
  }
}

function refuse(this: UnionAccessor): void {
  throw new TypeError(withPath(this, READ_ONLY))
}

const PROPERTIES: PropertyDescriptorMap & ThisType<UnionAccessor> = {
  '\0kind': { value: undefined, writable: true, configurable: true },
  '\0value': { value: undefined, writable: true, configurable: true },
  kind: {
    enumerable: true,
    get() {
      return this['\0kind']
    },
    set: refuse,
  },
  value: {
    enumerable: true,
    get() {
      return this['\0value']
    },
    set: refuse,
  },
}
