import { array } from '../layout/array.js'
import { bytes } from '../layout/bytes.js'
import type { Infer } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { f32, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { text } from '../layout/text.js'
import type { ReadonlyBytesView } from '../layout/view.js'

/** The name of the mapping. On Linux, memlane appends `.` and the user id, as to all names without a prefix. */
export const MUMBLE_LINK_NAME = 'MumbleLink'

/**
 * Declares MumbleLink for one width of `wchar_t`: 2 bytes on Windows, 4 on Linux and macOS.
 *
 *   0  uiVersion   4  uiTick   8  avatar: position, front, top   44  name[256]
 *   then, without gaps, camera: position, front, top; identity[256]; contextLength; context[256 bytes]; description[2048]
 *
 * The game writes, and raises `uiTick` with each frame. Mumble reads. Positions are in metres, in a left-handed system.
 */
function mumbleLink(name: string, wcharLength: 2 | 4) {
  const encoding = wcharLength === 2 ? 'utf16le' : 'utf32le'
  const wchars = (units: number) => text(encoding, units * wcharLength, { terminator: 'optional' })
  const vector = array(f32, 3)
  return struct(
    name,
    {
      uiVersion: u32,
      uiTick: u32,
      avatarPosition: vector,
      avatarFront: vector,
      avatarTop: vector,
      name: wchars(256),
      cameraPosition: vector,
      cameraFront: vector,
      cameraTop: vector,
      identity: wchars(256),
      contextLength: u32,
      context: bytes(256),
      description: wchars(2048),
    },
    { consistency: { counter: 'uiTick' }, foreign: true },
  )
}

/**
 * MumbleLink as Windows programs publish it: positional audio, `wchar_t` of 2 bytes, 5460 bytes.
 *
 * @see the `LinkedMem` struct of the Mumble project's documentation of the Link plugin
 */
export const MumbleLinkWindows = mumbleLink('MumbleLinkWindows', 2)

/**
 * MumbleLink as Linux programs publish it: positional audio, `wchar_t` of 4 bytes, 10580 bytes.
 *
 * @see the `LinkedMem` struct of the Mumble project's documentation of the Link plugin
 */
export const MumbleLinkLinux = mumbleLink('MumbleLinkLinux', 4)

/** The plain value of MumbleLink, of either width. */
export type MumbleLink = Infer<typeof MumbleLinkWindows>

/**
 * Copies the part of `context` that is in use: players with different contexts cannot hear each other.
 *
 * @param layout the layout that `link` was read by
 * @param link a plain value, or a view
 * @throws LayoutError `CORRUPT` if `contextLength` exceeds the 256 bytes that there are
 */
export function mumbleContext(
  layout: typeof MumbleLinkWindows,
  { context, contextLength }: { readonly context: Uint8Array | ReadonlyBytesView; readonly contextLength: number },
): Uint8Array {
  if (contextLength > context.length)
    throw new LayoutError(
      'CORRUPT',
      layout.fields.contextLength.offset,
      `MumbleLink: contextLength ${contextLength} exceeds the ${context.length} bytes there are`,
    )
  return context.slice(0, contextLength)
}
