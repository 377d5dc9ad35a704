import type { MumbleLink } from '@memlane/protocol/layouts'

/** MumbleLink as C names its fields: what the peer prints. */
interface LinkedMem {
  uiVersion: number
  uiTick: number
  fAvatarPosition: number[]
  fAvatarFront: number[]
  fAvatarTop: number[]
  name: string
  fCameraPosition: number[]
  fCameraFront: number[]
  fCameraTop: number[]
  identity: string
  context_len: number
  context: number[]
  description: string
}

/** Reads the line that the peer prints, under the names of the layout. */
export function parsePrinted(json: string): MumbleLink {
  const link: LinkedMem = JSON.parse(json)
  const f32 = (values: number[]) => values.map(Math.fround)
  return {
    uiVersion: link.uiVersion,
    uiTick: link.uiTick,
    avatarPosition: f32(link.fAvatarPosition),
    avatarFront: f32(link.fAvatarFront),
    avatarTop: f32(link.fAvatarTop),
    name: link.name,
    cameraPosition: f32(link.fCameraPosition),
    cameraFront: f32(link.fCameraFront),
    cameraTop: f32(link.fCameraTop),
    identity: link.identity,
    contextLength: link.context_len,
    context: Uint8Array.from(link.context),
    description: link.description,
  }
}

const f32 = (...values: number[]) => values.map(Math.fround)

/** A text repeated to so many UTF-16 units. */
const repeated = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length)

/** What the peer writes. */
export const writtenByC: MumbleLink = {
  uiVersion: 2,
  uiTick: 4_000_000_001,
  avatarPosition: f32(1.5, -2.25, 3.125),
  avatarFront: f32(0.1, 0.2, 0.3),
  avatarTop: f32(-1e-30, 1e30, 16_777_216),
  name: 'Spiel éß 日本 🎮',
  cameraPosition: f32(11.5, -12.25, 13.125),
  cameraFront: f32(-0.4, -0.5, -0.6),
  cameraTop: f32(0, 1, -1),
  identity: repeated('{"player":"Jürgen"}', 255),
  contextLength: 251,
  context: Uint8Array.from({ length: 256 }, (_, index) => 255 - index),
  description: repeated('0123456789Ä€日', 2047),
}

/** The description when the peer fills it to its end. */
export const unterminatedDescription = repeated('0123456789Ä€日', 2048)

/** Other values, for memlane to write: every field filled. */
export const writtenByMemlane: MumbleLink = {
  uiVersion: 4_294_967_295,
  uiTick: 0,
  avatarPosition: f32(-0.1, 1e-38, -3.4e38),
  avatarFront: f32(1, 2, 3),
  avatarTop: f32(4, 5, 6),
  name: repeated('Игра', 255),
  cameraPosition: f32(7, 8, 9),
  cameraFront: f32(10, 11, 12),
  cameraTop: f32(13, 14, 15),
  identity: 'quote " and backslash \\ and \t and 🎧',
  contextLength: 256,
  context: Uint8Array.from({ length: 256 }, (_, index) => (index * 7) & 0xff),
  description: repeated('αβγδ', 2048),
}
