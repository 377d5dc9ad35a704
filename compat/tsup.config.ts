import { defineConfig } from 'tsup'

// Programs for emulated arm64: plain JavaScript, one file each.
// Only core stays outside, because it looks for its addon beside itself.
export default defineConfig({
  entry: {
    'call-peer': '../testing/fixtures/call-peer.child.ts',
    'latest-peer': '../testing/fixtures/latest-peer.child.ts',
    'queue-peer': '../testing/fixtures/queue-peer.child.ts',
    'stream-echo': '../testing/fixtures/stream-echo.child.ts',
    'stream-peer': '../testing/fixtures/stream-peer.child.ts',
  },
  format: ['esm'],
  target: 'node20',
  external: ['@memlane/core'],
  splitting: false,
  sourcemap: true,
})
