import type { AnyCodec, Members, UnionCodec } from '@memlane/protocol'
import { UNION_HEADER_LENGTH } from '@memlane/protocol/internal'

/** The longest message that always has this length: of a union, the longest such member. 0 if all messages vary in length. */
export function longestFixedLength(codec: AnyCodec): number {
  if (!('members' in codec)) return codec.fixedLength ?? 0
  const members = Object.values((codec as UnionCodec<Members>).members)
  return Math.max(...members.map((member) => UNION_HEADER_LENGTH + longestFixedLength(member)))
}
