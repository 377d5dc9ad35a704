export * from '@memlane/protocol/layouts'
