/** All of memlane's public API. `memlane/layouts` and `memlane/messagepack` hold the rest. */

export * from '@memlane/consumer'
export * from '@memlane/core'
export * from '@memlane/producer'
export * from '@memlane/protocol'
