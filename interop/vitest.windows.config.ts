import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['windows/**/*.test.ts'],
    globalSetup: ['src/build-windows-peers.ts'],
    testTimeout: 120_000,
    fileParallelism: false, // one Wine server and few cores serve them all
  },
})
