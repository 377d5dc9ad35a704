export * from '@memlane/protocol/messagepack'
