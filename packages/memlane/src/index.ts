/** memlane's public API, except for the layouts of foreign programs (`memlane/layouts`) and the codec in `memlane/messagepack`. */

export * from '@memlane/consumer'
export * from '@memlane/core'
export * from '@memlane/producer'
export * from '@memlane/protocol'
