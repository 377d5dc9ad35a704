/**
 * Projects a reader's codec onto the schema that the memory has: see `layout/project-layout.ts` for layouts.
 *
 * A payload of varying length must have the same encoding. Of a union, a reader must declare each member that the memory has, with
 * the same type, because any message may be of that member; it may declare more, and in another order. So the fields of a struct
 * are added by writers first, and the members of a union by readers first.
 */

import { sameJson } from '../layout/canonical-json.js'
import { Difference } from '../layout/difference.js'
import { projectLayout } from '../layout/project-layout.js'
import type { AnyCodec, MemberDescriptor, PayloadDescriptor } from './codec.js'
import { codecOf } from './codec-of.js'
import type { LayoutCodec } from './layout-codec.js'
import type { Members } from './members.js'
import { type UnionCodec, union } from './union.js'

/**
 * Makes the codec by which a reader reads the messages of another schema. It reads as fast as the reader's own.
 *
 * @param there the memory's schema, already checked
 * @returns the first difference if the reader cannot read such messages
 */
export function projectCodec(there: PayloadDescriptor, codec: AnyCodec): AnyCodec | Difference {
  if (there.kind === 'union') {
    if ('members' in codec) return projectUnion(there.members, codec as UnionCodec<Members>)
  } else if (there.kind !== 'payload' && 'layout' in codec) {
    const { layout } = codec as LayoutCodec
    const projected = projectLayout(there, layout)
    if (projected instanceof Difference) return projected
    return projected === layout ? codec : codecOf(projected)
  }
  return sameJson(there, codec.descriptor) ? codec : new Difference(there, codec.descriptor)
}

function projectUnion(found: readonly MemberDescriptor[], codec: UnionCodec<Members>): AnyCodec | Difference {
  const members: Record<string, AnyCodec> = {}
  for (const { name, payload } of found) {
    const declared = Object.hasOwn(codec.members, name) ? codec.members[name] : undefined
    if (declared === undefined) return new Difference(payload, undefined).within(name)
    const projected = projectCodec(payload, declared)
    if (projected instanceof Difference) return projected.within(name)
    members[name] = projected
  }
  return codecOf(union(members))
}
