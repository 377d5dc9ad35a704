import { SharedMemoryError } from '@memlane/core'
import { LayoutError } from '@memlane/protocol'
import type { Shape } from '@memlane/protocol/internal'

type NamedShape = Pick<Shape<object, unknown>, 'name'>

/** Makes an error whose message names the shape and the channel: `Stream "quotes": …`. */
export function channelError(
  shape: NamedShape,
  code: SharedMemoryError['code'],
  name: string,
  message: string,
  cause?: unknown,
): SharedMemoryError {
  const { name: shapeName } = shape
  const subject = `${shapeName[0]?.toUpperCase()}${shapeName.slice(1)} "${name}"`
  return new SharedMemoryError(code, `${subject}: ${message}`, cause === undefined ? {} : { cause })
}

/** Turns protocol's errors about bytes into errors that name the channel. Leaves other errors as they are. */
export function explainChannel(shape: NamedShape, name: string, error: unknown): unknown {
  if (error instanceof LayoutError) {
    const where = error.message.includes(`offset ${error.offset}`) ? '' : ` (offset ${error.offset})`
    return channelError(shape, error.code, name, `${error.message}${where}.`, error)
  }
  if (error instanceof SharedMemoryError && error.code === 'TOO_SHORT') {
    const message = `the memory of that name is no ${shape.name}: it has only ${error.available} bytes. If it is a region, open it with openRegion.`
    return channelError(shape, 'NOT_A_CHANNEL', name, message, error)
  }
  return error
}
