import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['test/**/*.test.ts'], globalSetup: ['src/build-peers.ts'], testTimeout: 60_000 },
})
