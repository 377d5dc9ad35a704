import type { OpenOptions } from '@memlane/core'

/** The owners of memory to accept besides this user and root. */
export type Trust = NonNullable<OpenOptions['trustOwner']>
